"""A deal that changes after it was billed: open charges follow it, invoiced ones stand and a person is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billsync.billing.changes import compare
from billsync.model.charge import Charge
from billsync.model.convention import Policy
from billsync.model.money import Rounding
from tests.billing.make import charges, contract, line, once


def by_key(found: Sequence[Charge]) -> dict[str, Charge]:
    return {charge.key: charge for charge in found}


def monthly(**facts: object) -> Sequence[Charge]:
    return charges(contract(line(**facts)), "2026-04-15")


def test_the_first_time_everything_is_new() -> None:
    found = compare({}, monthly(), set())
    assert (found.add, found.drop, found.problems) == (monthly(), (), ())


@given(st.sets(st.integers(0, 2)))
def test_the_same_deal_again_changes_nothing(invoiced: set[int]) -> None:
    kept = monthly()
    found = compare(by_key(kept), kept, {kept[n].key for n in invoiced})
    assert (found.add, found.drop, found.problems) == ((), (), ())


def test_open_charges_follow_the_deal() -> None:
    kept, wanted = monthly(), monthly(quantity="2")
    found = compare(by_key(kept), wanted, set())
    assert (found.add, set(found.drop), found.problems) == (wanted, set(by_key(kept)), ())


def test_an_open_charge_that_the_deal_no_longer_gives_is_forgotten() -> None:
    kept, wanted = monthly(), monthly(ends_on="2026-03-31")
    found = compare(by_key(kept), wanted, set())
    assert (found.add, found.drop) == ((), ("D1/L1/2026-03-31",))


def test_an_invoiced_charge_that_changed_stops_the_deal_and_tells_both_amounts() -> None:
    kept = monthly()
    wanted = charges(contract(line(unit_amount="12.00"), once()), "2026-04-15")
    found = compare(by_key(kept), wanted, {kept[0].key})
    assert (found.add, found.drop) == ((), ())
    (problem,) = found.problems
    assert problem.code == "BILL-DEAL-03"
    assert "was invoiced at 10.00 USD; the deal now gives 12.00 USD" in problem.message
    assert "correct the invoice in the ERP" in problem.hint
    assert (problem.place.id, problem.place.field) == ("D1", "charges[D1/L1/2026-01-31]")


def test_an_invoiced_charge_that_vanished_is_told() -> None:
    kept = monthly()
    (problem,) = compare(by_key(kept), monthly(ends_on="2026-03-31"), by_key(kept)).problems
    assert "invoiced at 10.00 USD; the deal no longer gives it" in problem.message


def test_the_same_money_for_something_else_is_a_change_too() -> None:
    kept = monthly(quantity="2", unit_amount="5.00")
    (problem, *_) = compare(by_key(kept), monthly(), by_key(kept)).problems
    assert "the same amount with another quantity, unit_amount" in problem.message


def test_what_is_added_later_does_not_touch_what_was_invoiced() -> None:
    kept = monthly()
    wanted = charges(contract(line(), once()), "2026-04-15")
    found = compare(by_key(kept), wanted, by_key(kept))
    assert ([charge.line for charge in found.add], found.drop, found.problems) == (["S1"], (), ())


def test_words_follow_on_open_charges_and_stay_on_invoiced_ones() -> None:
    kept, wanted = monthly(description="Seat"), monthly(description="Desk")
    found = compare(by_key(kept), wanted, {kept[0].key})
    assert found.problems == ()
    assert found.add == wanted[1:]
    assert set(found.drop) == {charge.key for charge in kept[1:]}


def test_a_record_that_moved_in_its_file_is_no_change() -> None:
    kept = monthly()
    moved = [
        charge.model_copy(update={"why": charge.why.model_copy(update={"source": "crm.csv:99"})}) for charge in kept
    ]
    found = compare(by_key(kept), moved, {kept[0].key})
    assert (found.add, found.drop, found.problems) == ((), (), ())


def test_other_conventions_hold_for_open_charges_only() -> None:
    """A policy that changes is no change of the deal: what was invoiced stays as it was made."""
    made = contract(line(aligned="calendar", starts_on="2026-03-15", unit_amount="10.01"))
    kept = charges(made, "2026-03-20")
    for policy in (Policy(proration="none"), Policy(rounding=Rounding.UP)):
        wanted = charges(made, "2026-03-20", policy)
        invoiced = compare(by_key(kept), wanted, by_key(kept))
        assert (invoiced.add, invoiced.drop, invoiced.problems) == ((), (), ())
    assert compare(by_key(kept), charges(made, "2026-03-20", Policy(proration="none")), set()).drop


def test_a_run_for_an_earlier_day_takes_nothing_back() -> None:
    made = contract(line())
    kept, earlier = charges(made, "2026-04-15"), charges(made, "2026-02-01")
    found = compare(by_key(kept), earlier, {kept[-1].key}, through=date(2026, 2, 1))
    assert (found.add, found.drop, found.problems) == ((), (), ())


def test_amounts_are_told_with_all_their_decimals() -> None:
    kept, wanted = monthly(quantity="1"), monthly(quantity="1.5")
    (problem, *_) = compare(by_key(kept), wanted, by_key(kept)).problems
    assert kept[0].amount == Decimal("10.00")
    assert "10.00 USD" in problem.message
    assert "15.00 USD" in problem.message
