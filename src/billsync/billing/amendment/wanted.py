"""What is wanted of a line by its terms: segments of one price each, cut where the price changes.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import takewhile
from typing import Literal

from billsync.billing.amendment.repair import Segment
from billsync.billing.timeline import Grid, cut, invoice_on, served, value_on
from billsync.model.period import Period


@dataclass(frozen=True, slots=True)
class LineTerms:
    """A recurring line with all that was agreed about it.

    Attributes:
        rates: (first day, price of a whole cycle), in order; an amendment, a ramp and a phase each add a step.
        ends_on: first day without service, or None.
    """

    line: str
    grid: Grid
    starts_on: date
    rates: tuple[tuple[date, Decimal], ...]
    ends_on: date | None = None
    billed: Literal["advance", "arrears"] = "advance"


def wanted(terms: LineTerms, through: date) -> tuple[Segment, ...]:
    """The segments of all periods that are invoiced on the day or before; days without a rate have none."""
    periods = takewhile(
        lambda item: invoice_on(item.period, terms.billed) <= through,
        served(terms.grid, terms.starts_on, terms.ends_on),
    )
    return tuple(segment for item in periods for segment in _segments(terms, item.period, item.cycle))


def takes_effect(on: date, grid: Grid, when: Literal["now", "period_end"]) -> date:
    """The day from which a change that is asked for on a day holds: that day, or the next cycle's first."""
    return on if when == "now" else grid.first_from(on)


def _segments(terms: LineTerms, period: Period, cycle: Period) -> Iterator[Segment]:
    for part in cut(period, (since for since, _ in terms.rates)):
        rate = value_on(terms.rates, part.start)
        if rate is not None:
            yield Segment(terms.line, part, cycle, terms.grid.every, rate)
