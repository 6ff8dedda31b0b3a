"""Values as Odoo takes and gives them: exact numbers, `false` for nothing, links as pairs, cells of `load`.  (pure)"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billsync.model.scalar import plain, read_day


class Odd(ValueError):
    """A value is not as Odoo's are: the answer cannot be used."""


def dumps(value: Any) -> str:
    """JSON; Decimals as numbers with exactly their digits, days as text.  Raises TypeError for what has no place."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(str(name))}:{dumps(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(dumps(each) for each in value) + "]"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, float):
        raise TypeError("a float has no place in a request: amounts are exact")
    return json.dumps(wire(value), ensure_ascii=False)


def wire(value: Any) -> Any:
    """A value of a field, for `write`: days as text, nothing as `false`."""
    if isinstance(value, datetime):
        raise TypeError("an instant has no place in a document")
    if isinstance(value, date):
        return value.isoformat()
    return False if value is None else value


def cell(value: Any) -> str:
    """A value as a cell of `load`, which is text: numbers keep every digit."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, float):
        raise TypeError("a float has no place in a request: amounts are exact")
    return str(wire(value))


def link(value: Any) -> int | None:
    """The id of a link, which is read as `[id, name]`, as an id, or as `false`."""
    found = value[0] if isinstance(value, list) and value else value
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def named(value: Any) -> str:
    """The name of a link, "" for none."""
    return str(value[1]) if isinstance(value, list) and len(value) > 1 else ""


def text(value: Any) -> str:
    """A text, "" for `false`."""
    return value if isinstance(value, str) else ""


def amount(value: Any) -> Decimal:
    """An amount.  Raises `Odd` for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Odd(f"expected an amount, got {value!r}")
    return Decimal(value)


def day(value: Any) -> date | None:
    """A day, None for `false`.  Raises `Odd`."""
    try:
        return read_day(value) if value else None
    except ValueError as error:
        raise Odd(str(error)) from None
