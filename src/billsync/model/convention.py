"""Every convention of billing as data: where there is more than one right way, documents say which.  (pure)

A document pins the conventions that it was made by, so that it can be made again and explained years later.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from billsync.model.base import Noun, Text
from billsync.model.money import Rounding


class Basis(StrEnum):
    """A convention for parts of a cycle.

    ACTUAL_ACTUAL: its days over the days of the whole cycle.  Part and rest make the cycle.
    ACTUAL_365: its days over 365 a year, also in a leap year: a month counts as 365/12 days.
    THIRTY_360: 30/360 as bonds count it: the 31st counts as the 30th, a month as 30 days, February by its days.
    STRICT_30_360: every month has 30 days, its last day is the 30th, February's too.  Part and rest make the cycle.
    FIXED_30: its actual days over 30 for each month of the cycle, never more than the whole.
    """

    ACTUAL_ACTUAL = "actual/actual"
    ACTUAL_365 = "actual/365"
    THIRTY_360 = "30/360"
    STRICT_30_360 = "strict 30/360"
    FIXED_30 = "fixed 30"


EndDay = Literal["billed", "free"]
"""Whether the day on which service ends is billed: a termination's often is, a change's belongs to what comes after."""

LegRounding = Literal["legs", "net"]
"""`legs` rounds what is given back and what is charged; `net` rounds their difference once."""

CouponOrder = Literal["as_given", "percentage_first", "fixed_first"]

TaxRounding = Literal["line", "rate", "document"]
"""`line` rounds each line's tax and sums; `rate` rounds once for each rate; `document` once for all of them."""

CommitmentRounding = Literal["each", "difference"]
"""`each` rounds the commitment and the fees, then subtracts; `difference` subtracts exactly and rounds once."""

RevenueMethod = Literal["day", "month"]

RevenueRemainder = Literal["last", "running"]
"""Where rounding goes: `last` rounds each part and gives the rest to the last one; `running` rounds the sum so far, so
that no part is off by more than one minor unit."""

When = Literal["now", "period_end"]


class Conventions(Noun):
    """How amounts come about where there is more than one right way.

    Attributes:
        rounding: of every amount.
        proration: how a part of a cycle is priced: `days` in proportion to it, `none` in full.
        proration_basis: how days of a cycle count; see `Basis`.
        proration_unit: whether parts of cycles are counted in local days or in seconds.
        factor_places: decimals that a proration factor is kept with, or None for all of it.
        end_day: whether the day on which service ends is billed.
        round_on: whether both legs of a change are rounded, or their net.
        upgrade, downgrade: whether a dearer, or a cheaper, price holds from the change on or from the next period.
        credits: whether what is given back stands as lines on the next invoice, or on credit notes only.
        coupon_order: in which order coupons are applied.
        tax_rounding: per line, per rate or per document.
        prices_include_tax: whether amounts have their tax in them.
        commitment_rounding: whether commitment and fees are rounded each, or their difference.
        late_usage: a line of its own that is priced alone, the next period's quantity, or the period rated again and
            the difference.
        revenue_method, revenue_remainder: how revenue is spread over months, and where rounding goes.
        zero_invoices: whether a document over nothing is made.
    """

    rounding: Rounding = Rounding.HALF_UP
    proration: Literal["days", "none"] = "days"
    proration_basis: Basis = Basis.ACTUAL_ACTUAL
    proration_unit: Literal["day", "second"] = "day"
    factor_places: Annotated[int, Field(ge=1, le=30)] | None = None
    end_day: EndDay = "free"
    round_on: LegRounding = "legs"
    upgrade: When = "now"
    downgrade: When = "period_end"
    credits: Literal["lines", "credit_note"] = "lines"
    coupon_order: CouponOrder = "percentage_first"
    tax_rounding: TaxRounding = "rate"
    prices_include_tax: bool = False
    commitment_rounding: CommitmentRounding = "each"
    late_usage: Literal["true_up_line", "next_invoice", "rerate"] = "rerate"
    revenue_method: RevenueMethod = "day"
    revenue_remainder: RevenueRemainder = "last"
    zero_invoices: Literal["keep", "suppress"] = "keep"


class Policy(Conventions):
    """The conventions that a document was made by, pinned on it.

    Attributes:
        preset: name of the preset that the conventions began with, "" where that is not known.
        grouping: `deal`, `customer-month` or `customer-quarter`.
    """

    preset: Text = ""
    grouping: Text = "deal"
