"""Functions of numbers: exact, rounded only where a scale is named.  (pure)"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from billsync.mapping.casts import compile_cast
from billsync.mapping.formula.functions import function
from billsync.mapping.formula.library.basics import EXACT, exactly, scaled, unscaled, whole
from billsync.model.money import Rounding, round_amount, round_to
from billsync.model.scalar import MAX_DECIMALS, read_decimal

_MAX_POWER: Final = 100


def _scale(decimals: Decimal) -> int:
    return whole(decimals, "the number of decimals", 0, MAX_DECIMALS)


# ---------------------------------------------------------------- rounding


@function(
    "ROUND(number: number, decimals: number) -> number",
    "Rounded half up (away from zero), with these decimals.",
    "ROUND(2.675, 2) = 2.68",
    "ROUND(3 * 1.005, 2) = 3.02",
    "ROUND(-0.5, 0) = -1",
    note="For amounts, MONEY knows the decimals of the currency. For hundreds, MROUND(x, 100).",
    fails={
        "ROUND(1.5, 1.5)": "ROUND: the number of decimals is a whole number from 0 to 12, got 1.5",
        "ROUND('1.5', 0)": "ROUND works on a number, this is text",
    },
)
def _round(number: Decimal, decimals: Decimal) -> Decimal:
    return exactly(round_to, number, _scale(decimals))


@function(
    "ROUNDUP(number: number, decimals: number) -> number",
    "Rounded away from zero, with these decimals.",
    "ROUNDUP(2.111, 2) = 2.12",
    "ROUNDUP(-2.111, 2) = -2.12",
    fails={"ROUNDUP(1, -1)": "ROUNDUP: the number of decimals is a whole number from 0 to 12, got -1"},
)
def _roundup(number: Decimal, decimals: Decimal) -> Decimal:
    return exactly(round_to, number, _scale(decimals), Rounding.UP)


@function(
    "ROUNDDOWN(number: number, decimals: number) -> number",
    "Rounded towards zero, with these decimals.",
    "ROUNDDOWN(2.119, 2) = 2.11",
    "ROUNDDOWN(-2.119, 2) = -2.11",
    fails={"ROUNDDOWN(1, 13)": "ROUNDDOWN: the number of decimals is a whole number from 0 to 12, got 13"},
)
def _rounddown(number: Decimal, decimals: Decimal) -> Decimal:
    return exactly(round_to, number, _scale(decimals), Rounding.DOWN)


@function(
    "TRUNC(number: number, decimals: number?) -> number",
    "The digits beyond these decimals (none) cut off.",
    "TRUNC(2.9) = 2",
    "TRUNC(-2.9) = -2",
    "TRUNC(2.119, 2) = 2.11",
    fails={"TRUNC('2.9')": "TRUNC works on a number, this is text"},
)
def _trunc(number: Decimal, decimals: Decimal | None = None) -> Decimal:
    return _rounddown(number, decimals or Decimal(0))


def _multiple(number: Decimal, step: Decimal | None, how_many: Callable[[int, int], int]) -> Decimal:
    """A whole number of steps near the number."""
    step = Decimal(1) if step is None else step
    if step <= 0:
        raise ValueError("a multiple is above zero")
    above, below, _ = scaled(number, step)
    return exactly(EXACT.multiply, Decimal(how_many(above, below)), step)


@function(
    "FLOOR(number: number, multiple: number?) -> number",
    "The greatest multiple (of 1) that is not above it.",
    "FLOOR(2.9) = 2",
    "FLOOR(-2.1) = -3",
    "FLOOR(7.4, 0.5) = 7",
    note="Salesforce rounds negative numbers towards zero: that is ROUNDDOWN(x, 0).",
    fails={"FLOOR(1, 0)": "FLOOR: a multiple is above zero"},
)
def _floor(number: Decimal, multiple: Decimal | None = None) -> Decimal:
    return _multiple(number, multiple, lambda above, below: above // below)


@function(
    "CEILING(number: number, multiple: number?) -> number",
    "The least multiple (of 1) that is not below it.",
    "CEILING(2.1) = 3",
    "CEILING(-2.9) = -2",
    "CEILING(7.1, 5) = 10",
    note="Salesforce rounds negative numbers away from zero: that is ROUNDUP(x, 0).",
    fails={"CEILING(1, -5)": "CEILING: a multiple is above zero"},
)
def _ceiling(number: Decimal, multiple: Decimal | None = None) -> Decimal:
    return _multiple(number, multiple, lambda above, below: -(-above // below))


@function(
    "MROUND(number: number, multiple: number) -> number",
    "The nearest multiple; from the middle away from zero.",
    "MROUND(1249, 100) = 1200",
    "MROUND(1250, 100) = 1300",
    "MROUND(9.93, 0.05) = 9.95",
    "MROUND(-1.5, 1) = -2",
    fails={"MROUND(1, 0)": "MROUND: a multiple is above zero"},
)
def _mround(number: Decimal, multiple: Decimal) -> Decimal:
    return _multiple(number, multiple, _half_up)


def _half_up(above: int, below: int) -> int:
    """The quotient of two whole numbers, rounded half away from zero; `below` may not be 0."""
    rounded = (2 * abs(above) + abs(below)) // (2 * abs(below))
    return -rounded if (above < 0) != (below < 0) else rounded


@function(
    "MONEY(number: number, currency: text) -> number",
    "Rounded half up to the decimals of the currency.",
    "MONEY(2.675, 'EUR') = 2.68",
    "MONEY(2.675, 'JPY') = 3",
    "MONEY(2.6754, 'KWD') = 2.675",
    fails={
        "MONEY(1, 'EURO')": "MONEY: unknown currency 'EURO': expected an ISO 4217 code such as EUR; did you mean EUR?"
    },
)
def _money(number: Decimal, currency: str) -> Decimal:
    return exactly(round_amount, number, currency)


# ---------------------------------------------------------------- arithmetic


@function(
    "DIV(number: number, by: number, decimals: number) -> number",
    "A quotient, rounded half up to its scale.",
    "DIV(10, 4, 2) = 2.5",
    "DIV(2, 3, 4) = 0.6667",
    "DIV(-1, 8, 2) = -0.13",
    note="There is no `/`: a quotient has to say how many decimals it has.",
    fails={"DIV(1, 0, 2)": "DIV: division by zero"},
)
def _div(number: Decimal, by: Decimal, decimals: Decimal) -> Decimal:
    scale = _scale(decimals)
    if not by:
        raise ValueError("division by zero")
    above, below, _ = scaled(number, by)
    return unscaled(_half_up(above * 10**scale, below), scale)


@function(
    "QUOTIENT(number: number, by: number) -> number",
    "How many times it goes in wholly, cut off towards zero.",
    "QUOTIENT(10, 4) = 2",
    "QUOTIENT(-10, 4) = -2",
    fails={"QUOTIENT(1, 0)": "QUOTIENT: division by zero"},
)
def _quotient(number: Decimal, by: Decimal) -> Decimal:
    if not by:
        raise ValueError("division by zero")
    above, below, _ = scaled(number, by)
    size = abs(above) // abs(below)
    return unscaled(-size if (above < 0) != (below < 0) else size, 0)


@function(
    "MOD(number: number, by: number) -> number",
    "What remains of a division; it has the sign of the divisor.",
    "MOD(10, 4) = 2",
    "MOD(-1, 3) = 2",
    "MOD(7.5, 2) = 1.5",
    note="As in Excel: MOD(x, y) = x - y * FLOOR(x / y).",
    fails={"MOD(1, 0)": "MOD: division by zero"},
)
def _mod(number: Decimal, by: Decimal) -> Decimal:
    if not by:
        raise ValueError("division by zero")
    above, below, shift = scaled(number, by)
    return unscaled(above % below, shift)


@function(
    "ABS(number: number) -> number",
    "Without its sign.",
    "ABS(-2.5) = 2.5",
    fails={"ABS('x')": "ABS works on a number, this is text"},
)
def _abs(number: Decimal) -> Decimal:
    return number.copy_abs()  # abs() would round to the digits of the ambient context


@function(
    "SIGN(number: number) -> number",
    "1 above zero, -1 below it, else 0.",
    "SIGN(-2.5) = -1",
    "SIGN(0) = 0",
    "SIGN(3) = 1",
    fails={"SIGN(NULL)": "SIGN works on a number, this is NULL"},
)
def _sign(number: Decimal) -> Decimal:
    return Decimal((number > 0) - (number < 0))


@function(
    "POWER(number: number, exponent: number) -> number",
    "It times itself so many times, exactly.",
    "POWER(1.1, 2) = 1.21",
    "POWER(2, 10) = 1024",
    "POWER(5, 0) = 1",
    note="Roots and fractions of exponents have endless decimals, so there are none.",
    fails={
        "POWER(4, 0.5)": "POWER: an exponent is a whole number from 0 to 100, got 0.5",
        "POWER(1.001, 90)": "POWER: the number has too many digits to be exact",
    },
)
def _power(number: Decimal, exponent: Decimal) -> Decimal:
    result = Decimal(1)
    for _ in range(whole(exponent, "an exponent", 0, _MAX_POWER)):
        result = exactly(EXACT.multiply, result, number)
    return result


# ---------------------------------------------------------------- reading


@function(
    "VALUE(text: text, format: text?) -> number",
    "The number that a text writes: point, no thousands separator.",
    "VALUE('12.50') = 12.5",
    "VALUE('1.234,50', '1.234,56') = 1234.5",
    "VALUE('1,234', '1,234.56') = 1234",
    note="The format shows how 1234.56 would be written: 1234.56, 1,234.56, 1.234,56, 1234,56, 1 234,56 or "
    "1'234.56. A field's `as: decimal` with `format:` says the same.",
    fails={
        "VALUE('1.234,50')": "VALUE: expected a number such as 1234.50 (point, no thousands separator), got '1.234,50'",
        "VALUE('')": "VALUE: expected a number such as 1234.50 (point, no thousands separator), got ''",
    },
)
def _value(text: str, format: str | None = None) -> Decimal:
    number: Decimal = read_decimal(text) if format is None else compile_cast("decimal", format)(text)
    return number
