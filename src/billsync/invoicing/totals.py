"""A document's totals in one order: line coupons and document coupons, tax on the rest, prepaid credits last.  (pure)

Prepaid credits pay; they lower what is due, never the total, its tax or the revenue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from billsync.invoicing.discount import Discounted, discount
from billsync.invoicing.taxation import Taxable, Taxed, taxes
from billsync.model.convention import Conventions
from billsync.model.discount import Coupon
from billsync.model.exact import round_ratio

_NONE: Final[Mapping[str, Decimal]] = {}


@dataclass(frozen=True, slots=True)
class Totals:
    """What a document comes to.

    Attributes:
        subtotal: the lines, rounded each, before discounts.
        discounts: total and shares, which are positive and taken off.
        net: less discounts, without tax.
        taxed: tax by line and rate, and its total.
        total: net and tax.
        prepaid: what credits pay of it.
        due: what is left to pay, zero or more.
    """

    subtotal: Decimal
    discounts: Discounted
    net: Decimal
    taxed: Taxed
    total: Decimal
    prepaid: Decimal
    due: Decimal


def totals(
    lines: Sequence[Taxable],
    coupons: Sequence[Coupon],
    places: int,
    by: Conventions,
    *,
    credits: Decimal = Decimal(0),
    own_discounts: Mapping[str, Decimal] = _NONE,
) -> Totals:
    """The document of the lines; `credits` is what the customer has prepaid and may use.

    Coupons are for lines of zero or more.  Lines in `own_discounts` take none of them, but bring their own discount:
    what is given back takes along its share of what was given off.
    """
    rounded = [round_ratio(line.amount, places, by.rounding) for line in lines]
    amounts = {line.id: amount for line, amount in zip(lines, rounded, strict=True)}
    less = _less(amounts, coupons, places, by, own_discounts)
    net_lines = [Taxable(line.id, less.net[line.id], line.rate, line.code) for line in lines]
    taxed = taxes(net_lines, places, by.rounding, rounded_on=by.tax_rounding, inclusive=by.prices_include_tax)
    subtotal = sum(rounded, Decimal(0))
    charged = subtotal - less.total
    net = charged - taxed.total if by.prices_include_tax else charged
    total = net + taxed.total
    prepaid = min(max(credits, Decimal(0)), max(total, Decimal(0)))
    return Totals(subtotal, less, net, taxed, total, prepaid, total - prepaid)


def _less(
    amounts: Mapping[str, Decimal],
    coupons: Sequence[Coupon],
    places: int,
    by: Conventions,
    own: Mapping[str, Decimal],
) -> Discounted:
    if not own:
        return discount(amounts, coupons, places, by.rounding, order=by.coupon_order)
    open_to_coupons = {name: amount for name, amount in amounts.items() if name not in own}
    less = discount(open_to_coupons, coupons, places, by.rounding, order=by.coupon_order)
    return Discounted(
        net={name: amounts[name] - own[name] if name in own else less.net[name] for name in amounts},
        discounts={name: own[name] if name in own else less.discounts[name] for name in amounts},
        by_coupon=less.by_coupon,
        total=less.total + sum(own.values(), Decimal(0)),
        shares={name: own[name] if name in own else less.shares[name] for name in amounts},
    )


def balance(
    charged: Decimal, *, credits: Decimal, paid: Decimal, refunded: Decimal = Decimal(0)
) -> tuple[Decimal, Decimal]:
    """What is still owed, and what is over: what was charged less credits, less what was paid and not refunded.

    One of the two is zero: money that is over becomes credit of the account, never a negative balance.
    """
    open_ = charged - credits - paid + refunded
    return max(open_, Decimal(0)), max(-open_, Decimal(0))
