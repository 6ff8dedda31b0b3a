"""A line's portions: the days that each charge is for, and the day from which it is owed.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, Literal

from billsync.billing.line import Line
from billsync.billing.timeline import Grid, invoice_on, served
from billsync.model.deal import Cycle
from billsync.model.period import Every, Period

LONGEST_CYCLE_YEARS: Final = 100
_DAY: Final = timedelta(days=1)

Billing = Literal["advance", "arrears"]


@dataclass(frozen=True, slots=True)
class Portion:
    """What one charge is for.

    Attributes:
        first_day: the day that names the charge.
        due_on: the day from which it is owed: the period's start in advance, its end in arrears.
        period: the days of service, or None for a one-time line.
        cycle: the whole cycle that the period lies in, or None for a one-time line.
    """

    first_day: date
    due_on: date
    period: Period | None = None
    cycle: Period | None = None

    @property
    def is_stub(self) -> bool:
        """Whether the line's start or end cuts the cycle."""
        return self.period != self.cycle


def every_of(cycle: Cycle) -> Every:
    """The cycle as a length that can be counted with."""
    return cycle.length


def is_too_long(cycle: Cycle) -> bool:
    """Whether a cycle is longer than a hundred years, which no agreement means."""
    every = cycle.length
    if every.months is not None:
        return every.months > 12 * LONGEST_CYCLE_YEARS
    return (every.days or 0) > 365 * LONGEST_CYCLE_YEARS


def portions(line: Line) -> Iterator[Portion]:
    """The line's portions in order, without end where the line has none: take as many as are due.

    They touch without a gap or an overlap and cover the service from `starts_on` to `ends_on`.
    """
    return _portions(line.grid, line.starts_on, line.ends_on, line.billed)


def portions_until(line: Line, until: date, since: date | None = None) -> tuple[tuple[Portion, ...], Portion | None]:
    """Those in order that are due on the day or before it, and the one that comes next, or None.

    With `since`, without those that are due before that day; they are not even counted.
    """
    return _until(line.grid, line.starts_on, line.ends_on, line.billed, until, since)


def first_due(line: Line, since: date) -> Portion | None:
    """The first portion that is due on the day or later, or None."""
    found = _portions(line.grid, line.starts_on, line.ends_on, line.billed, since)
    return next((portion for portion in found if portion.due_on >= since), None)


@lru_cache(maxsize=1024)  # many contracts begin on the same day
def _until(
    grid: Grid | None, starts_on: date, ends_on: date | None, billed: Billing, until: date, since: date | None
) -> tuple[tuple[Portion, ...], Portion | None]:
    found: list[Portion] = []
    for portion in _portions(grid, starts_on, ends_on, billed, since):
        if portion.due_on > until:
            return tuple(found), portion
        if since is None or portion.due_on >= since:
            found.append(portion)
    return tuple(found), None


def _portions(
    grid: Grid | None, starts_on: date, ends_on: date | None, billed: Billing, since: date | None = None
) -> Iterator[Portion]:
    if grid is None:
        at_end = ends_on if billed == "arrears" else None
        yield Portion(starts_on, at_end or starts_on)
        return
    # in arrears, what is due on a day was served before it
    for item in served(grid, starts_on, ends_on, since=None if since is None else since - _DAY):
        yield Portion(item.period.start, invoice_on(item.period, billed), item.period, item.cycle)
