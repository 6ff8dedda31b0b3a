"""What goes wrong on the way, through the real effect machine: each document once, or the state that it deserves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billsync.connector import Memory
from billsync.store import Store
from tests.netsuite.connecting import connect, invoice, machine, party, told, write
from tests.netsuite.desk import HOUR, Desk
from tests.netsuite.stand_in import StandIn
from tests.push.conftest import copied


@pytest.fixture(scope="module")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "store.db"
    Store.open(f"sqlite:///{path}", create=True).close()
    return path


@pytest.fixture
def desk(empty_file: Path, account: StandIn) -> Iterator[Desk]:
    """One invoice planned."""
    account.set(nexus="other", language="de")
    with copied(empty_file) as store:
        made = Desk(store, account)
        made.plan(1)
        yield made


UNCLEAR: list[tuple[dict[str, Any], str]] = [
    ({"fault": "lost"}, "connection_lost"),
    ({"fault": "dropped"}, "connection_lost"),
    ({"fault": "reset", "when": "after"}, "connection_lost"),
    ({"fault": "late", "seconds": 50}, "connection_lost"),
    ({"fault": "late", "seconds": 40_000}, "connection_lost"),
    ({"fault": "error", "status": 500, "when": "after"}, "http_500"),
    ({"fault": "error", "status": 503}, "http_503"),
    ({"fault": "unavailable", "when": "after"}, "http_503"),
    ({"fault": "redirect", "when": "after"}, "redirected"),
    ({"fault": "login-page", "when": "after"}, "not_json"),
    ({"fault": "login-page"}, "not_json"),
]


def test_an_answer_that_proves_nothing_leaves_one_invoice(desk: Desk) -> None:
    """Whether it was executed, is executed later, or never: the next request makes it, or finds it."""
    for number, (fault, reason) in enumerate(UNCLEAR, 2):
        desk.push()
        desk.plan(number)
        desk.there.fault(method="PUT", name=fault["fault"], **{k: v for k, v in fault.items() if k != "fault"})
        desk.push(patience_s=0)
        assert desk.state(f"invoice:INV-{number}") == f"UNKNOWN {reason}", fault
    desk.push()
    desk.push(after_s=12 * HOUR)
    assert desk.done_once(*range(1, len(UNCLEAR) + 2))


@pytest.mark.parametrize("fault", ["doubled", "no-location"])
def test_what_is_done_twice_or_not_named_is_one_invoice(desk: Desk, fault: str) -> None:
    """By OAuth 2.0: a signed request is good once, and cannot be doubled."""
    desk.there.fault(fault, method="PUT")
    desk.push(**machine())
    assert desk.done_once(1)


@pytest.mark.parametrize(
    ("fault", "state"),
    [({"name": "throttle"}, "RETRY rate_limited"), ({"name": "changed", "next": 2}, "RETRY record_changed")],
)
def test_a_proof_that_nothing_was_done_is_tried_again(desk: Desk, fault: dict[str, Any], state: str) -> None:
    desk.there.fault(method="PUT", **fault)
    desk.push(patience_s=0)
    assert desk.state("invoice:INV-1") == state
    desk.push()
    assert desk.done_once(1)


def test_an_answer_that_does_not_come_in_time(desk: Desk) -> None:
    """Nothing more of the batch leaves until then."""
    desk.plan(2)
    desk.there.fault("slow", method="PUT", milliseconds=1500)
    desk.push(patience_s=0, timeout=1)
    states = [desk.state(f"invoice:INV-{number}") for number in (1, 2)]
    assert states == ["UNKNOWN timeout", "RETRY held_back"]
    desk.push()
    assert desk.done_once(1, 2)


@pytest.mark.parametrize("fault", ["truncated", "cut", "other-content", "huge", "wrong-type", "bom"])
def test_the_read_back_comes_broken(desk: Desk, fault: str) -> None:
    """What cannot be read is read again; what shows something else is for a person."""
    desk.there.fault(fault, method="GET", path="/services/rest/record/v1/invoice", next=9)
    desk.push(patience_s=0)
    desk.there.admin("DELETE", "faults")
    if fault == "other-content":
        assert desk.state("invoice:INV-1") == "REVIEW readback_mismatch"
        return
    desk.push()
    assert desk.done_once(1)


def test_a_log_in_that_ends_in_the_middle_of_a_batch(desk: Desk) -> None:
    """Each 401 proves that nothing was done; whoever comes second uses the token of the first."""
    keep = Memory()
    erp, other = (connect(desk.there, keep=keep, **machine()) for _ in range(2))
    party(other, "first")
    desk.there.fault("expire", method="PUT", skip=1)
    outcomes = write(erp, *(invoice(desk.buyer, f"INV-{number}") for number in (1, 2, 3)))
    assert [told(outcome) for outcome in outcomes] == [("Applied", "")] * 3
    paths = [row["path"] for row in desk.there.admin("GET", "log")["requests"]]
    before = sum("/token" in path for path in paths)
    party(other, "second")
    paths = [row["path"] for row in desk.there.admin("GET", "log")["requests"]]
    assert sum("/token" in path for path in paths) == before


def test_two_days_on_a_clock_that_is_wrong(desk: Desk) -> None:
    """Token-based requests are signed with NetSuite's own time."""
    desk.push(after_s=48 * HOUR)
    assert desk.done_once(1)
    erp = connect(desk.there)
    party(erp)
    desk.there.forward(7200)
    party(erp)


@pytest.mark.parametrize("settings", [{"consumer_secret": "wrong"}, {**machine(), "certificate_id": "another"}])
def test_not_let_in(desk: Desk, settings: dict[str, Any]) -> None:
    desk.push(patience_s=0, **settings)
    assert desk.state("invoice:INV-1") == "RETRY auth"
    desk.push(after_s=HOUR)
    assert desk.done_once(1)


def test_a_payment_whose_reply_is_lost_is_booked_once(desk: Desk) -> None:
    desk.push()
    (row,) = [row for row in desk.there.truth("invoice").values() if row.get("externalId") == "INV-1"]
    desk.plan_payment("p1", row["id"])
    desk.there.fault("lost", method="PUT")
    desk.push(patience_s=0)
    assert desk.state("payment:p1") == "UNKNOWN connection_lost"
    desk.push()
    assert desk.state("payment:p1") in ("CONFIRMED", "SETTLED")
    assert [row["applied"] for row in desk.there.truth("customerPayment").values()] == [120]


def test_a_closed_period_waits_for_a_person_and_is_not_tried_again(desk: Desk) -> None:
    desk.there.set(closed_through="2026-03-31")
    desk.push()
    desk.push(after_s=HOUR)
    assert desk.state("invoice:INV-1") == "REVIEW period_closed"
    assert len([row for row in desk.there.admin("GET", "log")["requests"] if row["method"] == "PUT"]) == 2  # customer's
