"""Invoices: numbered without gaps, bound to their charges, never changed but for their state and payments.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.exc import IntegrityError

from billsync.model.base import digest_text
from billsync.model.invoice import Invoice, InvoiceState, may_move
from billsync.model.money import from_minor, to_minor
from billsync.store.audit import Audit
from billsync.store.bulk import insert_rows
from billsync.store.errors import IllegalMove
from billsync.store.schema import charges, invoices, series
from billsync.store.sql import among, bulk, ids_where, rows, upsert
from billsync.store.types import LIMIT, fold, is_long, with_whole

_BIGGEST: Final = 2**63 - 1
_MOVE: Final = update(invoices).where(invoices.c.number == bindparam("b_number")).values(state=bindparam("b_state"))

_BIND_EACH: Final = "UPDATE charges SET invoice = ? WHERE key = ? AND invoice IS NULL AND credit_note IS NULL"
_BIND_ALL: Final = (
    "UPDATE charges SET invoice = line.number FROM unnest(%s::text[], %s::text[]) AS line (number, key)"
    " WHERE charges.key = line.key AND charges.invoice IS NULL AND charges.credit_note IS NULL"
)


@dataclass(frozen=True, slots=True)
class StoredInvoice:
    """An invoice and where it stands.

    Attributes:
        paid: sum of its allocations, in its currency; credited: sum of what credit notes take off it.
        paid_on: day of the last payment where it is paid in full, else None.
        row_hash: SHA-256 of its canonical JSON when it was finalised.
        run: id of the run that made it.
    """

    invoice: Invoice
    state: InvoiceState
    paid: Decimal
    paid_on: date | None
    row_hash: str
    run: str
    credited: Decimal = Decimal(0)

    @property
    def due(self) -> Decimal:
        """What has to be paid in money in all: the total without prepaid credits and credit notes, never below zero."""
        return max(self.invoice.due - self.credited, min(self.invoice.due, Decimal(0)))

    @property
    def open(self) -> Decimal:
        """What is still owed."""
        return self.due - self.paid


class Invoices:
    """Part of the ledger."""

    _conn: Connection
    _audit: Audit

    def draw(self, name: str, count: int = 1) -> int:
        """The next number of a series, from 1; with `count` the first of so many that follow each other.

        Without gaps: a transaction that fails gives its numbers back.
        """
        upsert(self._conn, series, [{"name": name, "last": count}], [], last=series.c.last + count)
        last: int = self._conn.execute(select(series.c.last).where(series.c.name == name)).scalar_one()
        return last - count + 1

    def raise_series(self, name: str, to: int) -> bool:
        """Let the series go on above `to`; False where it does already."""
        query = select(series.c.last).where(series.c.name == name).with_for_update()
        if (self._conn.execute(query).scalar_one_or_none() or 0) >= to:
            return False
        upsert(self._conn, series, [{"name": name, "last": to}], ["last"])
        return True

    def last_drawn(self, name: str) -> int:
        """The number that was drawn last from a series; 0 for none."""
        return self._conn.execute(select(series.c.last).where(series.c.name == name)).scalar_one_or_none() or 0

    def known_numbers(self, numbers: Iterable[str]) -> set[str]:
        """Those of the numbers that an invoice of ours has."""
        return {row["number"] for row in among(self._conn, select(invoices.c.number), invoices.c.number, numbers)}

    def add_invoice(self, invoice: Invoice, *, run: str, at: datetime) -> None:
        """Store one finalised invoice; see `add_invoices`."""
        self.add_invoices([invoice], run=run, at=at)

    def add_invoices(self, items: Sequence[Invoice], *, run: str, at: datetime) -> None:
        """Store finalised invoices and bind their charges to them.

        Raises `IllegalMove` where a number or id exists already, an invoice has no number, or a charge is not there or
        stands on another invoice; ValueError for a total above what 64 bits of minor units hold.
        """
        new = [_invoice_row(invoice, run, at) for invoice in items]
        try:
            insert_rows(self._conn, invoices, new)
        except IntegrityError as error:
            raise IllegalMove(f"an invoice exists already: {error.orig}") from error
        lines = {(line.charge, invoice.number) for invoice in items for line in invoice.lines}
        if _bind(self._conn, sorted(lines)) != len(lines):
            names = ", ".join(invoice.number for invoice in items[:5])
            raise IllegalMove(f"a charge of {names} is not there, or stands on another invoice")
        final = str(InvoiceState.FINALISED)
        self._audit.append([(f"invoice/{row['number']}", "", final, f"{row['row_hash']} {run}") for row in new], at=at)

    def invoice(self, number: str) -> StoredInvoice | None:
        """The invoice of that number, or None."""
        found = rows(self._conn, select(invoices).where(invoices.c.number == number))
        return stored_invoice(found[0]) if found else None

    def invoices(
        self,
        *,
        customer: str | None = None,
        state: InvoiceState | None = None,
        deal: str | None = None,
        run: str | None = None,
        after: str = "",
        limit: int = 500,
    ) -> list[StoredInvoice]:
        """Invoices by number, from the first after `after`; a filter that is None lets all through."""
        query = select(invoices).where(invoices.c.number > after).order_by(invoices.c.number).limit(limit)
        if customer is not None:
            query = query.where(invoices.c.customer == customer)
        if state is not None:
            query = query.where(invoices.c.state == str(state))
        if run is not None:
            query = query.where(invoices.c.run == run)
        if deal is not None:
            query = query.where(invoices.c.number.in_(select(charges.c.invoice).where(charges.c.deal == deal)))
        return [stored_invoice(row) for row in rows(self._conn, query)]

    def invoice_ids(self, customers: Iterable[str]) -> set[str]:
        """Ids of all invoices of these customers."""
        return set(ids_where(self._conn, invoices, invoices.c.customer, customers))

    def invoices_of_deals(self, deals: Iterable[str]) -> dict[str, list[StoredInvoice]]:
        """The invoices of each deal that has any, by number; deals in the order of their ids."""
        wanted = set(deals)
        query = select(charges.c.invoice).distinct().where(charges.c.invoice.is_not(None))
        numbers = {row["invoice"] for row in among(self._conn, query, charges.c.deal, wanted)}
        found: dict[str, list[StoredInvoice]] = {}
        for row in among(self._conn, select(invoices), invoices.c.number, sorted(numbers)):
            stored = stored_invoice(row)
            for deal in {line.deal for line in stored.invoice.lines} & wanted:
                found.setdefault(deal, []).append(stored)
        return {deal: sorted(found[deal], key=lambda item: item.invoice.number) for deal in sorted(found)}

    def free_charges(self, number: str) -> int:
        """Take the charges off a void invoice, so that another one may bill them.  Gives how many.

        Raises `IllegalMove` where there is no such invoice, or it is not void.
        """
        stored = self.invoice(number)
        if stored is None or stored.state is not InvoiceState.VOID:
            raise IllegalMove(f"only a void invoice gives its charges back: {number} is not")
        return self._conn.execute(update(charges).where(charges.c.invoice == number).values(invoice=None)).rowcount

    def move_invoice(self, number: str, to: InvoiceState, *, note: str, at: datetime) -> None:
        """Set the state.  Raises `IllegalMove` outside of `model.invoice.MOVES`, and where there is no such invoice."""
        self.move_invoices({number: note}, to, at=at)

    def move_invoices(self, notes: Mapping[str, str], to: InvoiceState, *, at: datetime) -> None:
        """Set the state of many, each by number with a note of its own; raises as `move_invoice`."""
        query = select(invoices.c.number, invoices.c.state, invoices.c.whole).order_by(invoices.c.number)
        states = {
            row["number"]: row["state"] for row in among(self._conn, query.with_for_update(), invoices.c.number, notes)
        }
        for number in notes:
            if number not in states:
                raise IllegalMove(f"there is no invoice {number}")
            if not may_move(InvoiceState(states[number]), to):
                raise IllegalMove(f"the invoice {number} cannot go from {states[number]} to {to}")
        bulk(self._conn, _MOVE, [{"b_number": number, "b_state": str(to)} for number in notes])
        self._audit.append(
            [(f"invoice/{number}", states[number], str(to), note) for number, note in notes.items()], at=at
        )


def minor(amount: Decimal, currency: str) -> int:
    """The amount in minor units.  Raises ValueError where it has surplus decimals or does not fit 64 bits."""
    value = to_minor(amount, currency)
    if abs(value) > _BIGGEST:
        raise ValueError(f"{amount} {currency} is more than the ledger holds")
    return value


def _bind(conn: Connection, lines: Sequence[tuple[str, str]]) -> int:
    """Set the invoice of open charges (key, number).  Gives how many there were."""
    pairs = [(fold(number), fold(key)) for key, number in lines]
    if not pairs:
        return 0
    if conn.dialect.name == "sqlite":
        return conn.exec_driver_sql(_BIND_EACH, pairs).rowcount
    numbers, keys = zip(*pairs, strict=True)
    return conn.exec_driver_sql(_BIND_ALL, (list(numbers), list(keys))).rowcount


def _invoice_row(invoice: Invoice, run: str, at: datetime) -> dict[str, Any]:
    if not invoice.number or is_long(invoice.number):
        raise IllegalMove(f"the invoice {invoice.id} has no number, or one of more than {LIMIT} bytes")
    doc = invoice.json_text()
    row = {
        "number": invoice.number,
        "id": invoice.id,
        "customer": invoice.customer,
        "currency": invoice.currency,
        "issued_on": invoice.issued_on,
        "due_on": invoice.due_on,
        "state": str(InvoiceState.FINALISED),
        "subtotal_minor": minor(invoice.subtotal, invoice.currency),
        "tax_minor": minor(invoice.tax_total, invoice.currency),
        "total_minor": minor(invoice.total, invoice.currency),
        "paid_minor": 0,
        "paid_on": None,
        "prepaid_minor": minor(invoice.total - invoice.due, invoice.currency),
        "credited_minor": 0,
        "row_hash": digest_text(doc),
        "run": run,
        "at": at,
        "doc": doc,
    }
    return with_whole(row, "id")


def stored_invoice(row: dict[str, Any]) -> StoredInvoice:
    """A row of the table as callers get it."""
    return StoredInvoice(
        invoice=Invoice.model_validate_json(row["doc"]),
        state=InvoiceState(row["state"]),
        paid=from_minor(row["paid_minor"], row["currency"]),
        paid_on=row["paid_on"],
        row_hash=row["row_hash"],
        run=row["run"],
        credited=from_minor(row["credited_minor"], row["currency"]),
    )
