"""Documents and payments that shall count for nothing any more.  (shell)

An invoice and a payment stay, with zero amounts; QuickBooks knows no void credit memo, so that it is deleted, after
what billsync applied of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from billsync.connector import Applied, Intent, Mismatch, Outcome, Refused, Unclear
from billsync_connectors.quickbooks import marks, shown
from billsync_connectors.quickbooks.answers import GONE, STALE, amount
from billsync_connectors.quickbooks.session import Session, contended

_HOW: Final[dict[str, dict[str, str]]] = {
    "Invoice": {"operation": "void"},
    "CreditMemo": {"operation": "delete"},
    "Payment": {"operation": "update", "include": "void"},
}
_DONE: Final = {"state": "void"}


def void(session: Session, kind: str, intent: Intent) -> Outcome:
    """Take it back; one that is void or gone already is done.  Raises `TryLater`, `Refused`, `Unclear`."""
    id = intent.remote_id or ""
    for again in (False, True):
        row = session.one(kind, id)
        if row is None:
            return Applied(id, dict(_DONE))
        with session.reading():
            if shown.void(row):
                return Applied(id, dict(_DONE))
            row = _taken_off(session, row, intent.key) if kind == "CreditMemo" else row
            _free(session, kind, row, intent)
        try:
            answer = session.do(kind, {"Id": id, "SyncToken": row.get("SyncToken"), "sparse": True}, **_HOW[kind])
        except Refused as fault:
            if fault.reason == GONE:
                return Applied(id, dict(_DONE))
            if fault.reason != STALE or again:
                raise contended(fault) from None
        else:
            return _done(session, kind, id, answer)
    raise AssertionError("the second try returns or raises")


def _taken_off(session: Session, memo: dict[str, Any], key: str) -> dict[str, Any]:
    """A credit memo without what billsync itself applied of it.  Raises `TryLater`, `Refused`, `Unclear`."""
    payments = [link.get("TxnId") for link in memo.get("LinkedTxn") or [] if link.get("TxnType") == "Payment"]
    rows = session.those("Payment", "Id", [str(id) for id in payments]) if payments else []
    ours = [row for row in rows if shown.applies_credit(row) and row.get("PrivateNote") == marks.application(key)]
    for row in ours:
        session.do("Payment", {"Id": row["Id"], "SyncToken": row.get("SyncToken")}, operation="delete")
    return (session.one("CreditMemo", memo["Id"]) if ours else None) or memo


def _free(session: Session, kind: str, row: Mapping[str, Any], intent: Intent) -> None:
    """Whether nothing is paid or used of it: what is would be let go of, or refused.  Raises `Refused`."""
    if kind == "Payment" or shown.left_of(kind, row) == amount(row, "TotalAmt"):
        return
    what = "payments or credits are applied to it there; take them off first, then void it again"
    raise Refused("has_payments", f"{session.system}: {intent.key} is not voided: {what}")


def _done(session: Session, kind: str, id: str, answer: Mapping[str, Any]) -> Outcome:
    if kind == "CreditMemo" and answer.get("status") == "Deleted":
        return Applied(id, dict(_DONE))
    try:
        if shown.void(answer):
            return Applied(id, dict(_DONE))
        return Mismatch(id, f"{session.system}: {kind} {id} was voided, and does not show it", shown.echo(kind, answer))
    except ValueError:
        return Unclear("unreadable", f"{session.system}: the answer to voiding {kind} {id} cannot be read")
