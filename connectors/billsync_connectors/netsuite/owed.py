"""What is owed on an invoice, and what a payment or a credit pays already.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billsync.connector import Refused
from billsync_connectors.netsuite import payload
from billsync_connectors.netsuite.kinds import INVOICE
from billsync_connectors.netsuite.session import Session


@dataclass(frozen=True, slots=True)
class Owed:
    """An invoice that may be paid."""

    id: str
    customer: str
    currency: str
    open: Decimal


def owed(session: Session, invoice: str) -> Owed:
    """What is open on an invoice.  Raises `Refused` where it is not there, `TryLater`."""
    id = payload.remote_id(invoice, "invoice")
    row = session.record(INVOICE.record, id, fields="entity,currency,amountRemaining")
    if row is None:
        raise Refused("unknown_invoice", f"NetSuite has no invoice {id}", field="invoice")
    left = payload.number(row, "amountRemaining") or Decimal(0)
    return Owed(id, payload.reference(row, "entity"), payload.reference(row, "currency"), left)


def applied(row: Mapping[str, Any]) -> set[str]:
    """Ids of the invoices that a payment or a credit is applied to."""
    held = row.get("apply")
    items = held.get("items") if isinstance(held, Mapping) else None
    lines = [line for line in items or [] if isinstance(line, Mapping) and line.get("apply") is not False]
    return {payload.reference(line, "doc") for line in lines}
