"""Values as they come in JSON and go out: exact numbers, .NET dates, days.  (pure)"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from billsync_connectors.xero.server.clock import read
from billsync_connectors.xero.server.denied import Invalid

Row = dict[str, Any]
"""One record: its fields by name.  Amounts are Decimals, days `YYYY-MM-DD`, instants ISO texts."""
_MARK: Final = "\ue000"
_RAW: Final = re.compile(f'"{_MARK}([^"{_MARK}]*){_MARK}"')
_NET: Final = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX: Final = Decimal(10) ** 12
CENT: Final = Decimal("0.01")


def loads(text: bytes | str) -> Any:
    """JSON with exact numbers.  Raises ValueError."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no)


def _no(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def dumps(value: Any) -> str:
    """JSON with exact numbers; whole ones without a point, as Xero writes them."""
    return _RAW.sub(r"\1", json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_marked))


def _marked(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{_MARK}{plain(value)}{_MARK}"
    raise TypeError(type(value).__name__)


def plain(number: Decimal) -> str:
    """Digits without an exponent, without zeros at the end."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def rounded(number: Decimal, places: int = 2) -> Decimal:
    """Half away from zero."""
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def number(given: Mapping[str, Any], name: str) -> Decimal | None:
    """A number that was sent; None where there is none.  Raises `Invalid`."""
    value = given.get(name)
    if value is None or value == "":
        return None
    try:
        found = Decimal(str(value)) if not isinstance(value, bool) else None
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or abs(found) >= _MAX:
        raise Invalid(f"{name} is not a valid number.")
    return found


def text(given: Mapping[str, Any], name: str, most: int = 4000) -> str | None:
    """A text that was sent; None where there is none.  Raises `Invalid`."""
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, dict | list | bool):
        raise Invalid(f"{name} is not a valid text.")
    found = plain(value) if isinstance(value, Decimal) else str(value).strip()
    if len(found) > most:
        raise Invalid(f"{name} must not be longer than {most} characters.")
    return found


def day(given: Mapping[str, Any], name: str) -> str | None:
    """A day that was sent, `YYYY-MM-DD`, with a time of day, or as .NET writes it.  Raises `Invalid`."""
    value = given.get(name)
    if value is None or value == "":
        return None
    net = _NET.fullmatch(str(value))
    try:
        if net is not None:
            return (_EPOCH + timedelta(milliseconds=int(net[1]))).date().isoformat()
        return date.fromisoformat(str(value)[:10]).isoformat()
    except (ValueError, OverflowError):
        raise Invalid(f"{name} is not a valid date.") from None


def net(instant: str) -> str:
    """An instant or a day as .NET writes it."""
    return f"/Date({_milliseconds(instant)}+0000)/"


def net_plain(instant: str) -> str:
    """As the envelope has it: without an offset."""
    return f"/Date({_milliseconds(instant)})/"


def _milliseconds(instant: str) -> int:
    return (read(instant) - _EPOCH) // timedelta(milliseconds=1)


def shown_day(row: Mapping[str, Any], name: str) -> dict[str, str]:
    """A day both ways; nothing where it is not set."""
    if not row.get(name):
        return {}
    return {f"{name}String": f"{row[name]}T00:00:00", name: net(row[name])}
