"""The recurring lines of a contract, as they are known on a day.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from billsync.billing.line import Line, epochs
from billsync.insight.recurring import Recurring
from billsync.model.contract import Contract
from billsync.model.convention import Policy
from billsync.model.currency import exponent
from billsync.model.exact import round_ratio


def recurring_lines(contract: Contract, policy: Policy, day: date) -> list[Recurring]:
    """What each recurring line of the contract brings on the day, less percentages off that last.

    Raises ValueError where a line has no price.
    """
    lines = (line for line in contract.lines if line.model == "recurring")
    known = ([epoch.line for epoch in epochs(contract, line, policy) if epoch.known_on <= day] for line in lines)
    return [found for lived in known for found in _recurring(contract, lived[-1], day)]


def _recurring(contract: Contract, line: Line, day: date) -> Iterator[Recurring]:
    if line.grid is None:
        return
    left = Fraction(1)
    for coupon in contract.coupons:
        lasts = coupon.ends_on is None and coupon.times is None and coupon.at_most_in_all is None
        if lasts and coupon.percent is not None and line.id in (coupon.lines or (line.id,)) and coupon.holds_on(day):
            left *= 1 - Fraction(coupon.percent)
    rate = Fraction(line.on(day).rate) * left
    yield Recurring(
        customer=contract.customer,
        amount=round_ratio(rate, exponent(contract.currency)),
        every=line.grid.every,
        starts_on=line.starts_on,
        ends_on=line.ends_on,
    )
