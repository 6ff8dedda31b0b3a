"""Property values: which are possible, and how they are kept and compared.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from billsync_connectors.hubspot.server import clock

Value = dict[str, Any]
_FIELD: Final = {
    "bool": "booleancheckbox", "enumeration": "select", "date": "date", "datetime": "date", "number": "number",
    "string": "text", "phone_number": "phonenumber",
}  # fmt: skip
TYPES: Final = tuple(_FIELD)
_USER: Final = "88842095"


class Unfit(Exception):
    """A value that is not possible; `code` is HubSpot's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Property:
    """The definition of one property.

    Attributes:
        type: one of `TYPES`; field_type: how the form shows it.
        options: of an enumeration: mappings with `label`, `value`, `displayOrder`, `hidden`.
        read_only: computed, or HubSpot's own.
        own: HubSpot's own rather than the account's.
        created, updated, archived: milliseconds; 0 where it was there from the start, and for never.
    """

    name: str
    type: str
    label: str = ""
    group: str = ""
    field_type: str = ""
    description: str = ""
    options: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    unique: bool = False
    read_only: bool = False
    own: bool = False
    created: int = 0
    updated: int = 0
    archived: int = 0

    def shown(self) -> Value:
        """As the properties API shows it."""
        fixed = {"archivable": not self.own, "readOnlyDefinition": self.own, "readOnlyValue": self.read_only}
        whose = {"hubspotDefined": True} if self.own else {"createdUserId": _USER, "updatedUserId": _USER}
        return {
            "updatedAt": clock.text(self.updated), "createdAt": clock.text(self.created), "name": self.name,
            "label": self.label or self.name, "type": self.type, "fieldType": self.field_type or _FIELD[self.type],
            "description": self.description, "groupName": self.group, "options": [dict(row) for row in self.options],
            **whose, "displayOrder": -1, "calculated": self.read_only and self.own, "externalOptions": False,
            "archived": bool(self.archived), "hasUniqueValue": self.unique, "hidden": False,
            "modificationMetadata": fixed, "formField": False, "dataSensitivity": "non_sensitive",
        }  # fmt: skip


def kept(property: Property, value: Any, options: Sequence[str] = ()) -> str:
    """The value as it is kept; "" clears it.  `options` stand in for those of the definition.  Raises `Unfit`."""
    written = plain(value)
    if written == "":
        return ""
    try:
        return _kept(property.type, written, list(options) or [str(row["value"]) for row in property.options])
    except (ValueError, InvalidOperation, OverflowError):
        raise Unfit(*_refusal(property.type, written)) from None


def plain(value: Any) -> str:
    """A JSON value as the text that HubSpot makes of it.  Raises `Unfit`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):  # half of a pair that is written with two is no text
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, int | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    raise Unfit("INVALID_TYPE", f"{value} is not a text, number or boolean.")


def _kept(type: str, written: str, options: list[str]) -> str:
    if type == "number":
        number(written)
        return written
    if type == "date":
        return clock.day(written)
    if type == "datetime":
        return clock.text(clock.read(written))
    if type == "bool":
        return {"true": "true", "false": "false"}.get(written.lower()) or _unfit(written, ["true", "false"])
    if type == "enumeration":
        return written if all(part in options for part in written.split(";")) else _unfit(written, options)
    return written


def _unfit(written: str, options: list[str]) -> str:
    raise Unfit("INVALID_OPTION", f"{written} was not one of the allowed options: [{', '.join(options)}]")


def _refusal(type: str, written: str) -> tuple[str, str]:
    if type == "number":
        return "INVALID_DOUBLE", f"{written} was not a valid number."
    if type == "date":
        return "INVALID_DATE", f"{written} is at an invalid time, it must be at midnight UTC."
    return "INVALID_LONG", f"{written} was not a valid long."


def number(written: str) -> Decimal:
    """A finite number.  Raises ValueError or InvalidOperation."""
    found = Decimal(written)
    if not found.is_finite() or "_" in written:
        raise ValueError(written)
    return found


def comparable(type: str, value: str) -> Any:
    """What filters and sorts compare: a Decimal of numbers and instants, text in lower case of the rest; None unfit."""
    try:
        if type == "number":
            return number(value)
        if type in ("date", "datetime"):
            return Decimal(clock.read(value))
    except (ValueError, InvalidOperation, OverflowError):
        return None
    return value if type in ("enumeration", "bool") else value.lower()
