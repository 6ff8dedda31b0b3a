"""Facts -> charges -> invoices: what is owed, and the documents that say so.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from billsync.billing import changes, charges, terms
from billsync.connector import Expectation
from billsync.invoicing import draft as drafting
from billsync.invoicing import numbering
from billsync.invoicing.draft import Draft
from billsync.model.charge import Charge
from billsync.model.customer import Customer
from billsync.model.deal import Deal
from billsync.model.invoice import Invoice
from billsync.model.problem import Place, Problem
from billsync.model.product import Product
from billsync.stage import outgoing
from billsync.stage.world import World
from billsync.store import Fact, Tx

N = TypeVar("N", Customer, Product)

PAGE = 500
PER_TRANSACTION = 50


def charge(world: World) -> None:
    """Make the charges of every deal that is new, changed, or has a period coming due."""
    policy, after = world.rules.policy(), ""
    world.progress.stage("Bill deals")
    while True:
        with world.store.view() as tx:
            facts = tx.facts.deals_due(world.through, policy.digest(), after=after, limit=PAGE)
            if not facts:
                return
            deals = [Deal.model_validate_json(fact.doc) for fact in facts]
            products = _nouns(tx, "product", {line.product for deal in deals for line in deal.lines}, Product)
            customers = tx.facts.many("customer", {deal.customer for deal in deals})
            billed = tx.ledger.charges_of_many([deal.id for deal in deals])
        with world.store.tx("charges") as tx:
            marks = []
            for fact, deal in zip(facts, deals, strict=True):
                due, problems = _due(world, fact, deal, products, customers)
                if due is not None:
                    known = {key: stored.charge for key, stored in billed.get(deal.id, {}).items()}
                    invoiced = {key for key, stored in billed.get(deal.id, {}).items() if stored.invoice}
                    change = changes.compare(known, due.charges, invoiced, through=world.through)
                    problems += change.problems
                    tx.ledger.drop_charges(change.drop, run=world.run, at=world.now())
                    tx.ledger.add_charges(change.add, run=world.run, at=world.now())
                    world.tally.add("charges made", len(change.add))
                    if not problems:
                        marks.append((deal.id, fact.digest, due.next_on))
                _tell(world, tx, deal.id, problems)
            tx.facts.billed(marks, policy.digest())
        after = facts[-1].id
        world.progress.advance(len(facts))


def _due(
    world: World, fact: Fact, deal: Deal, products: dict[str, Product], customers: dict[str, Fact]
) -> tuple[charges.Due | None, list[Problem]]:
    if deal.customer not in customers:
        problem = Problem(
            code="BILL-DEAL-02",
            message=f"the deal's customer {deal.customer!r} is not among the customers",
            hint="mend or add the customer's record; the deal is billed by itself then",
            place=_place(deal.id).at("customer"),
        )
        return None, [problem]
    contract, problems = terms.contract_of(deal, products)
    if contract is None:
        return None, problems
    return charges.due(contract, through=world.through, policy=world.rules.policy(), source=str(fact.source)), problems


def _place(deal: str) -> Place:
    return Place(system="billsync", object="deal", id=deal)


def _tell(world: World, tx: Tx, deal: str, problems: list[Problem]) -> None:
    """Open the deal's billing problems, and close those that are mended."""
    still = {problem.fingerprint for problem in problems}
    tx.problems.close(
        connection="billsync", object="deal", ids=[deal], except_=still, at=world.now(), codes_prefix="BILL-"
    )
    world.report(tx, problems)


def withdraw(world: World, tx: Tx, deals: Iterable[str]) -> None:
    """A deal is gone: its open charges go too; what was invoiced stays, and a person is told."""
    for deal, stored in tx.ledger.charges_of_many(list(deals)).items():
        open_keys = [key for key, item in stored.items() if item.invoice is None]
        tx.ledger.drop_charges(open_keys, run=world.run, at=world.now())
        numbers = sorted({item.invoice for item in stored.values() if item.invoice})
        if numbers:
            problem = Problem(
                code="BILL-DEAL-04",
                message=f"the deal is gone or no longer won, but stands on {', '.join(numbers)}",
                hint="nothing was voided: credit it in the ERP, or restore the deal",
                place=_place(deal),
            )
            world.report(tx, [problem])


# ---------------------------------------------------------------- invoices


def invoice(world: World) -> None:
    """Group open charges into invoices; number, store and plan each in one transaction."""
    world.progress.stage("Make invoices")
    with world.store.view() as tx:
        pending = tx.ledger.open_charges(world.through)
        customers = _customers(tx, pending)
        products = _nouns(tx, "product", {charge.product for charge in pending}, Product)
        known = tx.ledger.invoice_ids(set(customers))
    drafts, problems = drafting.group(pending, customers, products, world.rules, through=world.through, known=known)
    for start in range(0, len(drafts), PER_TRANSACTION):
        with world.store.tx("invoices") as tx:
            for draft in drafts[start : start + PER_TRANSACTION]:
                problems += _finalise(world, tx, draft)
        world.progress.advance(len(drafts[start : start + PER_TRANSACTION]))
    with world.store.tx("invoice-problems") as tx:
        world.report(tx, problems)


def _finalise(world: World, tx: Tx, draft: Draft) -> list[Problem]:
    """Number and store one invoice with the intention to send it; no number is drawn where it could not be sent."""
    trial = drafting.finalise(draft, number=f"{draft.id} (draft)", series="")
    _, problems = outgoing.document(world, "invoice", trial.number, trial)
    if problems:
        return problems
    series = numbering.series_of(world.rules, draft)
    number = numbering.number_of(world.rules, draft, tx.ledger.draw(series))
    made = drafting.finalise(draft, number=number, series=series)
    tx.ledger.add_invoice(made, run=world.run, at=world.now())
    world.tally.add("invoices made", 1)
    outgoing.plan(world, tx, "invoice", [(number, made)], sequence=f"{made.issued_on}/{number}", expect=_expect(made))
    return []


def _expect(invoice: Invoice) -> Expectation:
    return Expectation(total=invoice.total, tax=invoice.tax_total, currency=invoice.currency, lines=len(invoice.lines))


def _customers(tx: Tx, pending: Sequence[Charge]) -> dict[str, Customer]:
    """The customers of the charges, and those that get the invoices in their place."""
    found = _nouns(tx, "customer", {charge.customer for charge in pending}, Customer)
    payers = {customer.bill_to for customer in found.values() if customer.bill_to} - set(found)
    return found | _nouns(tx, "customer", payers, Customer)


def _nouns(tx: Tx, kind: str, ids: Iterable[str], model: type[N]) -> dict[str, N]:
    return {id: model.model_validate_json(fact.doc) for id, fact in tx.facts.many(kind, ids).items()}
