"""Commitments and prepaid credits."""

from __future__ import annotations

from datetime import date, timedelta

from billsync.billing.commitment import true_up
from billsync.billing.prepaid import price_of_credits
from billsync.billing.proration import Share, share
from billsync.model.convention import CommitmentRounding
from billsync.model.currency import exponent
from billsync.model.period import Every, Period
from tests.golden.reading import Answers, Inputs, dec, known, places_of, reads

ROUND_ON: dict[str, CommitmentRounding] = {
    "round each, then subtract": "each",
    "subtract, then round": "difference",
}


def used(inputs: Inputs) -> Share | None:
    if "used_days" not in inputs:
        return None
    first = date(2026, 1, 1)
    part, whole = (Period(first, first + timedelta(days=inputs[name])) for name in ("used_days", "period_days"))
    return share(part, whole, Every(whole.days, "days"))


@reads("minimum_commitment", needs="commitment plan_fee other_fees used_days period_days rounding", may="unit")
@reads("minimum_commitment", needs="commitment plan_fee other_fees", may="unit")
def commitment(inputs: Inputs) -> Answers:
    round_on = known(ROUND_ON, inputs.get("rounding", "round each, then subtract"))
    made = true_up(
        dec(inputs["commitment"]),
        [dec(inputs["plan_fee"])],
        [dec(inputs["other_fees"])],
        places_of(inputs),
        part=used(inputs),
        round_on=round_on,
    )
    return {"true_up": made.amount}


@reads("wallet", needs="paid_credits rate currency")
def credits_paid(inputs: Inputs) -> Answers:
    places = exponent(inputs["currency"])
    return {"amount": price_of_credits(dec(inputs["paid_credits"]), dec(inputs["rate"]), places)}
