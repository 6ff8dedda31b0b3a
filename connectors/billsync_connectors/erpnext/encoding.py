"""Values as Frappe takes and gives them: exact numbers, days as text, messages without their HTML.  (pure)"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from billsync.model.scalar import plain, read_decimal
from billsync.strict.json import BadJson, loads

_TAG: Final = re.compile(r"<[^<>]{0,500}>")
_DIGITS: Final = Decimal(1).scaleb(-9)
"""Frappe keeps nine decimals; what a float shows behind them is noise."""


def dumps(value: Any) -> str:
    """JSON; Decimals as numbers with exactly their digits, days as text.  Raises TypeError for what has no place."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(str(name))}:{dumps(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(dumps(each) for each in value) + "]"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, float | datetime):
        raise TypeError(f"a {type(value).__name__} has no place in a document")
    return json.dumps(value.isoformat() if isinstance(value, date) else value, ensure_ascii=False)


def amount(value: Any) -> Decimal:
    """A number of a document; an empty one is 0.  Raises ValueError."""
    if value in (None, ""):
        return Decimal(0)
    found = read_decimal(value)
    return found.quantize(_DIGITS) if _places(found) > 9 else found


def told(value: Any) -> tuple[str, str]:
    """Kind and message of a refusal, as both of Frappe's interfaces have it; "" for what it does not say."""
    if not isinstance(value, Mapping):
        return "", ""
    errors = value.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], Mapping):
        return str(errors[0].get("type") or ""), stripped(str(errors[0].get("message") or ""))
    kind = str(value.get("exc_type") or "")
    whole = str(value.get("exception") or "")
    return kind, stripped(_messages(value.get("_server_messages")) or whole.partition(": ")[2] or whole)


def _messages(value: Any) -> str:
    """Messages are JSON inside of JSON."""
    try:
        outer = loads(value) if isinstance(value, str) else []
        found = [loads(each) if isinstance(each, str) else each for each in outer if isinstance(outer, list)]
    except BadJson:
        return ""
    return "; ".join(str(each.get("message") or "") for each in found if isinstance(each, Mapping))


def stripped(text: str) -> str:
    """Text without tags, in one line."""
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
