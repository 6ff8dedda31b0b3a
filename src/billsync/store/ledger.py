"""The books: charges, numbered invoices and credit notes, drafts, and what was paid.  (shell)

A finalised invoice has no way to change but its state and what is paid on it: there is none here, triggers refuse it in
the database, and `verify` finds it where somebody did it all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from billsync.model.base import digest_text
from billsync.model.invoice import Invoice, InvoiceState
from billsync.store.audit import Audit
from billsync.store.cash_events import CashEvents
from billsync.store.charges import Charges
from billsync.store.credit_notes import CreditNotes
from billsync.store.drafts import Drafts
from billsync.store.invoices import Invoices, minor
from billsync.store.receipts import receipt_faults
from billsync.store.refunds import Refunds
from billsync.store.schema import allocations, audit, charges, invoices
from billsync.store.sql import among, rows


class Ledger(Charges, Invoices, CreditNotes, Drafts, Refunds, CashEvents):
    """Charges, documents, payments and refunds.  After `IllegalMove` the transaction has to be given up."""

    def __init__(self, conn: Connection, audit: Audit) -> None:
        self._conn = conn
        self._audit = audit

    def totals(self) -> list[tuple[str, int, int, int]]:
        """Per currency: its code, number of invoices, sum of totals and of payments in minor units."""
        found: dict[str, tuple[int, int, int]] = {}
        query = select(invoices.c.currency, invoices.c.total_minor, invoices.c.paid_minor)
        for currency, total, paid in self._conn.execute(query.execution_options(yield_per=1000)):
            count, totals, payments = found.get(currency, (0, 0, 0))
            found[currency] = (count + 1, totals + total, payments + paid)  # SQLite's own sum ends at 64 bits
        return [(currency, *sums) for currency, sums in sorted(found.items())]

    def verify(self) -> list[str]:
        """What is wrong with invoices and payments as they stand, in words; nothing where all is well.  Reads in pages.

        Compares each document with its hash, with the hash that the audit chain noted, with its own columns, with
        the charges bound to it, and what is paid on it with its allocations; and what each payment comes to with the
        rows that it is made from.
        """
        faults = [fault for page in self._pages() for fault in _faults(page, self._evidence(page))]
        return [*faults, *receipt_faults(self._conn)]

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        query, after = select(invoices).order_by(invoices.c.number).limit(500), ""
        while page := rows(self._conn, query.where(invoices.c.number > after)):
            yield page
            after = page[-1]["number"]

    def _evidence(self, page: list[dict[str, Any]]) -> _Evidence:
        numbers = [row["number"] for row in page]
        noted = select(audit.c.subject, audit.c.note, audit.c.whole).where(audit.c.after == str(InvoiceState.FINALISED))
        subjects = among(self._conn, noted, audit.c.subject, [f"invoice/{number}" for number in numbers])
        paid: dict[str, int] = {}
        for row in among(self._conn, select(allocations), allocations.c.invoice, numbers):
            paid[row["invoice"]] = paid.get(row["invoice"], 0) + row["amount_minor"]
        bound: dict[str, int] = {}
        for row in among(self._conn, select(charges.c.invoice), charges.c.invoice, numbers):
            bound[row["invoice"]] = bound.get(row["invoice"], 0) + 1
        return _Evidence({row["subject"]: row["note"].split(" ")[0] for row in subjects}, paid, bound)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What the rest of the books says about some invoices, by number (hashes: by subject of the audit row)."""

    hashes: dict[str, str]
    paid: dict[str, int]
    bound: dict[str, int]


def _faults(page: list[dict[str, Any]], evidence: _Evidence) -> Iterator[str]:
    for row in page:
        number, hashed = row["number"], digest_text(row["doc"])
        if hashed != row["row_hash"] or evidence.hashes.get(f"invoice/{number}") != hashed:
            yield f"the invoice {number} is not as it was finalised (row_hash)"
            continue
        invoice = Invoice.model_validate_json(row["doc"])
        amounts = (invoice.subtotal, invoice.tax_total, invoice.total)
        columns = (row["subtotal_minor"], row["tax_minor"], row["total_minor"])
        if tuple(minor(amount, invoice.currency) for amount in amounts) != columns or invoice.number != number:
            yield f"the columns of the invoice {number} differ from its document"
        if evidence.paid.get(number, 0) != row["paid_minor"]:
            yield f"what is paid on the invoice {number} is not the sum of its allocations"
        bound = evidence.bound.get(number, 0)
        freed = row["state"] == str(InvoiceState.VOID) and not bound  # another invoice replaces it
        if not freed and bound != len({line.charge for line in invoice.lines}):
            yield f"the charges bound to the invoice {number} are not those on its lines"
