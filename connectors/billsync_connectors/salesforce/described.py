"""What an org tells of an object: its fields and what they refer to.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from billsync.connector import FieldInfo

MERGEABLE: Final = frozenset({"Account", "Contact", "Lead", "Case"})
_STAMPS: Final = ("SystemModstamp", "LastModifiedDate", "CreatedDate")
_WORDS: Final = {
    **dict.fromkeys(("currency", "double", "percent"), "decimal"),
    **dict.fromkeys(("int", "long"), "integer"),
    "boolean": "boolean", "date": "date", "datetime": "datetime", "address": "mapping", "location": "mapping",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        up: name of the relationship that it is, such as `Account` of `AccountId`; "" where it is none.
        to: the objects that it refers to.
        own: whether somebody made it for this org; computed: a formula, whose changes no time stamp tells.
    """

    name: str
    type: str
    up: str
    to: tuple[str, ...]
    own: bool
    computed: bool
    info: FieldInfo


@dataclass(frozen=True, slots=True)
class Described:
    """One object.

    Attributes:
        fields: by name in lower case: names don't tell a from A.
        downs: relationships to children, in lower case -> name, object there, name of its field that refers here.
        replicated: whether the org tells which of its records were deleted.
    """

    name: str
    fields: Mapping[str, Field]
    downs: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    replicated: bool = False

    @property
    def stamp(self) -> str:
        """The field that tells when a record changed."""
        return next((name for name in _STAMPS if name.lower() in self.fields), "")

    @property
    def bin(self) -> bool:
        """Whether its deleted records are seen for a while."""
        return "isdeleted" in self.fields

    @property
    def merges(self) -> bool:
        """Whether its records can become one."""
        return "masterrecordid" in self.fields and self.name in MERGEABLE

    def up(self, name: str) -> Field | None:
        """The reference that is this relationship."""
        return next((each for each in self.fields.values() if each.up and each.up.lower() == name.lower()), None)


def described(value: Any) -> Described:
    """An object as the org tells it.  Raises ValueError where that cannot be read."""
    rows = value.get("fields") if isinstance(value, Mapping) else None
    if not isinstance(rows, list) or not isinstance(value.get("name"), str):
        raise ValueError("the fields of the object are not told")
    found = [_field(row) for row in rows if isinstance(row, Mapping) and isinstance(row.get("name"), str)]
    downs = {
        str(row["relationshipName"]).lower(): (row["relationshipName"], str(row["childSObject"]), str(row["field"]))
        for row in value.get("childRelationships") or ()
        if isinstance(row, Mapping) and row.get("relationshipName")
    }
    replicated = value.get("replicateable") is True and value.get("deletable") is True
    return Described(value["name"], {each.name.lower(): each for each in found}, downs, replicated)


def _field(row: Mapping[str, Any]) -> Field:
    type, to = str(row.get("type") or "string"), tuple(str(name) for name in row.get("referenceTo") or ())
    return Field(
        name=str(row["name"]),
        type=type,
        up=str(row.get("relationshipName") or ""),
        to=to,
        own=row.get("custom") is True,
        computed=row.get("calculated") is True,
        info=_info(row, type),
    )


def _info(row: Mapping[str, Any], type: str) -> FieldInfo:
    choices = row.get("picklistValues") if type in ("picklist", "multipicklist") else None
    length = row.get("length")
    return FieldInfo(
        name=str(row["name"]),
        type=_WORDS.get(type, "text"),
        required=row.get("nillable") is False and not row.get("defaultedOnCreate") and row.get("createable") is True,
        writable=row.get("createable") is True or row.get("updateable") is True,
        custom=row.get("custom") is True,
        choices=_choices(choices) if row.get("restrictedPicklist") is True else (),
        max_length=length if isinstance(length, int) and length > 0 and type not in ("id", "reference") else None,
    )


def _choices(rows: Any) -> tuple[str, ...]:
    return tuple(str(row["value"]) for row in rows or () if isinstance(row, Mapping) and row.get("active") is True)
