"""How a target system will recompute a line, and the difference to ours before it is sent.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from billsync.model.base import Noun
from billsync.model.exact import EXACT, round_ratio
from billsync.model.money import Rounding


class RatingProfile(Noun):
    """What a target does with quantity and unit price.

    Attributes:
        unit_price_places: decimals that it keeps of a unit price.
        places: decimals of its amounts.
    """

    unit_price_places: Annotated[int, Field(ge=0, le=12)] = 2
    places: Annotated[int, Field(ge=0, le=4)] = 2
    rounding: Rounding = Rounding.HALF_UP


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A line as the target would have it.

    Attributes:
        unit_price: as it keeps it; total: what it makes of it.
        difference: our amount less its total: zero, or the line must be sent in another form.
    """

    unit_price: Decimal
    total: Decimal
    difference: Decimal


def recompute(quantity: Decimal, amount: Decimal, profile: RatingProfile) -> Recomputed:
    """Our amount sent as quantity and unit price.  Raises ValueError for a quantity of zero."""
    if not quantity:
        raise ValueError("an amount without a quantity has no unit price: send 1 x the amount")
    unit = round_ratio(Fraction(amount) / Fraction(quantity), profile.unit_price_places, profile.rounding)
    total = round_ratio(EXACT.multiply(quantity, unit), profile.places, profile.rounding)
    return Recomputed(unit, total, amount - total)


def sendable(quantity: Decimal, amount: Decimal, profile: RatingProfile) -> tuple[Decimal, Decimal]:
    """Quantity and unit price that the target makes our amount of: as they are where that works, else 1 x the amount.

    Raises ValueError where it keeps fewer decimals of unit prices than our amount has, so that neither does.
    """
    if quantity and not (made := recompute(quantity, amount, profile)).difference:
        return quantity, made.unit_price
    if recompute(Decimal(1), amount, profile).difference:
        raise ValueError(f"the target keeps {profile.unit_price_places} decimals of unit prices: {amount} needs more")
    return Decimal(1), amount
