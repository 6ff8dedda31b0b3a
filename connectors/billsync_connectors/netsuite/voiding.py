"""Takes documents back: REST has no void, so that a script there does it, or their lines become zero.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from billsync.connector import Applied, Intent, Outcome, Refused, TryLater, Unclear
from billsync_connectors.netsuite import payload
from billsync_connectors.netsuite.documents import Documents
from billsync_connectors.netsuite.external import key_of
from billsync_connectors.netsuite.kinds import INVOICE, PAYMENT, VOID_MEMO
from billsync_connectors.netsuite.listing import is_void

_OWN: Final = frozenset({"gone", "paid", "other_reference", "period_closed", "bad_value"})
_LISTS: Final = {"invoice": "item", "credit_memo": "item,apply", "payment": "apply"}
"""Sublists that are replaced where a document is zeroed."""
_HINT: Final = "deploy the script of docs/how-to/connect-netsuite.md there, or set `void: zero`"


class Voiding:
    """Voids documents of one kind."""

    def __init__(self, documents: Documents, *, by_script: bool) -> None:
        self._documents, self._session, self._kind = documents, documents.session, documents.kind
        self._by_script = by_script

    def void(self, intent: Intent) -> Outcome:
        """A document that is void already is `Applied`.  Never raises."""
        try:
            id = payload.remote_id(intent.remote_id, "remote_id")
            row = self._row(intent, id)
            if row is not None:
                self._take_back(id, row)
        except (TryLater, Unclear) as fault:
            return fault
        except Refused as fault:
            known = fault.reason in _OWN or not self._by_script
            return fault if known else Refused(fault.reason, f"{fault.message}: {_HINT}")
        return self._looked(intent, id)

    def _row(self, intent: Intent, id: str) -> Mapping[str, Any] | None:
        """The document, None where it is void.  Raises `Refused` for what must not be taken back."""
        row = self._session.record(self._kind.record, id)
        if row is None:
            raise Refused("gone", f"NetSuite has no {self._kind.record} {id} any more")
        held = str(row.get("externalId") or "")
        if key_of(self._kind.object, held) != intent.key:
            what = f"NetSuite's {self._kind.record} {id} carries the external id {held or 'none'}"
            raise Refused("other_reference", f"{what}, not that of {intent.key}")
        if self._is_void(id):
            return None
        if self._kind is INVOICE and payload.number(row, "amountPaid"):
            what = f"NetSuite's invoice {id} ({intent.key}) is paid at least in part: move payment or credit first"
            raise Refused("paid", what)
        return row

    def _take_back(self, id: str, row: Mapping[str, Any]) -> None:
        try:
            if self._by_script:
                self._session.script({"type": self._kind.record, "id": id})
            else:
                self._session.patch(self._kind.record, id, self._nothing(row), _LISTS[self._kind.object])
        except Refused as refused:
            self._documents.blocked({"tranDate": payload.day(row, "tranDate")}, refused)
            raise

    def _nothing(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The document with nothing in it."""
        body: dict[str, Any] = {"memo": VOID_MEMO}
        if self._kind is not INVOICE:
            body["apply"] = {"items": []}
        if self._kind is PAYMENT:
            return {**body, "payment": Decimal(0)}
        held = row.get("item")
        items = held.get("items", []) if isinstance(held, Mapping) else []
        return {**body, "item": {"items": [_zeroed(line) for line in items]}}

    def _is_void(self, id: str) -> bool:
        return any(is_void(row) for row in self._documents.listing.by_ids(self._kind, [id]))

    def _looked(self, intent: Intent, id: str) -> Outcome:
        """Only what is seen void is void; asking again does no harm."""
        try:
            void = self._is_void(id)
        except (TryLater, Refused) as fault:
            return Unclear(fault.reason, f"whether {intent.key} is void could not be read: {fault.message}")
        if not void:
            what = f"NetSuite's {self._kind.record} {id} ({intent.key}) is not void after it was taken back"
            return Unclear("not_void", what)
        return Applied(id, {"state": "void"})


def _zeroed(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line that sells nothing, with the item and the tax code that it had."""
    kept = {name: {"id": id} for name in ("item", "taxCode") if (id := payload.reference(line, name))}
    zero = dict.fromkeys(("quantity", "rate", "amount"), Decimal(0))
    return {**kept, **zero, "description": line.get("description")}
