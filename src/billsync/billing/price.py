"""Terms and days become an amount, with the arithmetic written out.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from billsync.billing.amendment import Convention
from billsync.billing.line import Terms
from billsync.billing.pricing import Consumption, Priced, price
from billsync.billing.proration import Share
from billsync.model.currency import exponent
from billsync.model.exact import EXACT, Exact, ratio_text, round_ratio
from billsync.model.money import Rounding, round_amount
from billsync.model.scalar import plain
from billsync.model.scheme import FlatPrice, PerUnitPrice, Scheme

MAX_MINOR: Final = 10**18
"""Amounts stay below this many minor units: what a 64-bit integer holds."""

UNIT_PLACES: Final = 6
"""Decimals of a unit price that is an average."""


@dataclass(frozen=True, slots=True)
class Rated:
    """An amount with its arithmetic.

    Attributes:
        amount: in the currency's decimals.
        formula: `3 x 10.00 x 17/31 days = 16.45`.
        whole: the price of a whole cycle, before rounding.
    """

    amount: Decimal
    formula: str
    whole: Exact


def rate(terms: Terms, convention: Convention, part: Share | None = None) -> Rated:
    """What the terms cost for a whole cycle, or for the part of it that a share says."""
    priced = price(terms.price, Consumption(quantity=terms.quantity))
    if part is None:
        return rounded(priced, convention)
    amount = convention.price(priced.amount, part)
    words = words_of(priced)
    words = f"({words})" if " + " in words else words
    return Rated(amount, f"{words} x {part} = {plain(amount)}", priced.amount)


def rounded(priced: Priced, convention: Convention) -> Rated:
    """A price with the currency's decimals; where rounding changes it, the formula shows both."""
    amount = round_ratio(priced.amount, convention.places, convention.rounding)
    words = words_of(priced)
    exact = "" if amount == priced.amount or len(priced.steps) < 2 else f" = {ratio_text(priced.amount)}"
    return Rated(amount, f"{words}{exact} = {plain(amount)}", priced.amount)


def words_of(priced: Priced) -> str:
    """The steps without their result: `100 flat + 5 x 5`."""
    return " + ".join(step.words for step in priced.steps) or "nothing"


def unit_amount(scheme: Scheme, quantity: Decimal, whole: Exact) -> Decimal:
    """The price of one: the scheme's own, else the average with six decimals; without a quantity, the whole."""
    if isinstance(scheme, PerUnitPrice) and not scheme.free_units:
        return scheme.unit_amount
    if isinstance(scheme, FlatPrice):
        return scheme.amount
    if not quantity:
        return round_ratio(whole, UNIT_PLACES)
    return round_ratio(whole / quantity if isinstance(whole, Decimal) else whole / int(quantity), UNIT_PLACES)


def product(quantity: Decimal, unit_amount: Decimal) -> Decimal:
    """Quantity times price, without rounding."""
    return EXACT.multiply(quantity, unit_amount)


def is_too_large(value: Decimal, currency: str) -> bool:
    """Whether the value, rounded to the currency, would leave the room that amounts have."""
    return abs(round_amount(value, currency, Rounding.UP)).scaleb(exponent(currency)) >= MAX_MINOR
