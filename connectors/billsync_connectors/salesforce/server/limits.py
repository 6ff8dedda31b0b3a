"""How much the org lets itself be asked: a day's requests, and long ones at once.  (shell)"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.settings import Settings
from billsync_connectors.salesforce.server.shelf import Shelf
from billsync_stand_in.clock import Clock, written

_HOUR: Final = len("2026-01-01T00")
DAILY: Final = "TotalRequests Limit exceeded."
CONCURRENT: Final = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."


class Limits:
    """Counts the requests of the last 24 hours, hour by hour, and those under way."""

    def __init__(self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._shelf, self._clock, self._settings = shelf, clock, settings
        self._hours: dict[str, int] = shelf.recall("requests", {})
        self._began: dict[int, int] = {}

    def forget(self) -> None:
        """Nothing was asked."""
        self._hours = {}

    def count(self) -> None:
        """One more.  Raises `Denied`."""
        settings, hour = self._settings(), written(self._clock.now())[:_HOUR]
        if self._long() + settings.others_long >= settings.concurrent_limit:
            raise Denied(403, "REQUEST_LIMIT_EXCEEDED", CONCURRENT)
        if self.used() >= settings.daily_limit:
            raise Denied(403, "REQUEST_LIMIT_EXCEEDED", DAILY)
        self._hours[hour] = self._hours.get(hour, 0) + 1
        if self._hours[hour] % 50 == 1:
            self._shelf.remember("requests", self._hours)

    def used(self) -> int:
        """Requests of the last 24 hours."""
        first = written(self._clock.now() - timedelta(hours=24))[:_HOUR]
        self._hours = {hour: count for hour, count in self._hours.items() if hour > first}
        return sum(self._hours.values())

    def use(self, count: int) -> None:
        """As many as that were made already, by others."""
        hour = written(self._clock.now())[:_HOUR]
        self._hours[hour] = self._hours.get(hour, 0) + count

    def headers(self) -> dict[str, str]:
        """What each reply tells."""
        return {"Sforce-Limit-Info": f"api-usage={self.used()}/{self._settings().daily_limit}"}

    def told(self) -> dict[str, Any]:
        """The resource /limits."""
        most = self._settings().daily_limit
        jobs = {"Max": 10_000, "Remaining": 10_000}
        return {
            "DailyApiRequests": {"Max": most, "Remaining": max(0, most - self.used())},
            "DailyBulkV2QueryJobs": jobs,
            "DailyBulkApiBatches": {"Max": 15_000, "Remaining": 15_000},
            "DataStorageMB": {"Max": 1073, "Remaining": 1000},
        }

    # ------------------------------------------------------------ under way

    def begin(self, key: int) -> None:
        """A request came."""
        self._began[key] = time.monotonic_ns()

    def end(self, key: int) -> None:
        """It is answered."""
        self._began.pop(key, None)

    def _long(self) -> int:
        """How many are under way for so long already that they count."""
        start = time.monotonic_ns() - self._settings().long_request_s * 1_000_000_000
        return sum(1 for began in self._began.values() if began <= start)
