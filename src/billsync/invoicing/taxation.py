"""Tax on lines, in or on top of their amounts, rounded per line, rate or document; its shares sum to it.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billsync.model.convention import TaxRounding
from billsync.model.exact import Exact, apportion, exact_product, exact_sum, negated, round_ratio
from billsync.model.money import Rounding


@dataclass(frozen=True, slots=True)
class Taxable:
    """A line to be taxed.

    Attributes:
        amount: less its discounts; with the tax in it where prices are inclusive.
        code: names the tax; lines of one code and rate are taxed together.
        rate: a fraction, 0.19 for 19 %; 0 where none is due (exempt, reverse charge).
    """

    id: str
    amount: Exact
    rate: Decimal
    code: str = ""


@dataclass(frozen=True, slots=True)
class LineTax:
    """A line's tax.

    Attributes:
        exact: before rounding.
        tax: its share of the document's tax, in the currency's decimals.
    """

    id: str
    exact: Exact
    tax: Decimal


@dataclass(frozen=True, slots=True)
class RateTax:
    """The tax of a code and rate; `base` is what it is on, without tax, exact."""

    code: str
    rate: Decimal
    base: Exact
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Taxed:
    """A document's tax: the lines' taxes and the rates' taxes both sum to `total`."""

    lines: tuple[LineTax, ...]
    rates: tuple[RateTax, ...]
    total: Decimal


def taxes(
    lines: Sequence[Taxable],
    places: int,
    rounding: Rounding = Rounding.HALF_UP,
    *,
    rounded_on: TaxRounding = "rate",
    inclusive: bool = False,
) -> Taxed:
    """The tax of a document's lines; `rates` are in the order in which they first appear."""
    exact = [_exact(line, inclusive=inclusive) for line in lines]
    if rounded_on != "line" and not inclusive and len({(line.code, line.rate) for line in lines}) == 1:
        return _of_one_rate(lines, exact, places, rounding)
    groups: dict[tuple[str, Decimal], list[int]] = {}
    for index, line in enumerate(lines):
        groups.setdefault((line.code, line.rate), []).append(index)
    sums = [exact_sum(exact[index] for index in members) for members in groups.values()]
    by_line = [round_ratio(value, places, rounding) for value in exact]
    if rounded_on == "line":
        by_rate = [sum((by_line[index] for index in members), Decimal(0)) for members in groups.values()]
    else:
        by_rate = _by_rate(sums, places, rounding, rounded_on)
        for members, tax in zip(groups.values(), by_rate, strict=True):
            shares = apportion([exact[index] for index in members], tax, places)
            for index, part in zip(members, shares, strict=True):
                by_line[index] = part
    rates = tuple(
        RateTax(code, rate, exact_sum(_base(lines[i], exact[i], inclusive=inclusive) for i in members), tax)
        for ((code, rate), members), tax in zip(groups.items(), by_rate, strict=True)
    )
    made = tuple(LineTax(line.id, value, tax) for line, value, tax in zip(lines, exact, by_line, strict=True))
    return Taxed(made, rates, sum(by_rate, Decimal(0)))


def _of_one_rate(lines: Sequence[Taxable], exact: Sequence[Exact], places: int, rounding: Rounding) -> Taxed:
    """What most documents have: a rounding for the rate is one for the document."""
    tax = round_ratio(exact_sum(exact), places, rounding)
    shares = apportion(exact, tax, places)
    made = tuple([LineTax(line.id, value, part) for line, value, part in zip(lines, exact, shares, strict=True)])
    base = exact_sum([line.amount for line in lines])
    return Taxed(made, (RateTax(lines[0].code, lines[0].rate, base, tax),), tax)


def _exact(line: Taxable, *, inclusive: bool) -> Exact:
    if not inclusive:
        return exact_product(line.amount, line.rate)
    rate = Fraction(line.rate)
    return Fraction(line.amount) * rate / (1 + rate)


def _base(line: Taxable, tax: Exact, *, inclusive: bool) -> Exact:
    return exact_sum((line.amount, negated(tax))) if inclusive else line.amount


def _by_rate(sums: Sequence[Exact], places: int, rounding: Rounding, rounded_on: TaxRounding) -> list[Decimal]:
    if rounded_on == "rate":
        return [round_ratio(value, places, rounding) for value in sums]
    return list(apportion(sums, round_ratio(exact_sum(sums), places, rounding), places))
