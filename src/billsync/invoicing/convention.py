"""Presets: conventions under a name, with what they set and why.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from billsync.model.convention import Basis, Conventions
from billsync.model.scalar import show


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


def check_preset(name: str) -> str:
    """The name, if there is such a preset.  Raises ValueError that names them all."""
    if name not in PRESETS:
        raise ValueError(f"there is no preset {show(name)}: expected one of {', '.join(PRESETS)}")
    return name
