"""Monthly recurring revenue from contracts, not invoices: without tax, trials, usage, one-time charges.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from billsync.model.period import Every

WEEKS_A_YEAR: Final = 52
DAYS_A_YEAR: Final = 365


@dataclass(frozen=True, slots=True)
class Recurring:
    """A recurring line.

    Attributes:
        amount: for a whole cycle, less lasting discounts, without tax, in the currency that is reported in.
        starts_on: first day that is paid for: after a trial.
        ends_on: first day without service, or None.
    """

    customer: str
    amount: Decimal
    every: Every
    starts_on: date
    ends_on: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it counts on the day."""
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)


def monthly(amount: Decimal, every: Every) -> Fraction:
    """A cycle's amount for a month, exact: a year's by 12, a week's times 52/12, a day's times 365/12."""
    if every.months is not None:
        return Fraction(amount) / every.months
    if every.unit == "weeks":
        return Fraction(amount) * WEEKS_A_YEAR / 12 / every.count
    return Fraction(amount) * DAYS_A_YEAR / 12 / every.count


def by_customer(lines: Iterable[Recurring], on: date) -> dict[str, Fraction]:
    """Monthly recurring revenue on a day, by customer; customers without any are left out."""
    found: dict[str, Fraction] = {}
    for line in lines:
        if line.holds_on(on) and line.amount:
            found[line.customer] = found.get(line.customer, Fraction(0)) + monthly(line.amount, line.every)
    return found


@dataclass(frozen=True, slots=True)
class Movements:
    """Why recurring revenue changed between two days; contraction and churn are zero or negative.

    `new` is of customers that had none; `churn` of those that have none any more.
    """

    new: Fraction = Fraction(0)
    expansion: Fraction = Fraction(0)
    contraction: Fraction = Fraction(0)
    churn: Fraction = Fraction(0)

    @property
    def net(self) -> Fraction:
        """All of them: the difference between the two days."""
        return self.new + self.expansion + self.contraction + self.churn


def movements(before: Mapping[str, Fraction], after: Mapping[str, Fraction]) -> Movements:
    """The movements from one day to another; each customer's change is one of the four."""
    sums = {"new": Fraction(0), "expansion": Fraction(0), "contraction": Fraction(0), "churn": Fraction(0)}
    for customer in {**before, **after}:
        was, now = before.get(customer, Fraction(0)), after.get(customer, Fraction(0))
        sums[_kind(was, now)] += now - was
    return Movements(**sums)


def _kind(was: Fraction, now: Fraction) -> str:
    if not was:
        return "new"
    if not now:
        return "churn"
    return "expansion" if now > was else "contraction"


@dataclass(frozen=True, slots=True)
class Retention:
    """How much of a day's recurring revenue its customers still bring.

    Attributes:
        net: with expansion, as a ratio; may be above 1.
        gross: without expansion; 0 to 1.
    """

    net: Fraction
    gross: Fraction


def retention(before: Mapping[str, Fraction], after: Mapping[str, Fraction]) -> Retention:
    """Of the customers of the first day only.  Raises ValueError where they brought nothing."""
    start = sum(before.values(), Fraction(0))
    if not start:
        raise ValueError("there was no recurring revenue that could have been kept")
    kept = {customer: after.get(customer, Fraction(0)) for customer in before}
    gross = sum((min(was, kept[customer]) for customer, was in before.items()), Fraction(0))
    return Retention(sum(kept.values(), Fraction(0)) / start, gross / start)
