"""Customers, charges and drafts for tests of invoicing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from billsync.invoicing.draft import Draft, finalise, group
from billsync.invoicing.numbering import number_of, series_of
from billsync.invoicing.policy import InvoicingRules
from billsync.model.charge import Charge, Why
from billsync.model.customer import Customer
from billsync.model.invoice import Invoice
from billsync.model.problem import Problem
from billsync.model.product import Product

CUSTOMERS = {
    "acme": Customer(id="acme", name="Acme", country="DE"),
    "shop": Customer(id="shop", name="Shop", bill_to="acme"),
    "quick": Customer(id="quick", name="Quick", payment_terms_days=7),
}
PRODUCTS = {"seat": Product(id="seat", name="Seat"), "book": Product(id="book", name="Book", tax_code="reduced")}
VAT: tuple[dict[str, Any], ...] = (
    {"code": "standard", "name": "VAT", "rate": "0.19", "country": "DE"},
    {"code": "reduced", "name": "VAT reduced", "rate": "0.07", "country": "DE"},
)


def rules(**facts: Any) -> InvoicingRules:
    """German VAT by default, one invoice per deal."""
    return InvoicingRules.model_validate({"taxes": VAT, "default_tax_code": "standard"} | facts)


def charge(amount: str = "10.00", due_on: str = "2017-03-31", **facts: Any) -> Charge:
    """A one-time charge of `acme` in EUR, unless said otherwise; its key says deal, line and day."""
    deal, line = facts.get("deal", "D1"), facts.get("line", "L1")
    given = {
        "key": f"{deal}/{line}/{due_on}",
        "contract": deal,
        "line": line,
        "deal": deal,
        "customer": "acme",
        "product": "seat",
        "description": "Seat",
        "due_on": due_on,
        "quantity": "1",
        "unit_amount": amount,
        "amount": amount,
        "currency": "EUR",
    }
    given |= facts
    formula = f"{given['quantity']} x {given['unit_amount']} = {amount}"
    given["why"] = Why(rule="one-time", formula=formula, source="crm.csv:2")
    return Charge.model_validate(given)


def drafts(
    charges: Sequence[Charge],
    made_by: InvoicingRules | None = None,
    *,
    through: str = "2017-12-31",
    known: Collection[str] = (),
) -> tuple[list[Draft], list[Problem]]:
    """The drafts of the charges."""
    day = date.fromisoformat(through)
    return group(charges, CUSTOMERS, PRODUCTS, made_by or rules(), through=day, known=known)


def invoice(*charges: Charge, made_by: InvoicingRules | None = None, seq: int = 1, **facts: Any) -> Invoice:
    """The one invoice of the charges, numbered."""
    made_by = made_by or rules()
    found, problems = drafts(charges or [charge()], made_by, **facts)
    assert len(found) == 1, problems
    return finalise(found[0], number_of(made_by, found[0], seq), series_of(made_by, found[0]))


def dec(*amounts: str) -> list[Decimal]:
    """Amounts to compare with."""
    return [Decimal(amount) for amount in amounts]
