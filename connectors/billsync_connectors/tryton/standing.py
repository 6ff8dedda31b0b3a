"""What stands in Tryton: every customer invoice and every payment of one, in the engine's words.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from billsync.connector import Standing
from billsync_connectors.tryton.session import Session

PAGE: Final = 500
_MODEL: Final = "account.invoice"
_INVOICE: Final = (
    *("reference", "number", "state", "invoice_date", "payment_term_date", "total_amount", "tax_amount"),
    *("amount_to_pay", "currency.code", "party", "lines"),
)
_LINE: Final = ("date", "credit", "debit", "amount_second_currency", "second_currency.code", "move.description")
BOOKED: Final = ["move.journal.type", "!=", "revenue"]
"""Lines of payments: those of credit notes, which are taken off invoices too, are of the journal of invoices."""
_NOT_FINAL: Final = frozenset({"draft", "validated"})


def invoices(session: Session) -> Iterator[list[Standing]]:
    """Customer invoices of the company, void ones and credit notes too.  Raises `TryLater`, `Refused`."""
    for rows in _pages(session, *_INVOICE):
        yield [_invoice(row) for row in rows]


def credit_notes(session: Session) -> Iterator[list[Standing]]:
    """Invoices of negative amounts, told with positive ones.  Raises `TryLater`, `Refused`."""
    for page in invoices(session):
        yield [_given(item) for item in page if item.total < 0]


def _given(item: Standing) -> Standing:
    tax, left = (None if value is None else abs(value) for value in (item.tax, item.open))
    return replace(item, total=-item.total, tax=tax, open=left)


def payments(session: Session) -> Iterator[list[Standing]]:
    """Payments of those invoices; one that was taken back is not among them.  Raises `TryLater`, `Refused`."""
    for rows in _pages(session, "reference", "currency.code", "payment_lines", payment_lines=True):
        of = {line: row for row in rows for line in row["payment_lines"]}
        lines = session.find("account.move.line", [["id", "in", sorted(of)], BOOKED], *_LINE) if of else []
        yield [_payment(line, of[line["id"]]) for line in lines]


def _pages(session: Session, *fields: str, payment_lines: bool = False) -> Iterator[Sequence[dict[str, Any]]]:
    after = 0
    paid = [["payment_lines", "!=", None]] if payment_lines else []
    while True:
        domain = [["type", "=", "out"], ["company", "=", session.company], ["id", ">", after], *paid]
        rows = session.find(_MODEL, domain, *fields, limit=PAGE)
        if not rows:
            return
        yield rows
        after = rows[-1]["id"]


def _invoice(row: dict[str, Any]) -> Standing:
    total: Decimal = row["total_amount"]
    state, left = _state(row["state"], total, row["amount_to_pay"])
    return Standing(
        id=str(row["id"]),
        reference=row["reference"] or "",
        currency=row["currency."]["code"],
        total=total,
        number=row["number"],
        customer=str(row["party"]),
        tax=row["tax_amount"],
        open=left,
        on=row["invoice_date"],
        due_on=row["payment_term_date"],
        lines=len(row["lines"]),
        state=state,
    )


def _state(state: str, total: Decimal, left: Decimal) -> tuple[str, Decimal]:
    """The state in the engine's words, and what is still to be paid."""
    if state == "cancelled":
        return "void", Decimal(0)
    if state in _NOT_FINAL:
        return "draft", total
    if state == "paid" or not left:
        return "paid", Decimal(0)
    return ("sent" if left == total else "partly_paid"), left


def _payment(line: dict[str, Any], invoice: dict[str, Any]) -> Standing:
    """A payment's amount is positive where money came in, in the currency that was paid."""
    foreign = line.get("second_currency.")
    return Standing(
        id=str(line["id"]),
        reference=line["move."]["description"] or "",
        currency=foreign["code"] if foreign else invoice["currency."]["code"],
        total=-line["amount_second_currency"] if foreign else line["credit"] - line["debit"],
        applies_to=invoice["reference"] or "",
        on=line["date"],
        state="booked",
    )
