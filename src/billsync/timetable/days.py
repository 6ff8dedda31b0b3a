"""Days of the calendar, as a schedule and a blackout name them.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Set
from datetime import date, timedelta
from typing import Final

from billsync.timetable.schedule import WEEKDAYS, Blackout, Calendar

_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_ONE: Final = timedelta(days=1)
_WEEKDAY: Final = {str(name): number for number, name in enumerate(WEEKDAYS)}


def days(calendar: Calendar, first: date, last: date) -> Iterator[date]:
    """The calendar's days from `first` to `last`, both included, in order."""
    found = _by_days(calendar, first) if calendar.every in ("day", "week") else _by_months(calendar, first)
    for day in found:
        if day > last:
            return
        if day >= max(first, calendar.since):
            yield day


def _by_days(calendar: Calendar, first: date) -> Iterator[date]:
    begin, step = calendar.since, calendar.count
    if calendar.every == "week":
        begin += timedelta(days=_WEEKDAY[str(calendar.day)] - begin.weekday())
        step *= 7
    passed = max(0, (first - begin).days) // step
    while True:
        yield begin + timedelta(days=passed * step)
        passed += 1


def _by_months(calendar: Calendar, first: date) -> Iterator[date]:
    """One day of each period; the first one may lie before `first`."""
    size = _MONTHS[calendar.every]
    begin = _months(calendar.since) // size * size
    step = size * calendar.count
    month = begin + max(0, _months(first) - begin) // step * step
    while True:
        yield _day_in(calendar, month, size)
        month += step


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _day_in(calendar: Calendar, month: int, size: int) -> date:
    begin, end = _first_of(month), _first_of(month + size) - _ONE
    if calendar.day == "last":
        return end
    if calendar.day == "first_workday":
        return _workday(begin, _ONE, calendar.holidays)
    if calendar.day == "last_workday":
        return _workday(end, -_ONE, calendar.holidays)
    number = int(calendar.day or 1)
    return min(begin + timedelta(days=number - 1), _first_of(month + 1) - _ONE)


def _workday(day: date, step: timedelta, holidays: Set[date]) -> date:
    while day.weekday() > 4 or day in holidays:
        day += step
    return day


def is_dark(blackout: Blackout, day: date) -> bool:
    """Whether a day belongs to the blackout."""
    if blackout.start is not None and blackout.end is not None:
        return blackout.start <= day < blackout.end
    month = _months(day)
    begin, after = _first_of(month), _first_of(month + 1)
    closing, closed = day.month, (month - 1) % 12 + 1
    ends = closing in blackout.months and _count(blackout, day + _ONE, after) < blackout.last_days
    begins = closed in blackout.months and _count(blackout, begin, day) < blackout.first_days
    return ends or begins


def _count(blackout: Blackout, first: date, after: date) -> int:
    """Days, or workdays, from `first` until before `after`."""
    whole = (after - first).days
    if not blackout.workdays:
        return whole
    return sum((first + timedelta(days=passed)).weekday() < 5 for passed in range(whole))
