"""How much an organisation lets itself be asked: at once, in a minute, in a day; and the app, in a minute.  (shell)"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from billsync_connectors.xero.server.clock import Clock, read
from billsync_connectors.xero.server.denied import Denied
from billsync_connectors.xero.server.settings import Settings
from billsync_stand_in.shelf import Shelf

_MINUTE: Final = timedelta(seconds=60)
_DAY: Final = timedelta(hours=24)


class Limits:
    """Counts requests of each organisation over the last minute and the last 24 hours, and those under way."""

    def __init__(self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._shelf, self._clock, self._settings = shelf, clock, settings
        self._minutes: dict[str, deque[datetime]] = defaultdict(deque)
        self._under_way: dict[int, str] = {}

    def forget(self) -> None:
        """Nothing was asked."""
        self._minutes.clear()

    def count(self, tenant: str) -> None:
        """One more of an organisation.  Raises `Denied`."""
        settings, now = self._settings(), self._clock.now()
        if sum(1 for other in self._under_way.values() if other == tenant) > settings.concurrent_limit > 0:
            raise self.refusal(tenant, "concurrent")
        if self._day(tenant) >= settings.day_limit > 0:
            raise self.refusal(tenant, "day")
        for name, most, problem in ((tenant, settings.minute_limit, "minute"), ("", settings.app_limit, "appminute")):
            if len(self._recent(name)) >= most > 0:
                raise self.refusal(tenant, problem)
        self._minutes[tenant].append(now)
        self._minutes[""].append(now)
        self.use(tenant, 1)

    def use(self, tenant: str, count: int) -> None:
        """As many requests were made, by us or by others."""
        hours, hour = self._hours(tenant), f"{self._clock.now():%Y-%m-%dT%H:00}"
        self._shelf.remember(f"hours {tenant}", {**hours, hour: hours.get(hour, 0) + count})

    def refusal(self, tenant: str, problem: str) -> Denied:
        """429 with an empty body; all that it says stands in its headers."""
        told = {"Retry-After": str(self._wait_s(tenant, problem)), "X-Rate-Limit-Problem": problem}
        return Denied(429, None, {**told, **self.headers(tenant)})

    def headers(self, tenant: str) -> dict[str, str]:
        """What each reply tells."""
        settings = self._settings()
        left = {
            "X-DayLimit-Remaining": settings.day_limit - self._day(tenant),
            "X-MinLimit-Remaining": settings.minute_limit - len(self._recent(tenant)),
            "X-AppMinLimit-Remaining": settings.app_limit - len(self._recent("")),
        }
        return {name: str(max(0, count)) for name, count in left.items()}

    def _wait_s(self, tenant: str, problem: str) -> int:
        """Seconds until there is room again, at least one."""
        now = self._clock.now()
        if problem == "day":
            oldest = min(self._hours(tenant), default="")
            return max(1, int((read(oldest) + _DAY - now).total_seconds()) + 1) if oldest else 3600
        recent = self._recent("" if problem == "appminute" else tenant)
        if problem == "concurrent" or not recent:
            return 1
        return max(1, int((recent[0] + _MINUTE - now).total_seconds()) + 1)

    def _recent(self, name: str) -> deque[datetime]:
        found, first = self._minutes[name], self._clock.now() - _MINUTE
        while found and found[0] <= first:
            found.popleft()
        return found

    def _hours(self, tenant: str) -> dict[str, int]:
        first = f"{self._clock.now() - _DAY:%Y-%m-%dT%H:00}"
        kept: dict[str, int] = self._shelf.recall(f"hours {tenant}", {})
        return {hour: count for hour, count in kept.items() if hour > first}

    def _day(self, tenant: str) -> int:
        return sum(self._hours(tenant).values())

    # ------------------------------------------------------------ under way

    def begin(self, key: int, tenant: str) -> None:
        """A request came."""
        self._under_way[key] = tenant

    def end(self, key: int) -> None:
        """It is answered."""
        self._under_way.pop(key, None)
