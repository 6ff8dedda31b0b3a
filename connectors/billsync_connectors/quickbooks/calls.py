"""QuickBooks' limits in figures, what a request counts as, and what a 429 means.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from billsync.connector import CALLS, CallLimit, Said

_BATCH: Final = "batch"
_SILENCE_S: Final = 60
LIMITS: Final = (
    CallLimit(name="at_once", calls=10, kind="at_once"),
    CallLimit(name="second", calls=10),
    CallLimit(name="minute", calls=500, within_s=60),
    CallLimit(name="batch_minute", calls=40, within_s=60, pool=_BATCH),
)


def price(path: str) -> dict[str, int]:
    """A batch is one call, and of batches there are fewer."""
    return {CALLS: 1, _BATCH: 1} if path.endswith("/batch") else {CALLS: 1}


def said(status: int, headers: Mapping[str, str]) -> list[Said]:
    """After a 429 nobody calls for a minute, unless it says how long."""
    return [Said(hold_s=_SILENCE_S)] if status == 429 and "retry-after" not in headers else []
