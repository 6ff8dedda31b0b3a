"""Payments: booked once, on their invoices as far as those are open; the rest stays the customer's credit.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from billsync.connector import (
    Absent,
    Applied,
    Found,
    Intent,
    Mismatch,
    Outcome,
    Probe,
    Refused,
    TryLater,
    Unclear,
    Unfinished,
    differences,
)
from billsync_connectors.quickbooks import marks, payload, shown
from billsync_connectors.quickbooks.account import Account
from billsync_connectors.quickbooks.answers import Odd, amount, ref
from billsync_connectors.quickbooks.encoding import request_key
from billsync_connectors.quickbooks.session import Session
from billsync_connectors.quickbooks.voiding import void

_KIND = "Payment"
_CENT = Decimal("0.01")


class Payments:
    """Writes and finds payments."""

    def __init__(self, session: Session, account: Account) -> None:
        self._session, self._account = session, account

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """One outcome per intent; each payment is a request of its own, which QuickBooks does once."""
        return [self._tried(intent) for intent in intents]

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key, all looked up in one query.  Raises `TryLater`, `Refused`."""
        rows: dict[str, list[dict[str, Any]]] = {}
        for row in self._session.those(_KIND, "PaymentRefNum", [marks.short(key) for key in keys]):
            rows.setdefault(shown.payment_reference(row), []).append(row)
        with self._session.reading():
            return [self._found(rows[key]) if key in rows else Absent() for key in keys]

    # ------------------------------------------------------------ one payment

    def _tried(self, intent: Intent) -> Outcome:
        try:
            if intent.void:
                return void(self._session, _KIND, intent)
            if intent.remote_id is not None:
                return self._standing(intent, intent.remote_id)
            values = self._values(intent)
            return self._judged(intent, self._session.do(_KIND, values, key=request_key(intent.idempotency_key)))
        except (TryLater, Refused, Unclear) as fault:
            return fault

    def _standing(self, intent: Intent, id: str) -> Outcome:
        """One that was booked before: compared, never changed."""
        row = self._session.one(_KIND, id)
        if row is None:
            return Refused("gone", f"{self._session.system}: payment {id} ({intent.key}) was deleted there")
        return self._judged(intent, row)

    def _judged(self, intent: Intent, row: Mapping[str, Any]) -> Outcome:
        id = str(row["Id"])
        try:
            found = self._echo(row)
            if found["state"] == "void":
                return Refused("void", f"{self._session.system}: payment {id} ({intent.key}) is void there")
            wrong = self._wrong(intent, row)
        except Odd as odd:
            return Unfinished(id, "unreadable", f"{self._session.system}: payment {id} cannot be read: {odd}")
        if wrong:
            return Mismatch(id, f"QuickBooks' payment {id} for {intent.key}: {wrong}", found)
        return Applied(id, found)

    def _wrong(self, intent: Intent, row: Mapping[str, Any]) -> str:
        """What it shows otherwise.  Raises `Odd`."""
        found, wanted = self._echo(row), intent.payload.get("TotalAmt")
        if wanted is not None and payload.number(wanted, "TotalAmt") != found["total"]:
            return f"total is {found['total']} there, {wanted} here"
        return differences(intent.expect, found)

    def _echo(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return shown.echo(_KIND, row, self._account.currency)

    def _found(self, rows: Sequence[Mapping[str, Any]]) -> Found:
        rows = [row for row in rows if not shown.void(row)] or rows
        ids = tuple(str(row["Id"]) for row in rows)
        return Found(ids) if len(rows) > 1 else Found(ids, echo=self._echo(rows[0]))

    # ------------------------------------------------------------ what is sent

    def _values(self, intent: Intent) -> dict[str, Any]:
        """The whole payment.  Raises `Refused`, `TryLater`."""
        values = payload.body(_KIND, {name: value for name, value in intent.payload.items() if name != "Line"})
        total = payload.required(values, "TotalAmt")
        if total <= 0 or total != total.quantize(_CENT):
            told = f"{intent.key} is over {total:f}: QuickBooks takes payments above zero, in whole hundredths"
            raise Refused("bad_amount", told, field="TotalAmt")
        rows = payload.lines(intent.payload, "Applied")
        invoices = self._invoices(rows)
        with self._session.reading():
            values["Line"] = _parts(rows, invoices, total)
        if not ref(values, "CustomerRef"):
            values["CustomerRef"] = self._customer(intent, invoices)
        if self._account.bank:
            values.setdefault("DepositToAccountRef", {"value": self._account.bank})
        values["PaymentRefNum"] = marks.short(intent.key)
        values["PrivateNote"] = marks.noted(values.get("PrivateNote"), intent.key)
        payload.fits(values)
        return values

    def _invoices(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """The invoices that are named, by their ids; one that was deleted is left out."""
        ids = [_target(row) for row in rows]
        return {row["Id"]: row for row in self._session.those("Invoice", "Id", ids)} if ids else {}

    def _customer(self, intent: Intent, invoices: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
        """The customer of the invoice that is paid.  Raises `Refused`."""
        for row in invoices.values():
            if ref(row, "CustomerRef"):
                return {"value": ref(row, "CustomerRef")}
        told = f"{self._session.system}: {intent.key} names no customer, and no invoice that stands there"
        raise Refused("missing_value", told, field="CustomerRef")


def _parts(
    rows: Sequence[Mapping[str, Any]], invoices: Mapping[str, Mapping[str, Any]], total: Decimal
) -> list[dict[str, Any]]:
    """What goes to each invoice: as much as is meant for it, is open on it, and is left of the payment.

    Raises `Odd`.
    """
    found, left = [], total
    for row in rows:
        invoice = invoices.get(_target(row))
        meant = row.get("Amount", left)
        part = min(meant, left, amount(invoice, "Balance")) if invoice is not None else Decimal(0)
        if part > 0:
            left -= part
            found.append({"Amount": part, "LinkedTxn": [{"TxnId": _target(row), "TxnType": "Invoice"}]})
    return found


def _target(row: Mapping[str, Any]) -> str:
    """The id of the invoice that a line is for.  Raises `Refused`."""
    linked = row.get("LinkedTxn")
    first = linked[0] if isinstance(linked, list) and len(linked) == 1 else None
    if not isinstance(first, Mapping) or first.get("TxnType") != "Invoice" or not first.get("TxnId"):
        raise Refused("bad_value", "Line: expected one invoice in LinkedTxn", field="Line")
    return str(first["TxnId"])
