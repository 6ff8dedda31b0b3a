"""The fault table against real HTTP: the ERP's own ways, what people do in it, and batches."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from billsync.connector import Applied, Intent, Mismatch
from billsync.store import Store
from billsync.verify import verify
from tests.sandbox.bills import write
from tests.sandbox.desk import DAY, HOUR, Desk
from tests.sandbox.stand_in import StandIn

# ---------------------------------------------------------------- the ERP's own ways


def test_f74_edited_by_a_person(desk: Desk) -> None:
    desk.push()
    (stands,) = desk.there.documents()
    lines = [{**stands["lines"][0], "unit_price": "49.00"}]
    desk.there.human("change", "invoice", stands["id"], lines=lines)
    desk.push(after=3 * HOUR)
    assert desk.state() == "REVIEW edited_there"
    assert desk.there.documents()[0]["edited_by"] == "human"


def test_f74_a_persons_edit_is_overwritten_where_that_is_the_rule(desk: Desk) -> None:
    desk.push()
    (stands,) = desk.there.documents()
    desk.there.human("change", "invoice", stands["id"], lines=[{**stands["lines"][0], "unit_price": "49.00"}])
    desk.push(after=3 * HOUR, edited="overwrite")
    assert desk.done_once()
    assert desk.there.documents()[0]["total"] == "119.00"


@pytest.mark.parametrize(("do", "reason"), [("delete", "remote_missing"), ("void", "voided_there")])
def test_f75_taken_away_by_a_person(desk: Desk, do: str, reason: str) -> None:
    desk.push()
    desk.there.human(do, "invoice", desk.there.documents()[0]["id"])
    desk.push(after=3 * HOUR)
    desk.push(after=2 * DAY)
    assert desk.state() == f"REVIEW {reason}"
    assert len(desk.there.documents(deleted=True)) == 1


@pytest.mark.parametrize("changes", ["something else", "nothing"])
def test_f76_changed_between_look_and_write(desk: Desk, changes: str) -> None:
    """The version that was looked at is named in the write: what somebody changed at that moment is not overwritten."""
    erp = desk.connector(timeout=20)
    intent = Intent("acme", "customer", {"name": "Acme", "city": "Oslo"}, remote_id=desk.customer)
    desk.there.fault("slow", when="before", seconds=1, method="PATCH")
    found: list[Any] = []
    worker = threading.Thread(target=lambda: found.extend(write(erp, [intent])))
    worker.start()
    time.sleep(0.5)
    desk.there.human("change", "customer", desk.customer, street="A 1")
    if changes == "nothing":
        desk.there.human("change", "customer", desk.customer, street=None)
    worker.join()
    (stands,) = desk.there.documents("customer")
    assert isinstance(found[0], Applied if changes == "nothing" else Mismatch)
    assert (stands.get("city"), stands["street"]) == (("Oslo", None) if changes == "nothing" else (None, "A 1"))


def test_f77_a_number_that_another_has(desk: Desk) -> None:
    desk.there.set(unique_numbers=True)
    desk.there.human("create", "invoice", **_by_hand(desk), reference="by hand")
    desk.push()
    assert desk.state() == "REVIEW number_taken"
    assert desk.there.references() == ["by hand"]


def _by_hand(desk: Desk) -> dict[str, Any]:
    line = {"quantity": "1", "unit_price": "7.00"}
    return {"number": "INV-01", "customer": desk.customer, "currency": "EUR", "date": "2026-01-31", "lines": [line]}


def test_f77_a_number_that_is_ours(desk: Desk) -> None:
    """The index shows the document long after it was given up: its number stands in the way of a second one."""
    desk.there.set(unique_numbers=True, index_lag_s=900)
    desk.strike("lost")
    desk.push()
    assert desk.done_once()


def test_f78_a_closed_period(desk: Desk) -> None:
    desk.there.set(closed_through="2026-01-31")
    desk.push()
    assert desk.state() == "REVIEW period_closed"
    assert desk.there.references() == []


def test_f79_an_inactive_customer(desk: Desk) -> None:
    desk.plan(2, needs=("invoice:INV-01:erp:1",))
    desk.there.human("change", "customer", desk.customer, active=False)
    desk.push()
    assert desk.state(1) == "DEAD bad_reference"
    assert desk.row(2).state == "WAITING"
    assert desk.there.references() == []


def test_f85_an_erp_that_computes_tax_otherwise(desk: Desk) -> None:
    desk.there.set(tax_skew="0.01")
    desk.push()
    assert desk.state() == "REVIEW readback_mismatch"


# ---------------------------------------------------------------- batches


@pytest.mark.parametrize("kind", ["A", "B"])
def test_f48_f93_a_batch_that_is_told_in_part(kind: str, ledger: Store, sandbox_server: StandIn) -> None:
    told_in_part(kind, ledger, sandbox_server)


def test_f48_f93_a_batch_on_each_kind_of_store(store: Store, sandbox_server: StandIn) -> None:
    told_in_part("C", store, sandbox_server)


def told_in_part(kind: str, store: Store, there: StandIn) -> None:
    """Of fifty the seventeenth is refused and the reply ends after the thirtieth."""
    desk = Desk(store, there, kind, {"batch_max": 50})
    desk.plan(*range(1, 17))
    desk.plan(17, currency=None)
    desk.plan(*range(18, 51))
    desk.there.fault("batch-cut", items=30, path="/v1/invoice/batch")
    desk.push(patience_s=0)
    states = {number: desk.row(number).state for number in range(1, 51)}
    assert {n for n, state in states.items() if state == "CONFIRMED"} == {*range(1, 31)} - {17}
    assert (states[17], {states[n] for n in range(31, 51)}) == ("DEAD", {"UNKNOWN"})
    desk.push()
    assert desk.undone({*range(1, 51)} - {17}) == []
    with desk.store.view() as tx:
        assert len(tx.problems.list()) == 1


def test_a_storm_of_everything(ledger: Store, sandbox_server: StandIn) -> None:
    """Each request may be lost, late, broken or doubled in reply; all thirty stand there once, and the books agree."""
    desk = Desk(ledger, sandbox_server, "C", {"timeout": 5})
    desk.plan(*range(1, 31))
    names = ["lost", "dropped", "cut", "truncated", "login-page", "no-id", "error", "busy", "reset", "wrong-type"]
    for seed, name in enumerate(names):
        sandbox_server.fault(name, probability="0.04", seed=seed, path="/v1/")
    for _ in range(8):
        desk.push(after=HOUR / 4)
    sandbox_server.admin("DELETE", "faults")
    desk.push(after=HOUR)
    assert desk.undone(range(1, 31)) == []
    assert verify(desk.store, now=desk.clock.now()).broken == []
