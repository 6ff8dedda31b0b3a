"""Where cycles begin: the k-th is counted from the first, on its own day of the month or the last.  (pure)

A grid knows its day apart from its first date, so that a billing day of 31 that starts in February is on 28 February
and on 31 March, and a yearly one of 30 is on 29 February in leap years only.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from billsync.model.period import Every, Period, add_months, anchor, calendar_anchor

Alignment = Literal["anniversary", "calendar", "anchored"]
"""`anniversary`: cycles are counted from the start; `calendar`: they begin on Mondays, or as the year does;
`anchored`: on a chosen day of the month or week, counted from the start's own month or week."""


@dataclass(frozen=True, slots=True)
class Grid:
    """All beginnings of cycles, before and after the first one too.

    Attributes:
        first: where counting starts.
        every: the length of a cycle.
        day: day of the month that cycles of months begin on, 1 to 31, clamped; None for that of `first`.
    """

    first: date
    every: Every
    day: int | None = None

    def at(self, k: int) -> date:
        """The beginning of the k-th cycle; k may be negative."""
        if self.every.months is None or self.day is None:
            return anchor(self.first, self.every, k)
        begin = add_months(self.first.replace(day=1), k * self.every.months)
        return begin.replace(day=min(self.day, calendar.monthrange(begin.year, begin.month)[1]))

    def index(self, day: date) -> int:
        """The k for which `at(k) <= day < at(k + 1)`."""
        if self.every.days is not None:
            return (day - self.first).days // self.every.days
        months = (day.year - self.first.year) * 12 + day.month - self.first.month
        k = months // (self.every.months or 1)
        while self.at(k) > day:
            k -= 1
        while self.at(k + 1) <= day:
            k += 1
        return k

    def cycle(self, day: date) -> Period:
        """The whole cycle that holds the day."""
        k = self.index(day)
        return Period(self.at(k), self.at(k + 1))

    def next_after(self, day: date) -> date:
        """The first beginning after the day."""
        return self.cycle(day).end

    def first_from(self, day: date) -> date:
        """The first beginning on the day or after it: the end of a leading stub, if there is one."""
        cycle = self.cycle(day)
        return day if cycle.start == day else cycle.end


def aligned(
    start: date,
    every: Every,
    alignment: Alignment = "anniversary",
    *,
    day: int | None = None,
    weekday: int | None = None,
) -> Grid:
    """The grid of a service that starts on `start`.

    `anchored` takes `day` (of the month, 1 to 31) for cycles of months and `weekday` (0 is Monday) for weeks.  Raises
    ValueError where it is missing or out of its range.
    """
    if alignment == "anniversary":
        return Grid(start, every)
    if alignment == "calendar":
        return Grid(calendar_anchor(every, start), every) if every.unit != "days" else Grid(start, every)
    if every.days is not None:
        if weekday is None or not 0 <= weekday <= 6 or every.unit != "weeks":
            raise ValueError("an anchored cycle of weeks needs its weekday, 0 (Monday) to 6; one of days has no anchor")
        return Grid(start - timedelta(days=(start.weekday() - weekday) % 7), every)
    if day is None or not 1 <= day <= 31:
        raise ValueError("an anchored cycle of months needs its day of the month, 1 to 31")
    return Grid(start.replace(day=1), every, day)
