"""Contracts and usage from files, over runs of the real pipeline: billed, changed, repaired; as a preview says it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billsync.invoicing.book import BillingDocument, book
from billsync.invoicing.policy import InvoicingRules
from billsync.model.contract import Contract
from billsync.model.customer import Customer
from billsync.model.invoice import CreditNote, Invoice
from billsync.model.product import Product
from billsync.model.usage import CustomerUsage
from billsync.store import Store
from tests.stage.agreed import Agreed, plain
from tests.stage.office import INVOICE, PARTY, PRODUCT

NOTE = "mappings/tryton/credit_note.yaml"


@pytest.fixture
def office(tmp_path: Path, store: Store) -> Agreed:
    return Agreed(tmp_path, store, outbound=(PARTY, PRODUCT, INVOICE, NOTE), contracts={"C-1": plain()})


def totals(office: Agreed) -> list[tuple[str, str]]:
    with office.store.view() as tx:
        return [(item.invoice.number, str(item.invoice.total)) for item in tx.ledger.invoices()]


def test_a_contract_and_its_usage_become_invoices_there(office: Agreed) -> None:
    office.usage = [("e1", "Acme", "calls", "2017-01-10", "100"), ("e2", "Acme", "calls", "2017-01-31", "50")]
    assert office.run(through=date(2017, 2, 1)).exit_code == 0
    assert totals(office) == [("INV-0001", "50.00"), ("INV-0002", "53.00")]
    assert [key for key in office.there() if key.startswith("INV")] == ["INV-0001", "INV-0002"]
    assert office.run(through=date(2017, 2, 1)).counts.get("invoices made", 0) == 0
    office.usage.append(("e3", "Acme", "calls", "2017-02-02", "10"))
    office.run(through=date(2017, 3, 1))
    assert totals(office)[2:] == [("INV-0003", "50.20")]
    assert (office.codes(), office.sound()) == ([], True)


def test_an_amendment_after_billing_is_repaired_and_no_problem(office: Agreed) -> None:
    office.run(through=date(2017, 1, 1))
    change = {"effective": "2017-01-16", "agreed_on": "2017-01-20", "line": "seats", "quantity": "8"}
    office.contracts["C-1"] = plain(amendments=[change])
    office.run(through=date(2017, 1, 20))
    # 16 of 31 days: 5 seats given back (25.81), 8 seats billed (41.29)
    assert totals(office) == [("INV-0001", "50.00"), ("INV-0002", "15.48")]
    office.run(through=date(2017, 2, 1))
    assert totals(office)[2:] == [("INV-0003", "80.00")]
    assert (office.codes(), office.sound()) == ([], True)


def test_what_is_billed_once_and_told_otherwise_later_is_for_a_person(office: Agreed) -> None:
    def setup(price: str) -> dict[str, Any]:
        tiers = {"scheme": "graduated", "tiers": [{"up_to": None, "unit_amount": price}]}
        line = {"id": "setup", "product": "Basic", "model": "one_time", "price": tiers}
        return plain(lines=[line])

    office.contracts["C-1"] = setup("100")
    office.run(through=date(2017, 1, 1))
    office.contracts["C-1"] = setup("120")
    office.run(through=date(2017, 1, 2))
    assert (totals(office), office.codes()) == ([("INV-0001", "100.00")], ["BILL-CONTRACT-02"])
    office.contracts["C-1"] = setup("100")
    office.run(through=date(2017, 1, 3))
    assert (totals(office), office.codes()) == ([("INV-0001", "100.00")], [])


def test_what_is_given_back_goes_on_a_credit_note_where_the_policy_says_so(office: Agreed) -> None:
    office.rules = {"conventions": {"credits": "credit_note", "downgrade": "now"}}
    office.run(through=date(2017, 1, 1))
    change = {"effective": "2017-01-16", "agreed_on": "2017-01-20", "line": "seats", "quantity": "2"}
    office.contracts["C-1"] = plain(amendments=[change])
    office.run(through=date(2017, 1, 20))
    with office.store.view() as tx:
        [note] = tx.ledger.credit_notes()
        before = tx.ledger.invoice("INV-0001")
    assert before is not None
    assert (note.note.total, note.takes, str(note.state)) == (
        Decimal("25.81"), {"INV-0001": Decimal("25.81")}, "sent",
    )  # fmt: skip
    assert before.open == Decimal("24.19")
    assert totals(office)[1:] == [("INV-0002", "10.32")]
    assert (office.codes(), office.sound()) == ([], True)


def test_what_cannot_be_billed_waits_and_stops_no_other(office: Agreed) -> None:
    office.contracts["C-2"] = plain(lines=[{"id": "x", "product": "Basic", "model": "recurring", "months": 1}])
    office.contracts["C-3"] = plain(customer="Nobody")
    assert office.run(through=date(2017, 1, 1)).exit_code == 1
    assert totals(office) == [("INV-0001", "50.00")]
    assert office.codes() == ["MAP-DOC-01", "MAP-REF-01"]


def test_a_deal_is_not_billed_a_second_time_as_a_contract(office: Agreed) -> None:
    office.won = {"C-1": ("Acme", "Won", "9")}
    assert office.run(through=date(2017, 3, 1)).exit_code == 1
    assert (totals(office), office.codes()) == ([("INV-0001", "9.00")], ["BILL-CONTRACT-01"])
    office.contracts = {"C-2": plain()}
    assert office.run(through=date(2017, 1, 1)).exit_code == 0
    assert (totals(office)[1:], office.codes(), office.sound()) == ([("INV-0002", "50.00")], [], True)


def test_a_contract_that_goes_takes_its_open_charges_with_it(office: Agreed) -> None:
    office.run(through=date(2017, 1, 1))
    del office.contracts["C-1"]
    office.contracts["C-9"] = plain()
    office.run(through=date(2017, 2, 1))
    assert office.codes() == ["BILL-DEAL-04"]
    assert {total for _, total in totals(office)} == {"50.00"}
    assert office.sound()


def previewed(office: Agreed, through: date) -> list[Invoice | CreditNote]:
    """The stored contract, customer and usage as one billing document."""
    with office.store.view() as tx:
        contract = Contract.reread(tx.facts.page("contract")[0].doc)
        customer = Customer.reread(tx.facts.many("customer", [contract.customer])[contract.customer].doc)
        products = [Product.reread(fact.doc) for fact in tx.facts.page("product")]
        usage = [CustomerUsage.reread(fact.doc) for fact in tx.facts.page("usage")]
    rules = InvoicingRules.model_validate({"grouping": "deal", "series": "INV-{seq:04}", **office.rules})
    document = BillingDocument(
        customer=customer, contract=contract, products=tuple(products), usage=tuple(usage), invoicing=rules
    )
    return list(book(document, through=through).documents)


@pytest.mark.parametrize(
    "rules", [{}, {"preset": "stripe-like", "taxes": [{"code": "US", "rate": "0.07"}], "default_tax_code": "US"}]
)
def test_a_run_makes_what_a_preview_shows_byte_for_byte(office: Agreed, rules: dict[str, Any]) -> None:
    change = {"effective": "2017-01-16", "line": "seats", "quantity": "8"}
    office.rules, office.contracts["C-1"] = rules, plain(amendments=[change])
    office.usage = [(f"e{n}", "Acme", "calls", f"2017-01-{n:02}", str(n * 7)) for n in range(1, 29)]
    office.run(through=date(2017, 4, 30))
    with office.store.view() as tx:
        made = [item.invoice.json_text() for item in tx.ledger.invoices()]
    assert made == [item.json_text() for item in previewed(office, date(2017, 4, 30))]
    assert office.sound()


def test_two_companies_count_by_themselves(office: Agreed) -> None:
    own = {"series": "NO-{seq:03}", "credit_series": "NC-{seq:03}"}
    office.rules = {"entities": {"north": own}}
    office.contracts = {"C-1": plain(), "C-2": plain(entity="north"), "C-3": plain(entity="north")}
    office.run(through=date(2017, 1, 1))
    office.run(through=date(2017, 2, 1))
    assert [number for number, _ in totals(office)] == [
        "INV-0001", "INV-0002", "NO-001", "NO-002", "NO-003", "NO-004",
    ]  # fmt: skip
    assert office.sound()
