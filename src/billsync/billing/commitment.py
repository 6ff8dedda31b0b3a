"""Minimum commitments: what is missing to them at the period's end, by a stated rounding.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billsync.billing.proration import Share
from billsync.model.convention import CommitmentRounding
from billsync.model.exact import Exact, round_ratio
from billsync.model.money import Rounding
from billsync.model.scalar import plain


@dataclass(frozen=True, slots=True)
class TrueUp:
    """What is charged so that the commitment is reached; `amount` is zero or more."""

    amount: Decimal
    formula: str


def true_up(
    commitment: Exact,
    prorated: Sequence[Exact],
    others: Sequence[Exact],
    places: int,
    rounding: Rounding = Rounding.HALF_UP,
    *,
    part: Share | None = None,
    round_on: CommitmentRounding = "each",
) -> TrueUp:
    """The commitment less the fees that count towards it.

    `part` is what was used of the period: the commitment and the `prorated` fees are for the whole of it and are cut to
    that part; `others` (usage, one-time) count as they are.
    """
    ratio = Fraction(1) if part is None else part.ratio
    cut = [Fraction(commitment) * ratio, *(-Fraction(fee) * ratio for fee in prorated)]
    values = [*cut, *(-Fraction(fee) for fee in others)]
    if round_on == "each":
        missing = sum((round_ratio(value, places, rounding) for value in values), Decimal(0))
    else:
        missing = round_ratio(sum(values, Fraction(0)), places, rounding)
    amount = max(missing, Decimal(0).scaleb(-places))
    words = "the whole commitment" if part is None else f"{part} of the commitment"
    return TrueUp(amount, f"{words}, less the fees that count = {plain(missing)}, charged {plain(amount)}")
