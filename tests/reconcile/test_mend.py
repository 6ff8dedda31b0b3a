"""Drift of each class, planted between a CRM folder and an ERP that only the tests see; told, mended, and clean."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billsync import mend
from billsync.connector import Target
from billsync.model.delivery import DeliveryState
from billsync.model.drift import Act, Drift, DriftKind
from billsync.model.invoice import InvoiceState
from billsync.settings.shape import Bounds
from billsync.stage import comparing
from billsync.stage.comparing import Report
from billsync.store import Store
from tests.stage.office import Office

K = DriftKind
TODAY = date(2017, 12, 31)


@pytest.fixture
def office(tmp_path: Path, store: Store) -> Office:
    return running(tmp_path, store)


@pytest.fixture
def desk(tmp_path: Path, sqlite_template: Path) -> Office:
    """The same, on SQLite only."""
    shutil.copy(sqlite_template, tmp_path / "books.db")
    return running(tmp_path, Store.open(f"sqlite:///{tmp_path / 'books.db'}", create=True))


def running(folder: Path, store: Store, deals: int = 4) -> Office:
    made = Office(folder, store)
    made.deals = {f"D{n}": ("Acme" if n % 2 else "Zoomit", "Won", f"{n}00") for n in range(1, deals + 1)}
    assert made.run().exit_code == 0
    return made


def compared(office: Office, **asked: Any) -> Report:
    office.save()
    return comparing.compare(office.world(TODAY), **asked)


def fixed(office: Office, **asked: Any) -> Report:
    """What is left after `--fix`."""
    office.runs += 1
    mend.carry_out(office.world(TODAY), mend.curable(compared(office, **asked)))
    return compared(office, **asked)


def told(report: Report) -> list[tuple[str, str]]:
    return sorted((str(drift.kind), drift.document) for drift in report.drifts)


def only(report: Report) -> Drift:
    (drift,) = report.drifts
    return drift


def test_equal_sides_are_clean_and_their_sums_are_equal(desk: Office) -> None:
    report = compared(desk)
    assert (report.drifts, report.matched, report.agreed, report.remarks) == ([], 4, 4, [])
    sides = report.totals.of("USD")
    assert (sides.crm.documents, sides.crm.net) == (4, Decimal(1000))
    assert sides.ours == sides.erp
    assert (sides.ours.total, sides.ours.open) == (Decimal(1000), Decimal(1000))


def test_a_document_that_was_deleted_there_is_sent_again_as_another_one(office: Office) -> None:
    was = office.id_of("INV-0001")
    office.delete("INV-0001")
    drift = only(compared(office))
    assert (drift.kind, drift.amount, drift.cure.act) == (K.MISSING, Decimal(100), Act.RESEND)
    assert "deleted there after it was confirmed (2026-01-02" in drift.cause
    office.clock.sleep(3600)
    assert fixed(office).clean
    assert (office.books.count("INV-0001"), office.id_of("INV-0001") == was, office.sound()) == (1, False, True)


def test_a_double_that_came_late_is_voided_and_ours_stays(desk: Office) -> None:
    double = desk.enter("INV-0002", like="INV-0002")
    drift = only(compared(desk))
    assert (drift.kind, drift.cure.ids, drift.cure.keep) == (K.DUPLICATE, (double,), desk.id_of("INV-0002"))
    assert "entered it a second time there" in drift.cause
    assert fixed(desk).clean
    assert (desk.books.voided, desk.sound()) == ([double], True)
    assert desk.run().exit_code == 0


def test_the_cause_of_a_double_is_the_request_that_was_given_up(desk: Office) -> None:
    desk.deals["D5"] = ("Acme", "Won", "500")
    desk.books.faults.extend(["late"])
    desk.books.late_s = 3000
    desk.run()
    desk.clock.sleep(4000)
    desk.erp()._arrive()
    drift = only(compared(desk))
    assert drift.kind is K.DUPLICATE
    assert "that was given up took effect after all" in drift.cause
    assert fixed(desk).clean
    assert desk.sound()


def test_a_double_on_which_somebody_paid_is_for_a_person(desk: Office) -> None:
    double = desk.enter("INV-0002", like="INV-0002")
    desk.edits[double] = {"open": Decimal(150)}
    drift = only(compared(desk))
    assert (drift.cure.act, drift.fields[1].theirs) == (Act.PERSON, "150 USD")
    assert "is paid at least in part" in drift.cure.text


def test_a_number_of_ours_that_the_books_do_not_know_is_voided(desk: Office) -> None:
    extra = desk.enter("INV-0077", like="INV-0001")
    drift = only(compared(desk))
    assert (drift.kind, drift.document, drift.there) == (K.EXTRA, "INV-0077", (extra,))
    assert fixed(desk).clean
    assert (desk.books.voided, desk.sound()) == ([extra], True)


EDITS: dict[str, tuple[dict[str, Any], str]] = {
    "amount": ({"total": Decimal(120), "open": Decimal(120)}, "total: 100.00 USD here, 120 USD there"),
    "tax": ({"tax": Decimal(3)}, "tax: 0.00 USD here, 3 USD there"),
    "currency": ({"currency": "EUR"}, "total: 100.00 USD here, 100 EUR there"),
    "lines": ({"lines": 3}, "lines: 1 here, 3 there"),
    "date": ({"on": date(2017, 3, 2)}, "date: 2017-03-01 here, 2017-03-02 there"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_was_changed_there_by_hand_is_reported_overwritten_or_adopted(desk: Office, edit: str) -> None:
    change, words = EDITS[edit]
    id = desk.id_of("INV-0001")
    desk.edits[id] = change
    drift = only(compared(desk))
    assert (drift.kind, str(drift.fields[0])) == (K.DATE if edit == "date" else K.EDITED, words)
    assert "changed there by hand after it was confirmed" in drift.cause
    assert drift.cure.act is Act.PERSON
    assert fixed(desk, edited="overwrite").clean
    assert (desk.edits, desk.id_of("INV-0001"), desk.books.count("INV-0001")) == ({}, id, 1)
    desk.edits[id] = change
    left = fixed(desk, edited="adopt")
    assert (left.drifts, left.adopted, desk.edits) == ([], 1, {id: change})
    desk.edits[id] = change | {"lines": 9}
    assert told(compared(desk)) == [("edited", "INV-0001")] or edit == "lines"
    assert desk.sound()


def test_amounts_that_came_out_otherwise_when_they_were_written_are_no_edit(desk: Office) -> None:
    desk.deals["D5"] = ("Acme", "Won", "500")
    desk.books.shows["R8"] = {"total": Decimal("500.01")}
    desk.edits["R8"] = {"total": Decimal("500.01"), "open": Decimal("500.01")}
    desk.books.faults.extend(["lost"])
    desk.run()
    drift = only(compared(desk))
    assert (drift.kind, drift.amount) == (K.AMOUNT, Decimal("0.01"))
    assert "it came out so when it was written" in drift.cause


def test_a_document_that_lost_its_reference_was_edited_and_is_not_sent_twice(desk: Office) -> None:
    desk.rename("INV-0001", "INV-0099")
    drift = only(compared(desk))
    assert (drift.kind, drift.document) == (K.EDITED, "INV-0001")
    assert "its reference was changed there by hand to INV-0099" in drift.cause
    assert (mend.curable(compared(desk)), desk.books.count("INV-0001")) == ([], 0)


def test_a_document_that_was_voided_there_is_for_a_person(desk: Office) -> None:
    desk.books.voided.append(desk.id_of("INV-0001"))
    drift = only(compared(desk))
    assert (drift.kind, drift.cure.act) == (K.STATUS, Act.PERSON)
    assert "made void there by hand" in drift.cause


def test_payments_that_came_since_are_read_and_booked(office: Office) -> None:
    office.pay("INV-0001", "40")
    drift = only(compared(office))
    assert (drift.kind, drift.amount, drift.cure.act) == (K.PAYMENT, Decimal(40), Act.READ)
    assert fixed(office).clean
    assert office.invoices()["D1"][1] is InvoiceState.PARTLY_PAID
    assert (office.status()["D1"], office.sound()) == ("partly_paid", True)


def test_a_payment_that_is_gone_there_is_taken_back_here(desk: Office) -> None:
    desk.pay("INV-0001", "40")
    desk.run()
    desk.payments.clear()
    drift = only(compared(desk))
    assert (drift.kind, drift.amount, drift.cure.act) == (K.PAYMENT, Decimal(40), Act.READ)
    assert "taken back or deleted there" in drift.cause
    assert fixed(desk).clean
    assert (desk.invoices()["D1"][1], desk.status()["D1"], desk.sound()) == (InvoiceState.SENT, "sent", True)


def test_what_the_crm_was_told_and_lost_is_told_again(office: Office) -> None:
    path = office.folder / "status" / "status.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",200.00,USD,sent", ",200.00,USD,paid"))
    drift = only(compared(office))
    assert (drift.kind, str(drift.fields[0])) == (K.TOLD, "state: sent here, paid there")
    assert "changed in the CRM by hand after it was told" in drift.cause
    assert fixed(office).clean
    with path.open(encoding="utf-8", newline="") as file:
        assert {row["state"] for row in csv.DictReader(file)} == {"sent"}
    assert office.sound()


def test_deals_won_and_lost_since_the_last_run_are_told_with_what_to_do(desk: Office) -> None:
    desk.deals["D9"] = ("Acme", "Won", "900")
    desk.deals["D1"] = ("Acme", "Lost", "100")
    desk.deals["D2"] = ("Zoomit", "Won", "250")
    report = compared(desk)
    assert told(report) == [("deal", "D2"), ("unbilled", "D9"), ("unwon", "D1")]
    assert {drift.document: drift.amount for drift in report.drifts} == {"D1": 100, "D2": 50, "D9": 900}
    assert mend.curable(report) == []
    assert report.totals.of("USD").crm.net == Decimal(250 + 300 + 400 + 900)


def test_a_deal_that_cannot_be_read_now_is_not_taken_for_lost(desk: Office) -> None:
    desk.deals["D1"] = ("Acme", "Won", "a hundred")
    assert compared(desk).drifts == []


def test_a_refused_document_is_missing_with_its_reason_and_goes_out_again(desk: Office) -> None:
    desk.deals["D5"] = ("Acme", "Won", "500")
    desk.books.faults.extend(["refused"])
    desk.run()
    drift = only(compared(desk))
    assert (drift.kind, drift.cause, drift.cure.act) == (K.MISSING, "refused: no such customer", Act.RESEND)
    desk.clock.sleep(3600)
    assert fixed(desk).clean
    assert (desk.codes(), desk.sound()) == ([], True)


def test_a_write_of_unknown_outcome_that_stands_there_is_taken_as_ours(tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "books.db")
    desk = running(tmp_path, Store.open(f"sqlite:///{tmp_path / 'books.db'}", create=True))
    desk.books.target = Target.NONE
    desk.deals["D5"] = ("Acme", "Won", "500")
    desk.books.faults.extend(["lost"])
    desk.run()
    drift = only(compared(desk))
    assert (drift.kind, drift.cure.act) == (K.STATUS, Act.ADOPT)
    assert fixed(desk).clean
    assert (desk.codes(), desk.books.count("INV-0005"), desk.sound()) == ([], 1, True)


def test_on_a_target_that_offers_nothing_a_missing_document_is_for_a_person(desk: Office) -> None:
    desk.books.target = Target.NONE
    desk.delete("INV-0001")
    assert only(compared(desk)).cure.act is Act.PERSON


def test_one_customer_and_an_earlier_day(desk: Office) -> None:
    desk.delete("INV-0001")
    desk.delete("INV-0003")
    desk.pay("INV-0002", "300")
    assert told(compared(desk, customer="Zoomit")) == [("missing", "INV-0003")]
    assert compared(desk, customer="Zoomit").totals.of("USD").crm.documents == 2
    then = compared(desk, as_of=date(2017, 4, 1))
    assert told(then) == [("missing", "INV-0001"), ("missing", "INV-0003")]
    assert (then.totals.of("USD").erp.open, len(then.remarks)) == (Decimal(700), 2)
    before = compared(desk, as_of=date(2017, 2, 28))
    assert (before.drifts, before.totals.of("USD").ours.documents) == ([], 0)


def test_more_than_a_run_may_do_is_not_done(desk: Office) -> None:
    for number in ("INV-0001", "INV-0002", "INV-0003"):
        desk.delete(number)
    cures = mend.curable(compared(desk))
    assert "3 new documents in one run, the bound is 2" in mend.exceeded(cures, Bounds(creates=2))
    assert "one document over 300" in mend.exceeded(cures, Bounds(single=Decimal(250)))
    assert mend.exceeded(cures, Bounds()) == ""


def test_every_release_is_on_record_with_its_reason(desk: Office) -> None:
    desk.delete("INV-0001")
    desk.clock.sleep(3600)
    fixed(desk)
    with desk.store.view() as tx:
        trail = [row["note"] for row in tx.audit.tail("delivery/invoice:INV-0001:erp:1")]
        row = tx.outbox.get("invoice:INV-0001:erp:1")
    assert "reconcile: sent again" in trail
    assert row is not None
    assert (row.state, row.gen) == (DeliveryState.CONFIRMED, 2)


def _edit(office: Office, number: str) -> None:
    office.edits[office.id_of(number)] = {"total": Decimal(1), "open": Decimal(1)}


PLANTS: dict[str, Callable[[Office, str], object]] = {
    "missing": lambda office, number: office.delete(number),
    "duplicate": lambda office, number: office.enter(number, like=number),
    "edited": _edit,
    "payment": lambda office, number: office.pay(number, "7"),
    "extra": lambda office, number: office.enter(number.replace("INV-0", "INV-9"), like=number),
}


@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([*PLANTS, "none"]), min_size=6, max_size=6))
def test_planted_drift_is_told_exactly_and_mended(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, plan: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("desk")
    shutil.copy(sqlite_template, folder / "books.db")
    desk = running(folder, Store.open(f"sqlite:///{folder / 'books.db'}", create=True), deals=6)
    planted = []
    for n, what in enumerate(plan, start=1):
        if what != "none":
            number = f"INV-{n:04}"
            PLANTS[what](desk, number)
            planted.append((what, number.replace("INV-0", "INV-9") if what == "extra" else number))
    assert told(compared(desk)) == sorted(planted)
    desk.clock.sleep(3600)
    assert fixed(desk, edited="overwrite").clean
    assert desk.sound()
    desk.store.close()


def test_what_moved_while_the_question_stood_is_left_alone(desk: Office) -> None:
    desk.delete("INV-0001")
    double = desk.enter("INV-0002", like="INV-0002")
    desk.clock.sleep(3600)
    agreed = mend.curable(compared(desk))
    desk.enter("INV-0001", like="INV-0002")
    still, moved = mend.still(agreed, compared(desk))
    assert [drift.cure.ids for drift in still] == [(double,)]
    assert [drift.document for drift in moved] == ["INV-0001"]
