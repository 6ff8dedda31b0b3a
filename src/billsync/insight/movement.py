"""Why recurring revenue changed between two days, so that the movements sum to the difference.  (pure)"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from billsync.insight.recurring import Recurring, by_customer, monthly, rate_of
from billsync.model.exact import Exact

Counted = Literal["ends", "days"]
"""`ends` compares the two ends only; `days` counts each day's changes, so that up and down again are two movements."""


@dataclass(frozen=True, slots=True)
class Movements:
    """Why recurring revenue changed between two days; contraction and churn are zero or negative.

    Attributes:
        new: of customers that never had any.
        reactivation: of customers that had none, but once had.
        churn: of those that have none any more.
        exchange: what the revenue of the first day is worth more, or less, by other rates.
    """

    new: Fraction = Fraction(0)
    reactivation: Fraction = Fraction(0)
    expansion: Fraction = Fraction(0)
    contraction: Fraction = Fraction(0)
    churn: Fraction = Fraction(0)
    exchange: Fraction = Fraction(0)

    @property
    def net(self) -> Fraction:
        """All of them: the difference between the two days."""
        return sum((getattr(self, field.name) for field in fields(self)), Fraction(0))

    def __add__(self, other: Movements) -> Movements:
        return Movements(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


def movements(
    before: Mapping[str, Fraction], after: Mapping[str, Fraction], known: Collection[str] = frozenset()
) -> Movements:
    """The movements from one day to another; each customer's change is one of them.

    `known` are customers that had recurring revenue at any time before.
    """
    sums: dict[str, Fraction] = {}
    for customer in {**before, **after}:
        was, now = before.get(customer, Fraction(0)), after.get(customer, Fraction(0))
        kind = _kind(was, now, known=customer in known)
        sums[kind] = sums.get(kind, Fraction(0)) + now - was
    return Movements(**sums)


def _kind(was: Fraction, now: Fraction, *, known: bool) -> str:
    if not was:
        return "reactivation" if known else "new"
    if not now:
        return "churn"
    return "expansion" if now > was else "contraction"


def between(
    lines: Sequence[Recurring],
    first: date,
    last: date,
    *,
    counted: Counted = "ends",
    opening: Mapping[str, Exact] | None = None,
    closing: Mapping[str, Exact] | None = None,
) -> Movements:
    """The movements from what holds on the day `first` to what holds on `last`, in the reporting currency.

    `opening` and `closing` are the rates of the two days (see `by_customer`); movements are told by the closing ones,
    and what the other rates make of the first day's revenue is `exchange`.
    """
    days = [first, last]
    if counted == "days":
        turns = {day for line in lines for day in (line.starts_on, line.ends_on) if day and first < day < last}
        days = [first, *sorted(turns), last]
    found = Movements(exchange=_exchange(lines, first, opening, closing))
    for day, later in pairwise(days):
        known = {line.customer for line in lines if line.counts and line.starts_on <= day}
        found += movements(by_customer(lines, day, closing), by_customer(lines, later, closing), known)
    return found


def _exchange(
    lines: Sequence[Recurring],
    on: date,
    opening: Mapping[str, Exact] | None,
    closing: Mapping[str, Exact] | None,
) -> Fraction:
    return sum(
        (
            monthly(line.amount, line.every) * (rate_of(line.currency, closing) - rate_of(line.currency, opening))
            for line in lines
            if line.holds_on(on)
        ),
        Fraction(0),
    )


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
