"""Values as they come and go: JSON with exact numbers, days, references.  (pure)"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from billsync_connectors.netsuite.server.denied import content, invalid

_MARK: Final = "\ue000"
_RAW: Final = re.compile(f'"{_MARK}([^"{_MARK}]*){_MARK}"')
_WHOLE: Final = ("JPY", "KRW")
"""Currencies whose precision is 0; NetSuite knows 0 and 2 only."""


def plain(number: Decimal) -> str:
    """A number without needless zeros."""
    whole = number == number.to_integral_value()
    return format(number.quantize(Decimal(1)) if whole else number.normalize(), "f")


def dumps(value: Any) -> str:
    """JSON text; each Decimal as a number with all of its digits."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_marked)
    return _RAW.sub(r"\1", text) if _MARK in text else text


def _marked(value: Any) -> str:
    assert isinstance(value, Decimal)
    return f"{_MARK}{plain(value)}{_MARK}"


def loads(text: str | bytes) -> Any:
    """A JSON value; numbers with a point are Decimals.  Raises ValueError."""
    found = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    json.dumps(found, ensure_ascii=False, default=str).encode()  # half of a character is an error, not a text
    return found


def _no_number(word: str) -> Any:
    raise ValueError(word)


def rounded(number: Decimal, currency: str) -> Decimal:
    """In the decimals of a currency, half up."""
    return number.quantize(Decimal(1) if currency in _WHOLE else Decimal("0.01"), ROUND_HALF_UP)


def number(name: str, value: Any) -> Decimal:
    """A number.  Raises `Denied`."""
    try:
        found = None if isinstance(value, bool) else Decimal(str(value).strip())
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or abs(found) >= Decimal(10) ** 15:
        raise invalid(value, name)
    return found


def day(name: str, value: Any) -> str:
    """A day, `YYYY-MM-DD`.  Raises `Denied`."""
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise invalid(value, name) from None


def text(name: str, value: Any, most: int) -> str:
    """A text of so many characters at most.  Raises `Denied`."""
    if isinstance(value, Mapping | list | bool):
        raise content(f"The value of {name} is not a text.", name)
    if len(str(value)) > most:
        raise content(
            f"The field {name} contained more than the maximum number ( {most} ) of characters allowed.", name
        )
    return str(value)
