"""Price schemes as data: how a quantity, or a list of transactions, becomes an amount.  (pure)

Tiers are told by their upper bound, which belongs to them: with `up_to: 100`, the 100th unit is in the tier and the
101st in the next.  The last tier is open: `up_to: null`.  Amounts are in major units of the contract's currency and may
have more decimals than it has; percentages are fractions, 0.029 for 2.9 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from billsync.model.base import Noun, Number


class Tier(Noun):
    """A range of quantities and its price.

    Attributes:
        up_to: the last quantity that belongs to the tier, or None for all that is above.
        unit_amount: for each unit, or for each block of `per` units.
        flat_amount: once, where the tier is reached.
        per: units in a block; a block that is begun counts as a whole one.
    """

    up_to: Number | None = None
    unit_amount: Number = Decimal(0)
    flat_amount: Number = Decimal(0)
    per: Annotated[Number, Field(gt=0)] = Decimal(1)


class RateTier(Noun):
    """A range of amounts and the part of it that is charged.

    Attributes:
        up_to: the last amount that belongs to the tier, or None for all that is above.
        rate: a fraction, 0.01 for 1 %.
        flat_amount: once, where the tier is reached.
    """

    up_to: Number | None = None
    rate: Number = Decimal(0)
    flat_amount: Number = Decimal(0)


def check_tiers(bounds: Sequence[Decimal | None]) -> None:
    """Raises ValueError where the tiers do not rise from above zero to an open last one."""
    if not bounds or bounds[-1] is not None:
        raise ValueError("the last tier is open: leave its `up_to` out")
    closed = [bound for bound in bounds if bound is not None]
    if len(closed) != len(bounds) - 1:
        raise ValueError("only the last tier is open: give every other one its `up_to`")
    if any(low >= high for low, high in pairwise([Decimal(0), *closed])):
        raise ValueError("tiers rise: each `up_to` is above the one before, and the first is above zero")


class _Limited(Noun):
    """What every scheme may have.

    Attributes:
        minimum_spend, maximum_spend: the least and the most that a period costs, or None for no limit.
    """

    minimum_spend: Annotated[Number, Field(ge=0)] | None = None
    maximum_spend: Annotated[Number, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        if None not in (self.minimum_spend, self.maximum_spend) and self.minimum_spend > self.maximum_spend:  # type: ignore[operator]
            raise ValueError("the minimum spend is not above the maximum spend")
        return self


class FlatPrice(_Limited):
    """One amount, whatever the quantity."""

    scheme: Literal["flat"]
    amount: Number


class PerUnitPrice(_Limited):
    """Quantity times price; the first `free_units` cost nothing."""

    scheme: Literal["per_unit"]
    unit_amount: Number
    free_units: Annotated[Number, Field(ge=0)] = Decimal(0)


class PackagePrice(_Limited):
    """Whole packages; one that is begun is paid in full.

    Attributes:
        size: units in a package.
        amount: for each package.
        free_units: units before the first package is begun.
    """

    scheme: Literal["package"]
    size: Annotated[Number, Field(gt=0)]
    amount: Number
    free_units: Annotated[Number, Field(ge=0)] = Decimal(0)


class TieredPrice(_Limited):
    """Prices by tiers.

    Attributes:
        scheme: `graduated` prices each unit by the tier that it falls in; `volume` prices all units by the tier of the
            whole quantity; `stairstep` charges that tier's flat amount only; `prorated_graduated` is graduated, with
            every change of the quantity priced for the days that are left of the period.
    """

    scheme: Literal["graduated", "volume", "stairstep", "prorated_graduated"]
    tiers: tuple[Tier, ...]

    @field_validator("tiers")
    @classmethod
    def _rising(cls, tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
        check_tiers([tier.up_to for tier in tiers])
        return tiers

    @model_validator(mode="after")
    def _prices_fit(self) -> Self:
        if self.scheme == "stairstep" and any(tier.unit_amount for tier in self.tiers):
            raise ValueError("a stairstep price has flat amounts only: volume has a price per unit as well")
        if self.scheme == "prorated_graduated" and any(tier.per != 1 for tier in self.tiers):
            raise ValueError("a prorated graduated price counts single units, not blocks")
        return self


class PercentagePrice(_Limited):
    """A part of each transaction's amount.

    Attributes:
        rate: a fraction, 0.029 for 2.9 %.
        fixed_amount: for each transaction that is not wholly free.
        free_transactions: so many first transactions are free, or None for no such allowance.
        free_amount: so much of the running amount is free, or None; with both, a transaction is free while both last.
        minimum, maximum: bounds of what one transaction costs, its fixed amount included; a free one costs nothing.
    """

    scheme: Literal["percentage"]
    rate: Number
    fixed_amount: Number = Decimal(0)
    free_transactions: Annotated[int, Field(ge=0)] | None = None
    free_amount: Annotated[Number, Field(ge=0)] | None = None
    minimum: Number | None = None
    maximum: Number | None = None


class GraduatedPercentagePrice(_Limited):
    """A part of the period's whole amount, each slice of it by the tier that it falls in."""

    scheme: Literal["graduated_percentage"]
    tiers: tuple[RateTier, ...]

    @field_validator("tiers")
    @classmethod
    def _rising(cls, tiers: tuple[RateTier, ...]) -> tuple[RateTier, ...]:
        check_tiers([tier.up_to for tier in tiers])
        return tiers


class DynamicPrice(_Limited):
    """The price comes with each transaction; it is charged times `multiplier`."""

    scheme: Literal["dynamic"]
    multiplier: Number = Decimal(1)


Scheme = (
    FlatPrice | PerUnitPrice | PackagePrice | TieredPrice | PercentagePrice | GraduatedPercentagePrice | DynamicPrice
)
"""Any price scheme."""

AnyScheme = Annotated[Scheme, Field(discriminator="scheme")]
"""A field of a noun that holds a scheme, told apart by its `scheme`."""
