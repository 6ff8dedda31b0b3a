"""What part of a cycle a period is, as an exact ratio.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property, lru_cache

from billsync.billing.proration.basis import count_days, months_and_days, months_of
from billsync.billing.timeline.zone import ZoneHistory
from billsync.model.convention import Basis, EndDay
from billsync.model.exact import ratio_text
from billsync.model.period import Every, Period, add_months


@dataclass(frozen=True)
class Share:
    """A part of a cycle.

    Attributes:
        counted: what the part counts as, in units of the basis.
        whole: what the cycle counts as, in the same units; more than zero.
        unit: `days`, `seconds` or the name of the basis, for explanations.
    """

    counted: Fraction
    whole: Fraction
    unit: str

    @cached_property
    def ratio(self) -> Fraction:
        """The part of the whole, 0 to 1 for a part that lies in its cycle and a basis whose parts make the whole."""
        return self.counted / self.whole

    def __str__(self) -> str:
        return self._words

    @cached_property
    def _words(self) -> str:
        counted, whole = (
            f"({ratio_text(count)})" if count.denominator != 1 else ratio_text(count)
            for count in (self.counted, self.whole)
        )
        return f"{counted}/{whole} {self.unit}"


@lru_cache(maxsize=1024)
def share(part: Period, cycle: Period, every: Every, basis: Basis = Basis.ACTUAL_ACTUAL) -> Share:
    """What part of the cycle of length `every` the period is; a whole cycle is a whole, whatever the basis.

    Raises ValueError for a basis of months with a cycle of days or weeks.
    """
    return counted_share(part, cycle, every, Basis.ACTUAL_ACTUAL if part == cycle else basis)


def counted_share(part: Period, cycle: Period, every: Every, basis: Basis) -> Share:
    """The part as the basis counts it, whole cycles too: a February of 29 days counts as 29/30 under fixed 30."""
    if basis is Basis.ACTUAL_ACTUAL:
        return Share(Fraction(part.days), Fraction(cycle.days), "days")
    days, months = Fraction(count_days(part, basis)), months_of(every)
    if basis is Basis.ACTUAL_365:
        return Share(days, Fraction(365 * months, 12), "days (actual/365)")
    whole = Fraction(30 * months)
    return Share(min(days, whole) if basis is Basis.FIXED_30 else days, whole, f"days ({basis.value})")


def second_share(part: Period, cycle: Period, zones: ZoneHistory) -> Share:
    """The part by its seconds: local days of 23 and 25 hours count as what they are."""
    counted, whole = (_seconds(period, zones) for period in (part, cycle))
    return Share(Fraction(counted), Fraction(whole), "seconds")


def end_of_service(on: date, end_day: EndDay) -> date:
    """The first day that is not billed, for a service that ends on a day."""
    return on + timedelta(days=1) if end_day == "billed" else on


def whole_and_part(period: Period, every: Every, days_in_month: int | None = None) -> Share:
    """A period longer than a cycle as whole cycles and the days left of the last one, over its own days.

    Months are counted from the start; `days_in_month` gives every month so many days, None its own.
    """
    if every.days is not None:
        return Share(Fraction(period.days), Fraction(every.days), "days")
    months, days = months_and_days(period)
    left = Fraction(days, days_in_month or _days_of_next_month(period, months))
    return Share(months + left, Fraction(months_of(every)), "months")


def _days_of_next_month(period: Period, months: int) -> int:
    return (add_months(period.start, months + 1) - add_months(period.start, months)).days


def _seconds(period: Period, zones: ZoneHistory) -> int:
    begin, end = zones.instants(period)
    return (end - begin) // timedelta(seconds=1)
