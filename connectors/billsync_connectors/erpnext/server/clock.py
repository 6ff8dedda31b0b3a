"""The stand-in's own clock: the machine's, ahead of it, or one that stands until it is moved.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any


class Clock:
    """Time as the site has it.

    Attributes:
        stands_at: the instant at which it stands, or None where it runs with the machine's.
        ahead: by how much a running one is ahead of the machine's.
        tick: by how much a standing one goes forward with each request.
        zone: of the site: stamps are in its time, without saying so.
    """

    def __init__(self, kept: Mapping[str, Any]) -> None:
        at = kept.get("stands_at")
        self.stands_at = read(at) if at else None
        self.ahead = timedelta(milliseconds=kept.get("ahead_ms", 0))
        self.tick = timedelta(milliseconds=kept.get("tick_ms", 0))
        self.zone: tzinfo = UTC

    def kept(self) -> dict[str, Any]:
        """What has to be remembered of it."""
        one = timedelta(milliseconds=1)
        at = written(self.stands_at) if self.stands_at else None
        return {"stands_at": at, "ahead_ms": self.ahead // one, "tick_ms": self.tick // one}

    def now(self) -> datetime:
        """The instant now, in UTC."""
        return self.stands_at or datetime.now(UTC) + self.ahead

    def stamp(self) -> str:
        """The instant now as documents have it: in the site's time, without a zone."""
        return f"{self.now().astimezone(self.zone):%Y-%m-%d %H:%M:%S.%f}"

    def today(self) -> str:
        """The day now, by the site's time."""
        return self.stamp()[:10]

    def forward(self, step: timedelta) -> None:
        """Move it."""
        if self.stands_at is None:
            self.ahead += step
        else:
            self.stands_at += step

    def ticked(self) -> None:
        """A request came."""
        if self.stands_at is not None:
            self.stands_at += self.tick


def written(instant: datetime) -> str:
    """To the microsecond, as PostgreSQL keeps it."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"


def read(text: str) -> datetime:
    """The instant of an ISO 8601 text; without an offset it is UTC.  Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
