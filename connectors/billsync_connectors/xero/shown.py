"""Xero's documents in the port's words.  (pure)"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from billsync.connector import Standing
from billsync_connectors.xero.lookup import INVOICES, Place
from billsync_connectors.xero.values import Row, amount, day, id_of, inner

OPEN: Final = frozenset({"DRAFT", "SUBMITTED"})
GONE: Final = frozenset({"VOIDED", "DELETED"})
_SALES: Final = frozenset({"ACCREC", "ACCRECCREDIT"})
_PAID: Final = "ACCRECPAYMENT"


def echo(row: Row, place: Place) -> dict[str, Any]:
    """What a document shows, by the port's names.  Raises ValueError."""
    lines = row.get("LineItems")
    return {
        "total": amount(row, "Total"),
        "tax": amount(row, "TotalTax"),
        "currency": row.get("CurrencyCode"),
        "lines": len(lines) if isinstance(lines, list) else None,
        "on": day(row.get("DateString") or row.get("Date")),
        "number": row.get(place.reference),
        "state": state(row, place),
    }


def state(row: Row, place: Place) -> str:
    """A document's state in our words.  Raises ValueError."""
    status = row.get("Status")
    if status in GONE:
        return "void"
    if status in OPEN:
        return "draft"
    left = amount(row, "AmountDue" if place is INVOICES else "RemainingCredit")
    if status == "PAID" or left == 0:
        return "paid"
    return "sent" if left is None or left == amount(row, "Total") else "partly_paid"


def standing(row: Row, place: Place) -> Standing | None:
    """A sales document as it stands; None for one of a supplier.  Raises ValueError."""
    if row.get("Type") not in _SALES:
        return None
    total, lines = amount(row, "Total"), row.get("LineItems")
    if total is None:
        raise ValueError("a document without a total")
    left = amount(row, "AmountDue" if place is INVOICES else "RemainingCredit")
    return Standing(
        id=id_of(row, place.id),
        reference=str(row.get(place.reference) or ""),
        currency=str(row.get("CurrencyCode")),
        total=total,
        number=str(row.get(place.reference) or "") or None,
        customer=str(inner(row, "Contact").get("ContactID") or "") or None,
        tax=amount(row, "TotalTax"),
        open=Decimal(0) if row.get("Status") in GONE else total if row.get("Status") in OPEN else left,
        on=day(row.get("DateString") or row.get("Date")),
        due_on=day(row.get("DueDateString") or row.get("DueDate")),
        lines=len(lines) if isinstance(lines, list) else None,
        state=state(row, place),
    )


def is_ours_to_read(row: Row) -> bool:
    """Whether a payment is one of a sales invoice: others pay bills, or give credit back."""
    return row.get("PaymentType") == _PAID


def payment_echo(row: Row) -> dict[str, Any]:
    """What a payment shows, by the port's names.  Raises ValueError."""
    return {
        "total": amount(row, "Amount"),
        "currency": inner(row, "Invoice").get("CurrencyCode"),
        "on": day(row.get("Date")),
        "number": row.get("Reference") or None,
        "state": "void" if row.get("Status") == "DELETED" else "booked",
    }


def payment_standing(row: Row) -> Standing | None:
    """A payment of a sales invoice as it stands; None for others.  Raises ValueError."""
    if not is_ours_to_read(row):
        return None
    total, invoice = amount(row, "Amount"), inner(row, "Invoice")
    if total is None:
        raise ValueError("a payment without an amount")
    return Standing(
        id=id_of(row, "PaymentID"),
        reference=str(row.get("Reference") or ""),
        currency=str(invoice.get("CurrencyCode")),
        total=total,
        customer=str(inner(invoice, "Contact").get("ContactID") or "") or None,
        applies_to=str(invoice.get("InvoiceNumber") or ""),
        on=day(row.get("Date")),
        state=str(payment_echo(row)["state"]),
    )
