"""Values as they come in JSON and go out, and rounding.  (pure)"""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any, Final

Row = dict[str, Any]
"""One record: its fields by name.  Amounts are Decimals, days and instants text, links names; what is empty is None."""
_MARK: Final = "\ue000"
_RAW: Final = re.compile(f'"{_MARK}([^"{_MARK}]*){_MARK}"')


def loads(text: bytes | str) -> Any:
    """JSON with exact numbers.  Raises ValueError."""
    return json.loads(text, parse_float=Decimal, parse_constant=_no)


def _no(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def dumps(value: Any) -> str:
    """JSON with exact numbers; whole ones without a point."""
    return _RAW.sub(r"\1", json.dumps(value, ensure_ascii=False, default=_marked))


def _marked(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{_MARK}{plain(value)}{_MARK}"
    raise TypeError(type(value).__name__)


def plain(number: Decimal) -> str:
    """Digits without an exponent, without zeros at the end."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def rounded(number: Decimal, places: int, *, bankers: bool) -> Decimal:
    """Half to even, or half away from zero, as the site has it."""
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN if bankers else ROUND_HALF_UP)
