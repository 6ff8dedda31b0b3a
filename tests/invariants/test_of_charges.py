"""Invariants 3, 5, 7, 8, 9, 12, 13, 15 of billing engines on whole random contracts: charges and what is given back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.billing.charges import Due, Facts
from billsync.model.charge import Charge
from billsync.model.contract import Contract
from billsync.model.convention import Basis, Policy
from billsync.model.currency import exponent
from billsync.model.period import Period
from tests.invariants.contracts import PRICES, QUANTITIES, STARTS, Case, Fields, cases

RUNS = settings(max_examples=20)


def by_line(owed: Due, *kinds: str) -> dict[str, list[Charge]]:
    found: dict[str, list[Charge]] = defaultdict(list)
    for charge in owed.charges:
        if charge.kind in kinds:
            found[charge.line].append(charge)
    return found


def days_of(charges: list[Charge]) -> list[date]:
    """Each day that is billed, as often as it is billed."""
    return sorted(
        charge.period.start + timedelta(days=number)
        for charge in charges
        if charge.period
        for number in range(charge.period.days)
    )


@RUNS
@given(cases())
def test_03_no_more_is_given_back_than_was_charged(case: Case) -> None:
    """3: what a repair gives back of a charge is at most the charge, less what was given back of it before."""
    charged = {charge.key: charge for charge in case.owed().charges if charge.kind != "credit"}
    given_back: dict[str, Decimal] = defaultdict(Decimal)
    for charge in case.owed().charges:
        if charge.kind == "credit" and charge.corrects:
            given_back[charge.corrects] -= charge.amount
            assert charge.amount <= 0
            assert charge.due_on >= charged[charge.corrects].due_on
            assert given_back[charge.corrects] <= charged[charge.corrects].amount


@RUNS
@given(cases(models=("recurring", "usage"), amended=False))
def test_05_periods_touch_without_a_gap_or_an_overlap(case: Case) -> None:
    """5: the periods of a line follow each other, half-open, whatever the calendar and the anchor do."""
    ends = {line.id: line.ends_on or case.contract.ends_on for line in case.contract.lines}
    for name, charges in by_line(case.owed(), "charge").items():
        periods = sorted({charge.period for charge in charges if charge.period})
        assert all(before.end == after.start for before, after in pairwise(periods))
        assert all(period.end <= (ends[name] or date.max) for period in periods)
        assert len(days_of(charges)) == len(set(days_of(charges)))


@RUNS
@given(cases(models=("recurring",), dear=True))
def test_05_after_amendments_no_day_is_billed_twice(case: Case) -> None:
    """5: days charged less days given back are each billed once, also after changes that reach back."""
    agreed = case.with_contract(cancellation={"otherwise": "prorated"})  # else money goes back for other days
    found = by_line(agreed.owed(), "charge", "credit")
    for charges in (found[line.id] for line in case.contract.lines if line.id in found):
        billed = days_of([charge for charge in charges if charge.kind == "charge"])
        back = days_of([charge for charge in charges if charge.kind == "credit"])
        for day in back:
            billed.remove(day)  # fails for a day that was never billed
        assert len(billed) == len(set(billed))


@RUNS
@given(cases(models=("usage",), late=False), st.decimals("1", "60", places=0))
def test_07_thresholds_bill_what_one_bill_would(case: Case, threshold: Decimal) -> None:
    """7: a period that is billed in parts, each time usage comes to an amount, costs what one bill at its end costs."""
    lines = case.contract.model_dump(mode="json")["lines"]
    parts = case.with_contract(lines=[line | {"threshold": str(threshold)} for line in lines]).owed()
    whole = case.owed()
    used = {line["id"] for line in lines}  # what a commitment misses comes and goes with the days of its fees
    ends = {(charge.line, charge.period) for charge in whole.charges if charge.line in used}
    over = [charge for charge in parts.charges if (charge.line, charge.period) in ends]
    assert sum(charge.amount for charge in over) == sum(
        charge.amount for charge in whole.charges if charge.line in used
    )


@RUNS
@given(cases(models=("recurring",), amended=False), st.integers(0, 120), QUANTITIES, PRICES)
def test_08_there_and_back_again_on_a_day_is_nothing(case: Case, offset: int, quantity: str, price: str) -> None:
    """8: a change that is taken back on its own day leaves the sum as it was, under every convention."""
    line, on = case.contract.lines[0], case.contract.start + timedelta(days=offset)
    common = {"line": line.id, "effective": on.isoformat(), "agreed_on": on.isoformat(), "when": "now"}
    there = common | {"quantity": quantity, "price": {"scheme": "per_unit", "unit_amount": price}}
    former = line.model_dump(mode="json")
    back = common | {"quantity": former["quantity"], "price": former["price"]}
    if line.ramp:
        return  # a ramp's later steps are overwritten by a change of the price, and stay so
    changed = case.with_contract(amendments=[there, back]).owed()
    assert sum(charge.amount for charge in changed.charges) == sum(charge.amount for charge in case.owed().charges)


@RUNS
@given(cases(), st.integers(0, 260))
def test_13_what_was_charged_stays_as_it_was(case: Case, days: int) -> None:
    """13: charges through a day are, key by key and word by word, among those through any later day."""
    earlier = min(case.through, case.contract.start + timedelta(days=days))
    then, now = case.owed(earlier), case.owed()
    assert then.charges == tuple(charge for charge in now.charges if charge.due_on <= earlier)
    assert len({charge.key for charge in now.charges}) == len(now.charges)
    assert case.owed() == now


@RUNS
@given(cases(models=("usage",)), st.sampled_from(["rerate", "next_invoice", "true_up_line"]))
def test_12_late_usage_bills_the_difference_and_rewrites_nothing(case: Case, policy: str) -> None:
    """12: what was billed in time stays; rated anew, all bills together are as if nothing had been late."""
    by = Policy.model_validate(case.policy.model_dump(mode="json") | {"late_usage": policy})
    facts = case.facts
    prompt = [event.model_copy(update={"received_on": None}) for event in facts.usage]
    known = [event for event in facts.usage if event.received_on is None]
    late, all_, none = (
        Case(case.contract, Facts(usage=usage, zone=facts.zone), by, case.through + timedelta(days=400)).owed()
        for usage in (facts.usage, prompt, known)
    )
    if policy == "rerate":
        fees = [
            sum(charge.amount for charge in owed.charges if charge.kind in ("charge", "late")) for owed in (late, all_)
        ]
        assert fees[0] == fees[1]
    if policy != "next_invoice":
        in_time = {charge.key: charge for charge in none.charges if charge.kind == "charge"}
        again = {charge.key: charge for charge in late.charges if charge.kind == "charge"}
        prompt_days = {event.on for event in facts.usage if event.received_on is not None}
        for key, charge in in_time.items():
            if charge.period and not any(day and day in charge.period for day in prompt_days):
                assert again[key].amount == charge.amount


@RUNS
@given(STARTS, st.sampled_from([1, 2, 3, 6, 12]), st.integers(1, 30))
def test_15_an_anchor_never_drifts(start: date, months: int, count: int) -> None:
    """15: the k-th period begins k intervals after the first day, on its day of the month or the month's last."""
    made = Case(_monthly(start, months), Facts(), Policy(), start + timedelta(days=31 * months * count)).owed()
    for k, charge in enumerate(made.charges):
        assert charge.period is not None
        year, month = divmod(start.year * 12 + start.month - 1 + k * months, 12)
        last = Period(date(year, month + 1, 1), date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)).last_day
        assert charge.period.start == last.replace(day=min(start.day, last.day))


def _monthly(start: date, months: int) -> Contract:
    line = {"id": "a", "product": "a", "model": "recurring", "every": {"months": months}}
    price = {"price": {"scheme": "flat", "amount": "1"}}
    return Contract.model_validate(
        {"id": "C", "customer": "a", "currency": "USD", "start": start.isoformat(), "lines": [line | price]}
    )


@RUNS
@given(cases(models=("recurring",), amended=False, dear=True), st.integers(1, 200))
def test_09_what_was_served_and_what_goes_back_are_the_whole(case: Case, days: int) -> None:
    """9: of a paid cycle that is cancelled, the part that stays and the part given back are the price, to a unit."""
    if case.policy.proration == "none" or case.policy.factor_places is not None:
        return
    line = case.contract.lines[0]
    on = min((line.starts_on or case.contract.start) + timedelta(days=days), case.contract.ends_on or date.max)
    policy = Policy.model_validate(case.policy.model_dump(mode="json") | {"end_day": "free"})
    agreed: Fields = {"lines": [line.model_dump(mode="json") | {"billed": "advance", "ramp": []}], "commitments": []}
    agreed |= {"cancellation": {"otherwise": "prorated"}}
    leaves = agreed | {"amendments": [{"effective": on.isoformat(), "line": line.id, "cancel": True}]}
    served = agreed | {"lines": [agreed["lines"][0] | {"ends_on": on.isoformat()}]}
    paid, kept = (
        sum(
            (charge.amount for charge in replace(case.with_contract(**made), policy=policy).owed(on).charges),
            Decimal(0),
        )
        for made in (leaves, served)
    )
    assert paid >= 0
    if policy.proration_unit == "second" or policy.proration_basis is Basis.ACTUAL_ACTUAL:
        assert abs(paid - kept) <= Decimal(1).scaleb(-exponent(case.contract.currency))
