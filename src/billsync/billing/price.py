"""Quantity, price and days become an amount, with the arithmetic written out.  (pure)"""

from __future__ import annotations

import decimal
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from billsync.billing.calendar import Portion
from billsync.model.contract import ContractLine
from billsync.model.currency import exponent
from billsync.model.invoice import Policy
from billsync.model.money import Rounding, round_amount
from billsync.model.scalar import plain

MAX_MINOR: Final = 10**18
"""Amounts stay below this many minor units: what a 64-bit integer holds."""

_EXACT: Final = decimal.Context(prec=80)
"""Wide enough for 30 digits times 30 digits, and for a quotient that no tie can be mistaken in."""


@dataclass(frozen=True, slots=True)
class Rated:
    """An amount with its arithmetic.

    Attributes:
        amount: in the currency's decimals.
        formula: `3 x 10.00 x 17/31 days = 16.45`.
    """

    amount: Decimal
    formula: str


def rate(line: ContractLine, portion: Portion, currency: str, policy: Policy) -> Rated:
    """What the line costs for the portion: a flat price ignores the quantity, a stub is priced by the policy."""
    unit = line.price.unit_amount
    value, words = unit, f"{plain(unit)} flat"
    if line.price.scheme == "per_unit":
        value, words = product(line.quantity, unit), f"{plain(line.quantity)} x {plain(unit)}"
    if portion.is_stub and portion.period and portion.cycle and policy.proration == "days":
        value = _EXACT.divide(_EXACT.multiply(value, portion.period.days), portion.cycle.days)
        words += f" x {portion.period.days}/{portion.cycle.days} days"
    amount = round_amount(value, currency, policy.rounding)
    return Rated(amount, f"{words} = {plain(amount)}")


def product(quantity: Decimal, unit_amount: Decimal) -> Decimal:
    """Quantity times price, without rounding."""
    return _EXACT.multiply(quantity, unit_amount)


def is_too_large(value: Decimal, currency: str) -> bool:
    """Whether the value, rounded to the currency, would leave the room that amounts have."""
    return abs(round_amount(value, currency, Rounding.UP)).scaleb(exponent(currency)) >= MAX_MINOR
