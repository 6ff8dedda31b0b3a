"""The slots of a schedule: when it rings, counted on the clock of its zone.  (pure)

Cron lines and calendars name times of a wall clock.  Those are counted as if the clock were never changed, and then
each is led to its instant: a time that comes twice at the end of summer time is one slot, the first of the two; one
that never comes (02:30 as summer time begins) rings when it would have been, an hour later by the new clock.  Where
that is a slot of its own already, both are one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from billsync.timetable.crontab import cron_trigger
from billsync.timetable.days import days
from billsync.timetable.schedule import Calendar, Schedule

EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""Where all intervals are counted from, the same in every process."""

_SECOND: Final = timedelta(seconds=1)
_LONGEST_SHIFT: Final = timedelta(hours=26)
"""More than any clock was ever changed by at once (Samoa left out a day)."""

_STEADY: Final = timedelta(days=14)
"""No clock is put forward and back again within this time."""

_FARTHEST: Final = timedelta(days=366 * 8 + 1)
"""The rarest day of all, 29 February, comes within eight years."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One time at which a schedule rings.

    Attributes:
        due: the instant, in UTC.
        id: local date and time of a cron line or calendar, UTC for intervals; the same in every process.
    """

    due: datetime
    id: str


def slots(schedule: Schedule, after: datetime, until: datetime) -> Iterator[Slot]:
    """The slots after one instant until another one, which belongs to them, in order."""
    if schedule.every_s is not None:
        yield from _intervals(schedule.every_s, after, until)
        return
    zone, last = ZoneInfo(schedule.zone), after
    shifts = _shifts(after, until, zone)
    margin = _LONGEST_SHIFT if shifts else timedelta(0)
    dues = (
        wall.replace(tzinfo=zone).astimezone(UTC)
        for wall in _walls(schedule, _wall(after, zone) - margin, _wall(until, zone) + margin)
    )
    for due in _sorted(dues) if shifts else dues:
        if last < due <= until:
            last = due
            yield Slot(due, f"{due.astimezone(zone):%Y-%m-%dT%H:%M}")


def next_slot(schedule: Schedule, after: datetime) -> Slot | None:
    """The first slot after an instant, or None where none comes."""
    begin, reach = after, timedelta(hours=1)
    while begin - after < _FARTHEST:
        for slot in slots(schedule, begin, begin + reach):
            return slot
        begin, reach = begin + reach, reach * 4
    return None


def jitter(schedule: Schedule, pipeline: str, slot: Slot) -> timedelta:
    """How long a slot waits, up to `jitter_s`: the same for the same slot in every process."""
    if not schedule.jitter_s:
        return timedelta(0)
    drawn = hashlib.sha256(f"{pipeline}@{slot.id}".encode()).digest()
    return timedelta(seconds=int.from_bytes(drawn[:8]) % (schedule.jitter_s + 1))


def _intervals(every_s: int, after: datetime, until: datetime) -> Iterator[Slot]:
    every = timedelta(seconds=every_s)
    due = EPOCH + ((after - EPOCH) // every + 1) * every
    while due <= until:
        yield Slot(due, f"{due:%Y-%m-%dT%H:%M:%SZ}")
        due += every


def _shifts(after: datetime, until: datetime, zone: ZoneInfo) -> bool:
    """Whether the zone's clock may be changed near or between two instants."""
    near, far = (moment.astimezone(zone) for moment in (after - _LONGEST_SHIFT, until + _LONGEST_SHIFT))
    return until - after > _STEADY or near.utcoffset() != far.utcoffset()


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What a clock on the wall shows at an instant."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _walls(schedule: Schedule, first: datetime, last: datetime) -> Iterator[datetime]:
    """The times of the wall clock that the schedule names, in their order."""
    if schedule.calendar is not None:
        return _calendar_walls(schedule.calendar, first, last)
    return _cron_walls(schedule.cron or "", first, last)


def _cron_walls(line: str, first: datetime, last: datetime) -> Iterator[datetime]:
    trigger, start, end = cron_trigger(line), first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)
    while (found := trigger.get_next_fire_time(None, start)) is not None and found <= end:
        yield found.replace(tzinfo=None)
        start = found + _SECOND


def _calendar_walls(calendar: Calendar, first: datetime, last: datetime) -> Iterator[datetime]:
    times = sorted(set(calendar.at))
    for day in days(calendar, first.date(), last.date()):
        for clock in times:
            wall = datetime.combine(day, clock)
            if first <= wall <= last:
                yield wall


def _sorted(dues: Iterator[datetime]) -> Iterator[datetime]:
    """In the order of time: where a clock is put forward, what it leaves out comes after what follows it."""
    held: list[datetime] = []
    for due in dues:
        held.append(due)
        if due - held[0] > 2 * _LONGEST_SHIFT:
            held.sort()
            ready = [one for one in held if due - one > _LONGEST_SHIFT]
            held = held[len(ready) :]
            yield from ready
    yield from sorted(held)
