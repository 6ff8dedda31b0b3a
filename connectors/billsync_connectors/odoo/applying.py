"""What pays or lowers an invoice is reconciled with it, up to what is open there.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from billsync.connector import Mismatch, Refused, TryLater, Unclear, Unfinished
from billsync_connectors.odoo.encoding import amount
from billsync_connectors.odoo.jobs import Job
from billsync_connectors.odoo.session import Session

_MODEL: Final = "account.move"


class Applying:
    """Reconciles; what is applied already is left, so that it may be asked for again."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def apply(self, job: Job, *, move: int, invoices: Sequence[int]) -> Mismatch | Unfinished | None:
        """Take the open rest of a posted entry for these invoices, one after the other; None where all is done.

        What Odoo refuses is for a person: the entry stands there, and counts.
        """
        try:
            return self._applied(job, move, invoices)
        except (TryLater, Refused, Unclear) as fault:
            return Unfinished(str(job.record), fault.reason, fault.message)

    def _applied(self, job: Job, move: int, invoices: Sequence[int]) -> Mismatch | None:
        rows = self._session.find(_MODEL, [["id", "in", list(invoices)]], ["state", "amount_residual"])
        owing = [row["id"] for row in rows if row["state"] == "posted" and amount(row["amount_residual"]) > 0]
        for invoice in (id for id in invoices if id in owing):
            domain = [["move_id", "=", move], ["account_id.account_type", "=", "asset_receivable"]]
            lines = self._session.find("account.move.line", [*domain, ["reconciled", "=", False]], ["id"], limit=1)
            if not lines:
                return None
            try:
                self._session.do(_MODEL, "js_assign_outstanding_line", [invoice], line_id=lines[0]["id"])
            except Refused as fault:
                what = f"{job.intent.key} stands in Odoo, but was not applied to {_MODEL} {invoice}: {fault.message}"
                return Mismatch(str(job.record), what)
        return None
