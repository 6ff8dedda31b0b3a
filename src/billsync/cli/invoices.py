"""`invoice list/show/explain`.  (shell)"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from billsync.cli import approvals, guard, show
from billsync.cli.opening import view
from billsync.invoicing.explain import explain as in_words
from billsync.invoicing.explain import explain_note
from billsync.model.invoice import CreditNote, Invoice, InvoiceState
from billsync.store import DraftState, StoredCreditNote, StoredInvoice, StoredPayment, Tx

INVOICES: Final = ["number", "customer", "issued_on", "due_on", "currency", "total", "open", "state"]
NOTES: Final = ["number", "invoice", "customer", "issued_on", "currency", "total", "state", "reason"]
DRAFTS: Final = tuple(str(state) for state in DraftState)


@dataclass(frozen=True, slots=True)
class Asked:
    """What `invoice list` shall show; a filter that is None lets all through."""

    customer: str | None = None
    state: str | None = None
    kind: str = "invoice"
    limit: int = 100
    format: show.Format = "table"


def listing(config: Path, asked: Asked) -> int:
    """Invoices or credit notes by number; drafts by day."""
    if asked.state in DRAFTS:
        return _drafts(config, asked)
    wanted = _state(asked.state)
    with view(config) as tx:
        if asked.kind == "credit_note":
            notes = tx.ledger.credit_notes(customer=asked.customer, state=wanted, limit=asked.limit)
            rows, columns = [_note_row(item) for item in notes], NOTES
        else:
            found = tx.ledger.invoices(customer=asked.customer, state=wanted, limit=asked.limit)
            rows, columns = [_row(item) for item in found], INVOICES
        waiting = len(tx.ledger.drafts(customer=asked.customer)) if wanted is None else 0
    title = "Credit notes" if asked.kind == "credit_note" else "Invoices"
    show.rows(title, columns, rows, format=asked.format, empty=_none(asked, title.lower()))
    if waiting:
        show.remark(f"{waiting:,} drafts wait: `billsync invoice list --state draft`")
    return guard.OK


def _drafts(config: Path, asked: Asked) -> int:
    """Those of one state; `draft` shows all that wait."""
    state = None if asked.state == "draft" else DraftState(str(asked.state))
    with view(config) as tx:
        found = tx.ledger.drafts(customer=asked.customer, state=state, limit=asked.limit)
    rows = [approvals.row(item) for item in found]
    show.rows("Drafts", approvals.COLUMNS, rows, format=asked.format, empty=_none(asked, "drafts"))
    return guard.OK


def _none(asked: Asked, what: str) -> str:
    wanted = f" that are {asked.state}" if asked.state not in (None, "draft") else ""
    return f"no {what}{wanted}" + (f" of the customer '{show.visible(asked.customer)}'" if asked.customer else "")


def _state(name: str | None) -> InvoiceState | None:
    if name is None:
        return None
    try:
        return InvoiceState(name)
    except ValueError:
        known = ", ".join(dict.fromkeys([*InvoiceState, *DRAFTS]))
        raise guard.Wrong(f"no invoice is '{show.visible(name)}': expected one of {known}") from None


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
        "credited": item.credited,
        "open": item.open,
        "state": str(item.state),
        "lines": len(invoice.lines),
    }


def _note_row(item: StoredCreditNote) -> dict[str, Any]:
    note = item.note
    return {
        "number": note.number,
        "invoice": list(item.takes),
        "customer": note.customer,
        "issued_on": note.issued_on,
        "currency": note.currency,
        "subtotal": note.subtotal,
        "tax": note.tax_total,
        "total": note.total,
        "state": str(item.state),
        "reason": note.reason,
        "lines": len(note.lines),
    }


def show_one(config: Path, number: str, format: show.Format) -> int:
    """One invoice or credit note with its lines, payments, credits and writes."""
    with view(config) as tx:
        item = _document(tx, number)
        kind = "invoice" if isinstance(item, StoredInvoice) else "credit_note"
        writes = list(tx.outbox.list(kind=kind, our_id=number))
        payments = tx.ledger.payments(invoice=number) if kind == "invoice" else []
        notes = tx.ledger.credit_notes_of([number]).get(number, [])
    document = item.invoice if isinstance(item, StoredInvoice) else item.note
    parts = {"lines": _lines(document)}
    if isinstance(item, StoredInvoice):
        parts |= {
            "payments": [_payment(each) for each in payments],
            "credit notes": [_note_row(each) for each in notes],
        }
    parts["in the ERP"] = [
        {"connection": d.connection, "id": d.remote_id, "state": str(d.state), "reason": d.reason} for d in writes
    ]
    facts = _row(item) if isinstance(item, StoredInvoice) else _note_row(item)
    if format == "json":
        told = {_JSON.get(name, name): rows for name, rows in parts.items() if name != "lines"}
        show.emit_json({**facts, "document": document.model_dump(mode="json"), **told})
        return guard.OK
    show.facts(f"{'Invoice' if kind == 'invoice' else 'Credit note'} {number}", facts)
    for name, data in parts.items():
        title = name[0].upper() + name[1:]
        show.line()
        show.rows(title, list(data[0]) if data else [], data, empty=f"{title}: none")
    return guard.OK


_JSON = {"in the ERP": "writes", "credit notes": "credit_notes"}


def _lines(document: Invoice | CreditNote) -> list[dict[str, Any]]:
    names = ("id", "deal", "description", "quantity", "unit_amount", "amount", "discount", "tax_rate")
    return [{name: getattr(line, name) for name in names} for line in document.lines]


def _payment(item: StoredPayment) -> dict[str, Any]:
    payment = item.payment
    return {
        "payment": payment.id,
        "received_on": payment.received_on,
        "amount": payment.amount,
        "back": item.back,
        "settled": item.settled,
        "state": item.state,
        "method": payment.method,
    }


def explain(config: Path, number: str, format: show.Format) -> int:
    """Every amount in words."""
    with view(config) as tx:
        item = _document(tx, number)
    if isinstance(item, StoredInvoice):
        lines = in_words(item.invoice, str(item.state), item.paid, credited=item.credited)
    else:
        lines = explain_note(item.note)
    if format == "json":
        show.emit_json({"number": number, "explanation": lines})
    else:
        for text in lines:
            show.line(show.visible(text))
    return guard.OK


def _document(tx: Tx, number: str) -> StoredInvoice | StoredCreditNote:
    item = tx.ledger.invoice(number) or tx.ledger.credit_note(number)
    if item is None:
        raise guard.Wrong(
            f"there is no invoice '{show.visible(number)}': `billsync invoice list` shows those there are"
        )
    return item
