"""Revenue that does not flow evenly: milestones, and services that change while they are being earned.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Literal

from billsync.invoicing.revenue import Earned, by_month, straight_line
from billsync.model.exact import round_ratio
from billsync.model.money import Rounding
from billsync.model.period import Period

Method = Literal["prospective", "cumulative"]


def on_milestones(
    amount: Decimal, reached: Sequence[tuple[date, Decimal]], places: int, rounding: Rounding = Rounding.HALF_UP
) -> tuple[Earned, ...]:
    """The amount by milestones (day -> fraction of the work); the sum so far is rounded, so nothing is lost.

    What is not reached is not earned.  Raises ValueError for more than the whole work.
    """
    sums = list(accumulate(Fraction(part) for _, part in reached))
    if sums and sums[-1] > 1:
        raise ValueError("the milestones come to more than the whole work")
    earned = [Decimal(0), *(round_ratio(Fraction(amount) * done, places, rounding) for done in sums)]
    return tuple(Earned(on, now - before) for (on, _), (before, now) in zip(reached, pairwise(earned), strict=True))


@dataclass(frozen=True, slots=True)
class Modification:
    """A change of a service that is being earned.

    Attributes:
        on: the day from which it holds; inside the service.
        added: what the price grows by; negative where it falls.
        ends_on: the first day without service after it.
        method: `prospective` spreads what is not yet earned over the days that are left (the days to come are distinct
            from those gone by); `cumulative` measures the whole anew and catches up on the day of the change.
    """

    on: date
    added: Decimal
    ends_on: date
    method: Method = "prospective"


def modified(
    amount: Decimal, service: Period, change: Modification, places: int, rounding: Rounding = Rounding.HALF_UP
) -> tuple[Earned, ...]:
    """An amount earned by the day whose service changed: what was earned stays, the rest is spread anew.

    The parts sum to the amount and what was added.  Raises ValueError for a change outside the service, or one that
    ends before it holds.
    """
    if not service.start < change.on < service.end or change.ends_on <= change.on:
        raise ValueError(f"a change on {change.on} that ends on {change.ends_on} does not lie in {service}")
    gone, rest = Period(service.start, change.on), Period(change.on, change.ends_on)
    days = [(part, Fraction(part.days, service.days)) for part in by_month(gone)]
    before = tuple(
        Earned(part.last_day, round_ratio(Fraction(amount) * share, places, rounding)) for part, share in days
    )
    earned, whole = sum((part.amount for part in before), Decimal(0)), amount + change.added
    if change.method == "prospective":
        return (*before, *straight_line(whole - earned, rest, places, rounding))
    due = round_ratio(Fraction(whole) * Fraction(gone.days, gone.days + rest.days), places, rounding)
    return (*before, Earned(change.on, due - earned), *straight_line(whole - due, rest, places, rounding))
