"""`payments list/show`.  (shell)"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from billsync.cli import guard, show
from billsync.cli.opening import view
from billsync.store import StoredPayment, StoredRefund


def listing(config: Path, invoice: str | None, *, unallocated: bool, limit: int, format: show.Format) -> int:
    """Payments by id; with `unallocated` those with something that settles nothing."""
    with view(config) as tx:
        found = tx.ledger.payments(invoice=invoice, unallocated=unallocated, limit=limit)
    columns = ["id", "received_on", "invoice", "currency", "amount", "back", "settled", "left", "state", "told_by"]
    what = "payments that have something left" if unallocated else "payments"
    empty = f"no {what}" + (f" for the invoice '{show.visible(invoice)}'" if invoice else "")
    show.rows("Payments", columns, [_row(item) for item in found], format=format, empty=empty)
    return guard.OK


def _row(item: StoredPayment) -> dict[str, Any]:
    payment = item.payment
    return {
        "id": payment.id,
        "received_on": payment.received_on,
        "invoice": payment.invoice,
        "currency": payment.currency,
        "amount": payment.amount,
        "back": item.back,
        "settled": item.settled,
        "left": item.left,
        "state": item.state,
        "told_by": str(item.source),
        "method": payment.method,
        "reference": payment.reference,
    }


def show_one(config: Path, id: str, format: show.Format) -> int:
    """One payment: what it settles and settled, what went back of it, and where it stands elsewhere."""
    with view(config) as tx:
        item = tx.ledger.payment(id)
        if item is None:
            raise guard.Wrong(
                f"there is no payment '{show.visible(id)}': `billsync payments list` shows those there are"
            )
        refunds = tx.ledger.refunds(payments=[id])
        writes = [*tx.outbox.list(kind="payment", our_id=id)]
        trail = [(row["at"], row["after"], row["note"]) for row in reversed(tx.audit.tail(f"payment/{id}"))]
    facts = _row(item)
    parts: dict[str, list[dict[str, Any]]] = {
        "settles": [{"invoice": part.invoice, "amount": part.amount, "on": part.on} for part in item.allocations],
        "refunds": [_refund(refund) for refund in refunds],
        "history": [{"at": at, "state": after, "note": note} for at, after, note in trail],
        "writes": [
            {"connection": d.connection, "id": d.remote_id, "state": str(d.state), "reason": d.reason} for d in writes
        ],
    }
    if format == "json":
        show.emit_json({**facts, **parts})
        return guard.OK
    show.facts(f"Payment {show.visible(id)}", facts)
    for title, data in parts.items():
        show.line()
        show.rows(title.capitalize(), list(data[0]) if data else [], data, empty=f"{title.capitalize()}: none")
    return guard.OK


def _refund(stored: StoredRefund) -> dict[str, Any]:
    refund = stored.refund
    return {
        "id": refund.id,
        "kind": refund.kind,
        "amount": refund.amount,
        "currency": refund.currency,
        "paid_on": refund.paid_on,
        "state": stored.state,
        "reason": refund.reason,
        "fee_reference": refund.fee_reference,
    }
