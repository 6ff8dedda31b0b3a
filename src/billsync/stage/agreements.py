"""Contracts as they are stored, and what their documents used up of coupons and prepaid credits so far.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from billsync.invoicing.draft import Terms
from billsync.invoicing.used import Used
from billsync.model.charge import Charge
from billsync.model.contract import Contract
from billsync.model.invoice import Invoice, InvoiceState
from billsync.model.proposal import Agreed
from billsync.stage.world import World
from billsync.store import Tx


def contracts(tx: Tx, ids: Iterable[str]) -> dict[str, Contract]:
    """Contracts by id: those that are stored as such, and those that deals agreed.

    Where nothing is agreed apart, a deal's contract is made of it anew each time, and has no terms of its own.
    """
    names = set(ids)
    found = {id: Contract.reread(doc) for id, doc in tx.facts.docs("contract", names).items()}
    agreed = tx.facts.docs("agreed", names - set(found))
    return found | {id: Agreed.reread(doc).contract for id, doc in agreed.items()}


def terms(world: World, tx: Tx, pending: Sequence[Charge]) -> Terms:
    """The contracts of charges, rates of exchange, and what was used up."""
    known = contracts(tx, (charge.contract for charge in pending))
    given_back = {charge.contract for charge in pending if charge.corrects}
    asking = [item for item in known.values() if item.coupons or item.prepaid or item.id in given_back]
    return Terms(known, world.rules.rates, used(tx, asking) if asking else None)


def used(tx: Tx, known: Iterable[Contract]) -> Used:
    """What the documents of contracts used up, in the order of their dates; void ones used nothing."""
    found = Used()
    invoices = documents(tx, [contract.deal or contract.id for contract in known])
    for invoice in invoices:
        found.add(invoice)
    notes = tx.ledger.credit_notes_of(invoice.number for invoice in invoices)
    by_number = {item.note.number: item.note for items in notes.values() for item in items}
    for note in sorted(by_number.values(), key=lambda note: (note.issued_on, note.number)):
        found.add_note(note)
    return found


def documents(tx: Tx, deals: Sequence[str]) -> list[Invoice]:
    """The invoices that stand for these deals and contracts, by date and number."""
    stored = {
        item.invoice.number: item
        for items in tx.ledger.invoices_of_deals(deals).values()
        for item in items
        if item.state is not InvoiceState.VOID
    }
    return sorted((item.invoice for item in stored.values()), key=lambda item: (item.issued_on, item.number))
