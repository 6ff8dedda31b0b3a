"""Takes invoices back: Tryton cancels them, with a move that reverses theirs.  (shell)

A numbered invoice is cancelled only where the company allows it (`Cancel Customer Invoice` in its settings); one that
somebody paid, wholly or in part, is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from billsync.connector import Applied, Intent, Outcome, Refused, TryLater, Unclear
from billsync_connectors.tryton import applying, payload
from billsync_connectors.tryton.session import Session

MODEL: Final = "account.invoice"
_READ: Final = ("reference", "state", "payment_lines")
_HINT: Final = "allow it in Tryton (Companies: Cancel Customer Invoice), or credit the invoice there"


def void(session: Session, intents: Sequence[Intent]) -> list[Outcome]:
    """One outcome per intent; an invoice that is cancelled already is `Applied`.  Never raises per record."""
    return [_voided(session, intent) for intent in intents]


def _voided(session: Session, intent: Intent) -> Outcome:
    try:
        record = payload.remote_id(intent.remote_id, "remote_id")
        row = _row(session, record)
        if row["state"] != "cancelled":
            _refuse(intent, record, row)
            applying.release(session, record)
            session.do(f"model.{MODEL}.cancel", [record])
    except (TryLater, Unclear) as fault:
        return fault
    except Refused as fault:
        return _explained(fault)
    return _seen(session, intent, record)


def _seen(session: Session, intent: Intent, record: int) -> Outcome:
    """Only what is seen cancelled is void; asking again does no harm."""
    try:
        row = _row(session, record)
    except (TryLater, Refused) as fault:
        return Unclear(fault.reason, f"whether {intent.key} is cancelled could not be read: {fault.message}")
    if row["state"] != "cancelled":
        return Unclear("not_void", f"Tryton's invoice {record} ({intent.key}) is {row['state']} after it was cancelled")
    return Applied(str(record), {"state": "void"})


def _row(session: Session, record: int) -> Mapping[str, Any]:
    rows = session.find(MODEL, [["id", "=", record], ["type", "=", "out"]], *_READ)
    if not rows:
        raise Refused("gone", f"Tryton has no invoice {record} any more")
    return rows[0]


def _refuse(intent: Intent, record: int, row: Mapping[str, Any]) -> None:
    """Raises `Refused` for what must not be taken back."""
    if row["reference"] != intent.key:
        what = f"Tryton's invoice {record} carries the reference {row['reference']}, not {intent.key}"
        raise Refused("other_reference", what)
    if row["payment_lines"] or row["state"] == "paid":
        raise Refused(
            "paid", f"Tryton's invoice {record} ({intent.key}) is paid at least in part: move the payment first"
        )


def _explained(fault: Refused) -> Refused:
    """Tryton's own words, with what to do."""
    if fault.reason in ("gone", "paid", "other_reference", "bad_value"):
        return fault
    return Refused(fault.reason, f"{fault.message}: {_HINT}")
