"""Writing into ERPNext: exact, once, and no good document held up by a bad one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billsync.connector import (
    Absent,
    Applied,
    Attachment,
    Expectation,
    Found,
    Intent,
    Mismatch,
    Refused,
    TryLater,
    Unclear,
    Unfinished,
)
from tests.erpnext.house import House
from tests.erpnext.office import applied, connect, credit, customer, invoice, payment, standing

INVOICES = "/api/resource/Sales%20Invoice$"


def test_the_same_intent_twice_is_one_record(site: House) -> None:
    erp = connect(site)
    who = customer(erp)
    assert customer(erp) == who
    item = Intent("seat", "item", {"item_code": "SEAT", "item_name": "Seat"})
    assert applied(erp.write("item", [item])) == applied(erp.write("item", [item])) == ["SEAT"]
    assert erp.probe("invoice", ["A-1"]) == [Absent()]
    intent = invoice("A-1", who, line={"item_code": "SEAT"})
    [outcome] = erp.write("invoice", [intent])
    assert isinstance(outcome, Applied), outcome
    assert (outcome.echo["total"], outcome.echo["tax"], outcome.echo["state"]) == (
        *(Decimal("71.36"), Decimal("11.39"), "sent"),
    )
    assert applied(erp.write("invoice", [intent, replace(intent, remote_id=outcome.remote_id)])) == [
        *[outcome.remote_id] * 2
    ]
    [found, other] = erp.probe("invoice", ["A-1", "a-1"])
    assert isinstance(found, Found)
    assert (found.remote_ids, found.complete, found.echo["total"]) == ((outcome.remote_id,), True, Decimal("71.36"))
    assert other == Absent()
    [row] = site.truth("Sales Invoice")
    assert (row["docstatus"], row["posting_date"], row["due_date"]) == (1, "2026-03-02", "2026-04-01")


def test_a_key_in_other_letters_is_another_and_is_told(site: House) -> None:
    """The database takes `a` and `A` for one: what is refused is not taken for ours."""
    erp = connect(site)
    who = customer(erp)
    applied(erp.write("invoice", [invoice("A-1", who)]))
    [outcome] = erp.write("invoice", [invoice("a-1", who)])
    assert isinstance(outcome, Refused)
    assert outcome.reason == "number_taken"


def test_lines_of_several_rates_and_none(site: House) -> None:
    erp = connect(site)
    lines = [
        {"description": "a", "qty": "1", "rate": price, "tax_code": "", "tax_rate": rate}
        for price, rate in (("10.03", "0.19"), ("10.03", "0.19"), ("5.55", "0.07"), ("1.00", "0"))
    ]
    intent = invoice("A-1", customer(erp), "30.81", "4.20", items=lines)
    applied(erp.write("invoice", [intent]))
    [wrong] = erp.write("invoice", [invoice("A-2", "Acme", line={"tax_rate": "0.055"})])
    assert isinstance(wrong, Refused)
    assert wrong.reason == "unknown_tax"
    assert "no template for a tax of 5.5 %" in wrong.message
    named = connect(site, tax_codes={"DE19": "7% - D"})
    applied(named.write("invoice", [invoice("A-3", "Acme", "64.17", "4.20")]))


def test_one_line_a_thousand_none_and_strange_texts(site: House) -> None:
    erp = connect(site)
    who = applied(erp.write("customer", [Intent("x", "customer", {"customer_name": 'O\'Neil "& <b>" 🚀/1'})]))[0]
    text = "quotes \" ' <i>&amp;</i> 🚀 \u202e"
    many = [{"description": text, "qty": "1", "rate": "0.01", "tax_rate": "0"}] * 1000
    applied(erp.write("invoice", [invoice("A-1", who, "10.00", "0", items=many)]))
    assert site.truth("Sales Invoice")[0]["items"][999]["description"] == text
    outcomes = erp.write(
        "invoice",
        [
            invoice("A-2", who, "0", "0", items=[]),
            invoice("A-3", who, "0", "0", line={"qty": "0", "rate": "5", "tax_rate": "0"}),
            invoice("A-4", who, "5", "0", items=[
                {"qty": "1", "rate": "7", "description": "a"}, {"qty": "-1", "rate": "2", "description": "back"},
            ]),
            invoice("A-5", who, memo="x"),
            invoice("A-6", who, line={"color": "red"}),
            invoice("A-7", "Nobody"),
            invoice(" A-8", who),
        ],
    )  # fmt: skip
    assert [getattr(item, "reason", "applied") for item in outcomes] == [
        *("bad_value", "applied", "applied", "unknown_field", "unknown_field", "unknown_reference", "bad_key")
    ]


@pytest.mark.parametrize(("currency", "price", "total"), [("JPY", "1005", "1005"), ("EUR", "1.005", "1.00")])
def test_currencies(site: House, currency: str, price: str, total: str) -> None:
    erp = connect(site)
    line = {"qty": "1", "rate": price, "tax_rate": "0"}
    [outcome] = erp.write("invoice", [invoice("A-1", customer(erp), total, "0", currency=currency, line=line)])
    assert isinstance(outcome, Applied), outcome


def test_what_differs_stays_a_draft_and_is_told(site: House) -> None:
    """KWD has three decimals, this site's books two: nobody is owed what we did not bill."""
    erp = connect(site)
    line = {"qty": "1", "rate": "1.005", "tax_rate": "0"}
    [outcome] = erp.write("invoice", [invoice("A-1", customer(erp), "1.005", "0", currency="KWD", line=line)])
    assert isinstance(outcome, Mismatch)
    assert "total is 1" in outcome.message
    assert site.truth("Sales Invoice")[0]["docstatus"] == 0
    site.set(precision=3)
    site.human("update", "Sales Invoice", outcome.remote_id, items=[{"item_name": "x", "qty": 1, "rate": "1.005"}])
    applied(erp.write("invoice", [invoice("A-1", "Acme", "1.005", "0", currency="KWD", line=line)]))


def test_a_closed_period_is_refused_and_nothing_is_left(site: House) -> None:
    erp = connect(site)
    who = customer(erp)
    site.set(frozen_until="2026-03-31")
    [outcome] = erp.write("invoice", [invoice("A-1", who)])
    assert isinstance(outcome, Refused)
    assert outcome.reason == "period_closed"
    assert site.truth("Sales Invoice") == []


def test_a_customer_or_item_that_is_switched_off(site: House) -> None:
    erp = connect(site)
    who = customer(erp)
    site.human("update", "Customer", who, disabled=1)
    [outcome] = erp.write("invoice", [invoice("A-1", who)])
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.message) == ("inactive", "erp: Customer Acme is disabled")


def test_a_person_edits_the_draft_in_between(site: House) -> None:
    """What somebody changed since it was read is looked at again before it is final."""
    erp = connect(site)
    who = customer(erp)
    site.fault("lost", method="POST", path=INVOICES)
    [lost] = erp.write("invoice", [invoice("A-1", who)])
    assert isinstance(lost, Unclear)
    [draft] = site.truth("Sales Invoice")
    site.human("update", "Sales Invoice", draft["name"], items=[{"item_name": "x", "qty": 1, "rate": 5}])
    [outcome] = erp.write("invoice", [invoice("A-1", who)])
    assert isinstance(outcome, Mismatch)
    assert site.truth("Sales Invoice")[0]["docstatus"] == 0


def test_a_stale_stamp_is_read_again_once(site: House) -> None:
    erp = connect(site)
    who = customer(erp)
    seen = erp._session.update

    def slow(doctype: str, name: str, values: Any) -> Any:
        erp._session.update = seen  # type: ignore[method-assign]
        site.human("update", doctype, name, remarks="seen")
        return seen(doctype, name, values)

    erp._session.update = slow  # type: ignore[method-assign]
    applied(erp.write("invoice", [invoice("A-1", who)]))
    assert site.truth("Sales Invoice")[0]["remarks"] == "seen"


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_who_saves_again_and_again_delays_an_invoice_and_kills_none(site: House, method: str) -> None:
    """Seen in a storm."""
    erp = connect(site)
    who = customer(erp)
    site.fault("stale", method=method, next=3)
    outcomes = [erp.write("invoice", [invoice("A-1", who)])[0] for _ in range(4)]
    assert {type(outcome) for outcome in outcomes} <= {TryLater, Applied}
    assert isinstance(outcomes[0], TryLater)
    assert isinstance(outcomes[-1], Applied)
    assert [row["docstatus"] for row in site.truth("Sales Invoice")] == [1]


def test_people_keep_what_they_add_to_a_customer(site: House) -> None:
    erp = connect(site)
    who = customer(erp)
    site.human("update", "Customer", who, website="acme.example")
    applied(erp.write("customer", [Intent("acme", "customer", {"customer_name": "Acme AG"}, remote_id=who)]))
    [row] = site.truth("Customer")
    assert (row["customer_name"], row["website"]) == ("Acme AG", "acme.example")
    site.admin("DELETE", "log")
    applied(erp.write("customer", [Intent("acme", "customer", {"customer_name": "Acme AG"}, remote_id=who)]))
    assert "PUT" not in {row["method"] for row in site.admin("GET", "log")["requests"]}
    assert applied(erp.write("customer", [Intent("other", "customer", {"customer_name": "Acme"})])) != [who]


def test_a_void_invoice_counts_for_nothing_and_paid_ones_stand(site: House) -> None:
    erp = connect(site)
    who = customer(erp)
    first, second = applied(erp.write("invoice", [invoice("A-1", who), invoice("A-2", who)]))
    applied(erp.write("payment", [payment("P-1", second, "20.00")]))
    void = [Intent(f"A-{n}", "invoice", {}, remote_id=id, void=True) for n, id in ((1, first), (2, second), (3, first))]
    one, paid, other = erp.write("invoice", void)
    assert one == Applied(first, {"state": "void"})
    assert [item.reason for item in (paid, other) if isinstance(item, Refused)] == ["paid", "other_reference"]
    assert erp.write("invoice", void[:1]) == [one]
    there = standing(erp)
    assert (there["A-1"].state, there["A-1"].open) == ("void", Decimal(0))
    assert (there["A-2"].state, there["A-2"].open) == ("partly_paid", Decimal("51.36"))


def test_credit_notes_are_taken_off_or_stay_a_credit(site: House) -> None:
    erp = connect(site)
    who = customer(erp)
    first, second = applied(erp.write("invoice", [invoice("A-1", who), invoice("A-2", who)]))
    applied(erp.write("payment", [payment("P-1", second, "60.00")]))
    wanted = [credit("C-1", who, first, "20.00"), credit("C-2", who, second, "20.00"), credit("C-3", who, None, "5.00")]
    ids = applied(erp.write("credit_note", wanted))
    assert applied(erp.write("credit_note", wanted)) == ids
    assert erp.probe("invoice", ["C-1"]) == [Absent()]
    bills, notes = standing(erp), standing(erp, "credit_note")
    assert [(bills[key].open, bills[key].state) for key in ("A-1", "A-2")] == [
        (Decimal("51.36"), "partly_paid"),
        (Decimal("11.36"), "partly_paid"),
    ]
    assert [(notes[key].total, notes[key].open, notes[key].state) for key in ("C-1", "C-2", "C-3")] == [
        (Decimal(20), Decimal(0), "paid"),
        (Decimal(20), Decimal(20), "sent"),
        (Decimal(5), Decimal(5), "sent"),
    ]
    void = Intent("C-1", "credit_note", {}, remote_id=ids[0], void=True)
    assert erp.write("credit_note", [void]) == [Applied(ids[0], {"state": "void"})]
    assert standing(erp)["A-1"].open == Decimal("71.36")


def test_payments_are_booked_once_and_taken_back(site: House) -> None:
    erp = connect(site)
    who = customer(erp)
    [bill] = applied(erp.write("invoice", [invoice("A-1", who)]))
    wanted = [payment("P-1", bill, "50.00"), payment("P-2", bill, "30.00"), payment("P-3", None, "5.00", party=who)]
    ids = applied(erp.write("payment", wanted))
    assert applied(erp.write("payment", wanted)) == ids
    assert standing(erp)["A-1"].state == "paid"
    there = standing(erp, "payment")
    assert [(there[f"P-{n}"].total, there[f"P-{n}"].applies_to) for n in (1, 2, 3)] == [
        *((Decimal(50), "A-1"), (Decimal(30), "A-1"), (Decimal(5), ""))
    ]
    rest = {row["custom_billsync"]: row["unallocated_amount"] for row in site.truth("Payment Entry")}
    assert rest == {"P-1": 0, "P-2": 8.64, "P-3": 5}
    void = Intent("P-1", "payment", {}, remote_id=ids[0], void=True)
    assert erp.write("payment", [void, void]) == [Applied(ids[0], {"state": "void"})] * 2
    assert standing(erp)["A-1"].open == Decimal("50.00")
    wrong = [payment("P-4", None, "1"), payment("P-5", "X", "1"), payment("P-6", bill, "1", currency="USD")]
    assert [item.reason for item in erp.write("payment", wrong) if isinstance(item, Refused)] == [
        *("no_invoice", "unknown_reference", "other_currency")
    ]


def test_a_batch_goes_on_after_each_kind_of_trouble(site: House) -> None:
    """Each its own outcome: refused for now, unclear, not executed, undone."""
    erp = connect(site)
    who = customer(erp)
    connect(site).write("invoice", [invoice("A-0", who)])
    for fault, options in (
        ("too-many", {}),
        ("lost", {}),
        ("deadlock", {}),
        ("unavailable", {"when": "after"}),
        ("truncated", {}),
        ("no-name", {}),
        ("login-page", {"when": "after"}),
    ):
        site.fault(fault, method="POST", path=INVOICES, **options)
    intents = [invoice(f"A-{n}", who) for n in range(1, 9)]
    outcomes = erp.write("invoice", intents)
    kinds = [TryLater, Unclear, TryLater, Unclear, Unclear, Unclear, Unclear, Applied]
    assert [type(item) for item in outcomes] == kinds
    applied(erp.write("invoice", intents))
    made = [row["custom_billsync"] for row in site.truth("Sales Invoice") if row["docstatus"] == 1]
    assert sorted(made) == [f"A-{n}" for n in range(9)]


def test_a_draft_that_could_not_be_submitted_is_finished_later(site: House) -> None:
    erp = connect(site)
    who = customer(erp)
    site.fault("deadlock", method="PUT")
    [outcome] = erp.write("invoice", [invoice("A-1", who)])
    assert isinstance(outcome, Unfinished)
    [found] = erp.probe("invoice", ["A-1"])
    assert isinstance(found, Found)
    assert not found.complete
    assert applied(erp.write("invoice", [replace(invoice("A-1", who), remote_id=outcome.remote_id)])) == [
        outcome.remote_id
    ]


def test_the_key_is_no_longer_good(site: House) -> None:
    erp = connect(site)
    who = customer(erp)
    site.set(api_secret="another")
    one, two = erp.write("invoice", [invoice("A-1", who), invoice("A-2", who)])
    assert isinstance(one, TryLater)
    assert (one.reason, one.offline, two) == ("auth", True, one)
    assert "stand-in" not in one.message


def test_the_set_up_says_what_is_missing(site: House) -> None:
    erp = connect(site, create_fields=False, user="me@example.com")
    health = erp.check()
    assert health.identity == "billsync@example.com, for Demo GmbH"
    assert health.remarks[:2] == (
        "the key belongs to billsync@example.com, the configuration says me@example.com",
        "Customer has no field custom_billsync",
    )
    [outcome] = erp.write("customer", [Intent("acme", "customer", {"customer_name": "Acme"})])
    assert isinstance(outcome, Refused)
    assert "create it (Customize Form: type Data, unique, no copy)" in outcome.message
    field = {"dt": "Customer", "fieldname": "custom_billsync", "label": "b", "fieldtype": "Data"}
    site.data("POST", "resource/Custom Field", field)
    [outcome] = connect(site).write("customer", [Intent("acme", "customer", {"customer_name": "Acme"})])
    assert isinstance(outcome, Refused)
    assert "is not unique" in outcome.message
    assert standing(erp) == {}


def test_files_trials_and_books(site: House) -> None:
    erp = connect(site)
    [id] = applied(erp.write("invoice", [invoice("A-1", customer(erp))]))
    for _ in range(2):
        erp.attach("invoice", id, Attachment("A-1.pdf", "application/pdf", b"%PDF"))
    assert [(row["file_name"], row["attached_to_name"]) for row in site.truth("File")] == [("A-1.pdf", id)]
    tried = erp.trial("invoice", invoice("trial", "Acme"))
    assert (tried.left, tried.echo["total"]) == ("", Decimal("71.36"))
    assert [row["name"] for row in site.truth("Sales Invoice")] == [id]
    books = erp.books()
    assert {(tax.name, tax.rate) for tax in books.taxes} == {
        *(("7% - D", Decimal("0.07")), ("0% - D", Decimal(0)), ("VAT 19% - D", Decimal("0.19")))
    }
    assert {choice.kind for choice in books.accounts} == {"revenue", "receivable", "bank", "other"}
    assert books.facts["currency"] == "EUR"
    assert "custom_billsync" in {field.name for field in erp.describe("invoice").fields}


def test_a_number_of_ours_that_stands_for_something_else(site: House) -> None:
    erp = connect(site)
    who = customer(erp)
    applied(erp.write("invoice", [invoice("A-1", who)]))
    [outcome] = erp.write("invoice", [replace(invoice("A-1", who), expect=Expectation(total=Decimal(1)))])
    assert isinstance(outcome, Refused)
    assert outcome.reason == "reference_taken"


@pytest.mark.parametrize(
    ("currency", "price", "total", "tax"), [("EUR", "1.50", "1.79", "0.29"), ("JPY", "999", "1189", "190")]
)
def test_a_tax_that_is_rounded_otherwise_is_taken_as_ours(
    site: House, currency: str, price: str, total: str, tax: str
) -> None:
    """The site rounds half a cent to even, and yen to cents; where that is not wanted, it stays a draft."""
    line = {"qty": "1", "rate": price}
    wanted = invoice("A-1", customer(connect(site)), total, tax, currency=currency, line=line)
    [left] = connect(site, own_tax_rounding=False).write("invoice", [replace(wanted, key="A-0")])
    assert isinstance(left, Mismatch)
    [outcome] = connect(site).write("invoice", [wanted])
    assert isinstance(outcome, Applied), outcome
    assert (outcome.echo["total"], outcome.echo["tax"]) == (Decimal(total), Decimal(tax))
    back = {**wanted.payload, "return_against": outcome.remote_id}
    del back["due_date"]
    applied(connect(site).write("credit_note", [replace(wanted, key="C-1", object="credit_note", payload=back)]))
    [wrong] = connect(site).write("invoice", [invoice("A-2", "Acme", "72.36", "12.39")])
    assert isinstance(wrong, Mismatch)
