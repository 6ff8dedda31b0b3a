"""A made-up invoice by the real rules, to try a target with: lines of every tax code, amounts that round.  (pure)"""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Final

from billsync.invoicing.book import BillingDocument, book
from billsync.invoicing.policy import InvoicingRules
from billsync.invoicing.tax import rule_on
from billsync.model.contract import Contract, ContractLine
from billsync.model.currency import exponent
from billsync.model.customer import Customer
from billsync.model.invoice import Invoice
from billsync.model.problem import Problem
from billsync.model.product import Product
from billsync.model.scheme import PerUnitPrice

CUSTOMER: Final = "billsync-trial"
PRODUCT: Final = "billsync-trial"
NUMBER: Final = "BILLSYNC-TRIAL"
_LINES: Final = ((1, 1003), (1, 1003), (3, 1001))
"""Quantity and unit price in minor units: two lines whose tax is rounded otherwise together than apart."""


def sample(rules: InvoicingRules, currency: str, day: date) -> Invoice | tuple[Problem, ...]:
    """The invoice, or why these rules make none.  Its customer and its product are called `billsync-trial`."""
    payer = Customer(id=CUSTOMER, name="billsync trial", country=_country(rules))
    contract = Contract(
        id=CUSTOMER, customer=CUSTOMER, currency=currency, start=day, lines=tuple(_lines(rules, payer, currency, day))
    )
    document = BillingDocument(
        customer=payer, contract=contract, products=(Product(id=PRODUCT, name="Trial"),), invoicing=_plain(rules)
    )
    made = book(document, through=day)
    return made.invoices[0].model_copy(update={"number": NUMBER}) if made.invoices else made.problems


def _plain(rules: InvoicingRules) -> InvoicingRules:
    """The rules of amounts and taxes, on one document of its own day."""
    return rules.model_copy(update={"grouping": "deal", "finalise": "at_once", "grace_days": 0, "due": None})


def _country(rules: InvoicingRules) -> str | None:
    """The payer's country: the one that most rates are for."""
    found = Counter(rule.country for rule in rules.taxes if rule.country is not None)
    return found.most_common(1)[0][0] if found else None


def _lines(rules: InvoicingRules, payer: Customer, currency: str, day: date) -> list[ContractLine]:
    known = dict.fromkeys(rule.code for rule in rules.taxes if _holds(rules, rule.code, payer, day))
    codes: list[str | None] = [*known] or [None]
    unit = Decimal(1).scaleb(-exponent(currency))
    return [
        ContractLine(
            id=f"{number}-{place}",
            product=PRODUCT,
            description="billsync trial",
            model="one_time",
            quantity=Decimal(quantity),
            price=PerUnitPrice(scheme="per_unit", unit_amount=minor * unit),
            tax_code=code,
        )
        for number, code in enumerate(codes, 1)
        for place, (quantity, minor) in enumerate(_LINES, 1)
    ]


def _holds(rules: InvoicingRules, code: str, payer: Customer, day: date) -> bool:
    return rule_on(rules, code, payer, day) is not None
