"""Faults of the network and of the service, with the real effect machine: each document once, or a person is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from billsync.store import Store
from tests.push.conftest import copied
from tests.quickbooks.office import HOUR, TO, Desk, Office
from tests.quickbooks.stand_in import BASE, StandIn


@pytest.fixture(scope="module")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "store.db"
    Store.open(f"sqlite:///{path}", create=True).close()
    return path


@pytest.fixture
def desk(empty_file: Path, company: StandIn) -> Iterator[Desk]:
    with copied(empty_file) as store:
        made = Desk(store, Office(company))
        made.plan(1)
        yield made


LOST = ("lost", "truncated", "doubled", "no-id")
UNDONE = ("stale", "dropped", "login-page", "in-flight", "throttle", "expire", "reset")


@pytest.mark.parametrize("fault", [*LOST, *UNDONE])
def test_one_invoice_whatever_becomes_of_the_request(desk: Desk, fault: str) -> None:
    desk.office.there.fault(fault, path=TO, method="POST")
    desk.push()
    assert desk.done_once()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("status", [500, 503])
def test_an_error_of_the_server_is_no_answer(desk: Desk, when: str, status: int) -> None:
    name = "error" if status == 500 else "unavailable"
    desk.office.there.fault(name, status=status, when=when, path=TO, method="POST")
    desk.push(patience_s=0)
    assert desk.state() == f"UNKNOWN http_{status}"
    desk.push()
    assert desk.done_once()


def test_a_request_that_takes_effect_an_hour_later_is_the_same_request(desk: Desk) -> None:
    desk.office.there.fault("late", seconds=3600, path=TO, method="POST")
    desk.push()
    assert desk.done_once()
    desk.push(after=3 * HOUR)
    assert desk.done_once()


def test_after_the_key_the_number_is_looked_up(desk: Desk) -> None:
    """Lost for a day: nothing is claimed of the key any more, and the invoice is found by its number."""
    desk.office.there.fault("lost", path=TO, method="POST")
    desk.push(patience_s=0)
    desk.office.there.set(request_s=1)
    desk.push(after=24 * HOUR)
    assert desk.done_once()
    sent = [row for row in desk.office.there.admin("GET", "log")["requests"] if "/invoice?" in row["path"]]
    assert len([row for row in sent if row["method"] == "POST"]) == 1


def test_a_minute_of_silence_after_a_429(desk: Desk) -> None:
    desk.office.there.fault("throttle", path=TO, method="POST")
    desk.push()
    assert desk.clock.slept >= 60
    assert desk.done_once()


def test_a_200_with_a_fault_is_no_success(desk: Desk) -> None:
    desk.office.there.fault("fault-200", path=TO, method="POST")
    desk.push()
    assert desk.state() == "DEAD qbo_6000"
    assert desk.office.numbers() == []


def test_an_ended_subscription_holds_everything_back_and_kills_nothing(desk: Desk) -> None:
    desk.office.there.set(subscription=False)
    desk.push(patience_s=0)
    assert desk.state() == "RETRY subscription_ended"
    desk.office.there.set(subscription=True)
    desk.push(after=HOUR)
    assert desk.done_once()


def test_a_number_that_was_ours_before_a_backup_is_found_again(desk: Desk) -> None:
    """The store forgot the write, and the key is another: the number is taken, by our own invoice."""
    made = desk.office.id("invoice", "INV-01", desk.office.bill("INV-01"))
    desk.push()
    assert desk.done_once()
    assert made in desk.office.there.truth("Invoice")


@pytest.mark.parametrize("code", [6140, 6210])
def test_a_number_of_somebody_else_is_for_a_person(desk: Desk, code: int) -> None:
    """An older article of Intuit tells it under the code of a closed period."""
    desk.office.there.set(duplicate_code=code)
    desk.office.there.invoice(desk.office.customer, DocNumber="INV-01")
    desk.push()
    assert desk.state() == "REVIEW number_taken"
    assert desk.office.numbers() == ["INV-01"]


@pytest.mark.parametrize("password", [True, False])
def test_a_closed_period_is_for_a_person(desk: Desk, password: bool) -> None:
    desk.office.there.set(closed_through="2026-03-31", closing_password=password)
    desk.push()
    assert desk.state() == "REVIEW period_closed"
    assert desk.office.numbers() == []


def test_other_content_is_told_once_it_is_seen_twice(desk: Desk) -> None:
    """A garbled answer is looked at again before anybody is troubled; a real difference stays one."""
    desk.office.there.fault("other-content", path=TO, method="POST")
    desk.push()
    assert desk.done_once()
    desk.plan(2)
    desk.office.there.set(tax_skew="0.01")
    line = desk.office.line("100", rate="0.08")
    desk.plan(3, Line=[line])
    desk.push()
    assert desk.done_once(2)
    assert desk.state(3) == "REVIEW readback_mismatch"


def test_a_payment_whose_reply_is_lost_is_booked_once(desk: Desk) -> None:
    desk.push()
    (invoice,) = desk.office.there.truth("Invoice")
    desk.plan(7, object="payment", **desk.office.paid(invoice, "19.00"))
    desk.office.there.fault("lost", path=f"{BASE}/payment$", method="POST")
    desk.push(patience_s=0)
    assert desk.state(7, "payment") == "UNKNOWN connection_lost"
    desk.office.there.set(request_s=1)
    desk.push(after=24 * HOUR)
    assert desk.state(7, "payment") == "CONFIRMED"
    assert len(desk.office.there.truth("Payment")) == 1
    assert desk.office.there.truth("Invoice")[invoice]["Balance"] == 100


@pytest.mark.parametrize("fault", ["lost", "doubled"])
def test_only_the_key_keeps_a_payment_from_being_doubled(desk: Desk, fault: str) -> None:
    """A payment has no number that could come twice; with the warning off, neither has an invoice."""
    desk.office.there.set(warn_duplicates=False)
    desk.office.there.fault(fault, path=TO, method="POST")
    desk.push()
    assert desk.done_once()
    (invoice,) = desk.office.there.truth("Invoice")
    desk.plan(7, object="payment", **desk.office.paid(invoice, "19.00"))
    desk.office.there.fault(fault, path=f"{BASE}/payment$", method="POST")
    desk.push()
    assert desk.state(7, "payment") == "CONFIRMED"
    assert len(desk.office.there.truth("Payment")) == 1
