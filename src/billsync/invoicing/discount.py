"""Discounts and coupons: percentages and fixed amounts, on some lines or all, in a stated order.  (pure)

A discount is spread over its lines in proportion to what is left of them, exactly; only the document's total is
rounded, and the lines' shares of it sum to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, model_validator

from billsync.model.base import Day, Id, Noun, Number
from billsync.model.exact import Exact, apportion, exact_sum, round_ratio
from billsync.model.money import Rounding

Order = Literal["as_given", "percentage_first", "fixed_first"]


class Coupon(Noun):
    """A discount.

    Attributes:
        percent: a fraction of what is left of its lines, 0.1 for 10 %; or
        amount: a fixed amount in major units, never more than what is left of its lines.
        lines: ids of the lines that it holds for, or None for all.
        at_most: the most that it gives on one document, or None.
        starts_on, ends_on: the days of issue that it holds for, half-open, or None for no bound.
    """

    id: Id
    percent: Annotated[Number, Field(ge=0, le=1)] | None = None
    amount: Annotated[Number, Field(ge=0)] | None = None
    lines: tuple[Id, ...] | None = None
    at_most: Annotated[Number, Field(ge=0)] | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Coupon:
        if (self.percent is None) == (self.amount is None):
            raise ValueError(f"the coupon {self.id} has either a percent or an amount")
        return self

    def holds_on(self, day: date) -> bool:
        """Whether it holds for documents issued on the day."""
        return (self.starts_on is None or self.starts_on <= day) and (self.ends_on is None or day < self.ends_on)


@dataclass(frozen=True, slots=True)
class Discounted:
    """Lines less their discounts.

    Attributes:
        net: by line, what is left, exact.
        discounts: by line, exact.
        by_coupon: what each coupon gave, exact, in the order in which they were applied.
        total: all discounts, rounded.
        shares: by line, in the currency's decimals; they sum to `total`.
    """

    net: dict[str, Exact]
    discounts: dict[str, Exact]
    by_coupon: tuple[tuple[str, Fraction], ...]
    total: Decimal
    shares: dict[str, Decimal]


def discount(
    lines: Mapping[str, Exact],
    coupons: Sequence[Coupon],
    places: int,
    rounding: Rounding = Rounding.HALF_UP,
    *,
    order: Order = "percentage_first",
) -> Discounted:
    """The lines (id -> amount, zero or more) less the coupons; the order among percentages makes no difference.

    Unless they apply as given, coupons of some lines come before those of all.

    Raises ValueError for a coupon on a line that is not there.
    """
    if not coupons:
        nothing = Decimal(0).scaleb(-places)
        return Discounted(dict(lines), dict.fromkeys(lines, nothing), (), nothing, dict.fromkeys(lines, nothing))
    net = {name: Fraction(amount) for name, amount in lines.items()}
    by_coupon = []
    for coupon in _ordered(coupons, order):
        given = _given(coupon, net)
        for name, amount in given.items():
            net[name] -= amount
        by_coupon.append((coupon.id, sum(given.values(), Fraction(0))))
    discounts: dict[str, Exact] = {name: Fraction(amount) - net[name] for name, amount in lines.items()}
    total = round_ratio(exact_sum(discounts.values()), places, rounding)
    shares = dict(zip(lines, apportion(list(discounts.values()), total, places), strict=True))
    return Discounted(dict(net), discounts, tuple(by_coupon), total, shares)


def _ordered(coupons: Sequence[Coupon], order: Order) -> list[Coupon]:
    if order == "as_given":
        return list(coupons)
    first = order == "percentage_first"
    return sorted(coupons, key=lambda coupon: (coupon.lines is None, (coupon.percent is None) is first))


def _given(coupon: Coupon, net: Mapping[str, Fraction]) -> dict[str, Fraction]:
    names = list(net) if coupon.lines is None else list(coupon.lines)
    missing = [name for name in names if name not in net]
    if missing:
        raise ValueError(f"the coupon {coupon.id} is for the line {missing[0]}, which is not there")
    base = sum((net[name] for name in names), Fraction(0))
    if not base:
        return {}
    given = base * Fraction(coupon.percent) if coupon.percent is not None else Fraction(coupon.amount or 0)
    given = min(given, base, *([Fraction(coupon.at_most)] if coupon.at_most is not None else []))
    return {name: given * net[name] / base for name in names}
