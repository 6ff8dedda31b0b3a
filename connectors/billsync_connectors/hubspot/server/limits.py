"""How often one may ask: in ten seconds, in a second of searches, on a day.  (pure)"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from billsync_connectors.hubspot.server.refused import Refused
from billsync_connectors.hubspot.server.settings import Settings

_BURST_MS: Final = 10_000
_SEARCH_MS: Final = 1000


class Limits:
    """Counts requests by the stand-in's own clock."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Nobody has asked yet."""
        self._bursts: dict[str, deque[int]] = {}
        self._searches: deque[int] = deque()
        self._day, self.today = "", 0

    def admit(self, app: str, now: int, settings: Settings, *, search: bool, oauth: bool) -> None:
        """Count a request, or raise `Refused` with 429; a refused one counts for nothing."""
        self._turn_day(now, settings)
        if not oauth and self.today >= settings.daily_max:
            raise _too_many("DAILY", "daily", settings)
        burst = self._window(self._bursts.setdefault(app, deque()), now, _BURST_MS)
        most = settings.oauth_burst_max if oauth else settings.burst_max
        if not search and len(burst) >= most:
            headers = self.headers(app, settings, oauth=oauth)
            raise _too_many("TEN_SECONDLY_ROLLING", "ten_secondly_rolling", settings, headers)
        searches = self._window(self._searches, now, _SEARCH_MS)
        if search and len(searches) >= settings.search_per_s:
            raise _too_many("SECONDLY", "secondly", settings)
        (searches if search else burst).append(now)
        self.today += 1

    def headers(self, app: str, settings: Settings, *, oauth: bool) -> dict[str, str]:
        """What a reply says of the limits; those of searches and batch creates say nothing."""
        most = settings.oauth_burst_max if oauth else settings.burst_max
        left = max(0, most - len(self._bursts.get(app, ())))
        found = {
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(_BURST_MS),
            "X-HubSpot-RateLimit-Max": str(most),
            "X-HubSpot-RateLimit-Remaining": str(left),
            "X-HubSpot-RateLimit-Secondly": str(most // 10),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(min(left, most // 10)),
        }
        if not oauth:
            found["X-HubSpot-RateLimit-Daily"] = str(settings.daily_max)
            found["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(0, settings.daily_max - self.today))
        return found

    def _turn_day(self, now: int, settings: Settings) -> None:
        """A day ends at midnight where the account is."""
        moment = datetime.fromtimestamp(now // 1000, UTC).astimezone(ZoneInfo(settings.time_zone))
        if moment.date().isoformat() != self._day:
            self._day, self.today = moment.date().isoformat(), 0

    @staticmethod
    def _window(seen: deque[int], now: int, length: int) -> deque[int]:
        while seen and seen[0] <= now - length:
            seen.popleft()
        return seen


def _too_many(policy: str, words: str, settings: Settings, headers: Mapping[str, str] | None = None) -> Refused:
    more = {"errorType": "RATE_LIMIT", "policyName": policy, "requestId": f"{settings.portal}-{policy.lower()}"}
    return Refused(429, f"You have reached your {words} limit.", headers=headers, **more)
