"""Reads what the engine hands over: values as Python has them, or in their JSON text form.  (pure)"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from billsync.connector import Data, Intent, Refused
from billsync.model.scalar import read_day, read_decimal, read_text, show

Value = TypeVar("Value")


def text(data: Data, name: str) -> str:
    """A text that must be there and not be blank.  Raises `Refused`."""
    found = optional_text(data, name)
    if found is None:
        raise Refused("missing_value", f"{name} is missing: let the mapping fill it", field=name)
    return found


def optional_text(data: Data, name: str) -> str | None:
    """A text, or None where it is missing or blank."""
    found = _read(data, name, read_text)
    return found.strip() or None if found else None


def day(data: Data, name: str) -> date | None:
    """A day, or None."""
    return _read(data, name, read_day)


def number(data: Data, name: str) -> Decimal | None:
    """A decimal, or None."""
    return _read(data, name, read_decimal)


def remote_id(value: object, name: str) -> int:
    """Tryton's id from its text form.  Raises `Refused`."""
    written = str(value)
    if not (written.isascii() and written.isdigit()):
        raise Refused("bad_value", f"{name}: expected an id of Tryton, got {show(written)}", field=name)
    return int(written)


def rows(data: Data, name: str) -> Sequence[Mapping[str, Any]]:
    """A list of mappings, of at least one.  Raises `Refused`."""
    found = data.get(name)
    if not isinstance(found, list | tuple) or not found or not all(isinstance(row, Mapping) for row in found):
        raise Refused("bad_value", f"{name}: expected a list of lines, got {show(found)}", field=name)
    return found


def only(data: Data, names: frozenset[str], what: str) -> None:
    """Refuse fields that would be dropped silently."""
    unknown = sorted(name for name in data if name not in names and data[name] is not None)
    if unknown:
        message = f"{unknown[0]} has no place in Tryton's {what}: leave it out of the mapping"
        raise Refused("unknown_field", message, field=unknown[0])


def key(intent: Intent) -> str:
    """Our reference as it will stand in Tryton, which trims texts: a key that it would change could not be found."""
    if intent.key != intent.key.strip() or not intent.key:
        raise Refused("bad_key", f"the key {show(intent.key)} begins or ends with blanks: Tryton would change it")
    return intent.key


def _read(data: Data, name: str, reader: Callable[[object], Value]) -> Value | None:
    value = data.get(name)
    if value is None:
        return None
    try:
        return reader(value)
    except ValueError as error:
        raise Refused("bad_value", f"{name}: {error}", field=name) from None
