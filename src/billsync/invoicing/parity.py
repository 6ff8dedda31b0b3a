"""How a target system will recompute what it is sent, and the difference to ours before that.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from billsync.invoicing.taxation import Taxable, taxes
from billsync.model.base import Noun
from billsync.model.convention import TaxRounding
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


# ---------------------------------------------------------------- a whole document


@dataclass(frozen=True, slots=True)
class SentLine:
    """A line as it is sent; `rate` of its tax is a fraction."""

    quantity: Decimal
    unit_price: Decimal
    rate: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Come:
    """What a target makes of lines: each amount, the tax, and both together."""

    amounts: tuple[Decimal, ...]
    tax: Decimal
    total: Decimal


def come_to(
    lines: Sequence[SentLine], places: int, *, unit_price_places: int | None, tax_rounding: TaxRounding
) -> Come:
    """The document as a target computes it that keeps so many decimals of unit prices, None for all of them."""
    amounts = tuple(
        round_ratio(EXACT.multiply(line.quantity, _kept(line.unit_price, unit_price_places)), places, Rounding.HALF_UP)
        for line in lines
    )
    taxable = [Taxable(str(n), amount, line.rate) for n, (amount, line) in enumerate(zip(amounts, lines, strict=True))]
    tax = taxes(taxable, places, rounded_on=tax_rounding).total
    return Come(amounts, tax, sum(amounts, Decimal(0)) + tax)


def _kept(price: Decimal, places: int | None) -> Decimal:
    return price if places is None else round_ratio(price, places, Rounding.HALF_UP)
