"""What of each cycle is served, how many are over, and the day on which each is invoiced.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from billsync.billing.timeline.grid import Grid
from billsync.model.period import Period

_LAST_START: Final = date(9800, 1, 1)
"""No cycle starts later: the calendar of the machine ends with the year 9999."""


@dataclass(frozen=True, slots=True)
class Served:
    """The part of a cycle in which service is given.

    Attributes:
        period: the days of service.
        cycle: the whole cycle around them.
    """

    period: Period
    cycle: Period

    @property
    def is_stub(self) -> bool:
        """Whether the start or end of service cuts the cycle."""
        return self.period != self.cycle


def served(grid: Grid, starts_on: date, ends_on: date | None = None, *, since: date | None = None) -> Iterator[Served]:
    """The cycles from `starts_on` to `ends_on` (half-open; None for no end), in order: take as many as are wanted.

    Their periods touch without a gap or an overlap; the first and the last may be stubs.  Service that ends before it
    begins, or as it does, has none.  With `since`, from the cycle that holds that day on.
    """
    k = grid.index(starts_on if since is None else max(starts_on, since))
    first = grid.at(k)
    while (begin := max(first, starts_on)) < (ends_on or _LAST_START):
        k += 1
        cycle = Period(first, grid.at(k))
        end = cycle.end if ends_on is None else min(cycle.end, ends_on)
        yield Served(cycle if (begin, end) == (first, cycle.end) else Period(begin, end), cycle)
        first = cycle.end


def elapsed(grid: Grid, starts_on: date, day: date) -> int:
    """How many periods are over on the day; a day on which one begins belongs to it, so that the one before is over."""
    if day <= starts_on:
        return 0
    return grid.index(day) - grid.index(starts_on)


def invoice_on(period: Period, billed: Literal["advance", "arrears"], offset_days: int | None = None) -> date:
    """The day on which a period is invoiced.

    `offset_days` counts from its first day in advance, from its last day in arrears; without it, 0 and 1: the period's
    start, and the day after it.
    """
    if billed == "advance":
        return period.start + timedelta(days=offset_days or 0)
    return period.last_day + timedelta(days=1 if offset_days is None else offset_days)
