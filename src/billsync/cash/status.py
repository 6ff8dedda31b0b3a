"""What a CRM is told about a deal: one status from all of its invoices.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from billsync.model.invoice import Invoice, InvoiceState
from billsync.model.payment import InvoiceStatus

_ADVANCE: Final = (
    InvoiceState.DRAFT,
    InvoiceState.APPROVED,
    InvoiceState.FINALISED,
    InvoiceState.SENT,
    InvoiceState.PARTLY_PAID,
    InvoiceState.UNCOLLECTIBLE,
    InvoiceState.PAID,
    InvoiceState.VOID,
)
"""From the least to the most advanced."""


class Row(NamedTuple):
    """One invoice of the deal, as it stands.

    Attributes:
        paid_on: day of its last payment, or None.
    """

    invoice: Invoice
    state: InvoiceState
    paid_on: date | None = None


def status_of(deal_id: str, invoices: Sequence[Row]) -> InvoiceStatus:
    """The status of one deal from the invoices that hold its lines; void ones count only where there are no others.

    The state is the least advanced one; `issued_on` is the latest invoice's; `due_on` is the earliest day among those
    not yet paid, or the latest day where all are.  Raises ValueError where there is no invoice.
    """
    if not invoices:
        raise ValueError(f"the deal {deal_id} has no invoices, so it has no status")
    live = [stored for stored in invoices if stored.state is not InvoiceState.VOID] or list(invoices)
    live.sort(key=lambda stored: (stored.invoice.issued_on, stored.invoice.number, stored.invoice.id))
    lines = [line for stored in live for line in stored.invoice.lines if line.deal == deal_id]
    state = min((stored.state for stored in live), key=_ADVANCE.index)
    return InvoiceStatus(
        deal=deal_id,
        invoices=tuple(stored.invoice.number or stored.invoice.id for stored in live),
        amount=sum((line.amount for line in lines), Decimal(0)),
        currency=live[-1].invoice.currency,
        state=state.value,
        issued_on=live[-1].invoice.issued_on,
        due_on=_due_on(live),
        paid_on=_paid_on(live) if state is InvoiceState.PAID else None,
    )


def _due_on(live: Sequence[Row]) -> date:
    unpaid = [stored.invoice.due_on for stored in live if stored.state is not InvoiceState.PAID]
    return min(unpaid) if unpaid else max(stored.invoice.due_on for stored in live)


def _paid_on(live: Sequence[Row]) -> date | None:
    return max((stored.paid_on for stored in live if stored.paid_on is not None), default=None)
