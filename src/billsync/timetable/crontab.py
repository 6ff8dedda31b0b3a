"""Cron lines as crontab reads them, on APScheduler's triggers.  (pure)

APScheduler counts weekdays from Monday = 0 and wants both the day and the weekday to fit; crontab counts from
Sunday = 0 (or 7), and where both are given either is enough.  People write crontab: `0 6 * * 1` is Monday.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

_SUNDAY_FIRST: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART: Final = re.compile(r"(?P<first>\*|[0-7]|[a-z]{3})(?:-(?P<last>[0-7]|[a-z]{3}))?(?:/(?P<step>[1-7]))?", re.ASCII)
_SOME_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=1_000)
def cron_trigger(line: str) -> Any:
    """The trigger of a cron line on a clock that is never changed (UTC stands for it).

    Raises ValueError for a line that says nothing.
    """
    fields = line.split()
    if len(fields) != 5:
        raise ValueError(f"expected 5 fields (minute, hour, day, month, weekday), got {len(fields)}")
    minute, hour, day, month, weekday = fields
    if weekday.startswith("*") or day.startswith("*"):
        return _trigger(minute, hour, day, month, weekday)
    return OrTrigger([_trigger(minute, hour, day, month, "*"), _trigger(minute, hour, "*", month, weekday)])


def check_cron(line: str) -> None:
    """Raises ValueError for a line that says nothing, and for one that never comes, such as 30 February."""
    try:
        rings = cron_trigger(line).get_next_fire_time(None, _SOME_DAY)
    except ValueError as error:
        raise ValueError(f"not a cron line such as '0 6 * * *': {error}") from None
    if not rings:
        raise ValueError("this day and time never comes")


def _trigger(minute: str, hour: str, day: str, month: str, weekday: str) -> CronTrigger:
    return CronTrigger(minute=minute, hour=hour, day=day, month=month, day_of_week=_weekdays(weekday), timezone=UTC)


def _weekdays(field: str) -> str:
    """The weekdays of a field by name."""
    if field == "*":
        return field
    found = {name for part in field.lower().split(",") for name in _named(part)}
    return ",".join(sorted(found))


def _named(part: str) -> list[str]:
    found = _PART.fullmatch(part)
    if found is None:
        raise ValueError(f"expected weekdays such as 1-5, mon-fri or 0,6, got {part!r}")
    first, last, step = found["first"], found["last"], int(found["step"] or 1)
    begin = 0 if first == "*" else _number(first)
    end = 6 if first == "*" or (last is None and found["step"]) else _number(last or first)
    if last is not None and end < begin:
        end += 7  # fri-mon, sun as the last day of a week
    return [_SUNDAY_FIRST[number % 7] for number in range(begin, end + 1, step)]


def _number(weekday: str) -> int:
    if weekday.isdigit():
        return int(weekday)
    if weekday not in _SUNDAY_FIRST:
        raise ValueError(f"expected weekdays such as 1-5, mon-fri or 0,6, got {weekday!r}")
    return _SUNDAY_FIRST.index(weekday)
