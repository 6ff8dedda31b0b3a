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


def needed(data: Data, name: str) -> Decimal:
    """A decimal that must be there: Frappe takes what is no number for 0.  Raises `Refused`."""
    found = number(data, name)
    if found is None:
        raise Refused("missing_value", f"{name} is missing: let the mapping fill it", field=name)
    return found


def rows(data: Data, name: str) -> Sequence[Mapping[str, Any]]:
    """A list of mappings, of at least one.  Raises `Refused`."""
    found = data.get(name)
    if not isinstance(found, list | tuple) or not found or not all(isinstance(row, Mapping) for row in found):
        raise Refused("bad_value", f"{name}: expected a list of lines, got {show(found)}", field=name)
    return found


def key(intent: Intent) -> str:
    """Our reference as it will stand there.  Raises `Refused` for one that Frappe would change or cut."""
    if not intent.key or intent.key != intent.key.strip() or len(intent.key) > 140:
        what = f"the key {show(intent.key)} is empty, longer than 140 signs, or begins or ends with blanks"
        raise Refused("bad_key", f"{what}: ERPNext would change it")
    return intent.key


def _read(data: Data, name: str, reader: Callable[[object], Value]) -> Value | None:
    value = data.get(name)
    if value is None:
        return None
    try:
        return reader(value)
    except ValueError as error:
        raise Refused("bad_value", f"{name}: {error}", field=name) from None
