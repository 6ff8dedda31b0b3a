"""Both sides' books, each in the same words: documents by number, totals by customer and month.  (shell)"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from billsync.model.invoice import InvoiceState
from billsync.store import Store, StoredInvoice, Tx

Totals = Mapping[tuple[str, str, str], Decimal]


@dataclass(frozen=True)
class Doc:
    """One document that counts.

    Attributes:
        reference: our number, or of a payment our id.
        customer: the customer's id in the ERP, "" where the document does not say.
        open: of an invoice what is still to be paid, else None.
    """

    reference: str
    customer: str
    currency: str
    total: Decimal
    on: date
    open: Decimal | None = None


@dataclass
class Books:
    """What counts, by kind; `doubled` are references that stand there more than once."""

    invoices: dict[str, Doc] = field(default_factory=dict)
    credit_notes: dict[str, Doc] = field(default_factory=dict)
    payments: dict[str, Doc] = field(default_factory=dict)
    doubled: list[str] = field(default_factory=list)

    def add(self, kind: str, doc: Doc) -> None:
        """One more; the second of its reference is noted as doubled."""
        shelf: dict[str, Doc] = getattr(self, kind)
        if doc.reference in shelf:
            self.doubled.append(f"{kind} {doc.reference}")
        shelf[doc.reference] = doc

    def totals(self, kind: str) -> Totals:
        """(customer, month, currency) -> the sum of its documents."""
        found: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        shelf: dict[str, Doc] = getattr(self, kind)
        for doc in shelf.values():
            found[doc.customer, f"{doc.on:%Y-%m}", doc.currency] += doc.total
        return found

    def differences(self, there: Books) -> list[str]:
        """What the other books, the ERP's, show otherwise: in words, none where all is equal to the cent."""
        found = [f"there twice: {name}" for name in there.doubled]
        for kind in ("invoices", "credit_notes", "payments"):
            found += _apart(f"{kind} by customer and month", self.totals(kind), there.totals(kind))
            mine: dict[str, Doc] = getattr(self, kind)
            theirs: dict[str, Doc] = getattr(there, kind)
            found += _apart(kind, _shown(mine.values()), _shown(theirs.values()))
        return found

    def __str__(self) -> str:
        total = sum((doc.total for doc in self.invoices.values()), Decimal(0))
        credited = sum((doc.total for doc in self.credit_notes.values()), Decimal(0))
        paid = sum((doc.total for doc in self.payments.values()), Decimal(0))
        return (
            f"{len(self.invoices)} invoices of {total}, {len(self.credit_notes)} credit notes of {credited}, "
            f"{len(self.payments)} payments of {paid}"
        )


def _shown(docs: Iterable[Doc]) -> dict[str, str]:
    return {
        doc.reference: f"{doc.on} {doc.customer} {_text(doc.total)} {doc.currency} open {_open(doc)}" for doc in docs
    }


def _open(doc: Doc) -> str:
    return "-" if doc.open is None else _text(doc.open)


def _text(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _apart(what: str, mine: Mapping[Any, Any], theirs: Mapping[Any, Any]) -> Iterator[str]:
    for name in sorted({*mine, *theirs}, key=str):
        if mine.get(name) != theirs.get(name):
            yield f"{what} {name}: {mine.get(name)} here, {theirs.get(name)} there"


# ---------------------------------------------------------------- ours


def books_of(store: Store) -> Books:
    """Ours: what is not void, with the customers' ids as the ERP knows them."""
    books = Books()
    with store.view() as tx:
        for stored in _invoices(tx):
            invoice = stored.invoice
            if stored.state is not InvoiceState.VOID:
                doc = Doc(
                    invoice.number, _there(tx, invoice.customer), invoice.currency, invoice.total, invoice.issued_on
                )
                books.add("invoices", replace(doc, open=stored.open))
        for held in tx.ledger.credit_notes(limit=100_000):
            note = held.note
            doc = Doc(note.number, _there(tx, note.customer), note.currency, note.total, note.issued_on)
            books.add("credit_notes", doc)
        for paid in tx.ledger.payments(limit=None):
            if paid.state == "booked":
                money = paid.payment
                books.add("payments", Doc(money.id, "", money.currency, money.amount, money.received_on))
    return books


def _invoices(tx: Tx) -> Iterator[StoredInvoice]:
    after = ""
    while page := tx.ledger.invoices(after=after):
        yield from page
        after = page[-1].invoice.number


def _there(tx: Tx, customer: str) -> str:
    link = tx.links.get("customer", customer, "erp")
    return link.ref.id if link else f"none for {customer}"
