"""Open charges in pages: those that may share a document stand on one page, and no more is held than a page.  (shell)

Numbers follow the days of documents: pages come in the order of the last day of what they hold.  Only keys are kept of
the pages that are still to come, pressed together: a few bytes a charge.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final, TypeVar

from billsync.invoicing.draft import Terms
from billsync.model.charge import Charge
from billsync.model.customer import Customer
from billsync.model.period import month_of, quarter_of
from billsync.model.product import Product
from billsync.stage import agreements
from billsync.stage.world import World
from billsync.store import Tx

N = TypeVar("N", Customer, Product)

PAGE: Final = 1500
"""Charges of a page, and those that have to stand with the last of them."""


@dataclass(frozen=True, slots=True)
class Page:
    """Charges whose window is over, with what is needed to invoice them.

    Attributes:
        known: ids of all documents of the customers.
        terms: of the contracts among them.
    """

    charges: list[Charge]
    customers: dict[str, Customer]
    products: dict[str, Product]
    known: set[str]
    terms: Terms


def pages(world: World) -> Iterator[Page]:
    """All open charges of the world's source whose window is over, by the last day of the window."""
    with world.store.view() as tx:
        waiting = [zlib.compress("\0".join(keys).encode(), 1) for keys in _keys(world, tx)]
    for pressed in waiting:
        with world.store.view() as tx:
            page = page_of(world, tx, tx.ledger.open_charges_of(zlib.decompress(pressed).decode().split("\0")))
        yield page


def _keys(world: World, tx: Tx) -> Iterator[list[str]]:
    """Keys of charges, in lists of about a page."""
    found: list[str] = []
    for group in _groups(world, tx):
        found += group
        if len(found) >= PAGE:
            yield found
            found = []
    if found:
        yield found


def _groups(world: World, tx: Tx) -> Iterator[list[str]]:
    """Keys of charges that may share a document: of one deal and day, or of one payer and window."""
    grouping = world.rules.grouping
    payers = {} if grouping == "deal" else tx.facts.payers()
    payers |= {payer: payer for payer in payers.values()}
    last: tuple[date, str, str] | None = None
    together: list[str] = []
    shared: dict[str, list[str]] = {}
    for due_on, customer, deal, key in tx.ledger.open_keys(world.through, grouping, source=world.source.name):
        here = (last_day(due_on, grouping), customer, deal if grouping == "deal" else "")
        if here != last:
            yield together
            together = []
            if last is not None and here[0] != last[0]:
                yield from shared.values()
                shared = {}
            last = here
        if here[0] > world.through:
            continue
        if customer in payers:
            shared.setdefault(payers[customer], []).append(key)
        else:
            together.append(key)
    yield together
    yield from shared.values()


@cache
def last_day(due_on: str, grouping: str) -> date:
    """The last day of the window that holds a day."""
    day = date.fromisoformat(due_on)
    if grouping == "deal":
        return day
    return (month_of(day) if grouping == "customer-month" else quarter_of(day)).last_day


def page_of(world: World, tx: Tx, charges: list[Charge]) -> Page:
    """The charges with all that they need."""
    customers = _customers(tx, charges)
    products = nouns(tx, "product", {charge.product for charge in charges}, Product)
    known = tx.ledger.invoice_ids(set(customers)) | tx.ledger.credit_note_ids(set(customers))
    return Page(charges, customers, products, known, agreements.terms(world, tx, charges))


def _customers(tx: Tx, charges: Iterable[Charge]) -> dict[str, Customer]:
    """The customers of the charges, and those that get the invoices in their place."""
    found = nouns(tx, "customer", {charge.customer for charge in charges}, Customer)
    payers = {customer.bill_to for customer in found.values() if customer.bill_to} - set(found)
    return found | nouns(tx, "customer", payers, Customer)


def nouns(tx: Tx, kind: str, ids: Iterable[str], model: type[N]) -> dict[str, N]:
    """Nouns of a kind by id, for those that are there."""
    return {id: model.reread(doc) for id, doc in tx.facts.docs(kind, ids).items()}
