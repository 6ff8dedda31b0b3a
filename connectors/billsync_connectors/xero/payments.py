"""Payments of invoices: booked once, compared, taken back.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from billsync.connector import (
    Absent,
    Applied,
    Expectation,
    Fault,
    Found,
    Intent,
    Mismatch,
    Outcome,
    Probe,
    Refused,
    TryLater,
    Unclear,
    differences,
)
from billsync.model.scalar import read_day
from billsync_connectors.xero import fields, lookup, refusals
from billsync_connectors.xero.choices import Choices
from billsync_connectors.xero.elements import Call, carried_out
from billsync_connectors.xero.session import NotValid, Session, joined
from billsync_connectors.xero.shown import payment_echo
from billsync_connectors.xero.values import Row, inner, is_id, rows


class Payments:
    """The payments of one organisation's sales invoices."""

    def __init__(self, session: Session, choices: Choices) -> None:
        self._session, self._choices = session, choices

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key; one taken back only where nothing else is there.  Raises `TryLater`, `Refused`."""
        with self._session.reading():
            found = lookup.by_reference(self._session, lookup.PAYMENTS, keys)
            return [_probed([row for row in found.get(key.casefold(), []) if row["Reference"] == key]) for key in keys]

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Book those without a remote id; compare the others, or take them back."""
        outcomes: dict[int, Outcome] = {}
        bodies: dict[int, dict[str, Any]] = {}
        for n, intent in enumerate(intents):
            try:
                if intent.remote_id is None and not intent.void:
                    bodies[n] = self._body(intent)
            except (TryLater, Refused) as fault:
                outcomes[n] = fault
        key = joined([intents[n].idempotency_key for n in bodies], "Payments")
        call = Call("PUT", "Payments", "Payments", "PaymentID", "Reference", key)
        for n, made in carried_out(self._session, call, bodies).items():
            outcomes[n] = made if isinstance(made, Fault) else self._judged(intents[n], made)
        outcomes |= self._known(intents, [n for n in range(len(intents)) if n not in outcomes])
        return [outcomes[n] for n in range(len(intents))]

    def _body(self, intent: Intent) -> dict[str, Any]:
        """Raises `Refused`, `TryLater`."""
        data = fields.checked("payment", intent.payload)
        invoice = str(inner(data, "Invoice").get("InvoiceID") or "")
        if not is_id(invoice):
            what = "a payment in Xero is one of an invoice: book money that is for none as an overpayment there"
            raise Refused("no_invoice", what, field="Invoice")
        own = {"Reference": fields.key_of(intent, "Reference"), "Date": fields.needed(data, "Date")}
        own |= {"Invoice": {"InvoiceID": invoice}, "Amount": fields.number(data, "Amount", 2)}
        if own["Amount"] is None or own["Amount"] <= 0:
            raise Refused("bad_value", "Amount: expected a number above zero", field="Amount")
        currency = intent.expect.currency if intent.expect is not None else None
        return {**data, **own, "Account": data.get("Account") or self._choices.bank(currency)}

    # ------------------------------------------------------------ those that stand there

    def _known(self, intents: Sequence[Intent], indices: Sequence[int]) -> dict[int, Outcome]:
        if not indices:
            return {}
        try:
            there = lookup.by_id(self._session, lookup.PAYMENTS, [intents[n].remote_id or "" for n in indices])
        except (TryLater, Refused) as fault:
            return dict.fromkeys(indices, fault)
        return {n: self._standing(intents[n], there.get(intents[n].remote_id or "")) for n in indices}

    def _standing(self, intent: Intent, row: Row | None) -> Outcome:
        id = intent.remote_id or ""
        if intent.void:
            return self._taken_back(id, row)
        if row is None or row.get("Status") == "DELETED":
            return Refused("void", f"{self._session.system}: payment {id} ({intent.key}) was taken back there")
        return self._judged(intent, row)

    def _taken_back(self, id: str, row: Row | None) -> Outcome:
        """One that is not there any more counts for nothing already."""
        void = Applied(id, {"state": "void"})
        if row is None or row.get("Status") == "DELETED":
            return void if id else Refused("gone", "there is no payment to be taken back")
        try:
            answer = self._session.do("POST", f"Payments/{id}", {"Status": "DELETED"})
        except NotValid as fault:
            said = "; ".join(filter(None, (refusals.told(each) for each in fault.elements))) or fault.message
            return refusals.refused(self._session.system, f"to take payment {id} back", said)
        except (TryLater, Refused, Unclear) as fault:
            return fault
        made = next(iter(rows(answer.get("Payments"))), {})
        return void if made.get("Status") == "DELETED" else Unclear("not_void", f"payment {id} is not deleted")

    def _judged(self, intent: Intent, row: Row) -> Outcome:
        id, system = str(row.get("PaymentID")), self._session.system
        try:
            shown = payment_echo(row)
            wrong = differences(_expected(intent), shown)
        except ValueError as error:
            return Unclear("unreadable", f"{system}: the answer for {intent.key} cannot be used: {error}")
        if row.get("Reference") != intent.key:
            wrong = f"it carries the reference {row.get('Reference')}"
        invoice = inner(intent.payload, "Invoice").get("InvoiceID")
        if not wrong and invoice != inner(row, "Invoice").get("InvoiceID"):
            wrong = "it pays another invoice"
        return Mismatch(id, f"{system}: payment {id} for {intent.key}: {wrong}", shown) if wrong else Applied(id, shown)


def _expected(intent: Intent) -> Expectation:
    """Money that is booked shows what was sent, also where the engine says nothing of it.  Raises ValueError."""
    if intent.expect is not None:
        return intent.expect
    return Expectation(total=fields.number(intent.payload, "Amount"), on=read_day(intent.payload.get("Date")))


def _probed(found: Sequence[Mapping[str, Any]]) -> Probe:
    there = [row for row in found if row.get("Status") != "DELETED"] or found
    if not there:
        return Absent()
    ids = tuple(str(row.get("PaymentID")) for row in there)
    return Found(ids, echo=payment_echo(there[0])) if len(ids) == 1 else Found(ids)
