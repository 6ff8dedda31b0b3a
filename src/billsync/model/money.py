"""Exact money: a Decimal at its currency's ISO 4217 exponent, and allocation that always sums to the whole.  (pure)"""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Final

from billsync.model.currency import exponent
from billsync.model.scalar import plain, read_decimal


class Rounding(StrEnum):
    """How a number with too many decimals becomes an amount.  Named on every document, never implied."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    HALF_DOWN = "half_down"
    UP = "up"
    DOWN = "down"
    CEILING = "ceiling"
    FLOOR = "floor"

    @property
    def mode(self) -> str:
        """The name of this mode in the `decimal` module."""
        return "ROUND_" + self.name


def round_to(value: Decimal, places: int, rounding: Rounding = Rounding.HALF_UP) -> Decimal:
    """`value` with exactly `places` decimals."""
    return value.quantize(_unit(places), rounding.mode, _WIDE)


_WIDE: Final = decimal.Context(prec=60)


@cache
def _unit(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


def round_amount(value: Decimal, currency: str, rounding: Rounding = Rounding.HALF_UP) -> Decimal:
    """`value` as an amount of `currency`: its exponent's decimals.  Raises `UnknownCurrency`."""
    return round_to(value, exponent(currency), rounding)


def to_minor(amount: Decimal, currency: str) -> int:
    """The amount in minor units (cents).  Raises ValueError where it has more decimals than the currency."""
    scaled = amount.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{plain(amount)} has more decimals than {currency} has")
    return int(scaled)


def from_minor(minor: int, currency: str) -> Decimal:
    """Minor units as an amount with all of the currency's decimals."""
    return Decimal(minor).scaleb(-exponent(currency))


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount of one currency.

    Attributes:
        amount: in major units, with exactly the currency's decimals.
        currency: ISO 4217 code.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        value = read_decimal(self.amount)
        rounded = round_amount(value, self.currency)
        if rounded != value:
            raise ValueError(f"{plain(value)} has more decimals than {self.currency} has: round it by a named policy")
        object.__setattr__(self, "amount", rounded)

    @classmethod
    def of(cls, value: Decimal | int | str, currency: str, rounding: Rounding | None = None) -> Money:
        """Money from a number; rounds only where `rounding` is given, else refuses surplus decimals."""
        number = read_decimal(value)
        return cls(number if rounding is None else round_amount(number, currency, rounding), currency)

    @classmethod
    def from_minor(cls, minor: int, currency: str) -> Money:
        """Money from minor units: 1050 USD is 10.50."""
        return cls(from_minor(minor, currency), currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in `currency`."""
        return cls(Decimal(0), currency)

    @property
    def minor(self) -> int:
        """The amount in minor units."""
        return to_minor(self.amount, self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other).amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other).amount

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other).amount

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __str__(self) -> str:
        return f"{self.amount:,f} {self.currency}"

    def times(self, factor: Decimal | int, rounding: Rounding = Rounding.HALF_UP) -> Money:
        """The amount times a factor, rounded by the named rule."""
        with decimal.localcontext(prec=60):
            product = self.amount * factor
        return Money(round_amount(product, self.currency, rounding), self.currency)

    def allocate(self, weights: Sequence[Decimal | int]) -> tuple[Money, ...]:
        """One part per weight, in proportion; the parts sum to the whole, to the last minor unit.

        Largest remainder; equal remainders go to the earlier part.  Raises ValueError for negative weights and where
        no weight is above zero.
        """
        parts = allocate_minor(self.minor, weights)
        return tuple(Money.from_minor(part, self.currency) for part in parts)

    def split(self, parts: int) -> tuple[Money, ...]:
        """`parts` parts as equal as minor units allow: 100.00 in 3 is 33.34, 33.33, 33.33."""
        return self.allocate([1] * parts)

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}: convert by a rate with a date first")
        return other


def allocate(amount: Decimal, weights: Sequence[Decimal | int], places: int) -> tuple[Decimal, ...]:
    """`amount` in parts of `places` decimals that sum to it; see `Money.allocate`.

    Raises ValueError where the amount itself has more decimals.
    """
    units = amount.scaleb(places)
    if units != units.to_integral_value():
        raise ValueError(f"{plain(amount)} has more than {places} decimals: round it by a named policy")
    return tuple(Decimal(part).scaleb(-places) for part in allocate_minor(int(units), weights))


def allocate_minor(total: int, weights: Sequence[Decimal | int]) -> tuple[int, ...]:
    """`total` minor units in proportion to the weights; see `Money.allocate`."""
    shares = [Fraction(weight) for weight in weights]
    if any(share < 0 for share in shares) or not sum(shares):
        raise ValueError("allocation needs weights of zero or more, one of them above zero")
    sign, size, whole = (-1 if total < 0 else 1), abs(total), sum(shares)
    exact = [share * size / whole for share in shares]
    parts = [int(value) for value in exact]
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for index in by_remainder[: size - sum(parts)]:
        parts[index] += 1
    return tuple(sign * part for part in parts)
