"""Local days as instants, in IANA zones: days of 23, 24 and 25 hours, and days that a zone never had.  (pure)

Wall-clock times that do not exist (the clock goes forward) mean the instant of the change; times that exist twice mean
the first of the two.  So a local day begins at one instant, and days touch without a gap or an overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from billsync.model.period import Period
from billsync.model.scalar import day_in_zone


def exists(local: datetime, zone: str) -> bool:
    """Whether the wall clock of the zone ever shows this time.  `local` is naive."""
    return _local(_earliest(local, zone), zone) == local


def instant_of(local: datetime, zone: str) -> datetime:
    """The instant (UTC) at which the wall clock of the zone shows `local`, or jumps over it.  `local` is naive."""
    found = _earliest(local, zone)
    if _local(found, zone) == local:
        return found
    return _jump(found, zone)


@lru_cache(maxsize=4096)  # looked for again with each event of a day
def day_start(day: date, zone: str) -> datetime:
    """The instant (UTC) at which the local day begins; that of the next day where the zone never had this one."""
    return instant_of(datetime.combine(day, time()), zone)


def instants(period: Period, zone: str) -> tuple[datetime, datetime]:
    """The period as half-open instants (UTC)."""
    return day_start(period.start, zone), day_start(period.end, zone)


def local_days(start: datetime, end: datetime, zone: str) -> int:
    """Midnights between two instants in the zone: calendar days, never seconds divided by 86400."""
    return (day_in_zone(end, zone) - day_in_zone(start, zone)).days


@dataclass(frozen=True, slots=True)
class ZoneHistory:
    """A customer's zone, which may change.

    Attributes:
        first: the zone from the beginning.
        changes: (first local day in the new zone, zone), in order.
    """

    first: str
    changes: tuple[tuple[date, str], ...] = ()

    def on(self, day: date) -> str:
        """The zone in force on a day."""
        return next((zone for since, zone in reversed(self.changes) if since <= day), self.first)

    def day_start(self, day: date) -> datetime:
        """The instant at which the day begins: never before the one before it, however far the zone moves."""
        begin = day_start(day, self.on(day))
        if any(since == day for since, _ in self.changes):
            return max(begin, day_start(day - timedelta(days=1), self.on(day - timedelta(days=1))))
        return begin

    def instants(self, period: Period) -> tuple[datetime, datetime]:
        """The period as half-open instants (UTC)."""
        return self.day_start(period.start), self.day_start(period.end)


def _earliest(local: datetime, zone: str) -> datetime:
    """By the offset that holds before a change, for times that do not exist or exist twice."""
    return local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def _local(instant: datetime, zone: str) -> datetime:
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def _jump(after: datetime, zone: str) -> datetime:
    """The instant of the change that skipped a time, of which `after` lies behind it by less than the gap."""
    offset = after.astimezone(ZoneInfo(zone)).utcoffset()
    low, high = after - timedelta(days=2), after
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(ZoneInfo(zone)).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return high
