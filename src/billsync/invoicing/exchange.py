"""Another currency on the document than in the contract: the rate, its day and source, the gain or loss.  (pure)"""

from __future__ import annotations

from decimal import Decimal

from billsync.model.currency import exponent
from billsync.model.exact import EXACT, round_ratio
from billsync.model.exchange import FxRate
from billsync.model.money import Rounding


def convert(amount: Decimal, rate: FxRate, rounding: Rounding = Rounding.HALF_UP) -> Decimal:
    """An amount of the base currency in the target currency, at its decimals."""
    return round_ratio(EXACT.multiply(amount, rate.rate), exponent(rate.target), rounding)


def realised(amount: Decimal, invoiced: FxRate, paid: FxRate, rounding: Rounding = Rounding.HALF_UP) -> Decimal:
    """What a claim gained in the target currency from its invoice to its payment; negative for a loss.

    Raises ValueError where the two rates are not of the same currencies.
    """
    if (invoiced.base, invoiced.target) != (paid.base, paid.target):
        raise ValueError(f"the rates are of {invoiced.base}/{invoiced.target} and {paid.base}/{paid.target}")
    return convert(amount, paid, rounding) - convert(amount, invoiced, rounding)
