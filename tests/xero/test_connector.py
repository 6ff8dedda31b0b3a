"""What the connector writes, and what it says became of it; all that passes is held to Xero's description."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from openapi_core.exceptions import OpenAPIError

from billsync.connector import (
    Absent,
    Applied,
    Attachment,
    Expectation,
    Found,
    Intent,
    Mismatch,
    Outcome,
    Refused,
    TryLater,
    Unclear,
    Unfinished,
)
from tests.xero.desk import ON, Desk, intent, line, sums

D = Decimal


def _reason(outcome: Outcome) -> str:
    return outcome.reason if isinstance(outcome, Refused | TryLater | Unclear | Unfinished) else type(outcome).__name__


def _id(outcome: Outcome) -> str:
    assert isinstance(outcome, Applied), outcome
    return outcome.remote_id


# ---------------------------------------------------------------- from the customer to the money


def test_the_whole_way_of_an_invoice_and_every_request_as_xero_describes_it(desk: Desk) -> None:
    item = desk.made("item", "SEAT", Name="Seat")
    one = desk.bill("INV-1", line(Item={"ItemID": item}), expect=sums())
    (made,) = desk.write(one)
    invoice = _id(made)
    shown = {"total": 120, "tax": 20, "currency": "EUR", "lines": 1, "on": ON, "number": "INV-1", "state": "sent"}
    assert made == Applied(invoice, shown)
    (row,) = desk.truth("invoice")
    assert (row["LineItems"][0]["ItemCode"], row["LineItems"][0]["AccountCode"]) == ("SEAT", "200")
    (credit,) = desk.write(desk.credit("CN-1", invoice, 50))
    (paid,) = desk.write(desk.money("P-1", invoice, "60"))
    assert desk.shown("invoice", "Status", "AmountDue", "AmountPaid", "AmountCredited") == [("PAID", 0, 60, 60)]
    void = replace(one, remote_id=invoice, void=True)
    assert _reason(desk.write(void)[0]) == "settled"
    taken_back = desk.money("P-1", invoice, 60, remote_id=_id(paid), void=True)
    for done in (taken_back, replace(desk.credit("CN-1", invoice), remote_id=_id(credit), void=True)):
        assert [desk.write(done)[0] for _ in range(2)] == [Applied(done.remote_id or "", {"state": "void"})] * 2
    assert [desk.write(void)[0] for _ in range(2)] == [Applied(invoice, {"state": "void"})] * 2
    assert desk.shown("invoice", "Status") == desk.shown("credit_note", "Status") == [("VOIDED",)]
    assert desk.shown("payment", "Status") == [("DELETED",)]
    desk.erp.check()
    desk.erp.books()
    desk.erp.attach("invoice", invoice, Attachment("INV-1.pdf", "application/pdf", b"%PDF-1.4 first"))
    desk.erp.trial("invoice", desk.bill("TRY-1"))
    for object in ("contact", "item", "invoice", "credit_note", "payment"):
        assert list(desk.erp.read(object, None))
        desk.erp.probe(object, ["acme", 'a "quoted" one \\', "a,b"])
    assert desk.door.hold(all=True) > 40


def test_a_request_that_is_not_as_xero_describes_it_does_not_pass(desk: Desk) -> None:
    """The door is no rubber stamp: a type that Xero has not, and a page that is no number."""
    headers = {"authorization": "x", "xero-tenant-id": desk.house.tenant, "content-type": "application/json"}
    desk.door.disturbed = True
    for method, path, body in (
        ("PUT", "Invoices", b'{"Invoices": [{"Type": "SOLD"}]}'),
        ("GET", "Invoices?page=first", b""),
        ("PUT", "CreditNotes/1/Allocations", b'{"Allocations": [{"Amount": "much"}]}'),
    ):
        desk.door.hold()
        desk.door.forward(method, f"/api.xro/2.0/{path}", headers, body)
        with pytest.raises(OpenAPIError):
            desk.door.hold()


def test_forty_are_two_requests_and_one_that_is_wrong_does_not_harm_the_others(desk: Desk) -> None:
    bills = [desk.bill(f"INV-{n:02}") for n in range(40)]
    bills[7] = desk.bill("INV-07", line(TaxType="NOPE"))
    bills[8] = desk.bill("INV-08", line(tax_rate=D("0.33"), tax_code="x"))
    bills[9] = desk.bill("INV-09", expect=sums(121))
    before = desk.door.asked("PUT") + desk.door.asked("POST", "Invoices")
    outcomes = desk.write(*bills)
    assert desk.door.asked("PUT") + desk.door.asked("POST", "Invoices") - before == 2
    assert [_reason(outcome) for outcome in outcomes[7:10]] == ["unknown_tax", "unknown_tax", "Mismatch"]
    assert sum(isinstance(outcome, Applied) for outcome in outcomes) == 37
    assert sorted(desk.shown("invoice", "InvoiceNumber", "Status"))[7] == ("INV-09", "DRAFT")
    again = desk.write(*bills[:3])
    assert [_id(outcome) for outcome in again] == [_id(outcome) for outcome in outcomes[:3]]
    assert len(desk.truth("invoice")) == 38


# ---------------------------------------------------------------- what is refused, and what is not dropped


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Colour": "red"}, "unknown_field"),
        ({"Contact": {"Name": "Acme"}}, "unknown_field"),
        ({"LineItems": [line(Colour="red")]}, "unknown_field"),
        ({"LineItems": []}, "no_lines"),
        ({"LineItems": [line("1.00005")]}, "too_many_decimals"),
        ({"LineItems": [line(tax_code="DE7", tax_rate=None)]}, "unknown_tax"),
        ({"LineItems": [line(AccountCode="610")]}, "unknown_account"),
        ({"LineItems": [line(Item={"ItemID": "0" * 8})]}, "unknown_item"),
        ({"LineItems": [line(-5)]}, "invalid"),
        ({"CurrencyCode": "SEK"}, "unknown_currency"),
        ({"InvoiceNumber": "INV-2"}, "bad_key"),
        ({"Date": None}, "missing_value"),
        ({"Reference": "x" * 256}, "too_long"),
    ],
)
def test_refused_with_nothing_left_there(desk: Desk, changed: dict[str, Any], reason: str) -> None:
    one = desk.bill("INV-1", expect=Expectation())
    (outcome,) = desk.write(replace(one, payload={**one.payload, **changed}))
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason
    assert desk.truth("invoice") == []


def test_a_closed_period_is_for_a_person_and_no_draft_is_left(desk: Desk) -> None:
    desk.house.set(period_lock_date="2026-03-31")
    assert _reason(desk.write(desk.bill("INV-1"))[0]) == "period_closed"
    assert desk.shown("invoice", "Status") == [("DELETED",)]
    assert desk.erp.check().remarks == ("closed until: 2026-03-31",)
    desk.house.set(period_lock_date="")
    assert _id(desk.write(replace(desk.bill("INV-1"), idempotency_key="gen 2"))[0])


def test_a_number_that_is_taken(desk: Desk) -> None:
    """By ourselves it is found, a draft is finished; by somebody else's it is for a person."""
    theirs: dict[str, Any] = {
        "Type": "ACCREC",
        "Contact": {"Name": "Other"},
        "Date": "2026-03-05",
        "InvoiceNumber": "INV-1",
    }
    row = {"Description": "by hand", "Quantity": 1, "UnitAmount": 7, "AccountCode": "200"}
    desk.house.human("create", "Invoice", **theirs, LineItems=[row])
    ours = {**theirs, "InvoiceNumber": "INV-2", "Contact": {"ContactID": desk.customer}}
    desk.house.human("create", "Invoice", **ours, LineItems=[{**row, "UnitAmount": 100, "TaxType": "OUTPUT2"}])
    outcomes = desk.write(desk.bill("INV-1"), desk.bill("INV-2"), desk.bill("INV-3"))
    assert [_reason(outcome) for outcome in outcomes] == ["number_taken", "Applied", "Applied"]
    assert desk.shown("invoice", "InvoiceNumber", "Status")[1] == ("INV-2", "AUTHORISED")
    desk.write(replace(desk.bill("INV-3"), remote_id=_id(outcomes[2]), void=True))
    assert _reason(desk.write(desk.bill("INV-3"))[0]) == "number_taken"


def test_contacts_are_never_taken_by_their_name(desk: Desk) -> None:
    desk.house.human("create", "Contact", Name="Umbrella")
    (outcome,) = desk.write(intent("contact", "u-1", Name="Umbrella"))
    assert _reason(outcome) == "name_taken"
    assert desk.erp.probe("contact", ["u-1", "acme"]) == [Absent(), Found((desk.customer,))]
    (again,) = desk.write(intent("contact", "acme", Name="Acme"))
    assert again == Applied(desk.customer)
    assert len(desk.truth("contact")) == 2


def test_what_people_add_to_a_contact_stays(desk: Desk) -> None:
    street = {"AddressType": "STREET", "City": "Rome"}
    desk.house.human("update", "Contact", desk.customer, FirstName="Ann", Addresses=[street])
    wanted: dict[str, Any] = {"Name": "Acme", "Addresses": [{"AddressType": "POBOX", "City": "Berlin"}]}
    one = intent("contact", "acme", remote_id=desk.customer, **wanted)
    assert [_id(desk.write(one)[0]) for _ in range(2)] == [desk.customer] * 2
    assert desk.door.asked("POST", "/Contacts") == 1
    (row,) = desk.truth("contact")
    assert (row["FirstName"], {part["City"] for part in row["Addresses"]}) == ("Ann", {"Rome", "Berlin"})


def test_a_contact_that_was_archived_or_merged(desk: Desk) -> None:
    desk.house.human("archive", "Contact", desk.customer)
    outcomes = [
        desk.write(desk.bill("INV-1"))[0],
        desk.write(intent("contact", "acme", remote_id=desk.customer, Name="A"))[0],
    ]
    assert [_reason(outcome) for outcome in outcomes] == ["inactive_customer"] * 2
    winner = desk.house.human("create", "Contact", Name="Umbrella")
    desk.house.human("merge", "Contact", desk.customer, into=winner)
    assert _id(desk.write(desk.bill("INV-1"))[0])
    assert [row["Contact"]["ContactID"] for row in desk.truth("invoice")] == [winner]


def test_money_to_the_last_unit(desk: Desk) -> None:
    """0.01, 1.005, yen without cents, a thousand lines, quotes and emoji; dinars have more decimals than Xero."""
    text = '‘Quotes’ “and” 🚀 \\ " <b>&amp;'
    many = [line("0.01", Description=text)] * 1000
    yen = desk.bill(
        "Y-1", line(333, "1", tax_rate=D("0.08875"), tax_code=""), CurrencyCode="JPY", expect=sums(363, 30, 1, "JPY")
    )
    outcomes = desk.write(
        desk.bill("A-1", line("0.01", tax_rate=0, tax_code=""), expect=sums("0.01", 0)),
        desk.bill("A-2", line("1.005"), expect=sums("1.21", "0.20")),
        desk.bill("A-3", line("0.0125", 1000), expect=sums(15, "2.5")),
        yen,
        desk.bill("Ü/1, 🚀", *many, expect=Expectation(total=D(10), lines=1000)),
        desk.bill("K-1", line("1.234"), CurrencyCode="KWD", expect=Expectation(total=D("1.481"))),
    )  # fmt: skip
    assert [_reason(outcome) for outcome in outcomes] == ["Applied"] * 5 + ["too_many_decimals"]
    (probe,) = desk.erp.probe("invoice", ["Ü/1, 🚀"])
    assert isinstance(probe, Found)
    assert probe.echo["lines"] == 1000


# ---------------------------------------------------------------- credit notes and payments


def test_a_credit_note_settles_what_is_open_and_the_rest_stays(desk: Desk) -> None:
    invoice = _id(desk.write(desk.bill("INV-1"))[0])
    paid = _id(desk.write(desk.money("P-1", invoice, 100))[0])
    credit = desk.credit("CN-1", invoice)
    note = _id(desk.write(credit)[0])
    assert desk.shown("credit_note", "Status", "Total", "RemainingCredit") == [("AUTHORISED", 120, 100)]
    desk.house.human("delete", "Payment", paid)
    assert _id(desk.write(replace(credit, remote_id=note))[0]) == note
    assert _id(desk.write(desk.credit("CN-2", None))[0])
    assert desk.shown("credit_note", "RemainingCredit") == [(100,), (120,)]


def test_a_credit_note_that_stops_before_it_is_applied_is_finished(desk: Desk) -> None:
    invoice = _id(desk.write(desk.bill("INV-1"))[0])
    desk.door.disturbed = True
    for when, left in (("after", 60), ("before", 0)):
        desk.house.fault("error", when=when, path="/api.xro/2.0/CreditNotes/", method="PUT")
        credit = desk.credit(f"CN-{when}", invoice, 50)
        (stopped,) = desk.write(credit)
        assert isinstance(stopped, Unfinished)
        assert _id(desk.write(replace(credit, remote_id=stopped.remote_id))[0]) == stopped.remote_id
        assert desk.shown("invoice", "AmountDue") == [(left,)]
    assert len(desk.truth("credit_note")) == 2


def test_payments_that_do_not_fit(desk: Desk) -> None:
    invoice = _id(desk.write(desk.bill("INV-1"))[0])
    paid = desk.write(desk.money("P-1", invoice, 100), desk.money("P-2", invoice, 21), desk.money("P-3", "", 5))
    assert [_reason(outcome) for outcome in paid] == ["Applied", "overpaid", "no_invoice"]
    id = _id(paid[0])
    assert _reason(desk.write(desk.money("P-1", invoice, 99, remote_id=id))[0]) == "Mismatch"
    assert desk.erp.probe("payment", ["P-1", "P-2"])[1] == Absent()
    desk.house.human("reconcile", "Payment", id)
    assert _reason(desk.write(desk.money("P-1", invoice, 100, remote_id=id, void=True))[0]) == "reconciled"


# ---------------------------------------------------------------- a draft that was touched, files, trials


def test_a_draft_that_a_person_changed_is_not_approved(desk: Desk) -> None:
    desk.strike("error", "invoice", "POST", when="before")
    (stopped,) = desk.write(desk.bill("INV-1"))
    assert isinstance(stopped, Unfinished)
    row = {"Description": "more", "Quantity": 2, "UnitAmount": 100, "AccountCode": "200", "TaxType": "OUTPUT2"}
    desk.house.human("update", "Invoice", stopped.remote_id, LineItems=[row])
    known = replace(desk.bill("INV-1"), remote_id=stopped.remote_id)
    (outcome,) = desk.write(known)
    assert isinstance(outcome, Mismatch)
    assert "total is 240 there, 120 here" in outcome.message
    desk.house.human("update", "Invoice", stopped.remote_id, LineItems=[{**row, "Quantity": 1}])
    assert _id(desk.write(known)[0]) == stopped.remote_id


def test_an_answer_with_another_total_is_not_taken_for_good(desk: Desk) -> None:
    desk.strike("other-total", "invoice", "PUT")
    assert isinstance(desk.write(desk.bill("INV-1"))[0], Mismatch)
    assert desk.shown("invoice", "Status") == [("DRAFT",)]


def test_a_file_takes_the_place_of_the_one_of_its_name(desk: Desk) -> None:
    invoice = _id(desk.write(desk.bill("INV-1"))[0])
    for content in (b"%PDF-1.4 first", b"%PDF-1.4 \x00\xff second"):
        desk.erp.attach("invoice", invoice, Attachment("INV 1 ü.pdf", "application/pdf", content))
    there = desk.house.ask("GET", f"Invoices/{invoice}/Attachments").json()["Attachments"]
    assert [(each["FileName"], each["ContentLength"]) for each in there] == [("INV 1 ü.pdf", 18)]


def test_a_trial_leaves_nothing(desk: Desk) -> None:
    trial = desk.erp.trial("invoice", desk.bill("TRY-1"))
    assert (trial.echo["total"], trial.left) == (120, "")
    assert desk.shown("invoice", "Status") == [("DELETED",)]
    books = desk.erp.books()
    assert ("200", "revenue") in [(choice.id, choice.kind) for choice in books.accounts]
    assert ("OUTPUT2", D("0.2")) in [(choice.id, choice.rate) for choice in books.taxes]
    assert books.facts["base currency"] == "EUR"


def test_intents_without_any_key_work_too(desk: Desk) -> None:
    bare = Intent("INV-1", "invoice", desk.bill("INV-1").payload)
    assert _id(desk.write(bare)[0])
