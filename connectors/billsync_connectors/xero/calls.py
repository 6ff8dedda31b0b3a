"""Xero's limits in figures, and what its answers say of them.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from billsync.connector import CallLimit, Said
from billsync.connector.calls import number

LIMITS: Final = (
    CallLimit(name="at_once", calls=5, kind="at_once"),
    CallLimit(name="minute", calls=60, within_s=60),
    CallLimit(name="day", calls=5_000, within_s=86_400),
    CallLimit(name="app_minute", calls=10_000, within_s=60),
)
_HEADERS: Final = {
    "minute": "x-minlimit-remaining",
    "day": "x-daylimit-remaining",
    "app_minute": "x-appminlimit-remaining",
}


def said(headers: Mapping[str, str]) -> list[Said]:
    """What is left, by limit."""
    found = {limit: number(headers.get(name)) for limit, name in _HEADERS.items()}
    return [Said(limit, remaining=left) for limit, left in found.items() if left is not None]
