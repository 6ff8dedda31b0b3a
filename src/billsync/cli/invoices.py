"""`invoice list/show/explain`.  (shell)"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from billsync.cli import guard, show
from billsync.cli.opening import view
from billsync.invoicing.explain import explain as in_words
from billsync.model.invoice import InvoiceState
from billsync.store import StoredInvoice, Tx


def listing(config: Path, customer: str | None, state: str | None, limit: int, format: show.Format) -> int:
    """Invoices by number."""
    wanted = _state(state)
    with view(config) as tx:
        found = tx.ledger.invoices(customer=customer, state=wanted, limit=limit)
    columns = ["number", "customer", "issued_on", "due_on", "currency", "total", "open", "state"]
    show.rows("Invoices", columns, [_row(item) for item in found], format=format, empty=_none(customer, state))
    return guard.OK


def _none(customer: str | None, state: str | None) -> str:
    wanted = f" that are {state}" if state else ""
    return f"no invoices{wanted}" + (f" of the customer '{show.visible(customer)}'" if customer else "")


def _state(name: str | None) -> InvoiceState | None:
    if name is None:
        return None
    try:
        return InvoiceState(name)
    except ValueError:
        raise guard.Wrong(f"no invoice is '{show.visible(name)}': expected one of {', '.join(InvoiceState)}") from None


def _row(item: StoredInvoice) -> dict[str, Any]:
    invoice = item.invoice
    return {
        "number": invoice.number,
        "customer": invoice.customer,
        "issued_on": invoice.issued_on,
        "due_on": invoice.due_on,
        "currency": invoice.currency,
        "subtotal": invoice.subtotal,
        "tax": invoice.tax_total,
        "total": invoice.total,
        "paid": item.paid,
        "open": item.open,
        "state": str(item.state),
        "lines": len(invoice.lines),
    }


def show_one(config: Path, number: str, format: show.Format) -> int:
    """One invoice with its lines, payments and writes."""
    with view(config) as tx:
        item = _invoice(tx, number)
        payments = tx.ledger.payments(invoice=number)
        writes = list(tx.outbox.list(kind="invoice", our_id=number))
    lines = [
        {
            "deal": line.deal,
            "description": line.description,
            "quantity": line.quantity,
            "unit_amount": line.unit_amount,
            "amount": line.amount,
            "tax_rate": line.tax_rate,
        }
        for line in item.invoice.lines
    ]
    paid = [
        {
            "payment": p.payment.id,
            "received_on": p.payment.received_on,
            "amount": p.payment.amount,
            "back": p.back,
            "settled": p.settled,
            "state": p.state,
            "method": p.payment.method,
        }
        for p in payments
    ]
    there = [{"connection": d.connection, "id": d.remote_id, "state": str(d.state), "reason": d.reason} for d in writes]
    facts = _row(item)
    if format == "json":
        document = item.invoice.model_dump(mode="json")
        show.emit_json({**facts, "document": document, "payments": paid, "writes": there})
        return guard.OK
    show.facts(f"Invoice {number}", facts)
    for title, data in (("Lines", lines), ("Payments", paid), ("In the ERP", there)):
        show.line()
        show.rows(title, list(data[0]) if data else [], data, empty=f"{title}: none")
    return guard.OK


def explain(config: Path, number: str, format: show.Format) -> int:
    """Every amount in words."""
    with view(config) as tx:
        item = _invoice(tx, number)
    lines = in_words(item.invoice, str(item.state), item.paid)
    if format == "json":
        show.emit_json({"number": number, "explanation": lines})
    else:
        for text in lines:
            show.line(show.visible(text))
    return guard.OK


def _invoice(tx: Tx, number: str) -> StoredInvoice:
    item = tx.ledger.invoice(number)
    if item is None:
        raise guard.Wrong(
            f"there is no invoice '{show.visible(number)}': `billsync invoice list` shows those there are"
        )
    return item
