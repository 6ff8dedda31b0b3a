"""What a comparison asks of the books: payments of many invoices at once, and deals that stand on invoices.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from billsync.model.money import from_minor
from billsync.model.payment import Payment
from billsync.model.ref import Ref
from billsync.store.payments import BOOKED
from billsync.store.schema import charges, deliveries, links, payments, problems, receipts
from billsync.store.sql import among, rows


@dataclass(frozen=True, slots=True)
class Settlement:
    """A payment that names an invoice, as it is told now.

    Attributes:
        source: the record that told it first; remote_id: its id there in the system that is compared, or "".
        settled: what of it settles the invoice.
    """

    payment: Payment
    source: Ref
    remote_id: str
    settled: Decimal


class Comparing:
    """Reads over many documents, a page at a time."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def settlements(self, connection: str, numbers: Iterable[str]) -> dict[str, list[Settlement]]:
        """Invoice number -> the payments that name it and stand, or shall stand, in a system; by id.

        Those are the payments that were read from it, and those that were written to it.
        """
        query = select(receipts.c.doc, receipts.c.currency, receipts.c.settled_minor, payments.c.source)
        query = query.join(payments, payments.c.id == receipts.c.payment).where(receipts.c.state == BOOKED)
        query = query.order_by(receipts.c.payment)
        found = among(self._conn, query, receipts.c.invoice, numbers)
        ids = self._sent(connection, [row for row in found if _source(row).system != connection])
        settled: dict[str, list[Settlement]] = {}
        for row in found:
            payment, source = Payment.model_validate_json(row["doc"]), _source(row)
            remote_id = source.id if source.system == connection else ids.get(payment.id)
            if remote_id is not None and payment.invoice is not None:
                part = from_minor(row["settled_minor"], row["currency"])
                settled.setdefault(payment.invoice, []).append(Settlement(payment, source, remote_id, part))
        return settled

    def _sent(self, connection: str, found: Iterable[dict[str, Any]]) -> dict[str, str]:
        """Id of ours -> id there of the payments that were written there; "" where that is not known yet."""
        ids = [Payment.model_validate_json(row["doc"]).id for row in found]
        mine = (deliveries.c.connection == connection, deliveries.c.kind == "payment")
        query = select(deliveries.c.our_id, deliveries.c.remote_id, deliveries.c.whole).where(*mine)
        return {row["our_id"]: row["remote_id"] or "" for row in among(self._conn, query, deliveries.c.our_id, ids)}

    def problems(self, system: str, object: str, id: str) -> list[str]:
        """What is open about one record, as sentences."""
        query = select(problems.c.doc).where(
            problems.c.system == system, problems.c.object == object, problems.c.id == id, problems.c.state == "open"
        )
        found = [json.loads(row["doc"]) for row in rows(self._conn, query.order_by(problems.c.number))]
        return [f"{item['code']} {item['message']}" for item in found]

    def billed_deals(self, source: str, *, after: str = "", limit: int = 500) -> list[str]:
        """Deals of a connection that stand on an invoice, in order of their id, from the first after `after`.

        A deal that is not there any more counts for the connection that it came from.
        """
        theirs = select(links.c.our_id).where(links.c.kind == "deal", links.c.system == source)
        query = select(charges.c.deal).distinct().where(charges.c.invoice.is_not(None), charges.c.deal > after)
        query = query.where(charges.c.deal.in_(theirs)).order_by(charges.c.deal).limit(limit)
        return list(self._conn.execute(query).scalars())


def _source(row: dict[str, Any]) -> Ref:
    return Ref(**json.loads(row["source"]))
