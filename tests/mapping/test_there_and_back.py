"""From a Salesforce opportunity to a NetSuite invoice and back: the shipped mappings around the real billing code."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billsync.billing.charges import due
from billsync.billing.terms import contract_of
from billsync.cash.status import Row, status_of
from billsync.connector import Record
from billsync.invoicing.draft import finalise, group
from billsync.invoicing.numbering import number_of
from billsync.invoicing.policy import InvoicingRules, TaxRule
from billsync.mapping import Mapping, parse, record_of
from billsync.model.base import Noun
from billsync.model.customer import Customer
from billsync.model.deal import Deal
from billsync.model.invoice import Invoice, InvoiceState
from billsync.model.problem import Place, Problem
from billsync.model.product import Product
from billsync.push.payload import plan, references, resolved
from billsync.shelf import finder, read_mapping
from billsync.strict import json

ROOT = Path()
TODAY = date(2026, 3, 31)
RULES = InvoicingRules(taxes=(TaxRule(code="RC", name="Reverse charge", rate=Decimal(0)),))
OWN = """\
mapping: acme.invoice
version: 1
extends: netsuite.invoice
tables: {tax: {RC: "12"}}
tests:
  - name: reverse charge has the account's own code
    given: {id: i, number: INV-1, customer: c, currency: EUR, issued_on: 2026-03-05, due_on: 2026-04-04, subtotal: "1",
            tax_total: "0", total: "1", lines: [{id: "1", charge: c, deal: d, product: p, description: x, quantity: "1",
            unit_amount: "1", amount: "1", tax_code: RC, tax_rate: "0", why: {rule: r, formula: f}}]}
    expect: {item: {items: [{taxCode: {id: "12"}}]}}
"""
ACCOUNT = """{"Id": "001A", "Name": "Muster GmbH", "BillingCountry": "Germany", "Tax_Number__c": "DE136695976",
"CurrencyIsoCode": "EUR", "BillingStreet": "Hauptstr. 1", "BillingCity": "Berlin", "BillingPostalCode": "01067"}"""
PRODUCTS = """[{"Id": "01tS", "Name": "Seat", "ProductCode": "SEAT"}, {"Id": "01tE", "Name": "Sensor",
"ProductCode": "1E5"}, {"Id": "01tC", "Name": "Cable", "ProductCode": "0012"}]"""
SEAT = '{"Id": "00kS", "Product2Id": "01tS", "Quantity": 3.00, "UnitPrice": 1.005, "Product2": {"Name": "Seat"}}'
SENSOR = '{"Id": "00kE", "Product2Id": "01tE", "Quantity": 2.00, "UnitPrice": 19.99, "Description": "Sensors"}'
CABLE = '{"Id": "00kC", "Product2Id": "01tC", "Quantity": 1.00, "UnitPrice": 0.10, "Product2": {"Name": "Cable"}}'
REMOTE = {"customer/001A": "647", "product/01tS": "98", "product/01tE": "99", "product/01tC": "100"}


def opportunity(*lines: str) -> dict[str, Any]:
    """The record as Salesforce's REST interface gives it."""
    inner = f'{{"totalSize": {len(lines)}, "done": true, "records": [{", ".join(lines)}]}}' if lines else "null"
    found = json.loads(
        '{"Id": "006D", "Name": "Berlin", "AccountId": "001A", "StageName": "Closed Won", "CloseDate": "2026-03-05",'
        f' "CurrencyIsoCode": "EUR", "Account": {{"BillingCountry": "Germany", "Tax_Number__c": "DE136695976"}},'
        f' "OpportunityLineItems": {inner}}}'
    )
    assert isinstance(found, dict)
    return found


def shipped(name: str) -> Mapping:
    return read_mapping(name, ROOT)


def own_invoice() -> Mapping:
    return parse(OWN, "mappings/acme/invoice.yaml", find=finder(ROOT))


def inward(name: str, data: dict[str, Any]) -> Noun:
    mapping = shipped(name)
    record = Record(mapping.source_object, data["Id"], data, Place(system="salesforce", id=data["Id"]))
    mapped = mapping.apply(record, lambda _object, id: id)
    assert mapped.problems == ()
    assert mapped.noun is not None
    return mapped.noun


def outward(mapping: Mapping, kind: str, noun: Noun, id: str) -> dict[str, Any]:
    """What goes over the wire, with NetSuite's ids in place of ours."""
    mapped = mapping.apply(record_of(kind, noun, id), lambda _name, _id: None)
    assert mapped.problems == ()
    assert mapped.doc is not None
    delivery = plan(connection="erp", object=mapping.target_object, kind=kind, our_id=id, number=1, document=mapped.doc,
                    mapping=mapping.digest, rank=1, sequence="", needs=())  # fmt: skip
    assert {f"{kind}/{ours}" for kind, ours in references(delivery)} <= set(REMOTE)
    return dict(resolved(delivery, lambda kind, ours: REMOTE.get(f"{kind}/{ours}")))


def facts() -> tuple[dict[str, Customer], dict[str, Product]]:
    customer = inward("salesforce.account", json.loads(ACCOUNT))
    products = [inward("salesforce.product", data) for data in json.loads(PRODUCTS)]
    assert isinstance(customer, Customer)
    return {customer.id: customer}, {item.id: item for item in products if isinstance(item, Product)}


def billed(data: dict[str, Any]) -> tuple[list[Invoice], list[Problem]]:
    """The invoices of one opportunity, by the code that a run uses."""
    customers, products = facts()
    deal = inward("salesforce.opportunity", data)
    assert isinstance(deal, Deal)
    contract, problems = contract_of(deal, products)
    if contract is None:
        return [], problems
    charges = due(contract, through=TODAY, policy=RULES.policy()).charges
    drafts, problems = group(charges, customers, products, RULES, through=TODAY, known=())
    numbers = [number_of(RULES, draft, place) for place, draft in enumerate(drafts, start=1)]
    series = RULES.series
    return [finalise(draft, number, series) for draft, number in zip(drafts, numbers, strict=True)], problems


def told(invoice: Invoice, state: InvoiceState, paid_on: date | None = None) -> Dict[str, Any]:
    """What Salesforce is told of the opportunity."""
    mapped = shipped("salesforce.status").apply(
        record_of("status", status_of("006D", [Row(invoice, state, paid_on)]), "006D"), lambda _name, _id: None
    )
    assert mapped.doc is not None
    return mapped.doc


def test_three_seats_at_a_thousandth_are_three_euros_and_two_cents_all_the_way() -> None:
    (invoice,), problems = billed(opportunity(SEAT))
    assert problems == []
    payload = outward(own_invoice(), "invoice", invoice, invoice.id)
    assert payload == {
        "externalId": "INV-2026-000001",
        "tranId": "INV-2026-000001",
        "entity": {"id": "647"},
        "tranDate": "2026-03-05",
        "dueDate": "2026-04-04",
        "currency": {"id": "4"},
        "memo": "INV-2026-000001",
        "item": {
            "items": [
                {"item": {"id": "98"}, "description": "Seat", "quantity": "3.00", "rate": "1.005", "amount": "3.02",
                 "taxCode": {"id": "12"}}
            ]
        },
    }  # fmt: skip
    assert told(invoice, InvoiceState.SENT) == {
        "Id": "006D",
        "Invoice_Status__c": "Invoiced",
        "Invoice_Number__c": "INV-2026-000001",
        "Invoice_Amount__c": Decimal("3.02"),
        "Invoice_Date__c": date(2026, 3, 5),
        "Invoice_Due_On__c": date(2026, 4, 4),
        "Invoice_Paid_On__c": None,
    }
    paid = told(invoice, InvoiceState.PAID, date(2026, 3, 20))
    assert (paid["Invoice_Status__c"], paid["Invoice_Paid_On__c"]) == ("Paid", date(2026, 3, 20))


def test_three_lines_are_three_and_money_in_is_money_out() -> None:
    (invoice,), problems = billed(opportunity(SEAT, SENSOR, CABLE))
    assert problems == []
    items = outward(own_invoice(), "invoice", invoice, invoice.id)["item"]["items"]
    assert [(item["item"]["id"], item["quantity"], item["rate"], item["amount"]) for item in items] == [
        ("100", "1.00", "0.10", "0.10"),
        ("99", "2.00", "19.99", "39.98"),
        ("98", "3.00", "1.005", "3.02"),
    ]
    assert sum(Decimal(item["amount"]) for item in items) == invoice.total == Decimal("43.10")
    assert told(invoice, InvoiceState.SENT)["Invoice_Amount__c"] == Decimal("43.10")


def test_no_lines_bill_nothing_and_say_so() -> None:
    invoices, problems = billed(opportunity())
    assert invoices == []
    assert [problem.code for problem in problems] == ["BILL-DEAL-01"]


def test_reverse_charge_without_a_code_of_the_account_waits_for_a_person() -> None:
    (invoice,), _ = billed(opportunity(SEAT))
    assert [(line.tax_code, line.tax_rate) for line in invoice.lines] == [("RC", Decimal(0))]
    mapped = shipped("netsuite.invoice").apply(record_of("invoice", invoice, invoice.id), lambda _name, _id: None)
    assert [problem.code for problem in mapped.problems] == ["MAP-LOOKUP-01"]


def test_a_customer_abroad_is_billed_by_the_policy() -> None:
    data = opportunity(SEAT)
    data["Account"]["Tax_Number__c"] = None
    (invoice,), _ = billed(data)
    items = outward(shipped("netsuite.invoice"), "invoice", invoice, invoice.id)["item"]["items"]
    assert [item["taxCode"] for item in items] == [{"id": "-7"}]


@pytest.mark.parametrize(("id", "code"), [("01tS", "SEAT"), ("01tE", "1E5"), ("01tC", "0012")])
def test_a_product_code_is_text_from_end_to_end(id: str, code: str) -> None:
    _, products = facts()
    assert outward(shipped("netsuite.item"), "product", products[id], id)["itemId"] == code


def test_the_customer_arrives_with_address_and_tax_number() -> None:
    customers, _ = facts()
    payload = outward(shipped("netsuite.customer"), "customer", customers["001A"], "001A")
    assert (payload["companyName"], payload["vatRegNumber"], payload["currency"]) == (
        "Muster GmbH",
        "DE136695976",
        {"id": "4"},
    )
    (address,) = payload["addressBook"]["items"]
    assert address["addressBookAddress"] == {
        "addr1": "Hauptstr. 1", "city": "Berlin", "zip": "01067", "country": {"id": "DE"},
    }  # fmt: skip
