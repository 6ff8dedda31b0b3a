"""The slots that have to come, counted with zoneinfo only, minute by minute: nothing of billsync, no APScheduler."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
Fits = Callable[[datetime], bool]
"""Whether a time of the wall clock, without a zone, is one of the schedule."""


@dataclass(frozen=True)
class Changed:
    """A day on which a clock was changed, and by how much."""

    zone: str
    day: date
    by: timedelta


def walls(zone: str, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, bool]]:
    """Every minute that a wall clock shows or leaves out: its time, the instant, and whether it comes a second time.

    A minute that is left out has the instant at which it would have come, had nobody touched the clock.
    """
    there, moment = ZoneInfo(zone), start
    before = (start - MINUTE).astimezone(there).replace(tzinfo=None)
    while moment < end:
        local = moment.astimezone(there)
        wall = local.replace(tzinfo=None, fold=0)
        for ahead in range(1, (wall - before) // MINUTE):  # the clock was put forward
            yield before + ahead * MINUTE, moment - MINUTE + ahead * MINUTE, False
        yield wall, moment, local.fold == 1
        before, moment = wall, moment + MINUTE


def by_wall(zone: str, fits: Fits, start: datetime, end: datetime) -> dict[str, datetime]:
    """Slots of a cron line or calendar: local date and time -> instant."""
    found: dict[str, datetime] = {}
    for wall, moment, again in walls(zone, start, end):
        if not again and moment < end and fits(wall):
            found[f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"] = moment
    return found


def by_interval(minutes: int, start: datetime, end: datetime) -> dict[str, datetime]:
    """Slots of an interval: instant in words -> instant."""
    first = int(start.timestamp()) // 60
    last = int(end.timestamp()) // 60
    times = (datetime.fromtimestamp(n * 60, UTC) for n in range(first, last) if n % minutes == 0)
    return {f"{time:%Y-%m-%dT%H:%M:%S}Z": time for time in times}


def is_last(day: date) -> bool:
    return day.day == calendar.monthrange(day.year, day.month)[1]


def is_first_workday(day: date) -> bool:
    return day.weekday() < 5 and not any(day.replace(day=n).weekday() < 5 for n in range(1, day.day))


def changes(zone: str, start: datetime, end: datetime) -> list[Changed]:
    """The days on which the clock of a zone is changed."""
    there, found = ZoneInfo(zone), []
    moment = start
    while moment < end:
        now, then = (at.astimezone(there).utcoffset() for at in (moment, moment + timedelta(hours=1)))
        if now is not None and then is not None and now != then:
            found.append(Changed(zone, (moment + timedelta(hours=1)).astimezone(there).date(), then - now))
        moment += timedelta(hours=1)
    return found
