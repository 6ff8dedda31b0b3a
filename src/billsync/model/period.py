"""Half-open periods and anchors that never drift.  (pure)

A period is `[start, end)`: a month of service is `[2026-01-01, 2026-02-01)`, and two that follow each other touch
without a gap or an overlap.  The k-th anchor is counted from the first one, never from the one before, so that a
subscription anchored on the 31st is billed on 28 February and again on 31 March.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

Unit = Literal["days", "weeks", "months", "quarters", "half_years", "years"]

_MONTHS: dict[Unit, int] = {"months": 1, "quarters": 3, "half_years": 6, "years": 12}
_DAYS: dict[Unit, int] = {"days": 1, "weeks": 7}


_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from `start` up to, not including, `end`.  Raises ValueError where it would be empty."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"a period ends after it starts: {self.start} is not before {self.end}")

    @property
    def days(self) -> int:
        """Number of days in the period, at least 1."""
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        """The last day that belongs to the period."""
        return self.end - _DAY

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def overlap(self, other: Period) -> Period | None:
        """The days in both, or None where they share none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def split_at(self, day: date) -> tuple[Period, ...]:
        """This period cut at `day`: two periods, or one where `day` is not strictly inside."""
        if not self.start < day < self.end:
            return (self,)
        return Period(self.start, day), Period(day, self.end)

    def __str__(self) -> str:
        return f"{self.start.isoformat()} to {self.last_day.isoformat()}"


@dataclass(frozen=True, slots=True)
class Every:
    """The length of a billing cycle: `Every(3, "months")`.  Raises ValueError for a count below 1."""

    count: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.unit not in _MONTHS and self.unit not in _DAYS:
            raise ValueError(f"unknown unit {self.unit!r}: expected days, weeks, months, quarters, half_years or years")
        if self.count < 1:
            raise ValueError(f"a billing cycle is at least one unit long, got {self.count} {self.unit}")

    @property
    def months(self) -> int | None:
        """Length in whole months, or None for cycles of days and weeks."""
        months = _MONTHS.get(self.unit)
        return None if months is None else self.count * months

    @property
    def days(self) -> int | None:
        """Length in days, or None for cycles of months, quarters and years."""
        days = _DAYS.get(self.unit)
        return None if days is None else self.count * days

    def __str__(self) -> str:
        unit = self.unit.replace("_", "-")
        return f"every {unit[:-1]}" if self.count == 1 else f"every {self.count} {unit}"


_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SHORTEST: Final = 28
"""A day that every month has."""


def add_months(day: date, months: int) -> date:
    """The same day of the month `months` later (or earlier), or that month's last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if day.day <= _SHORTEST:
        return date(year, month + 1, day.day)
    last = 29 if month == 1 and calendar.isleap(year) else _LENGTHS[month]
    return date(year, month + 1, min(day.day, last))


def anchor(first: date, every: Every, k: int) -> date:
    """The k-th anchor counted from `first` (k may be negative): 31 January, 28 February, 31 March ..."""
    months = every.months
    if months is not None:
        return add_months(first, k * months)
    return first + timedelta(days=k * (every.days or 0))


def anchor_index(first: date, every: Every, day: date) -> int:
    """The k for which `anchor(k) <= day < anchor(k + 1)`."""
    if every.months is None:
        return (day - first).days // (every.days or 1)
    months = (day.year - first.year) * 12 + day.month - first.month
    k = months // every.months
    while anchor(first, every, k) > day:
        k -= 1
    while anchor(first, every, k + 1) <= day:
        k += 1
    return k


def calendar_anchor(every: Every, day: date) -> date:
    """The anchor that makes cycles fall on the calendar: weeks on Monday, the others on 1 January."""
    if every.unit == "weeks":
        return day - timedelta(days=day.weekday())
    return date(day.year, 1, 1)


def cycles(start: date, every: Every, *, first: date | None = None) -> Iterator[Period]:
    """The periods from `start` on, without end: at most the first one is a stub, when `start` is not an anchor.

    `first` is the anchor that the others are counted from; without it, `start` itself.
    """
    first = start if first is None else first
    k = anchor_index(first, every, start)
    begin = start
    while True:
        k += 1
        end = anchor(first, every, k)
        yield Period(begin, end)
        begin = end


def month_of(day: date) -> Period:
    """The calendar month that holds `day`."""
    begin = day.replace(day=1)
    return Period(begin, add_months(begin, 1))


def quarter_of(day: date) -> Period:
    """The calendar quarter that holds `day`."""
    begin = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    return Period(begin, add_months(begin, 3))
