"""Payments: booked once, and what they settle.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from billsync.model.base import canonical_json
from billsync.model.payment import Allocation, Payment
from billsync.model.ref import Ref
from billsync.store.audit import Audit
from billsync.store.errors import IllegalMove
from billsync.store.invoices import minor
from billsync.store.schema import allocations, invoices, payments
from billsync.store.sql import among, rows
from billsync.store.types import with_whole


@dataclass(frozen=True, slots=True)
class StoredPayment:
    """A payment and the invoices that it settles."""

    payment: Payment
    allocations: tuple[Allocation, ...]


class Payments:
    """Part of the ledger."""

    _conn: Connection
    _audit: Audit

    def add_payment(
        self, payment: Payment, items: Sequence[Allocation], *, source: Ref, run: str, at: datetime
    ) -> bool:
        """Book a payment and settle invoices with it.  False where it was booked before: then nothing changes.

        Raises `IllegalMove` for an allocation to an invoice that is not there, or of more than is open on it.
        """
        known = select(payments.c.id).where(payments.c.id == payment.id)
        if self._conn.execute(known).first() is not None:
            return False
        self._conn.execute(insert(payments), _payment_row(payment, source, run, at))
        for n, item in enumerate(items, start=1):
            self._settle(payment.id, n, item)
        note = f"{payment.amount} {payment.currency} for {', '.join(item.invoice for item in items) or 'nothing known'}"
        self._audit.append([(f"payment/{payment.id}", "", "booked", note)], at=at)
        return True

    def _settle(self, payment: str, n: int, item: Allocation) -> None:
        columns = (invoices.c.currency, invoices.c.total_minor, invoices.c.paid_minor)
        query = select(*columns).where(invoices.c.number == item.invoice).with_for_update()
        row = self._conn.execute(query).one_or_none()
        if row is None:
            raise IllegalMove(f"there is no invoice {item.invoice} to settle")
        amount = minor(item.amount, row.currency)
        paid = row.paid_minor + amount
        if amount <= 0 or paid > row.total_minor:
            raise IllegalMove(f"{item.amount} cannot be settled on {item.invoice}: it is more than what is open there")
        values = {"payment": payment, "n": n, "invoice": item.invoice, "amount_minor": amount, "settled_on": item.on}
        self._conn.execute(insert(allocations), values | {"doc": item.json_text()})
        last = select(func.max(allocations.c.settled_on)).where(allocations.c.invoice == item.invoice).scalar_subquery()
        settled = update(invoices).where(invoices.c.number == item.invoice)
        self._conn.execute(settled.values(paid_minor=paid, paid_on=last if paid == row.total_minor else None))

    def payments(self, *, invoice: str | None = None, after: str = "", limit: int = 500) -> list[StoredPayment]:
        """Payments by id, from the first after `after`; with `invoice` those that settle it."""
        query = select(payments).where(payments.c.id > after).order_by(payments.c.id).limit(limit)
        if invoice is not None:
            settling = select(allocations.c.payment).where(allocations.c.invoice == invoice)
            query = query.where(payments.c.id.in_(settling))
        found = [Payment.model_validate_json(row["doc"]) for row in rows(self._conn, query)]
        parts = select(allocations.c.doc).order_by(allocations.c.payment, allocations.c.n)
        settled: dict[str, list[Allocation]] = {}
        for row in among(self._conn, parts, allocations.c.payment, [payment.id for payment in found]):
            item = Allocation.model_validate_json(row["doc"])
            settled.setdefault(item.payment, []).append(item)
        return [StoredPayment(payment, tuple(settled.get(payment.id, ()))) for payment in found]


def _payment_row(payment: Payment, source: Ref, run: str, at: datetime) -> dict[str, Any]:
    row = {
        "id": payment.id,
        "currency": payment.currency,
        "amount_minor": minor(payment.amount, payment.currency),
        "received_on": payment.received_on,
        "source": canonical_json(source.model_dump()),
        "run": run,
        "at": at,
        "doc": payment.json_text(),
    }
    return with_whole(row, "id")
