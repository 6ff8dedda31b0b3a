"""The one door: any scheme, any consumption, an exact amount.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from billsync.billing.pricing.consumption import Consumption
from billsync.billing.pricing.percentage import dynamic, percentage
from billsync.billing.pricing.priced import Priced, Step, flat_step, priced, units_step
from billsync.billing.pricing.spend import limit
from billsync.billing.pricing.tiers import (
    blocks,
    graduated,
    graduated_percentage,
    prorated_graduated,
    stairstep,
    volume,
)
from billsync.model.exact import EXACT, exact_sum, negated, ratio_text, round_ratio
from billsync.model.money import Rounding
from billsync.model.scalar import plain
from billsync.model.scheme import (
    DynamicPrice,
    FlatPrice,
    GraduatedPercentagePrice,
    PackagePrice,
    PercentagePrice,
    PerUnitPrice,
    Scheme,
    TieredPrice,
)


def price(scheme: Scheme, used: Consumption) -> Priced:
    """What a whole period's consumption costs, within the scheme's minimum and maximum spend; nothing is rounded.

    Raises ValueError where a prorated graduated price is asked for without its period.
    """
    made = _unlimited(scheme, used)
    if scheme.minimum_spend is None and scheme.maximum_spend is None:
        return made
    within = limit(made.amount, minimum=scheme.minimum_spend, maximum=scheme.maximum_spend)
    steps = list(made.steps)
    if within.top_up:
        steps.append(Step(f"{ratio_text(within.top_up)} up to the minimum", within.top_up))
    if within.discount:
        steps.append(Step(f"-{ratio_text(within.discount)} above the maximum", negated(within.discount)))
    return Priced(within.net, tuple(steps), made.rule)


def rerate(scheme: Scheme, before: Consumption, now: Consumption) -> Priced:
    """What `now`, the period's consumption so far, costs more than `before`, which is billed.

    For late usage, and for the next part of a period that is billed in parts: they sum to its price in one.
    """
    old, new = price(scheme, before), price(scheme, now)
    taken = negated(old.amount)
    steps = (*new.steps, Step(f"-{ratio_text(old.amount)} billed before", taken))
    return Priced(exact_sum((new.amount, taken)), steps, f"{new.rule}; less what was billed before")


@dataclass(frozen=True, slots=True)
class Bill:
    """What a bill of a part of a period charges.

    Attributes:
        amount: in the currency's decimals; negative where the whole now costs less than was billed.
        whole: what the period's consumption so far costs.
        formula: the arithmetic with its numbers.
    """

    amount: Decimal
    whole: Priced
    formula: str


def bill(
    scheme: Scheme,
    used: Consumption,
    *,
    billed: Decimal,
    places: int,
    rounding: Rounding = Rounding.HALF_UP,
    last: bool = True,
) -> Bill:
    """The period's consumption so far, less what was billed of it: at a threshold, at the end, and after late usage.

    The whole is rounded, not the parts, so that however many bills there are they sum to what one would have charged.
    Only the `last` bill makes up for the minimum spend.
    """
    whole = price(scheme if last else scheme.model_copy(update={"minimum_spend": None}), used)
    now = round_ratio(whole.amount, places, rounding)
    amount = now - billed
    words = f"{whole.formula}, rounded {plain(now)}"
    return Bill(amount, whole, f"{words}, less {plain(billed)} billed before = {plain(amount)}" if billed else words)


def _unlimited(scheme: Scheme, used: Consumption) -> Priced:
    match scheme:
        case FlatPrice():
            return priced([flat_step(scheme.amount)], "flat")
        case PerUnitPrice():
            return priced([units_step(_payable(used.quantity, scheme.free_units), scheme.unit_amount)], "per unit")
        case PackagePrice():
            whole = blocks(EXACT.subtract(used.quantity, scheme.free_units), scheme.size)
            return priced([units_step(whole, scheme.amount)], "package: one that is begun is paid in full")
        case PercentagePrice():
            return percentage(scheme, used.transactions)
        case GraduatedPercentagePrice():
            return graduated_percentage(scheme.tiers, used.quantity)
        case DynamicPrice():
            return dynamic(scheme, used.transactions)
        case TieredPrice():
            return _tiered(scheme, used)


def _tiered(scheme: TieredPrice, used: Consumption) -> Priced:
    if scheme.scheme == "graduated":
        return graduated(scheme.tiers, used.quantity)
    if scheme.scheme == "volume":
        return volume(scheme.tiers, used.quantity)
    if scheme.scheme == "stairstep":
        return stairstep(scheme.tiers, used.quantity)
    if used.period is None:
        raise ValueError("a prorated graduated price needs the period that its changes lie in")
    return prorated_graduated(scheme.tiers, used.changes, used.period)


def _payable(quantity: Decimal, free: Decimal) -> Decimal:
    """Free units never turn into a credit; a quantity that is negative itself stays what it is."""
    if not free:
        return quantity
    return max(Decimal(0), EXACT.subtract(quantity, free))
