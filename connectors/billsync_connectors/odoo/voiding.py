"""Takes documents and payments back: set to draft, then cancelled, which is how Odoo does it.  (shell)

Setting an invoice to draft takes it apart from what paid it, without a word: one that is paid, wholly or in part, is
refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from billsync.connector import Applied, Intent, Outcome, Refused, TryLater, Unclear, Unfinished
from billsync_connectors.odoo import payload
from billsync_connectors.odoo.encoding import amount
from billsync_connectors.odoo.external import External
from billsync_connectors.odoo.session import Session, reading

_MOVE: Final = "account.move"
_VOID: Final = ("cancel", "canceled", "rejected")
_CREDIT: Final = "credit it with a credit note instead"


class Voiding:
    """Cancels records of one kind; one that is void already is `Applied`."""

    def __init__(self, session: Session, external: External, object: str, model: str = _MOVE) -> None:
        self._session, self._external, self._object, self._model = session, external, object, model
        self._fields = ["state"] if object == "payment" else ["state", "amount_total", "amount_residual", "line_ids"]
        self._draft, self._cancel = (
            ("action_draft", "action_cancel") if object == "payment" else ("button_draft", "button_cancel")
        )

    def void(self, intent: Intent) -> Outcome:
        """Cancel what the intent names."""
        try:
            id = payload.remote_id(intent.remote_id, "remote_id")
            row = self._row(id)
            if row["state"] in _VOID:
                return Applied(str(id), {"state": "void"})
            self._ours(intent, id)
            with reading(self._session.system):
                self._untouched(intent, row)
        except (TryLater, Refused, Unclear) as fault:
            return fault
        return self._cancelled(intent, id, row)

    def _cancelled(self, intent: Intent, id: int, row: Mapping[str, Any]) -> Outcome:
        """Two steps, each of which may be taken again; only what is seen cancelled is void."""
        try:
            if row["state"] != "draft":
                self._session.do(self._model, self._draft, [id])
        except (TryLater, Refused, Unclear) as fault:
            return self._explained(fault)
        try:
            self._session.do(self._model, self._cancel, [id])
            state = self._row(id)["state"]
        except (TryLater, Refused, Unclear) as fault:
            return Unfinished(str(id), fault.reason, fault.message)
        if state not in _VOID:
            what = (
                f"{self._session.system}: Odoo's {self._object} {id} ({intent.key}) is {state} after its cancellation"
            )
            return Unclear("not_void", what)
        return Applied(str(id), {"state": "void"})

    def _row(self, id: int) -> Mapping[str, Any]:
        rows = self._session.those(self._model, [id], self._fields)
        if id not in rows:
            raise Refused("gone", f"{self._session.system}: Odoo has no {self._object} {id} any more")
        return rows[id]

    def _ours(self, intent: Intent, id: int) -> None:
        found = self._external.keys(self._object, self._model, [id]).get(id)
        if found not in (None, intent.key):
            what = f"{self._session.system}: Odoo's {self._object} {id} carries the reference {found}, not {intent.key}"
            raise Refused("other_reference", what)

    def _untouched(self, intent: Intent, row: Mapping[str, Any]) -> None:
        """Raises `Refused` for an invoice that something was paid on, or a credit note whose money went back."""
        if self._object == "payment" or row["state"] != "posted":
            return
        if amount(row["amount_residual"]) == amount(row["amount_total"]) or not self._settled_with_money(row):
            return
        what = f"{self._session.system}: Odoo's {self._object} {row['id']} ({intent.key}) is paid at least in part"
        raise Refused("paid", f"{what}: take the payment back first")

    def _settled_with_money(self, row: Mapping[str, Any]) -> bool:
        """Whether something else than a credit note or its invoice stands against it."""
        lines, pairs = list(row["line_ids"]), ("debit_move_id", "credit_move_id")
        domain = ["|", [pairs[0], "in", lines], [pairs[1], "in", lines]]
        partials = self._session.find("account.partial.reconcile", domain, pairs)
        others = sorted({each[name][0] for each in partials for name in pairs} - set(lines))
        if not others:
            return False
        found = self._session.find("account.move.line", [["id", "in", others]], ["move_id"])
        moves = sorted({line["move_id"][0] for line in found})
        kinds = {move["move_type"] for move in self._session.find(_MOVE, [["id", "in", moves]], ["move_type"])}
        return not kinds <= ({"out_invoice"} if self._object == "credit_note" else set())

    def _explained(self, fault: TryLater | Refused | Unclear) -> TryLater | Refused | Unclear:
        if isinstance(fault, Refused) and fault.reason in ("period_closed", "journal_sealed", "refused"):
            hint = "open the period there" if self._object == "payment" else _CREDIT
            return Refused(fault.reason, f"{fault.message}: {hint}")
        return fault
