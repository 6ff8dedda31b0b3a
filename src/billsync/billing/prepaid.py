"""Prepaid credits: granted, drawn down in a stated order, expired on their day, never below zero.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from billsync.model.exact import EXACT, round_ratio
from billsync.model.money import Rounding


@dataclass(frozen=True, slots=True)
class Grant:
    """Credits that a customer has.

    Attributes:
        left: what is left of them, in major units, zero or more.
        granted_on: the first day on which they can be used.
        expires_on: the first day on which they cannot, or None.
        priority: lower ones are used first.
    """

    id: str
    left: Decimal
    granted_on: date
    expires_on: date | None = None
    priority: int = 50

    def holds_on(self, day: date) -> bool:
        """Whether they can be used on the day."""
        return self.granted_on <= day and (self.expires_on is None or day < self.expires_on)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was taken.

    Attributes:
        by_grant: (id, amount), in the order in which they were used; amounts are above zero.
        total: all of them: never more than was asked for.
        grants: all grants after it.
    """

    by_grant: tuple[tuple[str, Decimal], ...]
    total: Decimal
    grants: tuple[Grant, ...]


def draw(grants: Sequence[Grant], amount: Decimal, on: date) -> Drawn:
    """Up to `amount` from the grants that hold on the day: by priority, then the first to expire, then the oldest."""
    left = max(Decimal(0), amount)
    after = {grant.id: grant for grant in grants}
    by_grant: list[tuple[str, Decimal]] = []
    for grant in sorted((grant for grant in grants if grant.holds_on(on)), key=_order):
        taken = min(left, grant.left)
        if taken:
            by_grant.append((grant.id, taken))
            after[grant.id] = replace(grant, left=grant.left - taken)
            left -= taken
    return Drawn(tuple(by_grant), sum((taken for _, taken in by_grant), Decimal(0)), tuple(after.values()))


def expired(grants: Sequence[Grant], on: date) -> Decimal:
    """What was left of the grants that no longer hold on the day."""
    gone = (grant.left for grant in grants if grant.expires_on is not None and grant.expires_on <= on)
    return sum(gone, Decimal(0))


def price_of_credits(credits: Decimal, rate: Decimal, places: int, rounding: Rounding = Rounding.HALF_UP) -> Decimal:
    """What credits cost at a rate: an amount with the currency's decimals, whatever noise the number came with."""
    return round_ratio(EXACT.multiply(credits, rate), places, rounding)


def _order(grant: Grant) -> tuple[int, date, date, str]:
    return grant.priority, grant.expires_on or date.max, grant.granted_on, grant.id
