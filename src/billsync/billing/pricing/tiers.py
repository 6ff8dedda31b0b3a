"""Tiers: graduated, volume, stairstep, and changes of a graduated quantity within the period.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from billsync.billing.pricing.consumption import Change
from billsync.billing.pricing.priced import Priced, Step, flat_step, priced, units_step
from billsync.model.exact import EXACT
from billsync.model.period import Period
from billsync.model.scalar import plain
from billsync.model.scheme import RateTier, Tier

T = TypeVar("T", Tier, RateTier)


def slices(tiers: Sequence[T], quantity: Decimal) -> Iterator[tuple[T, Decimal]]:
    """The tiers that the quantity reaches, each with the part of it that falls there.

    The first tier is reached by any quantity, zero too: its flat amount is what it costs to be there.
    """
    floor = Decimal(0)
    for tier in tiers:
        if floor and quantity <= floor:
            return
        top = quantity if tier.up_to is None else min(quantity, tier.up_to)
        yield tier, EXACT.subtract(top, floor)
        floor = quantity if tier.up_to is None else tier.up_to


def tier_of(tiers: Sequence[T], quantity: Decimal) -> T:
    """The tier that holds the whole quantity; a bound belongs to the tier below it."""
    return next(tier for tier in tiers if tier.up_to is None or quantity <= tier.up_to)


def graduated(tiers: Sequence[Tier], quantity: Decimal) -> Priced:
    """Each unit by the tier that it falls in, and the flat amount of every tier that is reached."""
    steps = (step for tier, units in slices(tiers, quantity) for step in _steps(tier, units))
    return priced(steps, "graduated: each unit by its tier")


def volume(tiers: Sequence[Tier], quantity: Decimal) -> Priced:
    """All units by the tier of the whole quantity."""
    return priced(_steps(tier_of(tiers, quantity), quantity), "volume: all units by the tier of the whole")


def stairstep(tiers: Sequence[Tier], quantity: Decimal) -> Priced:
    """The flat amount of the tier of the whole quantity."""
    return priced([flat_step(tier_of(tiers, quantity).flat_amount)], "stairstep: one amount by the tier of the whole")


def graduated_percentage(tiers: Sequence[RateTier], amount: Decimal) -> Priced:
    """Each slice of the amount by the rate of its tier, and the flat amount of every tier that is reached."""
    steps: list[Step] = []
    for tier, part in slices(tiers, amount):
        steps.append(units_step(part, tier.rate))
        if tier.flat_amount:
            steps.append(flat_step(tier.flat_amount))
    return priced(steps, "graduated percentage: each slice by its tier")


def prorated_graduated(tiers: Sequence[Tier], changes: Sequence[Change], period: Period) -> Priced:
    """Each change priced by the tiers that it crosses, for the days left from its own day on.

    Units that go give back their days; a flat amount is due once, when its tier is first reached, and stays due.
    """
    steps: list[Step] = []
    quantity, reached = Decimal(0), 0
    for change in changes:
        if change.on not in period:
            raise ValueError(f"the change on {change.on} lies outside the period {period}")
        before, quantity = quantity, EXACT.add(quantity, change.by)
        if quantity < 0:
            raise ValueError(f"the quantity falls below zero on {change.on}")
        steps += _crossed(tiers, before, quantity, (period.end - change.on).days, period.days)
        count = len(list(slices(tiers, quantity)))
        steps += [flat_step(tier.flat_amount) for tier in tiers[reached:count] if tier.flat_amount]
        reached = max(reached, count)
    return priced(steps, "prorated graduated: each change by its tiers, for the days that are left")


def _crossed(tiers: Sequence[Tier], before: Decimal, now: Decimal, left: int, days: int) -> Iterator[Step]:
    sign = 1 if now > before else -1
    low, high = min(before, now), max(before, now)
    floor = Decimal(0)
    for tier in tiers:
        top = high if tier.up_to is None else min(high, tier.up_to)
        units = EXACT.subtract(top, max(low, floor))
        if units > 0 and tier.unit_amount:
            amount = Fraction(EXACT.multiply(units, tier.unit_amount)) * Fraction(left, days) * sign
            yield Step(
                f"{plain(EXACT.multiply(units, Decimal(sign)))} x {plain(tier.unit_amount)} x {left}/{days} days",
                amount,
            )
        if tier.up_to is not None:
            floor = tier.up_to


def _steps(tier: Tier, units: Decimal) -> Iterator[Step]:
    if tier.per == 1:
        yield units_step(units, tier.unit_amount)
    else:
        yield units_step(blocks(units, tier.per), tier.unit_amount)
    if tier.flat_amount:
        yield flat_step(tier.flat_amount)


def blocks(units: Decimal, size: Decimal) -> Decimal:
    """Blocks of `size` that hold the units; one that is begun counts.  None for no units or fewer."""
    if units <= 0:
        return Decimal(0)
    whole, rest = EXACT.divmod(units, size)
    return EXACT.add(whole, Decimal(1)) if rest else whole
