"""What a driver gives for a column, as a record may hold it: exact, with its zone, nested.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Any, Final
from urllib.parse import quote, unquote
from uuid import UUID
from zoneinfo import ZoneInfo

from billsync.model.scalar import show
from billsync.strict import json

_AS_TEXT: Final = (UUID, IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network)
_BYTES: Final = (bytes, bytearray, memoryview)


class BadValue(ValueError):
    """A value that cannot be kept; `path` leads to it inside its column."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for a value that the driver cannot give; `shown` is its text."""

    shown: str


def value_of(value: Any, zone: str | None) -> Any:
    """The value as a record holds it.  Raises `BadValue`."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return _finite(value)
    if isinstance(value, float):
        return _finite(Decimal(repr(value)))
    if isinstance(value, datetime):
        return _stamp(value, zone)
    if isinstance(value, date):
        return value
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _at(f".{name}", one, zone) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_at(f"[{at}]", one, zone) for at, one in enumerate(value)]
    if isinstance(value, _AS_TEXT):
        return str(value)
    if isinstance(value, Unreadable):
        raise BadValue(f"{show(value.shown)} cannot be read")
    raise BadValue(
        f"a value of the type {'bytes' if isinstance(value, _BYTES) else type(value).__name__} cannot be kept"
    )


def _at(step: str, value: Any, zone: str | None) -> Any:
    try:
        return value_of(value, zone)
    except BadValue as error:
        raise BadValue(str(error), step + error.path) from None


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise BadValue(f"{value} is no number that can be kept")
    return Decimal(format(value, "f")) if "E" in str(value) and abs(value.adjusted()) < 100 else value


def _stamp(value: datetime, zone: str | None) -> datetime | str:
    if value.tzinfo is None and zone is not None:
        value = value.replace(tzinfo=ZoneInfo(zone))
    return value if value.tzinfo is not None else value.isoformat()


def json_value(text: Any) -> Any:
    """The value of a column that holds JSON as text.  Raises `BadValue`."""
    if not isinstance(text, str | bytes):
        return text
    try:
        return json.loads(text)
    except json.BadJson as error:
        raise BadValue(str(error)) from None


def lenient_json(text: str | bytes) -> Any:
    """The same for a driver, which must not fail: the fault is in the value."""
    try:
        return json.loads(text)
    except json.BadJson as error:
        return Unreadable(str(error))


def size_of(values: Iterable[Any]) -> int:
    """About how many bytes values take that may be large."""
    return sum([len(value) for value in values if type(value) is str or isinstance(value, _BYTES)])


# ---------------------------------------------------------------- keys


def key_text(values: tuple[Any, ...]) -> str | None:
    """The id of a record from its key columns, several joined by `/`; None where one cannot be part of an id."""
    parts = [_part(value) for value in values]
    if None in parts:
        return None
    texts = [part for part in parts if part is not None]
    return texts[0] if len(texts) == 1 else "/".join(quote(text, safe=" :,;@+=") for text in texts)


def _part(value: Any) -> str | None:
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        value = int(value)
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, int | UUID) and not isinstance(value, bool):
        return str(value)
    return value.isoformat() if isinstance(value, date) else None


_READERS: Final[dict[type, Any]] = {
    int: int,
    Decimal: Decimal,
    UUID: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


def key_values(id: str, like: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The key columns of an id, of the types that they have in a row; None for an id that no row can have."""
    texts = [id] if len(like) == 1 else [unquote(part) for part in id.split("/")]
    if len(texts) != len(like):
        return None
    readers: dict[type, Any] = {
        int: int,
        Decimal: Decimal,
        UUID: UUID,
        datetime: datetime.fromisoformat,
        date: date.fromisoformat,
    }
    try:
        return tuple(readers.get(type(model), str)(text) for text, model in zip(texts, like, strict=True))
    except (ValueError, ArithmeticError):
        return None
