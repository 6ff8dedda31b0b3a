"""What the connector writes and looks up, against the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
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
    Unfinished,
)
from billsync_connectors.odoo.connector import Odoo
from tests.odoo.erp import TOTAL, bill, calls, document, line, made, moves, opened, partner, write
from tests.odoo.house import House


@pytest.fixture
def erp(odoo: House) -> Iterator[Odoo]:
    connector = opened(odoo)
    yield connector
    connector.close()


def _human_tax(odoo: House, **values: Any) -> None:
    odoo.human("account.tax", "create", vals_list=[{"type_tax_use": "sale", **values}])


# ---------------------------------------------------------------- customers and products


def test_a_customer_is_made_once_and_changed_only_where_it_differs(odoo: House, erp: Odoo) -> None:
    id = partner(erp, name="Müller “& Söhne” 🚀", country_id="DE", zip="01067")
    assert partner(erp, name="Müller “& Söhne” 🚀", country_id="DE", zip="01067") == id
    assert "res.partner/write" not in calls(odoo)
    odoo.human("res.partner", "write", ids=[int(id)], vals={"phone": "1", "city": "Bonn"})
    assert partner(erp, name="Müller GmbH", city=None) == id
    (row,) = [row for row in odoo.truth("res.partner") if row["id"] == int(id)]
    assert (row["name"], row["city"], row["phone"], row["zip"]) == ("Müller GmbH", False, "1", "01067")
    assert row["xmlid"] == "billsync.partner-acme"


def test_another_of_the_same_name_is_never_taken_for_ours(odoo: House, erp: Odoo) -> None:
    theirs = odoo.human("res.partner", "create", vals_list=[{"name": "Acme", "ref": "acme"}])[0]
    assert partner(erp) != str(theirs)


def test_a_record_that_a_person_tied_to_ours_gets_our_external_id(odoo: House, erp: Odoo) -> None:
    theirs = odoo.human("res.partner", "create", vals_list=[{"name": "Acme Ltd", "vat": "GB1"}])[0]
    assert write(erp, "partner", "acme", {"name": "Acme"}, remote_id=str(theirs)) == Applied(str(theirs))
    assert erp.probe("partner", ["acme", "other"]) == [Found((str(theirs),)), Absent()]
    (other,) = erp.write("partner", [Intent("beta", "partner", {"name": "B"}, remote_id=str(theirs))])
    assert isinstance(other, Mismatch)


def test_one_bad_record_of_many_leaves_the_others(odoo: House, erp: Odoo) -> None:
    intents = [Intent(f"c{n}", "partner", {"name": "" if n == 2 else f"C{n}"}) for n in range(4)]
    outcomes = erp.write("partner", intents)
    assert [type(outcome).__name__ for outcome in outcomes] == ["Applied", "Applied", "Refused", "Applied"]
    assert calls(odoo).count("res.partner/load") == 2
    unknown = write(erp, "partner", "x", {"name": "X", "colour": "red", "vat": "1"})
    assert isinstance(unknown, Refused)
    assert (unknown.reason, unknown.field) == ("unknown_field", "colour")


def test_a_product(odoo: House, erp: Odoo) -> None:
    id = made(write(erp, "product", "SEAT/1.a", {"name": "Seat", "default_code": "S", "list_price": Decimal("9.90")}))
    assert made(write(erp, "product", "SEAT/1.a", {"name": "Seat", "list_price": Decimal("10.10")})) == id
    (row,) = odoo.truth("product.product")
    assert (row["xmlid"], str(row["list_price"])) == ("billsync.product-SEAT=2F1=2Ea", "10.1")


# ---------------------------------------------------------------- invoices


def test_an_invoice_is_posted_and_looks_as_it_was_sent(odoo: House, erp: Odoo) -> None:
    head = {"invoice_date_due": date(2026, 5, 1), "narration": "March", "invoice_origin": "D-1"}
    outcome = write(erp, "invoice", "INV-1", document(partner(erp), "INV-1", line(), **head), expect=TOTAL)
    assert isinstance(outcome, Applied)
    assert outcome.echo == {
        "total": Decimal(119), "tax": Decimal(19), "currency": "EUR", "lines": 1, "on": date(2026, 3, 3),
        "number": "INV/2026/00001", "state": "sent",
    }  # fmt: skip
    (row,) = moves(odoo)
    assert (row["invoice_date_due"], row["narration"], row["xmlid"]) == (
        "2026-05-01",
        "March",
        "billsync.invoice-INV-1",
    )
    assert write(erp, "invoice", "INV-1", {}, expect=TOTAL) == outcome
    assert erp.probe("invoice", ["INV-1", "INV-2"]) == [Found(("1",), echo=outcome.echo), Absent()]
    assert len(moves(odoo)) == 1


def test_a_copy_that_a_person_made_with_our_reference_is_named(odoo: House, erp: Odoo) -> None:
    id = bill(erp)
    odoo.human("account.move", "copy", ids=[int(id)], default={"payment_reference": "INV-1"})
    (probe,) = erp.probe("invoice", ["INV-1"])
    assert isinstance(probe, Found)
    assert len(probe.remote_ids) == 2


def test_many_are_few_calls_and_each_has_its_own_outcome(odoo: House, erp: Odoo) -> None:
    acme = partner(erp)
    lines = {3: (line("-60.00"),), 5: (line(tax_rate=Decimal("0.33")),), 7: (line(product_id="99"),)}
    intents = [
        Intent(f"I-{n}", "invoice", document(acme, f"I-{n}", *lines.get(n, ())), expect=TOTAL if n != 3 else None)
        for n in range(10)
    ]
    outcomes = erp.write("invoice", intents)
    refused = {n: outcome.reason for n, outcome in enumerate(outcomes) if isinstance(outcome, Refused)}
    assert refused == {3: "negative_total", 5: "unknown_tax", 7: "bad_reference"}
    assert sum(isinstance(outcome, Applied) for outcome in outcomes) == 7
    assert {row["state"] for row in moves(odoo)} == {"posted"}
    assert len(moves(odoo)) == 7


@pytest.mark.parametrize(
    ("currency", "price", "rate", "total", "tax"),
    [
        ("EUR", "0.01", "0.19", "0.01", "0.00"),
        ("EUR", "1.01", "0.20", "1.21", "0.20"),
        ("JPY", "1001", "0.20", "1201", "200"),
        ("KWD", "1.005", "0.20", "1.206", "0.201"),
        ("USD", "100.00", "0", "100.00", "0"),
        ("EUR", "0.00", "0", "0", "0"),
    ],
)
def test_amounts_to_the_last_digit(
    odoo: House, erp: Odoo, currency: str, price: str, rate: str, total: str, tax: str
) -> None:
    odoo.set(price_digits=3)
    one = {**line(price, 1), "tax_rate": Decimal(rate), "name": 'a "quoted", line\nin two 🚀'}
    wanted = Expectation(Decimal(total), Decimal(tax), currency, 1, date(2026, 3, 3))
    outcome = write(erp, "invoice", "I", document(partner(erp), "I", one, currency_id=currency), expect=wanted)
    assert isinstance(outcome, Applied), outcome
    assert moves(odoo)[0]["lines"][0]["name"] == 'a "quoted", line\nin two 🚀'


def test_a_thousand_lines_and_none(odoo: House, erp: Odoo) -> None:
    acme = partner(erp)
    lines = [line("1.00", 1, name=f"line {n}") for n in range(1000)]
    wanted = Expectation(Decimal(1190), Decimal(190), "EUR", 1000)
    assert isinstance(write(erp, "invoice", "I", document(acme, "I", *lines), expect=wanted), Applied)
    none = write(erp, "invoice", "N", {**document(acme, "N"), "invoice_line_ids": []})
    assert isinstance(none, Refused)
    assert (none.reason, len(moves(odoo))) == ("no_lines", 1)


def test_a_draft_that_differs_is_never_posted(odoo: House, erp: Odoo) -> None:
    odoo.human("res.company", "write", ids=[1], vals={"tax_calculation_rounding_method": "round_globally"})
    assert erp.check().remarks[0].startswith("Odoo rounds taxes per rate, the connection says")
    four = [line("0.16", 1, tax_rate=Decimal("0.08875")) for _ in range(4)]
    wanted = Expectation(Decimal("0.68"), Decimal("0.04"), "EUR", 4)  # as it would be, rounded line by line
    outcome = write(erp, "invoice", "I", document(partner(erp), "I", *four), expect=wanted)
    assert isinstance(outcome, Mismatch)
    assert "total is 0.7 there, 0.68 here, tax is 0.06 there, 0.04 here" in outcome.message
    assert moves(odoo)[0]["state"] == "draft"
    agreed = opened(odoo, tax_rounding="rate")
    assert agreed.check().remarks == ()
    agreed.close()


def test_the_company_s_own_tax_codes(odoo: House, erp: Odoo) -> None:
    _human_tax(odoo, name="19% EU", amount=19)
    acme = partner(erp)
    two = write(erp, "invoice", "I", document(acme, "I"))
    assert isinstance(two, Refused)
    assert two.reason == "unknown_tax"
    assert "19%, 19% EU" in two.message
    named = opened(odoo, tax_codes={"EU": "19% EU", "no": "nothing"})
    outcome = write(named, "invoice", "I", document(acme, "I", line(tax_code="EU")), expect=TOTAL)
    assert isinstance(outcome, Applied)
    explicit = write(erp, "invoice", "J", document(acme, "J", line(tax_ids=[odoo.tax("7%")])))
    assert isinstance(explicit, Applied)
    assert explicit.echo["total"] == 107
    assert isinstance(write(named, "invoice", "K", document(acme, "K", line(tax_code="no"))), Refused)
    named.close()


def test_fields_of_one_s_own_and_those_that_nobody_knows(odoo: House, erp: Odoo) -> None:
    odoo.set(fields="account.move x_project char\naccount.move.line x_cost float")
    acme = partner(erp)
    data = document(acme, "I", line(x_cost=Decimal("1.10")), x_project="P-1")
    assert isinstance(write(erp, "invoice", "I", data, expect=TOTAL), Applied)
    (row,) = moves(odoo)
    assert (row["x_project"], str(row["lines"][0]["x_cost"])) == ("P-1", "1.1")
    for wrong in (document(acme, "J", x_projct="P"), document(acme, "J", line(unit_price=Decimal(1)))):
        outcome = write(erp, "invoice", "J", wrong)
        assert isinstance(outcome, Refused)
        assert outcome.reason == "unknown_field"


def test_a_number_of_ours_and_one_that_somebody_else_has(odoo: House, erp: Odoo) -> None:
    acme = partner(erp)
    assert isinstance(write(erp, "invoice", "I-1", document(acme, "I-1", name="I-1"), expect=TOTAL), Applied)
    assert moves(odoo)[0]["name"] == "I-1"
    assert isinstance(write(erp, "invoice", "I-1", document(acme, "I-1", name="I-1"), expect=TOTAL), Applied)
    odoo.posted(name="I-2")
    taken = write(erp, "invoice", "I-2", document(acme, "I-2", name="I-2"), expect=TOTAL)
    assert isinstance(taken, Refused)
    assert (taken.reason, len(moves(odoo))) == ("number_taken", 2)


@pytest.mark.parametrize("lock", ["refuse", "move"])
def test_a_closed_period_is_refused_and_leaves_nothing(odoo: House, erp: Odoo, lock: str) -> None:
    acme = partner(erp)
    odoo.set(lock=lock)
    odoo.human("res.company", "write", ids=[1], vals={"fiscalyear_lock_date": "2026-03-03"})
    closed = write(erp, "invoice", "I", document(acme, "I"), expect=TOTAL)
    assert isinstance(closed, Refused)
    assert (closed.reason, moves(odoo)) == ("period_closed", [])
    asked = opened(odoo, closed_period="move")
    late = write(asked, "invoice", "I", document(acme, "I"), expect=TOTAL)
    assert isinstance(late, Refused if lock == "refuse" else Applied), late
    assert [row["date"] for row in moves(odoo)] == ([] if lock == "refuse" else ["2026-03-04"])
    asked.close()


def test_an_archived_customer_is_refused(odoo: House, erp: Odoo) -> None:
    acme = partner(erp)
    odoo.human("res.partner", "action_archive", ids=[int(acme)])
    outcome = write(erp, "invoice", "I", document(acme, "I"))
    assert isinstance(outcome, Refused)
    assert (outcome.reason, moves(odoo)) == ("inactive", [])
    gone = write(erp, "invoice", "I", document("777", "I"))
    assert isinstance(gone, Refused)
    assert gone.reason == "bad_reference"


def test_a_person_edits_in_between(odoo: House, erp: Odoo) -> None:
    id = bill(erp)
    odoo.human("account.move", "button_draft", ids=[int(id)])
    odoo.human("account.move", "write", ids=[int(id)], vals={"invoice_date": "2026-03-02"})
    outcome = write(erp, "invoice", "INV-1", {}, remote_id=id, expect=TOTAL)
    assert isinstance(outcome, Mismatch)
    assert "date is 2026-03-02 there" in outcome.message
    odoo.human("account.move", "button_cancel", ids=[int(id)])
    gone = write(erp, "invoice", "INV-1", {}, remote_id=id)
    assert isinstance(gone, Refused)
    assert gone.reason == "void"


# ---------------------------------------------------------------- taken back, credited, paid


def test_void_and_void_again(odoo: House, erp: Odoo) -> None:
    id = bill(erp)
    for _ in range(2):
        assert write(erp, "invoice", "INV-1", {}, remote_id=id, void=True) == Applied(id, {"state": "void"})
    assert moves(odoo)[0]["state"] == "cancel"
    assert isinstance(erp.probe("invoice", ["INV-1"])[0], Found)
    other = write(erp, "invoice", "INV-9", {}, remote_id=bill(erp, "INV-2"), void=True)
    assert isinstance(other, Refused)


def test_what_is_paid_or_closed_is_not_voided(odoo: House, erp: Odoo) -> None:
    paid, closed = bill(erp, "INV-1"), bill(erp, "INV-2")
    odoo.pay(int(paid), amount=10)
    refused = write(erp, "invoice", "INV-1", {}, remote_id=paid, void=True)
    odoo.human("res.company", "write", ids=[1], vals={"sale_lock_date": "2026-03-31"})
    locked = write(erp, "invoice", "INV-2", {}, remote_id=closed, void=True)
    assert isinstance(refused, Refused)
    assert isinstance(locked, Refused)
    assert (refused.reason, locked.reason) == ("paid", "period_closed")
    assert {row["state"] for row in moves(odoo)} == {"posted"}


def test_a_credit_note_lowers_its_invoice_and_the_rest_stays(odoo: House, erp: Odoo) -> None:
    invoice, acme = bill(erp), partner(erp)

    def note(key: str, price: str) -> Any:
        data = document(acme, key, line(price, 1), reversed_entry_id=invoice)
        return write(erp, "credit_note", key, data)

    first, second = note("CN-1", "20.00"), note("CN-2", "100.00")
    assert (first.echo["total"], second.echo["total"]) == (Decimal("23.8"), 119)
    assert odoo.move(int(invoice), "amount_residual", "payment_state") == (0, "reversed")
    assert odoo.move(int(second.remote_id), "amount_residual") == 23.8
    again = note("CN-2", "100.00")
    assert (again.remote_id, len(moves(odoo, "out_refund"))) == (second.remote_id, 2)
    assert made(write(erp, "credit_note", "CN-1", {}, remote_id=first.remote_id, void=True)) == first.remote_id
    assert odoo.move(int(invoice), "amount_residual") == 23.8


def test_a_payment_is_applied_and_what_is_too_much_stays(odoo: House, erp: Odoo) -> None:
    invoice = bill(erp)
    data = {"invoice_ids": invoice, "amount": Decimal(150), "currency_id": "EUR", "date": date(2026, 3, 4)}
    outcome = write(erp, "payment", "p-1", data)
    assert isinstance(outcome, Applied)
    assert (outcome.echo["total"], outcome.echo["state"]) == (150, "booked")
    assert odoo.move(int(invoice), "payment_state") == "paid"
    assert made(write(erp, "payment", "p-1", data)) == outcome.remote_id
    (row,) = odoo.truth("account.payment")
    assert (row["memo"], row["partner_id"], row["xmlid"]) == ("p-1", int(partner(erp)), "billsync.payment-p-1")
    for _ in range(2):
        void = write(erp, "payment", "p-1", {}, remote_id=outcome.remote_id, void=True)
        assert void == Applied(outcome.remote_id, {"state": "void"})
    assert odoo.move(int(invoice), "payment_state", "amount_residual") == ("not_paid", 119)
    for wrong in ({**data, "amount": Decimal(0)}, {"amount": Decimal(1), "date": date(2026, 3, 4)}):
        assert isinstance(write(erp, "payment", "p-2", wrong), Refused)
    odoo.human("res.company", "write", ids=[1], vals={"hard_lock_date": "2026-03-04"})
    closed = write(erp, "payment", "p-3", data)
    assert isinstance(closed, Refused)
    assert closed.reason == "period_closed"


def test_a_payment_for_no_invoice_waits_as_credit(odoo: House, erp: Odoo) -> None:
    data = {"partner_id": partner(erp), "amount": Decimal("5.55"), "currency_id": "USD", "date": date(2026, 3, 4)}
    assert isinstance(write(erp, "payment", "p-1", data), Applied)


# ---------------------------------------------------------------- standing, coming back, files


def test_what_stands_there(odoo: House, erp: Odoo) -> None:
    first, second = bill(erp), bill(erp, "INV-2")
    theirs, void = odoo.posted(), bill(erp, "INV-3")
    write(erp, "invoice", "INV-3", {}, remote_id=void, void=True)
    paid = {"invoice_ids": [first], "amount": Decimal(19), "currency_id": "EUR", "date": date(2026, 3, 4)}
    write(erp, "payment", "p-1", paid)
    write(erp, "credit_note", "CN-1", document(partner(erp), "CN-1", reversed_entry_id=second))
    invoices = {item.id: item for page in erp.standing("invoice") for item in page}
    told = {id: (item.reference, item.state, str(item.open)) for id, item in invoices.items()}
    assert told == {
        first: ("INV-1", "partly_paid", "100"), second: ("INV-2", "paid", "0"), str(theirs): ("", "sent", "119"),
        void: ("INV-3", "void", "0"),
    }  # fmt: skip
    ((note,),), ((payment,),) = erp.standing("credit_note"), erp.standing("payment")
    assert (note.reference, note.applies_to, str(note.total), note.lines) == ("CN-1", "INV-2", "119", 1)
    assert (payment.reference, payment.applies_to, str(payment.total)) == ("p-1", "INV-1", "19")


def test_what_people_book_comes_back_and_what_they_take_back_too(odoo: House, erp: Odoo) -> None:
    invoice = bill(erp)
    pages = list(erp.read("payment", None))
    assert pages[-1].snapshot
    payment = odoo.pay(int(invoice), amount=19)
    (page, last) = erp.read("payment", pages[-1].checkpoint or None)
    (record,) = page.records
    told = {name: record.data[name] for name in ("reference", "invoice_reference", "amount", "currency", "date")}
    assert told == {
        "reference": "", "invoice_reference": "INV-1", "amount": 19, "currency": "EUR", "date": date(2026, 3, 5),
    }  # fmt: skip
    assert erp.fetch("payment", [record.id])[0].data == record.data
    odoo.forward(3600)
    odoo.human("account.payment", "action_cancel", ids=[payment])
    (again, _end) = erp.read("payment", last.checkpoint)
    assert [(row.id, row.deleted) for row in again.records] == [(str(payment), True)]
    ((seen, *_), *_) = [page.records for page in erp.read("invoice", None)]
    assert (seen.data["reference"], seen.data["final"], seen.data["amount_residual"]) == ("INV-1", True, 119)


def test_a_page_cannot_lose_records_of_one_second(odoo: House, erp: Odoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billsync_connectors.odoo.changes.PAGE", 2)
    ids = [bill(erp, f"INV-{n}") for n in range(5)]
    odoo.human("account.move", "write", ids=[int(id) for id in ids], vals={"narration": "one stamp"})
    pages = list(erp.read("invoice", None))
    assert [record.id for page in pages for record in page.records] == ids
    resumed = [record.id for page in erp.read("invoice", pages[0].checkpoint) for record in page.records]
    assert resumed == ids[2:]
    assert not any(page.snapshot for page in erp.read("invoice", pages[0].checkpoint))


def test_what_is_committed_late_under_an_early_stamp_is_read(odoo: House, erp: Odoo) -> None:
    first, second = bill(erp), bill(erp, "INV-2")
    odoo.human("account.move", "write", late=300, ids=[int(first)], vals={"narration": "a long transaction"})
    odoo.forward(200)
    odoo.human("account.move", "write", ids=[int(second)], vals={"narration": "a short one"})
    *_, last = erp.read("invoice", None)
    odoo.forward(200)
    assert first in [record.id for page in erp.read("invoice", last.checkpoint) for record in page.records]


def test_a_file_is_laid_to_an_invoice_once(odoo: House, erp: Odoo) -> None:
    id = bill(erp)
    for content in (b"%PDF one", b"%PDF two"):
        erp.attach("invoice", id, Attachment("INV-1.pdf", "application/pdf", content))
    (file,) = odoo.truth("ir.attachment")
    assert (file["name"], file["res_model"], file["res_id"]) == ("INV-1.pdf", "account.move", int(id))
    with pytest.raises(Refused, match="any more"):
        erp.attach("invoice", "999", Attachment("x.pdf", "application/pdf", b""))


def test_a_trial_leaves_nothing(odoo: House, erp: Odoo) -> None:
    trial = erp.trial("invoice", Intent("trial", "invoice", document(partner(erp), "trial")))
    assert (trial.echo["total"], trial.echo["tax"], trial.left) == (119, 19, "")
    assert moves(odoo) == []


def test_what_a_person_chooses_from(odoo: House, erp: Odoo) -> None:
    odoo.human("res.company", "write", ids=[1], vals={"tax_lock_date": "2026-01-31"})
    books = erp.books()
    kinds = {choice.id: choice.kind for choice in books.accounts}
    assert (kinds["400000"], kinds["121000"], kinds["PBNK1"]) == ("revenue", "receivable", "bank")
    assert {choice.name: choice.rate for choice in books.taxes if choice.default} == {"19%": Decimal("0.19")}
    assert [choice.id for choice in books.currencies if choice.default] == ["EUR"]
    assert books.facts["locked until"] == "2026-01-31"


def test_who_it_is(odoo: House, erp: Odoo) -> None:
    health = erp.check()
    assert (health.version, health.identity, health.remarks) == ("19", "billsync of My Company", ())
    assert {field.name for field in erp.describe("payment").fields} >= {"amount", "memo"}
    other = opened(odoo, company="Nobody")
    with pytest.raises(Refused, match="0 companies of Odoo are called Nobody"):
        other.check()
    other.close()


@pytest.mark.parametrize("version", [16, 18])
def test_the_same_by_json_rpc(odoo: House, version: int) -> None:
    odoo.ready(version=version)
    erp = opened(odoo)
    invoice = bill(erp)
    data = {"invoice_ids": invoice, "amount": Decimal(119), "currency_id": "EUR", "date": date(2026, 3, 4)}
    assert isinstance(write(erp, "payment", "p-1", data), Applied)
    assert odoo.move_by_rpc(int(invoice), "payment_state") == "paid"
    outcome = write(erp, "invoice", "I", document("777", "I"))
    assert isinstance(outcome, Refused)
    assert odoo.truth("account.payment")[0]["ref" if version < 18 else "memo"] == "p-1"
    assert erp.check().version == str(version)
    erp.close()


def test_an_unfinished_one_is_finished_by_its_id(odoo: House, erp: Odoo) -> None:
    data = document(partner(erp), "I")
    odoo.fault("dropped", path="/json/2/account.move/action_post")
    first = write(erp, "invoice", "I", data, expect=TOTAL)
    assert isinstance(first, Unfinished)
    assert moves(odoo)[0]["state"] == "draft"
    assert made(write(erp, "invoice", "I", data, expect=TOTAL, remote_id=first.remote_id)) == first.remote_id
    assert [row["state"] for row in moves(odoo)] == ["posted"]
