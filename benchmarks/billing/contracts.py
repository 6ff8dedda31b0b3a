"""The input of the billing benchmark: contracts of three lines for the first, begun month, the same on every run.

Seats that start inside of the month (a part of it, by its days), calls in three tiers, and a flat fee; 19 % tax.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

MONTH: Final = (date(2026, 1, 1), date(2026, 2, 1))
RATE: Final = Decimal("0.19")
SEAT: Final = Decimal("12.50")
TIERS: Final = ((Decimal(1000), Decimal("0.010")), (Decimal(10000), Decimal("0.007")), (None, Decimal("0.0045")))


@dataclass(frozen=True, slots=True)
class Given:
    """What one contract's month depends on."""

    id: str
    customer: str
    start: date
    seats: Decimal
    calls: Decimal
    fee: Decimal


def given(number: int) -> Given:
    """The contract of a number: every combination of start, seats and usage comes."""
    return Given(
        id=f"C-{number:07}",
        customer=f"K-{number:07}",
        start=date(2026, 1, number % 28 + 2),
        seats=Decimal(number % 20 + 1),
        calls=Decimal(number * 37 % 25000),
        fee=Decimal(f"{number % 300 + 20}.{number % 100:02}"),
    )


def contracts(count: int) -> Iterator[Given]:
    """The first so many contracts."""
    return (given(number) for number in range(count))
