"""A part of each transaction, with allowances and bounds; and prices that come with the transaction.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from billsync.billing.pricing.priced import Priced, Step, priced, units_step
from billsync.model.exact import EXACT
from billsync.model.scalar import plain
from billsync.model.scheme import DynamicPrice, PercentagePrice


def percentage(scheme: PercentagePrice, transactions: Sequence[Decimal]) -> Priced:
    """Each transaction by itself: what is not free of it times the rate, plus the fixed amount, within the bounds."""
    steps = [_step(scheme, paid) for paid in _payable(scheme, transactions) if paid is not None]
    return priced(steps, "percentage: a part of each transaction")


def dynamic(scheme: DynamicPrice, transactions: Sequence[Decimal]) -> Priced:
    """The sum of the prices that came with the transactions, times the multiplier."""
    return priced(
        (units_step(amount, scheme.multiplier) for amount in transactions), "dynamic: the transaction's price"
    )


def _payable(scheme: PercentagePrice, transactions: Sequence[Decimal]) -> Iterator[Decimal | None]:
    """The part of each transaction that is not free, or None where all of it is."""
    allowed = scheme.free_transactions is not None or scheme.free_amount is not None
    left = scheme.free_amount
    for number, amount in enumerate(transactions):
        if not allowed or (scheme.free_transactions is not None and number >= scheme.free_transactions):
            yield amount
        elif left is None:
            yield None
        else:
            free = min(amount, left)
            left = EXACT.subtract(left, free)
            paid = EXACT.subtract(amount, free)
            yield paid or None


def _step(scheme: PercentagePrice, paid: Decimal) -> Step:
    amount = EXACT.add(EXACT.multiply(paid, scheme.rate), scheme.fixed_amount)
    words = f"{plain(paid)} x {plain(scheme.rate)}"
    if scheme.fixed_amount:
        words = f"({words} + {plain(scheme.fixed_amount)} fixed)"
    if scheme.minimum is not None and amount < scheme.minimum:
        return Step(f"at least {plain(scheme.minimum)} for {words}", scheme.minimum)
    if scheme.maximum is not None and amount > scheme.maximum:
        return Step(f"at most {plain(scheme.maximum)} for {words}", scheme.maximum)
    return Step(words, amount)
