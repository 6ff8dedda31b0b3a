"""Billing documents for tests: only what a story needs to say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from billsync.invoicing.book import BillingDocument, Book, book
from billsync.model.invoice import CreditNote, Invoice

SEATS: dict[str, Any] = {
    "id": "seats",
    "product": "SEAT",
    "model": "recurring",
    "every": {"months": 1},
    "quantity": "5",
    "price": {"scheme": "per_unit", "unit_amount": "10.00"},
}
CALLS: dict[str, Any] = {
    "id": "calls",
    "product": "API",
    "model": "usage",
    "every": {"months": 1},
    "meter": "api",
    "price": {"scheme": "graduated", "tiers": [{"up_to": "1000", "unit_amount": "0"}, {"unit_amount": "0.01"}]},
}


def agreed(*lines: dict[str, Any], **facts: Any) -> BillingDocument:
    """A contract of `acme` in EUR from 2026-01-01; `contract` holds further terms, the rest is beside it."""
    terms = facts.pop("contract", {})
    customer = {"id": "acme", "name": "Acme", "country": "DE"} | facts.pop("customer", {})
    contract = {
        "id": "C",
        "customer": "acme",
        "currency": "EUR",
        "start": "2026-01-01",
        "lines": lines or (SEATS,),
    } | terms
    invoicing = {"default_tax_code": "none"} | facts.pop("invoicing", {})
    return BillingDocument.model_validate({"customer": customer, "contract": contract, "invoicing": invoicing} | facts)


def booked(document: BillingDocument, through: str, *, before: Book | None = None) -> Book:
    """What it comes to, without a problem."""
    made = book(document, through=date.fromisoformat(through), before=before or Book())
    assert made.problems == ()
    return made


def lines(found: Book | Invoice | CreditNote) -> dict[str, Decimal]:
    """Amounts by the charges' keys, without the contract's."""
    documents = found.documents if isinstance(found, Book) else [found]
    return {line.charge.removeprefix("C/"): line.amount for item in documents for line in item.lines}


def used(*events: tuple[str, str, str], **facts: str) -> list[dict[str, str]]:
    """Events of the meter `api`: (id, day, value); a fact by an event's id is the day on which it was received."""
    return [
        {"id": id, "meter": "api", "on": day, "value": value} | ({"received_on": facts[id]} if id in facts else {})
        for id, day, value in events
    ]


def dec(*amounts: str) -> list[Decimal]:
    """Amounts to compare with."""
    return [Decimal(amount) for amount in amounts]
