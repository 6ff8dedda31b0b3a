"""What is due and what is paid -> where an invoice stands.  (pure)"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from billsync.model.invoice import InvoiceState

_NOT_BY_MONEY: Final = frozenset({InvoiceState.DRAFT, InvoiceState.APPROVED, InvoiceState.VOID})
_PAID_SOMEHOW: Final = frozenset({InvoiceState.PAID, InvoiceState.PARTLY_PAID})


def state_after(due: Decimal, paid: Decimal, current: InvoiceState) -> InvoiceState:
    """The state that fits what was paid in all; always `current` itself or a move that `model.invoice.MOVES` allows.

    `due` is the total without prepaid credits and credit notes.  Money moves neither drafts nor void invoices.  A
    payment that was taken back opens the invoice again, and an invoice over nothing is paid.
    """
    if current in _NOT_BY_MONEY or (current is InvoiceState.UNCOLLECTIBLE and paid <= 0):
        return current
    if paid >= due:
        return InvoiceState.PAID
    if paid > 0:
        return InvoiceState.PARTLY_PAID
    return InvoiceState.SENT if current in _PAID_SOMEHOW else current
