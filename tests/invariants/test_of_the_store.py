"""Invariants 2, 6, 11 and 13 of billing engines where they end: in the books, SQLite's and Postgres's."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import count
from threading import Barrier

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from billsync.invoicing.book import BillingDocument, Book, book
from billsync.invoicing.credit_note import credit_note, left_to_credit
from billsync.model.contract import Contract
from billsync.model.customer import Customer
from billsync.model.invoice import CreditNote
from billsync.store import IllegalMove, Store
from billsync.store.credit_notes import Crediting
from tests.invariants.contracts import documents
from tests.store.made import AT

FEW = settings(
    max_examples=5,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
NUMBERS = count(1)
PLAN = {"id": "plan", "product": "plan", "model": "recurring", "every": {"months": 1}}


def renamed(document: BillingDocument) -> BillingDocument:
    """With names of its own, so that the books of the examples before stay out of its way."""
    number = next(NUMBERS)
    customer = document.customer.model_copy(update={"id": f"acme-{number}"})
    contract = document.contract.model_copy(update={"id": f"C{number}", "customer": customer.id})
    series = {"series": f"I{number}-{{seq}}", "credit_series": f"N{number}-{{seq}}"}
    rules = document.invoicing.model_copy(update=series)
    return document.model_copy(update={"customer": customer, "contract": contract, "invoicing": rules})


def keep(store: Store, made: Book) -> None:
    """What a run stores, in one transaction."""
    with store.tx("books") as tx:
        tx.ledger.add_charges(made.charges, run="r", at=AT)
        tx.ledger.add_invoices(made.invoices, run="r", at=AT)


@FEW
@given(document=documents())
def test_11_and_13_books_give_back_every_byte(store: Store, document: tuple[BillingDocument, date]) -> None:
    """11, 13: what is billed again from the contract is, byte for byte, what stands in the books since."""
    whole, through = renamed(document[0]), document[1]
    made = book(whole, through=through)
    keep(store, made)
    again = book(whole, through=through)
    with store.view() as tx:
        for invoice in again.invoices:
            stored = tx.ledger.invoice(invoice.number)
            assert stored is not None
            assert (stored.invoice.json_text(), stored.row_hash) == (invoice.json_text(), invoice.digest())
        kept = tx.ledger.charges_of(whole.contract.id)
    assert {key: item.charge for key, item in kept.items()} == {charge.key: charge for charge in again.charges}
    if again.charges:
        with pytest.raises(IllegalMove):
            keep(store, again)


@FEW
@given(document=documents())
def test_02_the_books_take_no_credit_beyond_the_invoice(store: Store, document: tuple[BillingDocument, date]) -> None:
    """2: an invoice that was credited in full takes no further note, whoever asks."""
    made = book(renamed(document[0]), through=document[1])
    keep(store, made)
    for invoice in made.invoices[:2]:
        if not invoice.total or any(line.amount < 0 for line in invoice.lines):
            continue
        rest = {name: left for name, left in left_to_credit(invoice, []).items() if left}
        note = credit_note(invoice, [], rest, issued_on=invoice.issued_on)
        with store.tx("t") as tx:
            tx.ledger.add_credit_notes([taken(note, invoice.number, "first")], run="r", at=AT)
        with pytest.raises(IllegalMove, match="left to credit"), store.tx("t") as tx:
            tx.ledger.add_credit_notes([taken(note, invoice.number, "second")], run="r", at=AT)


def taken(note: CreditNote, invoice: str, name: str) -> Crediting:
    named = note.model_copy(update={"number": f"{invoice}-{name}", "id": f"{note.id}-{name}"})
    return Crediting(named, {invoice: note.total})


def test_06_of_workers_that_bill_at_once_one_makes_each_invoice(store_url: str) -> None:
    """6: four workers bill the same contract at the same moment; each period stands on exactly one invoice."""
    Store.open(store_url, create=True).close()
    start = date(2026, 1, 31)
    price = {"scheme": "flat", "amount": "10.00"}
    contract = {"id": "C", "customer": "acme", "currency": "USD", "start": start, "lines": [{**PLAN, "price": price}]}
    whole = BillingDocument(customer=Customer(id="acme", name="Acme"), contract=Contract.model_validate(contract))
    made = book(whole, through=start + timedelta(days=180))
    together = Barrier(4)

    def work(worker: int) -> int:
        store, done = Store.open(store_url), 0
        together.wait(timeout=30)
        for charge, invoice in zip(made.charges, made.invoices, strict=True):
            try:
                keep(store, Book(invoices=(invoice,), charges=(charge,)))
                done += 1
            except IllegalMove:
                pass  # another worker was first
        store.close()
        return done

    with ThreadPoolExecutor(4) as workers:
        done: Sequence[int] = list(workers.map(work, range(4)))
    assert sum(done) == len(made.invoices)
    store = Store.open(store_url)
    with store.view() as tx:
        stored = [item.invoice for item in tx.ledger.invoices()]
    store.close()
    assert stored == list(made.invoices)
