"""Each fault, through the real effect machine: every invoice stands there once, posted, over what was sent."""

from __future__ import annotations

from typing import Any

import pytest

from billsync.connector import Applied, Intent, Refused, TryLater, Unclear, Unfinished, Unsure
from tests.odoo.erp import HOUR, TOTAL, Desk, bill, calls, document, moves, opened, partner, write
from tests.odoo.house import House

LOAD, POST, READ = "account.move/load", "account.move/action_post", "account.move/search_read"

AFTER: list[dict[str, Any]] = [
    {"fault": "lost"},
    {"fault": "reset", "when": "after"},
    {"fault": "unavailable", "status": 504, "when": "after"},
    {"fault": "login-page", "when": "after"},
    {"fault": "redirect", "status": 302, "when": "after"},
    {"fault": "truncated"},
    {"fault": "cut"},
    {"fault": "no-id"},
    {"fault": "batch-cut", "items": 0},
    {"fault": "doubled"},
]
BEFORE: list[dict[str, Any]] = [
    {"fault": "dropped"},
    {"fault": "unavailable", "status": 502},
    {"fault": "serialize"},
    {"fault": "too-many", "seconds": 1},
    {"fault": "too-many", "seconds": 90},
    {"fault": "login-page"},
]


@pytest.mark.parametrize(("call", "faults"), [(LOAD, [*AFTER, *BEFORE]), (POST, [*AFTER[::3], *BEFORE[::3]])])
def test_whatever_becomes_of_a_reply_there_is_one_invoice(desk: Desk, call: str, faults: list[dict[str, Any]]) -> None:
    """The reply is lost after the commit, or nothing was executed at all: the same for both steps."""
    for number, fault in enumerate(faults, 2):
        desk.plan(number)
        desk.strike(call, **fault)
        desk.push()
        desk.there.admin("DELETE", "faults")
        assert desk.there_once(number), (fault, desk.state(number))
    desk.push(after=3 * HOUR)
    assert all(desk.there_once(number) for number in range(1, 2 + len(faults)))
    assert len(moves(desk.there)) == 1 + len(faults)


@pytest.mark.parametrize("fault", ["truncated", "no-id", "text-numbers", "unavailable"])
def test_a_read_back_that_cannot_be_read_is_asked_for_again(desk: Desk, fault: str) -> None:
    desk.strike(READ, fault, next=2)
    desk.push()
    assert desk.there_once()


def test_what_a_cut_answer_does_not_show_is_not_gone(desk: Desk) -> None:
    """Seen in a storm: an invoice that stood there was taken for deleted, and its write for refused."""
    desk.strike(READ, "batch-cut", items=0)
    desk.push()
    assert desk.there_once()


def test_a_request_that_was_given_up_and_arrives_later_changes_nothing(desk: Desk) -> None:
    """Half an hour later, when its invoice was made a second time and posted: it finds it by its external id."""
    desk.strike(LOAD, "late", seconds=1800)
    desk.push()
    assert desk.there_once()
    desk.push(after=HOUR)
    late = [row for row in desk.there.admin("GET", "log")["requests"] if row["fault"] == "late" and row["executed"]]
    assert late
    assert desk.there_once()


def test_a_total_that_differs_when_it_is_read_back_is_for_a_person(desk: Desk) -> None:
    desk.strike(READ, "other-total", by="0.01")
    desk.push()
    assert desk.state() == "REVIEW readback_mismatch"
    assert [row["state"] for row in moves(desk.there)] == ["draft"]


def test_a_key_that_ends_in_the_middle_stops_the_rest_until_there_is_another(desk: Desk) -> None:
    desk.plan(2, 3)
    desk.strike(POST, "expire")
    desk.push(patience_s=0)
    assert {desk.state(number) for number in (1, 2, 3)} == {"RETRY auth"}
    assert {row["state"] for row in moves(desk.there)} == {"draft"}
    desk.there.key = desk.there.admin("POST", "key", {})["key"]
    desk.erp.close()
    desk.erp = opened(desk.there)
    desk.push(after=HOUR)
    assert all(desk.there_once(number) for number in (1, 2, 3))


def test_a_closed_period_waits_for_a_person_and_is_not_tried_again(desk: Desk) -> None:
    desk.there.human("res.company", "write", ids=[1], vals={"fiscalyear_lock_date": "2026-03-31"})
    desk.push()
    assert desk.state() == "REVIEW period_closed"
    tried = len(calls(desk.there))
    desk.push(after=24 * HOUR)
    assert LOAD not in calls(desk.there)[tried:]
    assert moves(desk.there) == []


def test_a_person_who_resets_an_invoice_is_seen_by_the_sweep(desk: Desk) -> None:
    desk.push()
    (row,) = moves(desk.there)
    desk.there.human("account.move", "button_draft", ids=[row["id"]])
    desk.push(after=3 * HOUR)
    assert desk.state() == "REVIEW edited_there"


def test_a_period_that_closes_between_draft_and_posting_leaves_nothing(odoo: House) -> None:
    erp = opened(odoo, closed_period="move")
    acme = partner(erp)
    odoo.human("res.company", "write", ids=[1], vals={"fiscalyear_lock_date": "2026-03-31"})
    outcomes = erp.write("invoice", [Intent(f"I-{n}", "invoice", document(acme, f"I-{n}")) for n in range(3)])
    assert [getattr(outcome, "reason", "") for outcome in outcomes] == ["period_closed"] * 3
    assert moves(odoo) == []
    erp.close()


def test_a_payment_whose_replies_are_lost_is_booked_and_applied_once(odoo: House) -> None:
    erp = opened(odoo)
    invoice = bill(erp)
    data = {"invoice_ids": invoice, "amount": 119, "currency_id": "EUR", "date": "2026-03-04"}
    seen = []
    for call in ("account.payment/load", "account.payment/action_post", "account.move/js_assign_outstanding_line"):
        odoo.fault("lost", path=f"/json/2/{call}")
        seen.append(type(write(erp, "payment", "p-1", data)))
    assert seen == [Unclear, Unfinished, Unfinished]
    assert isinstance(write(erp, "payment", "p-1", data), Applied)
    assert (len(odoo.truth("account.payment")), len(odoo.truth("account.partial.reconcile"))) == (1, 1)
    assert odoo.move(int(invoice), "payment_state") == "paid"
    erp.close()


def test_a_void_whose_replies_are_lost_is_finished(odoo: House) -> None:
    erp = opened(odoo)
    id = bill(erp)
    odoo.fault("lost", path="/json/2/account.move/button_draft")
    assert isinstance(write(erp, "invoice", "INV-1", {}, remote_id=id, void=True), Unclear)
    odoo.fault("lost", path="/json/2/account.move/button_cancel")
    assert isinstance(write(erp, "invoice", "INV-1", {}, remote_id=id, void=True), Unfinished)
    assert isinstance(write(erp, "invoice", "INV-1", {}, remote_id=id, void=True), Applied)
    assert moves(odoo)[0]["state"] == "cancel"
    erp.close()


def test_what_is_proven_and_what_is_not(odoo: House) -> None:
    """A 429 and a conflict are waited for; rights and unknown defects are told apart; a look-up never fails."""
    odoo.set(forbidden="account.move action_post")
    erp = opened(odoo)
    acme = partner(erp)
    denied = write(erp, "invoice", "I", document(acme, "I"))
    assert isinstance(denied, Refused)
    assert (denied.reason, moves(odoo)) == ("not_allowed", [])
    odoo.set(forbidden="")
    odoo.fault("serialize", path=f"/json/2/{POST}", next=2)
    assert isinstance(write(erp, "invoice", "I", document(acme, "I"), expect=TOTAL), Applied)
    odoo.fault("serialize", path=f"/json/2/{LOAD}", next=9)
    busy = write(erp, "invoice", "J", document(acme, "J"))
    assert isinstance(busy, TryLater)
    assert busy.reason == "concurrent"
    odoo.admin("DELETE", "faults")
    odoo.admin("POST", "expire")
    assert isinstance(erp.probe("invoice", ["I"])[0], Unsure)
    (lost,) = erp.write("invoice", [Intent("K", "invoice", document(acme, "K"))])
    assert isinstance(lost, TryLater)
    assert lost.offline
    assert "make a new API key" in lost.message
    assert odoo.key not in lost.message
    erp.close()


def test_one_request_a_second_where_that_is_agreed(odoo: House) -> None:
    slept: list[float] = []
    erp = opened(odoo, calls_per_s="1")
    erp._session.sleep = slept.append
    erp.check()
    erp.probe("invoice", ["I"])
    assert len(slept) == len(calls(odoo))  # and the question which version it is
    assert sum(slept) > len(calls(odoo)) - 1
    erp.close()
