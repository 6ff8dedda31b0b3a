"""Deals as they are told and as they are agreed, a page at a time, with all that their effect needs.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from billsync.billing.mending import Standing
from billsync.invoicing.draft import Terms
from billsync.model.contract import Contract
from billsync.model.customer import Customer
from billsync.model.deal import Deal
from billsync.model.problem import Place
from billsync.model.product import Product
from billsync.model.proposal import Agreed
from billsync.model.ref import Ref
from billsync.stage import agreements, bills, owing, pending
from billsync.stage.agreed import KIND, standings
from billsync.stage.changing.effects import Books
from billsync.stage.changing.steps import Case
from billsync.stage.world import World
from billsync.store import Fact, Tx


@dataclass(slots=True)
class Page:
    """Deals by id, and what they refer to.

    Attributes:
        sources: the records of the deals.
        recurring: contract by id, of each customer whose recurring revenue may move; kept up to date by who agrees.
    """

    cases: Mapping[str, Case]
    sources: Mapping[str, Ref]
    books: Books
    recurring: dict[str, dict[str, Contract]] = field(default_factory=dict)

    def others(self, customers: Iterable[str]) -> list[Contract]:
        """All contracts of these customers."""
        return [contract for name in customers for contract in self.recurring.get(name, {}).values()]

    def agree(self, contract: Contract) -> None:
        """From now on this is agreed."""
        if contract.customer in self.recurring:
            self.recurring[contract.customer][contract.id] = contract


def read(world: World, tx: Tx, ids: Sequence[str]) -> Page:
    """The deals of these ids."""
    told, agreed = tx.facts.many("deal", ids), tx.facts.many(KIND, ids)
    deals = {id: Deal.reread(fact.doc) for id, fact in told.items()}
    known = {id: Agreed.reread(fact.doc) for id, fact in agreed.items()}
    customers = {deal.customer for deal in deals.values()} | {each.customer for each in known.values()}
    found = pending.nouns(tx, "customer", customers, Customer)
    payers = {customer.bill_to for customer in found.values() if customer.bill_to}
    found |= pending.nouns(tx, "customer", payers - set(found), Customer)
    products = pending.nouns(tx, "product", _products(deals.values(), known.values()), Product)
    sources = {id: fact.source for facts in (agreed, told) for id, fact in facts.items()}
    reading = _Reading(deals, known, agreed, told, found, products, sources)
    return Page(
        cases=_cases(tx, ids, reading),
        sources=sources,
        books=_books(world, tx, reading),
        recurring=_recurring(tx, deals.values(), known.values()),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    deals: Mapping[str, Deal]
    known: Mapping[str, Agreed]
    agreed: Mapping[str, Fact]
    told: Mapping[str, Fact]
    customers: Mapping[str, Customer]
    products: Mapping[str, Product]
    sources: Mapping[str, Ref]


def _products(deals: Iterable[Deal], known: Iterable[Agreed]) -> set[str]:
    """What is sold, and what was: a credit has the tax of what it gives back."""
    sold = {line.product for deal in deals for line in deal.lines}
    was = {line.product for each in known for line in each.contract.lines}
    return sold | was | {item.product for each in known for item in each.contract.amendments if item.product}


def _cases(tx: Tx, ids: Sequence[str], reading: _Reading) -> dict[str, Case]:
    standing = standings(tx, tx.ledger.charges_of_many(ids), reading.known)
    spots = bills.places(tx, list(reading.sources.values()))
    numbers = tx.changes.numbers(ids)
    return {
        id: replace(
            _case(tx, id, reading, spots),
            number=numbers.get(id, 0),
            standing=standing.get(id, Standing()),
        )
        for id in dict.fromkeys(ids)
    }


def _case(tx: Tx, id: str, reading: _Reading, spots: Mapping[Ref, Place]) -> Case:
    deal, fact, source = reading.deals.get(id), reading.agreed.get(id), reading.sources.get(id)
    terms, problems = (None, []) if deal is None else owing.contract_of(deal, reading.customers, reading.products)
    gone = deal is None and source is not None and not tx.inbox.has(source.system, source.kind, [source.id])
    version = fact.version if fact else 0
    return Case(
        id=id,
        deal=deal,
        digest=reading.told[id].digest if deal else "",
        terms=terms,
        problems=problems,
        agreed=reading.known.get(id),
        version=version,
        settled=version > 1,
        deleted=gone,
        source=str(spots.get(source, source)) if source else "",
    )


def _books(world: World, tx: Tx, reading: _Reading) -> Books:
    names = set(reading.customers)
    ids = tx.ledger.invoice_ids(names) | tx.ledger.credit_note_ids(names)
    stood = [each.contract for each in reading.known.values()]
    used = agreements.used(tx, stood) if stood else None
    terms = Terms({}, world.rules.rates, used)
    return Books(reading.customers, reading.products, world.rules, frozenset(ids), terms)


def _recurring(tx: Tx, deals: Iterable[Deal], known: Iterable[Agreed]) -> dict[str, dict[str, Contract]]:
    """The contracts of those whose recurring revenue these deals may move."""
    names = {deal.customer for deal in deals if any(line.model == "recurring" for line in deal.lines)}
    names |= {each.customer for each in known if any(line.model == "recurring" for line in each.contract.lines)}
    found: dict[str, dict[str, Contract]] = {name: {} for name in names}
    if not names:
        return found
    agreed = (Agreed.reread(fact.doc).contract for fact in tx.facts.of_customers(KIND, names))
    stored = (Contract.reread(fact.doc) for fact in tx.facts.of_customers("contract", names))
    for contract in (*agreed, *stored):
        found[contract.customer][contract.id] = contract
    return found
