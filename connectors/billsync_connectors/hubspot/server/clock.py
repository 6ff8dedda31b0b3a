"""The stand-in's own clock, in milliseconds, and how HubSpot writes instants and days.  (shell)"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

from billsync_stand_in.clock import machine

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
DAY_MS: Final = 86_400_000


class Clock:
    """The machine's clock and `ahead` of it, or one that stands still at an instant until it is told to move.

    Attributes:
        ahead: by how many milliseconds it is ahead of the machine's.
        still: the instant at which it stands, in milliseconds, or None where it runs.
    """

    def __init__(self, ahead: int = 0, still: int | None = None) -> None:
        self.ahead, self.still, self._last = ahead, still, 0

    def now(self) -> int:
        """Milliseconds since 1970; never goes back, and may well give the same twice, as HubSpot's does."""
        real = (machine() - _EPOCH) // _MS + self.ahead
        self._last = max(self.still if self.still is not None else real, self._last)
        return self._last

    def forward(self, ms: int) -> None:
        """So much later."""
        self.ahead += ms
        if self.still is not None:
            self.still += ms

    def freeze(self, *, at: int | None = None) -> None:
        """Stand still, now or at an instant; that may lie before now."""
        self.still = self.now() if at is None else at
        self._last = self.still

    def back(self) -> None:
        """To the machine's own time."""
        self.ahead, self.still, self._last = 0, None, 0

    def run(self) -> None:
        """Go on from where it stands."""
        at = self.now()
        self.still, self.ahead = None, 0
        self.ahead = at - (machine() - _EPOCH) // _MS


@lru_cache(maxsize=1 << 17)
def text(ms: int) -> str:
    """An instant as HubSpot writes it: UTC, milliseconds only where there are any, as Java does."""
    moment = _EPOCH + ms * _MS
    fraction = f".{ms % 1000:03d}" if ms % 1000 else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


@lru_cache(maxsize=1 << 17)
def read(written: str) -> int:
    """The instant of ISO text or of milliseconds as text.  Raises ValueError."""
    if re.fullmatch(r"-?\d{1,15}", written):
        return int(written)
    moment = datetime.fromisoformat(written)
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MS


def day(written: str) -> str:
    """A day as `YYYY-MM-DD`, of such text or of milliseconds at midnight UTC.  Raises ValueError."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", written):
        return date.fromisoformat(written).isoformat()
    ms = read(written)
    if ms % DAY_MS:
        raise ValueError(written)
    return text(ms)[:10]
