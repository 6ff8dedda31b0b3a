"""Every convention of billing as a field of data, with presets that say what they set and why.  (pure)

A document pins the conventions that it was made by, so that it can be made again and explained years later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from billsync.billing.amendment import Convention
from billsync.billing.commitment import RoundOn as CommitmentRounding
from billsync.billing.proration import Basis
from billsync.billing.proration.legs import RoundOn
from billsync.billing.proration.share import EndDay
from billsync.billing.timeline import ZoneHistory
from billsync.invoicing.discount import Order
from billsync.invoicing.revenue import Method, Remainder
from billsync.invoicing.taxation import TaxRounding
from billsync.model.base import Noun
from billsync.model.money import Rounding


class Conventions(Noun):
    """How amounts come about where there is more than one right way.

    Attributes:
        rounding: of every amount.
        proration_basis: how days of a cycle count; see `Basis`.
        proration_unit: whether parts of cycles are counted in local days or in seconds.
        factor_places: decimals that a proration factor is kept with, or None for all of it.
        end_day: whether the day on which service ends is billed.
        round_on: whether both legs of a change are rounded, or their net.
        upgrade, downgrade: whether a dearer, or a cheaper, price holds from the change on or from the next period.
        coupon_order: in which order coupons are applied.
        tax_rounding: per line, per rate or per document.
        prices_include_tax: whether amounts have their tax in them.
        commitment_rounding: whether commitment and fees are rounded each, or their difference.
        late_usage: a line that trues the period up, the next invoice, or the period rated again and the difference.
        revenue_method, revenue_remainder: how revenue is spread over months, and where rounding goes.
        zero_invoices: whether a document over nothing is made.
    """

    rounding: Rounding = Rounding.HALF_UP
    proration_basis: Basis = Basis.ACTUAL_ACTUAL
    proration_unit: Literal["day", "second"] = "day"
    factor_places: Annotated[int, Field(ge=1, le=30)] | None = None
    end_day: EndDay = "free"
    round_on: RoundOn = "legs"
    upgrade: Literal["now", "period_end"] = "now"
    downgrade: Literal["now", "period_end"] = "period_end"
    coupon_order: Order = "percentage_first"
    tax_rounding: TaxRounding = "rate"
    prices_include_tax: bool = False
    commitment_rounding: CommitmentRounding = "each"
    late_usage: Literal["true_up_line", "next_invoice", "rerate"] = "rerate"
    revenue_method: Method = "day"
    revenue_remainder: Remainder = "last"
    zero_invoices: Literal["keep", "suppress"] = "keep"

    def of_amendments(self, places: int, zones: ZoneHistory) -> Convention:
        """How parts of cycles are priced for a customer in these zones, in a currency of so many decimals."""
        seconds_in = zones if self.proration_unit == "second" else None
        return Convention(places, self.proration_basis, self.rounding, seconds_in, self.factor_places)


@dataclass(frozen=True, slots=True)
class Preset:
    """Named conventions.

    Attributes:
        sets: the fields that differ from the default.
        why: where they come from.
    """

    sets: dict[str, Any]
    why: str

    @property
    def conventions(self) -> Conventions:
        """All fields."""
        return Conventions.model_validate(self.sets)


PRESETS: Final[dict[str, Preset]] = {
    "default": Preset({}, "days over days of the cycle, both legs rounded, tax rounded once for each rate"),
    "stripe-like": Preset(
        {"proration_unit": "second", "downgrade": "now"},
        "prorates to the second by default and changes at once (Stripe docs: prorations)",
    ),
    "zuora-like": Preset(
        {"proration_basis": Basis.STRICT_30_360},
        "one of its three bases: every month has 30 days (Zuora Knowledge Center: Proration)",
    ),
    "lago-like": Preset(
        {"end_day": "billed", "coupon_order": "as_given", "tax_rounding": "document"},
        "a termination's day is billed, coupons apply in their order, tax is the exact sum of the lines' rounded once",
    ),
    "killbill-like": Preset(
        {"factor_places": 9},
        "keeps proration factors with nine decimals (Kill Bill: invoice module, proration tests)",
    ),
    "xero-rounding": Preset(
        {"tax_rounding": "line"}, "rounds the tax of each line and sums (Xero developer: rounding in Xero)"
    ),
    "odoo-rounding": Preset(
        {"tax_rounding": "line"}, "`Round per line`, its default; `odoo-round-globally` is the company's other choice"
    ),
    "odoo-round-globally": Preset({"tax_rounding": "rate"}, "`Round globally`: the tax of each rate is rounded once"),
}
"""Name -> conventions, with what they set and why."""
