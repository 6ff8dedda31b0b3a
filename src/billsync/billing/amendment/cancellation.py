"""What is given back when a service ends early, and the most that may ever be given back.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billsync.billing.amendment.repair import Convention
from billsync.model.amendment import Cancellation
from billsync.model.period import Every, Period
from billsync.model.scalar import plain


@dataclass(frozen=True, slots=True)
class Given:
    """A refund with its reason; `amount` is zero or more."""

    amount: Decimal
    formula: str


def refund(
    paid: Decimal, period: Period, every: Every, ends_on: date, rule: Cancellation, convention: Convention
) -> Given:
    """What is given back of a period that was paid for, when service ends on a day: the first that is not served."""
    if ends_on >= period.end:
        return Given(Decimal(0), "the period is over")
    kind = rule.rule_on(ends_on, period)
    if kind == "none" or ends_on <= period.start:
        amount = paid if kind != "none" else Decimal(0)
        return Given(amount, f"{kind}: {plain(amount)} of {plain(paid)}")
    if kind == "full":
        return Given(paid, f"full: {plain(paid)}")
    unused = convention.share(Period(ends_on, period.end), period, every)
    amount = min(paid, convention.price(paid, unused))
    return Given(amount, f"{plain(paid)} x {unused} = {plain(amount)}")


def creditable(potential: Decimal, paid: Decimal, credited: Decimal) -> Decimal:
    """What may be given of a potential credit: never more than was paid less earlier credits, never below zero."""
    return max(Decimal(0), min(potential, paid - credited))
