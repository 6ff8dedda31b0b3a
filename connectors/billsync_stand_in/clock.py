"""A stand-in's own clock: the machine's, ahead of it, or one that stands until it is moved.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo


def machine() -> datetime:
    """The machine's instant now, in UTC."""
    return datetime.now(UTC)


class Clock:
    """Time as the system has it.

    Attributes:
        stands_at: the instant at which it stands, or None where it runs with the machine's.
        ahead: by how much a running one is ahead of the machine's.
        tick: by how much a standing one goes forward with each request.
    """

    def __init__(self, kept: Mapping[str, Any]) -> None:
        at = kept.get("stands_at")
        self.stands_at = read(at) if at else None
        self.ahead = timedelta(milliseconds=kept.get("ahead_ms", 0))
        self.tick = timedelta(milliseconds=kept.get("tick_ms", 0))

    def kept(self) -> dict[str, Any]:
        """What has to be remembered of it."""
        one = timedelta(milliseconds=1)
        at = self.text(self.stands_at) if self.stands_at else None
        return {"stands_at": at, "ahead_ms": self.ahead // one, "tick_ms": self.tick // one}

    def text(self, instant: datetime) -> str:
        """An instant as the stand-in keeps it; such texts sort as instants do."""
        return written(instant)

    def now(self) -> datetime:
        """The instant now, in UTC."""
        return self.stands_at or machine() + self.ahead

    def stamp(self) -> str:
        """The instant now as it is kept."""
        return self.text(self.now())

    def today(self) -> str:
        """The day now, `YYYY-MM-DD`."""
        return self.now().date().isoformat()

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

    def back(self) -> None:
        """To the machine's own time."""
        self.stands_at, self.ahead, self.tick = None, timedelta(), timedelta()

    def moved(self, asked: Mapping[str, Any]) -> None:
        """`set` makes it stand at an instant, `run` lets it go on from there; `advance_s`, `tick_ms`.

        Raises ValueError, TypeError or OverflowError where one of them is none.
        """
        if asked.get("set"):
            self.stands_at = read(str(asked["set"]))
        if asked.get("run") and self.stands_at:
            stood, self.stands_at = self.stands_at, None
            self.ahead += stood - self.now()
        self.tick = timedelta(milliseconds=int(asked.get("tick_ms", self.tick // timedelta(milliseconds=1))))
        self.forward(timedelta(seconds=int(asked.get("advance_s", 0))))


def written(instant: datetime) -> str:
    """To the microsecond, with its offset; such texts sort as instants do."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def read(text: str, zone: str = "UTC") -> datetime:
    """The instant of an ISO 8601 text; without an offset it is of the zone.  Raises ValueError."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
