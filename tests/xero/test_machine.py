"""The connector behind the real effect machine: what was sent has its effect once, whatever the network does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from billsync.connector import Intent
from tests.xero.desk import HOUR, Desk, intent
from tests.xero.door import Door
from tests.xero.house import House

OBJECTS = {"contact": 3, "item": 3, "invoice": 14, "credit_note": 3, "payment": 7}
"""How many of the faults strike each kind of record; the write kit tries the others with every kind."""
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("lost", {}),
    ("error", {"when": "after"}),
    ("truncated", {}),
    ("limit", {"seconds": 30}),
    ("doubled", {}),
    ("batch-cut", {"items": 0}),
    ("no-id", {}),
    ("dropped", {}),
    ("error", {"when": "before"}),
    ("unavailable", {"when": "after"}),
    ("login-page", {"when": "after"}),
    ("redirect", {"when": "before"}),
    ("expire", {}),
    ("late", {"seconds": 60}),
]


def _one(desk: Desk, object: str, key: str) -> Intent:
    """A record of each kind."""
    makers: dict[str, Callable[[], Intent]] = {
        "contact": lambda: intent("contact", key, Name=f"Umbrella {key}"),
        "item": lambda: intent("item", key, Name="Seat"),
        "invoice": lambda: desk.bill(key),
        "credit_note": lambda: desk.credit(key, None),
        "payment": lambda: desk.money(key, desk.made_bill(f"INV-{key}"), 50),
    }
    return makers[object]()


def _done_once(desk: Desk, one: Intent) -> bool:
    """Whether it took effect, and stands there once, finished."""
    names = {"contact": "ContactNumber", "item": "Code", "invoice": "InvoiceNumber", "credit_note": "CreditNoteNumber"}
    rows = [row for row in desk.truth(one.object) if row.get(names.get(one.object, "Reference")) == one.key]
    final = all(row.get("Status", "AUTHORISED") in ("AUTHORISED", "PAID") for row in rows)
    return len(rows) == 1 and final and desk.row(one).state in ("CONFIRMED", "SETTLED")


@pytest.mark.parametrize("object", OBJECTS)
def test_once_whatever_happens_to_the_request(machine: Desk, object: str) -> None:
    """One record for each fault, which strikes the request that makes it."""
    faults = FAULTS[: OBJECTS[object]]
    known = {f"{name}-{n}": _one(machine, object, f"{name}-{n}") for n, (name, _) in enumerate(faults)}
    for one, (name, options) in zip(known.values(), faults, strict=True):
        machine.plan(one)
        machine.strike(name, object, "POST" if object == "item" else "PUT", **options)
        machine.push(patience_s=0)
    machine.push(after=HOUR)
    machine.push(after=3 * HOUR)
    assert [name for name, one in known.items() if not _done_once(machine, one)] == []


@pytest.mark.parametrize("object", ["invoice", "credit_note"])
def test_a_document_that_stops_between_draft_and_approval_is_finished(machine: Desk, object: str) -> None:
    known = {f"{name}-{n}": _one(machine, object, f"{name}-{n}") for n, (name, _) in enumerate(FAULTS[:4])}
    for one, (name, options) in zip(known.values(), FAULTS, strict=False):
        machine.plan(one)
        machine.strike(name, object, "POST", **options)
        machine.push(patience_s=0)
        assert machine.state(one).startswith("RETRY")
    machine.push(after=HOUR)
    assert [name for name, one in known.items() if not _done_once(machine, one)] == []


def test_a_request_that_comes_much_too_late_finds_its_number_taken(machine: Desk) -> None:
    """A payment has no number of ours: it is doubled, and the sweep tells a person."""
    bill = machine.bill("INV-1")
    money = machine.money("P-1", machine.made_bill("INV-0"), 50)
    for one, state in ((bill, "SETTLED"), (money, "REVIEW duplicate_found")):
        machine.plan(one)
        machine.strike("late", one.object, "PUT", seconds=900)
        machine.push()
        machine.clock.sleep(900)
        machine.erp.check()
        machine.push(after=3 * HOUR)
        assert machine.state(one) == state
    assert [row["InvoiceNumber"] for row in machine.truth("invoice")] == ["INV-0", "INV-1"]


def test_limits_are_told_apart_and_nobody_sleeps_in_between(machine: Desk) -> None:
    """The minute's is waited for within a push; the day's ends it, and the next one comes when there is room."""
    first, second = machine.bill("INV-1"), machine.bill("INV-2")
    for one, problem, seconds in ((first, "minute", 30), (second, "day", 7200)):
        machine.plan(one)
        machine.strike("limit", "invoice", "PUT", problem=problem, seconds=seconds)
        before = machine.clock.now()
        pushed = machine.push(patience_s=60)
        waited = (machine.clock.now() - before).total_seconds()
        assert (waited >= 30, bool(pushed.waiting_until)) == (problem == "minute", problem == "day")
    assert machine.state(second) == "RETRY daily_limit"
    due = machine.row(second).next_at
    assert due is not None
    assert (due - machine.clock.now()).total_seconds() >= 7200
    machine.push(after=3 * HOUR)
    assert [_done_once(machine, one) for one in (first, second)] == [True, True]


def test_a_batch_goes_on_with_a_new_token_and_each_has_its_own_outcome(machine: Desk) -> None:
    bills = [machine.bill(f"INV-{n}") for n in range(6)]
    for one in bills:
        machine.plan(one)
    machine.strike("expire", "invoice", "POST")
    machine.strike("reject-item", "invoice", "PUT", item=3, message="A validation exception occurred")
    machine.push(patience_s=60)
    assert [machine.state(one) for one in bills] == ["CONFIRMED"] * 2 + ["DEAD invalid"] + ["CONFIRMED"] * 3
    assert machine.door.asked("PUT", "/Invoices") == 1


def test_closed_periods_and_numbers_of_others_are_for_a_person(machine: Desk) -> None:
    machine.house.set(period_lock_date="2026-03-31")
    closed = machine.bill("INV-1")
    machine.plan(closed)
    machine.push(patience_s=60)
    machine.house.set(period_lock_date="")
    row = {"Description": "by hand", "Quantity": 1, "UnitAmount": 7, "AccountCode": "200"}
    own = {"Type": "ACCREC", "Contact": {"Name": "Other"}, "Date": "2026-03-05", "InvoiceNumber": "INV-2"}
    machine.house.human("create", "Invoice", "", **own, LineItems=[row])
    taken = machine.bill("INV-2")
    machine.plan(taken)
    machine.push(patience_s=60)
    assert [machine.state(one) for one in (closed, taken)] == ["REVIEW period_closed", "REVIEW number_taken"]


def test_an_edit_and_a_void_by_hand_are_seen_by_the_sweep(machine: Desk) -> None:
    edited, void = machine.bill("INV-1"), machine.bill("INV-2")
    for one in (edited, void):
        machine.plan(one)
    machine.push(patience_s=60)
    ids = {row["InvoiceNumber"]: row["InvoiceID"] for row in machine.truth("invoice")}
    row = {"Description": "more", "Quantity": 2, "UnitAmount": 100, "AccountCode": "200"}
    machine.house.human("update", "Invoice", ids["INV-1"], LineItems=[row])
    machine.house.human("void", "Invoice", ids["INV-2"])
    machine.push(after=3 * HOUR)
    assert [machine.state(one) for one in (edited, void)] == ["REVIEW edited_there", "REVIEW voided_there"]


@pytest.mark.parametrize("siblings", ["none", "valid"])
def test_what_stood_beside_a_faulty_element_of_a_refused_call(
    house: House, door: Door, machine: Desk, siblings: str
) -> None:
    """Xero may answer 400 for the whole of it, and keep those that were good or not: each is looked up."""
    house.set(siblings=siblings)
    invoice = machine.made_bill("INV-0")
    good, bad = machine.money("P-1", invoice, 50), machine.money("P-2", invoice, 500)
    machine.door.summarize = True
    for one in (good, bad):
        machine.plan(replace(one, expect=None))
    machine.push()
    assert [machine.state(one) for one in (good, bad)] == ["CONFIRMED", "DEAD overpaid"]
    assert machine.shown("payment", "Reference") == [("P-1",)]
