"""What a part costs, and the two legs of a change: the old price given back and the new one charged.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billsync.billing.proration.share import Share
from billsync.model.convention import LegRounding
from billsync.model.exact import Exact, ratio_text, round_quotient, round_ratio
from billsync.model.money import Rounding
from billsync.model.scalar import plain


@dataclass(frozen=True, slots=True)
class Legs:
    """A change within a period; amounts are rounded, or exact where only the net is.

    Attributes:
        credit: what the old price gives back, zero or negative.
        charge: what the new price costs for the rest.
        net: both, rounded.
        formula: the arithmetic with its numbers.
    """

    credit: Exact
    charge: Exact
    net: Decimal
    formula: str


def prorate(
    amount: Exact,
    part: Share,
    places: int,
    rounding: Rounding = Rounding.HALF_UP,
    *,
    factor_places: int | None = None,
) -> Decimal:
    """The part's price with `places` decimals, rounded once from its exact value.

    `factor_places` rounds the factor first (half up), as engines do that keep it with so many decimals.
    """
    top, bottom = amount.as_integer_ratio()
    if factor_places is None:
        counted, whole = part.counted, part.whole
        top *= counted.numerator * whole.denominator
        bottom *= counted.denominator * whole.numerator
    else:
        factor = round_ratio(part.ratio, factor_places).as_integer_ratio()
        top, bottom = top * factor[0], bottom * factor[1]
    return round_quotient(top, bottom, places, rounding)


def change(
    old: Exact,
    new: Exact,
    rest: Share,
    places: int,
    rounding: Rounding = Rounding.HALF_UP,
    *,
    round_on: LegRounding = "legs",
) -> Legs:
    """From `old` to `new`, both for a whole cycle, for the rest of one.

    Legs are rounded alike whatever their sign, so that there and back again is nothing.
    """
    words = f"({ratio_text(new)} - {ratio_text(old)}) x {rest}"
    if round_on == "legs":
        given, charged = (prorate(price, rest, places, rounding) for price in (old, new))
        net = charged - given
        return Legs(-given, charged, net, f"{words} = {plain(charged)} - {plain(given)} = {plain(net)}")
    up = new >= old
    size = round_ratio(abs(Fraction(new) - Fraction(old)) * rest.ratio, places, rounding)
    net = size if up else -size
    return Legs(-Fraction(old) * rest.ratio, Fraction(new) * rest.ratio, net, f"{words} = {plain(net)}")
