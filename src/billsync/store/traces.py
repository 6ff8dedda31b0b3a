"""What one run left in the store: its invoices, payments, sends and moves.  (shell)"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from billsync.model.delivery import DONE, Delivery
from billsync.store.audit import Entry
from billsync.store.invoices import StoredInvoice, stored_invoice
from billsync.store.outbox import Outbox
from billsync.store.payments import StoredPayment, every_payment, stored_payments
from billsync.store.schema import audit, deliveries, invoices, payments
from billsync.store.sql import among, rows

_DONE: Final = [str(state) for state in DONE]


class Traces:
    """Questions about one run, over all areas."""

    def __init__(self, conn: Connection, outbox: Outbox) -> None:
        self._conn = conn
        self._outbox = outbox

    def invoices(self, run: str) -> list[StoredInvoice]:
        """The invoices that the run made, by number."""
        query = select(invoices).where(invoices.c.run == run).order_by(invoices.c.number)
        return [stored_invoice(row) for row in rows(self._conn, query)]

    def payments(self, run: str) -> list[StoredPayment]:
        """The payments that the run booked, by id."""
        query = every_payment().where(payments.c.run == run).order_by(payments.c.id)
        return stored_payments(self._conn, rows(self._conn, query))

    def moves(self, after: int) -> list[Entry]:
        """What changed its state since the audit row of this number, oldest first."""
        query = select(audit).where(audit.c.seq > after).order_by(audit.c.seq)
        return [(row["subject"], row["before"], row["after"], row["note"]) for row in rows(self._conn, query)]

    def sent(self, since: datetime) -> list[Delivery]:
        """Deliveries that were sent at or after that instant, by key."""
        query = select(deliveries.c.key, deliveries.c.whole).where(deliveries.c.last_sent_at >= since)
        keys = [row["key"] for row in rows(self._conn, query)]
        return sorted(self._outbox.many(keys).values(), key=lambda item: item.key)

    def stood(
        self, connection: str, kind: str, our_ids: Iterable[str], *, except_: Collection[str]
    ) -> dict[str, Delivery]:
        """Our id -> the newest delivery that took effect and is none of these keys, for those that have one."""
        columns = (deliveries.c.key, deliveries.c.our_id, deliveries.c.whole)
        query = select(*columns).where(
            deliveries.c.connection == connection, deliveries.c.kind == kind, deliveries.c.state.in_(_DONE)
        )
        found = among(self._conn, query.order_by(deliveries.c.version), deliveries.c.our_id, our_ids)
        keys = {row["our_id"]: row["key"] for row in found if row["key"] not in except_}
        by_key = self._outbox.many(keys.values())
        return {our_id: by_key[key] for our_id, key in keys.items()}
