"""What deals owe and which invoices that makes: the same for a run and for who only asks "what if".  (pure)"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billsync.billing import charges, terms
from billsync.invoicing import draft as drafting
from billsync.invoicing.policy import InvoicingRules
from billsync.model.charge import Charge
from billsync.model.contract import Contract
from billsync.model.customer import Customer
from billsync.model.deal import Deal
from billsync.model.problem import Place, Problem
from billsync.model.product import Product


def owed(
    deal: Deal,
    customers: Collection[str],
    products: Mapping[str, Product],
    rules: InvoicingRules,
    *,
    through: date,
    source: str = "",
) -> tuple[charges.Due | None, list[Problem]]:
    """What a deal owes through a day; None and every reason where it cannot be billed.

    `customers` holds the ids of those that are known; `source` is the place of the deal's record, as text.
    """
    contract, problems = contract_of(deal, customers, products)
    if contract is None:
        return None, problems
    return charges.due(contract, through=through, policy=rules.policy(), source=source), problems


def contract_of(
    deal: Deal, customers: Collection[str], products: Mapping[str, Product]
) -> tuple[Contract | None, list[Problem]]:
    """The contract of a deal; None and every reason where it cannot be billed."""
    if deal.customer not in customers:
        problem = Problem(
            code="BILL-DEAL-02",
            message=f"the deal's customer {deal.customer!r} is not among the customers",
            hint="mend or add the customer's record; the deal is billed by itself then",
            place=Place(system="billsync", object="deal", id=deal.id, field="customer"),
        )
        return None, [problem]
    return terms.contract_of(deal, products)


@dataclass(frozen=True, slots=True)
class Sum:
    """What all deals come to in one currency, from the beginning through a day, whatever was invoiced already.

    Attributes:
        deals, invoices: how many of each are billed; net, tax, total: of these invoices.
        waiting: charges whose invoice's window is not over yet.
    """

    currency: str
    deals: int
    invoices: int
    net: Decimal
    tax: Decimal
    total: Decimal
    waiting: Decimal


def invoiced(
    found: Sequence[Charge],
    customers: Mapping[str, Customer],
    products: Mapping[str, Product],
    rules: InvoicingRules,
    *,
    through: date,
) -> tuple[dict[str, Sum], list[Problem]]:
    """By currency what the charges come to as invoices, and why some of them make none."""
    drafts, problems = drafting.group(found, customers, products, rules, through=through, known=())
    made = [draft.invoice for draft in drafts]
    drafted = {key for draft in drafts for key in draft.charges}
    sums: dict[str, Sum] = {}
    for currency in sorted({charge.currency for charge in found}):
        mine = [invoice for invoice in made if invoice.currency == currency]
        late = (charge.amount for charge in found if charge.currency == currency and charge.key not in drafted)
        sums[currency] = Sum(
            currency=currency,
            deals=len({line.deal for invoice in mine for line in invoice.lines}),
            invoices=len(mine),
            net=sum((invoice.subtotal for invoice in mine), Decimal(0)),
            tax=sum((invoice.tax_total for invoice in mine), Decimal(0)),
            total=sum((invoice.total for invoice in mine), Decimal(0)),
            waiting=sum(late, Decimal(0)),
        )
    return sums, problems
