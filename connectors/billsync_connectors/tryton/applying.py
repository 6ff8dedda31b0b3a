"""Credit notes against their invoices: reconciled where they come to what is open, else a part of it.  (shell)

Tryton takes a move's line for a payment of an invoice.  A credit note that is larger than what is open stays a credit
of the customer's: Tryton would need its line in two parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from billsync_connectors.tryton.dialogue import Dialogue
from billsync_connectors.tryton.session import Session

MODEL: Final = "account.invoice"
_LINE: Final = "account.move.line"
_READ: Final = ("state", "total_amount", "amount_to_pay", "currency", "party", "lines_to_pay", "payment_lines")


def settle(session: Session, note: int, invoice: int) -> None:
    """Take a posted credit note off an invoice, once.

    Raises `TryLater`, `Refused`, `Unclear`: doing it again mends.
    """
    rows = {row["id"]: row for row in session.find(MODEL, [["id", "in", [note, invoice]]], *_READ)}
    credit, owed = rows.get(note), rows.get(invoice)
    if credit is None or owed is None or not _may(credit, owed):
        return
    free = _free(session, credit["lines_to_pay"])
    given = -credit["amount_to_pay"]
    if not free or given > owed["amount_to_pay"]:
        return
    if given == owed["amount_to_pay"]:
        left = _open(session, [*owed["lines_to_pay"], *owed["payment_lines"]])
        Dialogue(session, "account.move.reconcile_lines", _LINE, [*left, *free]).book("start")
        return
    session.do(f"model.{MODEL}.write", [invoice], {"payment_lines": [["add", free]]})


def _may(credit: Mapping[str, Any], owed: Mapping[str, Any]) -> bool:
    same = all(credit[name] == owed[name] for name in ("party", "currency"))
    return same and credit["state"] == owed["state"] == "posted" and credit["total_amount"] < 0 < owed["total_amount"]


def _free(session: Session, lines: Sequence[int]) -> list[int]:
    """Lines that settle nothing yet."""
    domain = [["id", "in", list(lines)], ["reconciliation", "=", None], ["invoice_payment", "=", None]]
    return [row["id"] for row in session.find(_LINE, domain)] if lines else []


def _open(session: Session, lines: Sequence[int]) -> list[int]:
    return [row["id"] for row in session.find(_LINE, [["id", "in", list(lines)], ["reconciliation", "=", None]])]


def release(session: Session, note: int) -> None:
    """Take a credit note off the invoice that it is a part of, before it is cancelled.  Raises as `settle`."""
    domain = [["move.origin", "=", f"{MODEL},{note}"], ["invoice_payment", "!=", None], ["reconciliation", "=", None]]
    lines = [row["id"] for row in session.find(_LINE, domain)]
    if lines:
        session.do(f"model.{_LINE}.write", lines, {"invoice_payment": None})
