"""Invoices and credit memos: made once, compared to the cent, credits applied to their invoices.  (shell)

QuickBooks has no drafts: a document counts from the moment in which it is made, so that what it shows otherwise than
intended is told at once, and nothing is sent that is known to come out otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from billsync.connector import (
    Absent,
    Applied,
    Fault,
    Found,
    Intent,
    Mismatch,
    Outcome,
    Probe,
    Refused,
    Trial,
    TryLater,
    Unclear,
    Unfinished,
    differences,
)
from billsync_connectors.quickbooks import marks, payload, shown
from billsync_connectors.quickbooks.account import Account
from billsync_connectors.quickbooks.answers import NUMBER_USED, Odd, amount, ref
from billsync_connectors.quickbooks.documents import sale
from billsync_connectors.quickbooks.encoding import quoted, request_key
from billsync_connectors.quickbooks.session import Session
from billsync_connectors.quickbooks.voiding import void

_UNSEEN_S: Final = 60
KINDS: Final = ("Invoice", "CreditMemo")


class Sales:
    """Writes and finds the documents of one kind by their numbers."""

    def __init__(self, session: Session, account: Account, kind: str) -> None:
        self._session, self._account, self._kind = session, account, kind

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """One outcome per intent; each document is a request of its own, which QuickBooks does once."""
        return [self._tried(intent) for intent in intents]

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key, all looked up in one query.  Raises `TryLater`, `Refused`."""
        rows: dict[str, list[dict[str, Any]]] = {}
        for row in self._session.those(self._kind, "DocNumber", keys):
            rows.setdefault(str(row.get("DocNumber")), []).append(row)
        with self._session.reading():
            return [self._found(rows[key]) if key in rows else Absent() for key in keys]

    def trial(self, intent: Intent) -> Trial:
        """Make it, look at it, delete it.  Raises `TryLater`, `Refused`, `Unclear`."""
        row = self._made(intent)
        with self._session.reading():
            echo = self._echo(row)
        try:
            sent = {"Id": row["Id"], "SyncToken": row.get("SyncToken")}
            self._session.do(self._kind, sent, operation="delete")
        except Fault as fault:
            return Trial(echo, left=row["Id"], message=fault.message)
        return Trial(echo)

    # ------------------------------------------------------------ one document

    def _tried(self, intent: Intent) -> Outcome:
        try:
            if intent.void:
                return void(self._session, self._kind, intent)
            if intent.remote_id is not None:
                return self._standing(intent, intent.remote_id)
            return self._finished(intent, self._made(intent))
        except (TryLater, Refused, Unclear) as fault:
            return fault

    def _made(self, intent: Intent) -> dict[str, Any]:
        """The document as QuickBooks has it: made now, or before by the same request."""
        values = sale(self._kind, intent, self._account.taxes)
        try:
            return self._session.do(self._kind, values, key=request_key(intent.idempotency_key))
        except Refused as fault:
            if fault.reason != NUMBER_USED:
                raise
            return self._numbered(intent, fault)

    def _numbered(self, intent: Intent, fault: Refused) -> dict[str, Any]:
        """The document that has the number already, where it is ours.  Raises `Refused`, `TryLater`."""
        where = f"DocNumber = {quoted(intent.key)}"
        found = [(kind, row) for kind in KINDS for page in self._session.every(kind, where) for row in page]
        found = [(kind, row) for kind, row in found if row.get("DocNumber") == intent.key]
        for kind, row in found:
            if kind == self._kind and marks.carries(row.get("PrivateNote"), intent.key):
                return row
        if not found:
            told = f"{fault.message}; the document of that number does not show yet"
            raise TryLater("number_unseen", told, after_s=_UNSEEN_S)
        names = ", ".join(f"{kind} {row['Id']}" for kind, row in found)
        raise Refused("number_taken", f"{self._session.system}: the number {intent.key} is another document's: {names}")

    def _standing(self, intent: Intent, id: str) -> Outcome:
        """One that was made before: compared, and finished; its content is never changed."""
        row = self._session.one(self._kind, id)
        if row is None:
            return Refused("gone", f"{self._session.system}: {self._kind} {id} ({intent.key}) was deleted there")
        return self._finished(intent, row)

    def _finished(self, intent: Intent, row: Mapping[str, Any]) -> Outcome:
        """Compared, a difference only after a second look; then a credit is applied."""
        id = str(row["Id"])
        try:
            wrong = self._wrong(intent, row)
            if wrong:
                again = self._session.one(self._kind, id)
                row = row if again is None else again
                wrong = self._wrong(intent, row)
        except (Fault, Odd) as fault:
            return Unfinished(id, "unreadable", f"{self._session.system}: {self._kind} {id} cannot be read: {fault}")
        if shown.void(row):
            return Refused("void", f"{self._session.system}: {self._kind} {id} ({intent.key}) is void there")
        if wrong:
            return Mismatch(id, f"QuickBooks' {self._kind} {id} for {intent.key}: {wrong}", self._echo(row))
        return self._applied(intent, row) if self._kind == "CreditMemo" else Applied(id, self._echo(row))

    def _wrong(self, intent: Intent, row: Mapping[str, Any]) -> str:
        """What it shows otherwise, in words.  Raises `Odd`."""
        if row.get("DocNumber") != intent.key:
            return f"its number is {row.get('DocNumber')} there, {intent.key} here: see `billsync connections check`"
        return differences(intent.expect, self._echo(row))

    def _echo(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return shown.echo(self._kind, row, self._account.currency)

    # ------------------------------------------------------------ credits

    def _applied(self, intent: Intent, memo: Mapping[str, Any]) -> Outcome:
        """Use the credit for its invoice, as far as that is open; the rest stays the customer's."""
        id = str(memo["Id"])
        try:
            invoice = self._to_pay(intent, memo)
            if invoice is not None:
                self._apply(intent, memo, invoice)
        except (Fault, Odd) as fault:
            reason = fault.reason if isinstance(fault, Fault) else "unreadable"
            return Unfinished(id, reason, f"{self._session.system}: {intent.key} is not applied yet: {fault}")
        return Applied(id, self._echo(memo))

    def _to_pay(self, intent: Intent, memo: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The invoice that the whole credit is still to be used for, None where there is none."""
        target = ref(payload.body(self._kind, {"InvoiceRef": intent.payload.get("InvoiceRef")}), "InvoiceRef")
        target = target or marks.applies_to(memo.get("PrivateNote"))
        if not target or not _unused(memo):
            return None
        return _open(self._session.one("Invoice", target))

    def _apply(self, intent: Intent, memo: Mapping[str, Any], invoice: Mapping[str, Any]) -> None:
        """A payment of nothing, with the credit on one side and the invoice on the other."""
        part = min(shown.left_of("CreditMemo", memo), amount(invoice, "Balance"))
        sides = (("Invoice", invoice["Id"]), ("CreditMemo", memo["Id"]))
        sent = {
            "CustomerRef": memo.get("CustomerRef"),
            "CurrencyRef": memo.get("CurrencyRef"),
            "TxnDate": memo.get("TxnDate"),
            "TotalAmt": Decimal(0),
            "PrivateNote": marks.application(intent.key),
            "Line": [{"Amount": part, "LinkedTxn": [{"TxnId": id, "TxnType": kind}]} for kind, id in sides],
        }
        given = {name: value for name, value in sent.items() if value is not None}
        self._session.do("Payment", given, key=request_key(intent.idempotency_key, f"apply {memo['Id']}"))

    # ------------------------------------------------------------ looking up

    def _found(self, rows: Sequence[Mapping[str, Any]]) -> Found:
        rows = [row for row in rows if not shown.void(row)] or rows
        ids = tuple(str(row["Id"]) for row in rows)
        if len(rows) > 1:
            return Found(ids)
        return Found(ids, complete=self._complete(rows[0]), echo=self._echo(rows[0]))

    def _complete(self, row: Mapping[str, Any]) -> bool:
        """A credit memo is not, while it is unused and the invoice that it was made for is open."""
        target = marks.applies_to(row.get("PrivateNote")) if self._kind == "CreditMemo" else ""
        return not (target and _unused(row) and _open(self._session.one("Invoice", target)) is not None)


def _unused(memo: Mapping[str, Any]) -> bool:
    """Whether nothing of a credit is used.  Raises `Odd`."""
    total = amount(memo, "TotalAmt")
    return bool(total) and shown.left_of("CreditMemo", memo) == total


def _open(invoice: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The invoice where something of it is open.  Raises `Odd`."""
    return invoice if invoice is not None and amount(invoice, "Balance") > 0 else None
