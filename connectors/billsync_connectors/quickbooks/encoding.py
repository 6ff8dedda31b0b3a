"""What is sent, as text: JSON with exact numbers, values of queries, keys of requests.  (pure)"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any


def dumps(value: Any) -> str:
    """JSON in which a Decimal is a number with all of its digits.  Raises TypeError for what has no exact form."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(str(name))}:{dumps(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(dumps, value)) + "]"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return json.dumps(value.isoformat())
    if value is None or isinstance(value, str | int):
        return json.dumps(value, ensure_ascii=False)
    raise TypeError(f"QuickBooks takes no {type(value).__name__}")


def plain(value: Decimal) -> str:
    """A number without an exponent and without zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def quoted(text: str) -> str:
    """A text as a query has it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def among(values: Iterable[str]) -> str:
    """The values of an IN."""
    return "(" + ", ".join(map(quoted, values)) + ")"


def request_key(key: str, step: str = "") -> str:
    """The `requestid` of one step of one intent: the same for every attempt, never longer than 50 characters."""
    if not step and 0 < len(key) <= 50 and key.isascii():
        return key
    return hashlib.sha256(f"{key}:{step}".encode()).hexdigest()[:32]
