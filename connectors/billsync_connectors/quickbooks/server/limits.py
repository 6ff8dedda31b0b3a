"""How much the company lets itself be asked: in a second, in a minute, in batches, in a month.  (shell)"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from billsync_connectors.quickbooks.server.denied import Denied
from billsync_connectors.quickbooks.server.settings import Settings
from billsync_connectors.quickbooks.server.shelf import Shelf
from billsync_stand_in.clock import Clock, written


def throttled() -> Denied:
    """What a writer who asks too much is told; the same for every limit."""
    return Denied(3001, "message=ThrottleExceeded; errorCode=003001; statusCode=429", "", status=429, kind="SERVICE",
                  small=True)  # fmt: skip


class Limits:
    """Counts the requests of the last minute and the reads of the month; 0 is no limit."""

    def __init__(self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._shelf, self._clock, self._settings = shelf, clock, settings
        self.forget()

    def forget(self) -> None:
        """Nothing was asked."""
        self._requests: deque[datetime] = deque()
        self._batches: deque[datetime] = deque()

    def count(self, *, batch: bool, reads: bool) -> None:
        """One more.  Raises `Denied`."""
        settings, now = self._settings(), self._clock.now()
        for found in (self._requests, self._batches):
            while found and found[0] <= now - timedelta(minutes=1):
                found.popleft()
        second = sum(1 for at in self._requests if at > now - timedelta(seconds=1))
        full = (
            0 < settings.minute_limit <= len(self._requests)
            or 0 < settings.second_limit <= second
            or (batch and 0 < settings.batch_minute_limit <= len(self._batches))
        )
        month = "reads " + written(now)[:7]
        read = self._shelf.recall(month, 0)
        if full or (reads and 0 < settings.monthly_reads <= read):
            raise throttled()
        self._requests.append(now)
        if batch:
            self._batches.append(now)
        if reads:
            self._shelf.remember(month, read + 1)

    def use(self, requests: int) -> None:
        """As many reads of this month were made already, by others."""
        month = "reads " + written(self._clock.now())[:7]
        self._shelf.remember(month, self._shelf.recall(month, 0) + requests)
