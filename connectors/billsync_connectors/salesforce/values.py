"""Values of fields as records have them, whichever way they came: JSON, CSV, numbers as text.  (pure)

The same value is the same everywhere: 15000, 15000.0 and "15000.00" are one amount, or each way of reading a record
would make it look changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from billsync.model.scalar import plain, read_day, read_decimal, show
from billsync_connectors.salesforce.soql import instant

NUMBERS: Final = ("currency", "double", "percent")
COMPOUND: Final = ("address", "location", "complexvalue", "json")
_POWER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,2}", re.ASCII)
_WORDS: Final = {"true": True, "false": False}


def value_of(type: str, value: Any) -> Any:
    """The value of a field of this type.  Raises ValueError where it is not of the type."""
    if value is None or (value == "" and type not in COMPOUND):
        return None
    read: Callable[[Any], Any] = _READERS.get(type, _text)
    return read(value)


def number(value: Any) -> Decimal:
    """A number without zeros at its end.  Raises ValueError."""
    if isinstance(value, str) and _POWER.fullmatch(value):
        try:
            value = plain(Decimal(value))
        except InvalidOperation:
            raise ValueError(f"expected a number, got {show(value)}") from None
    text = plain(read_decimal(value))
    return Decimal(text.rstrip("0").rstrip(".")) if "." in text else Decimal(text)


def _whole(value: Any) -> int:
    found = number(value)
    if found != int(found):
        raise ValueError(f"expected a whole number, got {show(value)}")
    return int(found)


def _truth(value: Any) -> bool:
    found = _WORDS.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise ValueError(f"expected true or false, got {show(value)}")
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text, got {show(value)}")
    return value


def _day(value: Any) -> str:
    return read_day(value).isoformat()


def _moment(value: Any) -> str:
    return instant(_text(value))


def _as_it_is(value: Any) -> Any:
    return value


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(NUMBERS, number),
    **dict.fromkeys(("int", "long"), _whole),
    **dict.fromkeys(COMPOUND, _as_it_is),
    "boolean": _truth,
    "date": _day,
    "datetime": _moment,
    "anyType": _as_it_is,
}
