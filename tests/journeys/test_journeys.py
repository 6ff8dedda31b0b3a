"""Stories as data: each folder says what was agreed and on which days billing ran (given), and what came of it (then).

The runner goes the whole way of the pure core, deal -> contract -> charges -> invoices, and keeps the books that the
store keeps for real: charges by key, ids of invoices, and one counter per series.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from billsync.billing.changes import compare
from billsync.billing.charges import due
from billsync.billing.terms import contract_of
from billsync.invoicing.draft import finalise, group
from billsync.invoicing.numbering import number_of, series_of
from billsync.invoicing.policy import InvoicingRules
from billsync.model.charge import Charge
from billsync.model.customer import Customer
from billsync.model.deal import Deal
from billsync.model.invoice import Invoice, InvoiceLine, TaxTotal
from billsync.model.problem import Problem
from billsync.model.product import Product
from billsync.model.scalar import plain
from billsync.strict.yaml import load

STORIES = sorted(path.parent for path in Path(__file__).parent.glob("*/given.yaml"))


@dataclass
class Books:
    """One pipeline's memory from run to run."""

    customers: dict[str, Customer]
    products: dict[str, Product]
    rules: InvoicingRules
    deals: dict[str, Deal] = field(default_factory=dict)
    charges: dict[str, Charge] = field(default_factory=dict)
    invoiced: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    counters: dict[str, int] = field(default_factory=dict)

    def run(self, through: date) -> tuple[list[Invoice], list[Problem]]:
        problems = [problem for deal in self.deals.values() for problem in self._charge(deal, through)]
        waiting = [charge for key, charge in self.charges.items() if key not in self.invoiced]
        drafts, found = group(waiting, self.customers, self.products, self.rules, through=through, known=self.ids)
        made = []
        for draft in drafts:
            series = series_of(self.rules, draft)
            self.counters[series] = self.counters.get(series, 0) + 1
            made.append(finalise(draft, number_of(self.rules, draft, self.counters[series]), series))
            self.ids.add(draft.id)
            self.invoiced.update(draft.charges)
        return made, problems + found

    def _charge(self, deal: Deal, through: date) -> list[Problem]:
        contract, problems = contract_of(deal, self.products)
        if contract is None:
            return problems
        wanted = due(contract, through=through, policy=self.rules.policy()).charges
        kept = {key: charge for key, charge in self.charges.items() if charge.deal == deal.id}
        changes = compare(kept, wanted, self.invoiced, through=through)
        for key in changes.drop:
            del self.charges[key]
        self.charges.update((charge.key, charge) for charge in changes.add)
        return list(changes.problems)


def told_invoice(invoice: Invoice) -> dict[str, Any]:
    told = {
        "number": invoice.number,
        "id": invoice.id,
        "issued": f"{invoice.issued_on}, due {invoice.due_on}",
        "lines": [told_line(line) for line in invoice.lines],
        "taxes": [told_tax(tax) for tax in invoice.taxes],
        "total": f"{plain(invoice.total)} {invoice.currency}",
    }
    return {key: value for key, value in told.items() if value}


def told_line(line: InvoiceLine) -> str:
    return f"{line.deal} {line.description}{f', {line.period}' if line.period else ''}: {line.why.formula}"


def told_tax(tax: TaxTotal) -> str:
    return f"{tax.name} {plain(tax.base)} x {plain(tax.rate)} = {plain(tax.amount)}"


def given_books(given: dict[str, Any]) -> Books:
    customers = [Customer.model_validate(item) for item in given["customers"]]
    products = [Product.model_validate(item) for item in given["products"]]
    return Books(
        {customer.id: customer for customer in customers},
        {product.id: product for product in products},
        InvoicingRules.model_validate(given.get("rules") or {}),
    )


def told(given: dict[str, Any]) -> list[dict[str, Any]]:
    """What came of each run, in the form of then.yaml."""
    books, story = given_books(given), []
    for run in given["runs"]:
        for item in run.get("deals", []):
            deal = Deal.model_validate(item)
            books.deals[deal.id] = deal
        invoices, problems = books.run(date.fromisoformat(run["through"]))
        entry = {
            "through": run["through"],
            "invoices": [told_invoice(invoice) for invoice in invoices],
            "problems": [
                f"{problem.place.id} {problem.place.field}: {problem.code} {problem.message}" for problem in problems
            ],
        }
        story.append({key: value for key, value in entry.items() if value})
    return story


def read(path: Path) -> Any:
    return load(path.read_text("utf-8"), str(path)).plain()


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.name)
def test_a_story(story: Path) -> None:
    given, then = read(story / "given.yaml"), read(story / "then.yaml")
    assert given["story"].strip()
    assert told(given) == then["runs"]


def test_there_are_stories() -> None:
    assert len(STORIES) >= 12
