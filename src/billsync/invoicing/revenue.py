"""Revenue schedules: when what was invoiced is earned, and the deferred part that ties to the invoices.  (pure)"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate

from billsync.model.convention import RevenueMethod, RevenueRemainder
from billsync.model.exact import round_ratio
from billsync.model.money import Rounding, allocate
from billsync.model.period import Period, month_of


@dataclass(frozen=True, slots=True)
class Earned:
    """Revenue of a month's part of a service.

    Attributes:
        on: the last day of service in the month.
    """

    on: date
    amount: Decimal


def straight_line(
    amount: Decimal,
    service: Period,
    places: int,
    rounding: Rounding = Rounding.HALF_UP,
    *,
    method: RevenueMethod = "day",
    remainder: RevenueRemainder = "last",
) -> tuple[Earned, ...]:
    """The amount over the months of its service: by their days of it, or in equal parts.  The parts sum to it."""
    parts = list(by_month(service))
    weights = [part.days if method == "day" else 1 for part in parts]
    return _spread(amount, [part.last_day for part in parts], weights, places, rounding, remainder)


def by_usage(amount: Decimal, used: Sequence[tuple[date, Decimal]], places: int) -> tuple[Earned, ...]:
    """The amount in proportion to usage (day -> quantity); the parts sum to it.  Raises ValueError for no usage."""
    parts = allocate(amount, [quantity for _, quantity in used], places)
    return tuple(Earned(on, part) for (on, _), part in zip(used, parts, strict=True))


def by_selling_price(price: Decimal, alone: Mapping[str, Decimal], places: int) -> dict[str, Decimal]:
    """A bundle's price divided over its obligations in proportion to what each sells for alone; the parts sum to it."""
    return dict(zip(alone, allocate(price, list(alone.values()), places), strict=True))


@dataclass(frozen=True, slots=True)
class Deferred:
    """A month of the roll-forward: opening plus invoiced less earned is closing."""

    month: Period
    opening: Decimal
    invoiced: Decimal
    earned: Decimal
    closing: Decimal

    @property
    def deferred(self) -> Decimal:
        """What is invoiced and not earned at the month's end: a contract liability, zero or more."""
        return max(self.closing, Decimal(0))

    @property
    def unbilled(self) -> Decimal:
        """What is earned and not invoiced at the month's end: a contract asset, zero or more."""
        return max(-self.closing, Decimal(0))


def roll_forward(
    invoiced: Sequence[tuple[date, Decimal]], earned: Sequence[Earned], months: Sequence[Period]
) -> tuple[Deferred, ...]:
    """Deferred revenue over months that follow each other; what lies before the first is its opening."""
    rows: list[Deferred] = []
    first = months[0].start if months else date.min
    opening = _sum(invoiced, lambda on: on < first) - _sum(_pairs(earned), lambda on: on < first)
    for month in months:
        more = _sum(invoiced, month.__contains__)
        less = _sum(_pairs(earned), month.__contains__)
        rows.append(Deferred(month, opening, more, less, opening + more - less))
        opening = rows[-1].closing
    return tuple(rows)


def _pairs(earned: Sequence[Earned]) -> list[tuple[date, Decimal]]:
    return [(part.on, part.amount) for part in earned]


def _sum(rows: Sequence[tuple[date, Decimal]], counts: Callable[[date], bool]) -> Decimal:
    return sum((amount for on, amount in rows if counts(on)), Decimal(0))


def by_month(service: Period) -> Iterator[Period]:
    """The service cut where calendar months begin."""
    begin = service.start
    while begin < service.end:
        month = month_of(begin)
        yield Period(begin, min(month.end, service.end))
        begin = month.end


def _spread(
    amount: Decimal,
    days: Sequence[date],
    weights: Sequence[int],
    places: int,
    rounding: Rounding,
    remainder: RevenueRemainder,
) -> tuple[Earned, ...]:
    exact = [Fraction(amount) * Fraction(weight, sum(weights)) for weight in weights]
    if remainder == "running":
        sums = [round_ratio(value, places, rounding) for value in accumulate(exact)]
        parts = [now - before for before, now in zip([Decimal(0), *sums], sums, strict=False)]
    else:
        parts = [round_ratio(value, places, rounding) for value in exact[:-1]]
        parts.append(amount - sum(parts, Decimal(0)))
    return tuple(Earned(on, part) for on, part in zip(days, parts, strict=True))
