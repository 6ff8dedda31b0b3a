"""How QuickBooks writes instants: in the company's zone.  (pure)"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def stamp(instant: datetime, zone: str) -> str:
    """As objects have it: whole seconds, with the offset of the company's zone."""
    return instant.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


def told(instant: datetime, zone: str) -> str:
    """As replies have it under `time`: taken before the work began, so it may be older than what was made."""
    return (instant - timedelta(milliseconds=500)).astimezone(ZoneInfo(zone)).isoformat(timespec="milliseconds")
