"""Discounts and coupons: percentages and fixed amounts, on some lines or all, in a stated order.  (pure)

A discount is spread over its lines in proportion to what is left of them, exactly; only the document's total is
rounded, and the lines' shares of it sum to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billsync.model.convention import CouponOrder
from billsync.model.discount import Coupon
from billsync.model.exact import Exact, apportion, exact_sum, round_ratio
from billsync.model.money import Rounding


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
    order: CouponOrder = "percentage_first",
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
    for coupon in ordered(coupons, order):
        given = _given(coupon, net)
        for name, amount in given.items():
            net[name] -= amount
        by_coupon.append((coupon.id, sum(given.values(), Fraction(0))))
    discounts: dict[str, Exact] = {name: Fraction(amount) - net[name] for name, amount in lines.items()}
    total = round_ratio(exact_sum(discounts.values()), places, rounding)
    shares = dict(zip(lines, apportion(list(discounts.values()), total, places), strict=True))
    return Discounted(dict(net), discounts, tuple(by_coupon), total, shares)


def ordered(coupons: Sequence[Coupon], order: CouponOrder) -> list[Coupon]:
    """The coupons as they are applied: unless as given, those of some lines come before those of all."""
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
