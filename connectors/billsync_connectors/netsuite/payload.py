"""Reads what the engine hands over: values as Python has them, or in their JSON text form.  (pure)"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeVar

from billsync.connector import Data, Intent, Refused
from billsync.model.scalar import read_day, read_decimal, show
from billsync_connectors.netsuite.external import external

T = TypeVar("T")
OURS: Final = frozenset({"tax_code", "tax_rate", "invoice"})
"""Names that are no fields of NetSuite's: the connector makes NetSuite's own of them."""
_NUMBERS: Final = frozenset({"quantity", "rate", "amount", "payment", "exchangeRate", "discountRate"})
_DAYS: Final = frozenset({"tranDate", "dueDate", "startDate", "endDate"})


def number(data: Data, name: str) -> Decimal | None:
    """A decimal, or None.  Raises `Refused`."""
    return _value(data, name, read_decimal)


def day(data: Data, name: str) -> date | None:
    """A day, or None.  Raises `Refused`."""
    return _value(data, name, read_day)


def reference(data: Data, name: str) -> str:
    """The id of `{name: {id: ...}}`, "" where there is none.  Raises `Refused`."""
    held = data.get(name)
    if held is not None and not isinstance(held, Mapping):
        raise Refused("bad_value", f"{name}: expected {{id: ...}}, got {show(held)}", field=name)
    id = (held or {}).get("id")
    return "" if id is None else str(id)


def remote_id(value: object, name: str) -> str:
    """NetSuite's internal id.  Raises `Refused`."""
    text = str(value)
    if not (text.isascii() and text.isdigit()):
        raise Refused("bad_value", f"{name}: expected an internal id of NetSuite, got {show(text)}", field=name)
    return text


def lines(data: Data) -> Sequence[Data]:
    """The lines at `item.items`, of at least one.  Raises `Refused`."""
    held = data.get("item")
    found = held.get("items") if isinstance(held, Mapping) else None
    if not isinstance(found, list | tuple) or not found or not all(isinstance(row, Mapping) for row in found):
        raise Refused(
            "no_lines", f"item.items: NetSuite takes a document with at least one line, got {show(found)}", field="item"
        )
    return found


def external_id(intent: Intent) -> str:
    """The external id of an intent.  Raises `Refused` where the payload names another."""
    if intent.payload.get("externalId") not in (None, intent.key):
        raise Refused("bad_key", f"externalId differs from the key {show(intent.key)}", field="externalId")
    return external(intent.object, intent.key)


def wire(data: Any, name: str = "") -> Any:
    """Values as they are sent: numbers of known fields exact, names of ours and what is None left out.

    Raises `Refused` for what is none.
    """
    if isinstance(data, Mapping):
        return {key: wire(value, key) for key, value in data.items() if value is not None and key not in OURS}
    if isinstance(data, list | tuple):
        return [wire(value) for value in data]
    if name in _NUMBERS:
        return number({name: data}, name)
    if name in _DAYS:
        return day({name: data}, name)
    if isinstance(data, float):
        raise Refused("bad_value", f"{name}: a float has lost its cents already", field=name)
    return data


def _value(data: Data, name: str, reader: Callable[[object], T]) -> T | None:
    value = data.get(name)
    if value is None:
        return None
    try:
        return reader(value)
    except ValueError as error:
        raise Refused("bad_value", f"{name}: {error}", field=name) from None
