"""Arithmetic without loss: products and sums that keep every digit, ratios that are rounded once, at the end.  (pure)

A third of an amount has no decimal form, so parts of periods and shares of discounts are ratios (`Fraction`) until a
named rounding makes them an amount.  Rounding two of them and adding would be another convention, and is another call.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Final

from billsync.model.money import Rounding
from billsync.model.scalar import plain

EXACT: Final = decimal.Context(prec=120)
"""Wide enough for the product of three numbers with 30 digits each, so that no product or sum here is ever rounded."""

Exact = Decimal | Fraction
"""A number before rounding."""


def exact_sum(values: Iterable[Exact]) -> Exact:
    """The sum, with every digit; a ratio where one of the values is."""
    whole: Exact = Decimal(0)
    for value in values:
        if isinstance(whole, Decimal) and isinstance(value, Decimal):
            whole = EXACT.add(whole, value)
        else:
            whole = Fraction(whole) + Fraction(value)
    return whole


def exact_product(left: Exact, right: Exact) -> Exact:
    """The product, with every digit; a ratio where one of the two is."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return EXACT.multiply(left, right)
    return Fraction(left) * Fraction(right)


def negated(value: Exact) -> Exact:
    """The value with the other sign; `-value` would round a Decimal to 28 digits."""
    return value.copy_negate() if isinstance(value, Decimal) else -value


def round_ratio(value: Exact, places: int, rounding: Rounding = Rounding.HALF_UP) -> Decimal:
    """The ratio with exactly `places` decimals, rounded once from its exact value."""
    if isinstance(value, Decimal):
        rounded = value.quantize(_UNITS[places], _MODES[rounding], EXACT)
        return rounded or rounded.copy_abs()  # never -0.00 on a document
    return round_quotient(value.numerator, value.denominator, places, rounding)


def round_quotient(top: int, bottom: int, places: int, rounding: Rounding = Rounding.HALF_UP) -> Decimal:
    """`top / bottom` with exactly `places` decimals, rounded once; `bottom` is above zero."""
    units, rest = divmod(abs(top) * 10**places, bottom)
    if rest and _goes_up(top < 0, units % 2 == 1, 2 * rest - bottom, rounding):
        units += 1
    return Decimal(-units if top < 0 else units).scaleb(-places, EXACT)


_UNITS: Final = tuple(Decimal(1).scaleb(-places) for places in range(31))
_MODES: Final = {rounding: rounding.mode for rounding in Rounding}


def _goes_up(negative: bool, odd: bool, over_half: int, rounding: Rounding) -> bool:  # noqa: FBT001
    """Whether the size grows by a unit, for a rest that is not zero; `over_half` is 0 for a tie."""
    if rounding in (Rounding.UP, Rounding.DOWN):
        return rounding is Rounding.UP
    if rounding in (Rounding.CEILING, Rounding.FLOOR):
        return negative is (rounding is Rounding.FLOOR)
    if over_half:
        return over_half > 0
    return rounding is Rounding.HALF_UP or (rounding is Rounding.HALF_EVEN and odd)


def ratio_text(value: Exact) -> str:
    """`17/31`, or plain decimals where the value has few of them."""
    if isinstance(value, Decimal):
        return plain(value)
    if value.denominator == 1:
        return str(value.numerator)
    return f"{value.numerator}/{value.denominator}"


def apportion(values: Sequence[Exact], total: Decimal, places: int) -> tuple[Decimal, ...]:
    """The values with `places` decimals each, so that they sum to `total`, which is their sum rounded.

    Each is rounded down first; the units that are missing go to the largest rests, equal ones to the earlier value.
    Raises ValueError where `total` is not what their sum can be rounded to.
    """
    exact = [value for value in values if isinstance(value, Decimal)]
    if len(exact) == len(values):
        return _decimals_apportioned(exact, total, places)
    ratios = [value.as_integer_ratio() for value in values]
    parts = [top * 10**places // bottom for top, bottom in ratios]
    missing = int(total.scaleb(places, EXACT)) - sum(parts)
    if not 0 <= missing <= len(parts):
        raise ValueError(f"{plain(total)} is not the rounded sum of its parts")
    if missing:
        common = lcm(*(bottom for _, bottom in ratios))
        rests = [top * 10**places % bottom * (common // bottom) for top, bottom in ratios]
        for index in sorted(range(len(parts)), key=lambda index: (-rests[index], index))[:missing]:
            parts[index] += 1
    return tuple(Decimal(part).scaleb(-places, EXACT) for part in parts)


def _decimals_apportioned(values: Sequence[Decimal], total: Decimal, places: int) -> tuple[Decimal, ...]:
    """`apportion` for decimals, which need no ratios."""
    unit = _UNITS[places]
    parts = [value.quantize(unit, decimal.ROUND_FLOOR, EXACT) for value in values]
    missing = int(EXACT.subtract(total, exact_total(parts)).scaleb(places, EXACT))
    if not 0 <= missing <= len(parts):
        raise ValueError(f"{plain(total)} is not the rounded sum of its parts")
    if missing:
        rests = [EXACT.subtract(value, part) for value, part in zip(values, parts, strict=True)]
        for index in sorted(range(len(parts)), key=lambda index: (rests[index].copy_negate(), index))[:missing]:
            parts[index] = EXACT.add(parts[index], unit)
    return tuple([part or part.copy_abs() for part in parts])


def exact_total(values: Iterable[Decimal]) -> Decimal:
    """The sum of decimals, with every digit."""
    whole = Decimal(0)
    for value in values:
        whole = EXACT.add(whole, value)
    return whole
