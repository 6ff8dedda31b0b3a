"""Monthly recurring revenue from contracts, not invoices: without tax, trials, usage, one-time charges.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from billsync.model.exact import Exact
from billsync.model.period import Every

WEEKS_A_YEAR: Final = 52
DAYS_A_YEAR: Final = 365


@dataclass(frozen=True, slots=True)
class Recurring:
    """A recurring line.

    Attributes:
        amount: for a whole cycle, less lasting discounts, without tax.
        starts_on: first day that is paid for: after a trial.
        ends_on: first day without service, or None.
        currency: of the amount, or "" where it is the one that is reported in.
    """

    customer: str
    amount: Decimal
    every: Every
    starts_on: date
    ends_on: date | None = None
    currency: str = ""

    def holds_on(self, day: date) -> bool:
        """Whether it counts on the day."""
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)

    @property
    def counts(self) -> bool:
        """Whether it counts on any day at all."""
        return bool(self.amount) and (self.ends_on is None or self.starts_on < self.ends_on)


def monthly(amount: Decimal, every: Every) -> Fraction:
    """A cycle's amount for a month, exact: a year's by 12, a week's times 52/12, a day's times 365/12."""
    if every.months is not None:
        return Fraction(amount) / every.months
    if every.unit == "weeks":
        return Fraction(amount) * WEEKS_A_YEAR / 12 / every.count
    return Fraction(amount) * DAYS_A_YEAR / 12 / every.count


def by_customer(lines: Iterable[Recurring], on: date, rates: Mapping[str, Exact] | None = None) -> dict[str, Fraction]:
    """Monthly recurring revenue on a day, by customer; customers without any are left out.

    `rates` gives units of the reporting currency for one of each other currency.  Raises ValueError where one is
    missing.
    """
    found: dict[str, Fraction] = {}
    for line in lines:
        if line.holds_on(on) and line.amount:
            worth = monthly(line.amount, line.every) * rate_of(line.currency, rates)
            found[line.customer] = found.get(line.customer, Fraction(0)) + worth
    return found


def rate_of(currency: str, rates: Mapping[str, Exact] | None) -> Fraction:
    """Units of the reporting currency for one of the currency.  Raises ValueError where nobody said."""
    if not currency:
        return Fraction(1)
    if rates is None or currency not in rates:
        raise ValueError(f"there is no rate for {currency}: revenue of two currencies has no sum without one")
    return Fraction(rates[currency])
