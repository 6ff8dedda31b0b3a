"""HubSpot's limits in figures, what a request counts as, and what answers say.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from billsync.connector import CALLS, CallLimit, Said
from billsync.connector.calls import number

_SEARCH: Final = "search"
_SPAN: Final = "ten_seconds"
_MOST: Final = 190
_DAY: Final = 250_000


def limits(share: int) -> tuple[CallLimit, ...]:
    """Of an account with a paid plan; `share` is the percent of the ten-second limit that is ours."""
    return (
        CallLimit(name=_SPAN, calls=max(1, _MOST * share // 100), within_s=10),
        CallLimit(name=_SEARCH, calls=5, pool=_SEARCH),
        CallLimit(name="day", calls=_DAY, kind="daily", within_s=86_400),
    )


def price(path: str) -> dict[str, int]:
    """A search counts by itself, and not within the ten seconds."""
    return {_SEARCH: 1} if path.endswith("/search") else {CALLS: 1}


def said(headers: Mapping[str, str], share: int) -> list[Said]:
    """What is left, and the account's own limit."""
    left, day = (number(headers.get(f"x-hubspot-ratelimit-{name}")) for name in ("remaining", "daily-remaining"))
    most = number(headers.get("x-hubspot-ratelimit-max"))
    found = [] if day is None else [Said("day", remaining=day)]
    if left is not None or most:
        found.append(Said(_SPAN, remaining=left, most=max(1, most * share // 100) if most else None))
    return found
