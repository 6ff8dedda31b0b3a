"""When a slot may begin: after its jitter, and not within quiet hours or a blackout.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from billsync.timetable.days import is_dark
from billsync.timetable.schedule import WEEKDAYS, Blackout, Quiet, Schedule
from billsync.timetable.slots import Slot, jitter, next_slot

Pause = Literal["", "quiet", "blackout"]

_ONE: Final = timedelta(days=1)
_LONGEST_DARK: Final = 70
"""Days after which a blackout that comes with every month has no end."""

_TRIES: Final = 400


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a slot before anything is known of other runs.

    Attributes:
        ring_at: when it rings, or None where it is skipped.
        pause: what it was moved or skipped for, or "".
        note: the same in words, or "".
        until: the end of what it was skipped for, where that has one.
    """

    ring_at: datetime | None
    pause: Pause = ""
    note: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A time in which nothing begins; `end` is None where it has none."""

    pause: Literal["quiet", "blackout"]
    end: datetime | None
    skip: bool
    words: str


def fate(schedule: Schedule, pipeline: str, slot: Slot) -> Fate:
    """When a slot of a pipeline rings, or why it does not."""
    moved = Fate(slot.due + jitter(schedule, pipeline, slot))
    for _ in range(_TRIES):
        at = moved.ring_at
        stretch = _stretch(schedule, at) if at is not None else None
        if stretch is None:
            return moved
        if stretch.skip or stretch.end is None:
            return Fate(None, stretch.pause, stretch.words, stretch.end)
        moved = Fate(stretch.end, stretch.pause, stretch.words)
    return Fate(None, moved.pause, f"{moved.note}, without an end")


def ever_rings(schedule: Schedule, after: datetime) -> bool:
    """Whether any of the slots that come after an instant rings at all."""
    for _ in range(_TRIES):
        slot = next_slot(schedule, after)
        if slot is None:
            return False
        found = fate(schedule, "", slot)
        if found.ring_at is not None:
            return True
        if found.until is None:
            return False
        after = max(slot.due, found.until)
    return False


def _stretch(schedule: Schedule, at: datetime) -> _Stretch | None:
    """The first quiet hours or blackout that an instant lies in, or None; those that skip go before those that wait."""
    found = [*_dark(schedule, at), *_quiet(schedule, at)]
    return min(found, key=lambda stretch: not stretch.skip, default=None)


def _dark(schedule: Schedule, at: datetime) -> Iterator[_Stretch]:
    for blackout in schedule.blackout:
        zone = ZoneInfo(blackout.zone or schedule.zone)
        day = at.astimezone(zone).date()
        if is_dark(blackout, day):
            free = _free(blackout, day)
            end = None if free is None else _instant(free, time(), zone)
            yield _Stretch("blackout", end, blackout.then == "skip", f"blackout until {free or 'for ever'}")


def _free(blackout: Blackout, day: date) -> date | None:
    """The first day after a dark one that is not dark, or None."""
    if blackout.end is not None:
        return blackout.end
    return next((free for n in range(1, _LONGEST_DARK) if not is_dark(blackout, free := day + n * _ONE)), None)


def _quiet(schedule: Schedule, at: datetime) -> Iterator[_Stretch]:
    for quiet in schedule.quiet:
        zone = ZoneInfo(quiet.zone or schedule.zone)
        day = at.astimezone(zone).date()
        for begins in (day - _ONE, day):
            end = _end(quiet, begins, at, zone)
            if end is not None:
                words = f"quiet hours {quiet.start:%H:%M} to {quiet.end:%H:%M} {zone.key}"
                yield _Stretch("quiet", end, quiet.then == "skip", words)


def _end(quiet: Quiet, begins: date, at: datetime, zone: ZoneInfo) -> datetime | None:
    """The end of the quiet hours that begin on a day, where they hold an instant; or None."""
    if WEEKDAYS[begins.weekday()] not in quiet.days:
        return None
    ends = begins if quiet.end > quiet.start else begins + _ONE
    start, end = _instant(begins, quiet.start, zone), _instant(ends, quiet.end, zone)
    return end if start <= at < end else None


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)
