"""Payments of ours on Tryton's invoices: booked through its dialogue, found by the move's description.  (shell)

The dialogue books move, line and reconciliation in one call, so that a payment stands there wholly or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from billsync.connector import (
    Absent,
    Applied,
    Expectation,
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
from billsync_connectors.tryton import payload
from billsync_connectors.tryton.books import Books
from billsync_connectors.tryton.dialogue import Dialogue
from billsync_connectors.tryton.session import Session, Warned

_MODEL: Final = "account.move.line"
_INVOICE: Final = "account.invoice"
_FIELDS: Final = frozenset({"invoice", "amount", "currency", "date"})
_LINE: Final = (
    *("date", "credit", "debit", "amount_second_currency", "second_currency.code", "move", "move.description"),
    *("move.company.currency.code", "invoice_payment", "reconciliation"),
)
_MEANT: Final = ".cancel_invoice_move"
"""Tryton asks whether the move of an invoice shall be cancelled: a payment's is one."""


class Payments:
    """Writes and finds payments of customer invoices."""

    def __init__(self, session: Session, books: Books) -> None:
        self._session, self._books = session, books

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key; payments that were taken back are not there.  Raises `TryLater`, `Refused`."""
        moves: dict[str, dict[int, list[dict[str, Any]]]] = {}
        for line in self._lines([["move.description", "in", list(keys)]]):
            moves.setdefault(line["move."]["description"], {}).setdefault(line["move"], []).append(line)
        return [_found(list(moves.get(key, {}).values())) for key in keys]

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Book those without a remote id, take back those that are void.  Never raises per record."""
        return [self._written(intent) for intent in intents]

    def _written(self, intent: Intent) -> Outcome:
        try:
            if intent.void:
                return self._taken_back(intent)
            if intent.remote_id is None:
                return self._booked(intent)
            return self._seen(intent, [["id", "=", payload.remote_id(intent.remote_id, "remote_id")]])
        except (TryLater, Refused, Unclear) as fault:
            return fault

    # ------------------------------------------------------------ booking

    def _booked(self, intent: Intent) -> Outcome:
        form, invoice = self._form(intent)
        dialogue = Dialogue(self._session, "account.invoice.pay", _INVOICE, [invoice["id"]])
        try:
            dialogue.ask(dialogue.start)
            if dialogue.book("choice", "start", **form):
                more = form["amount"] > invoice["amount_to_pay"]
                dialogue.book("pay", "ask", type="overpayment" if more else "partial")
        finally:
            dialogue.end()
        return self._looked_at(intent, invoice["id"])

    def _looked_at(self, intent: Intent, invoice: int) -> Outcome:
        """What was booked, as it stands; only what is seen is certain."""
        domain = [["move.description", "=", intent.key], ["move.origin", "=", f"{_INVOICE},{invoice}"]]
        try:
            return self._seen(intent, domain)
        except (TryLater, Refused) as fault:
            return Unclear(fault.reason, f"what was booked for {intent.key} could not be read: {fault.message}")

    def _form(self, intent: Intent) -> tuple[dict[str, Any], Mapping[str, Any]]:
        """What the dialogue is told, and the invoice.  Raises `Refused`."""
        data = intent.payload
        payload.only(data, _FIELDS, "payments")
        amount, day = payload.number(data, "amount"), payload.day(data, "date")
        if amount is None or amount <= 0 or day is None:
            raise Refused("missing_value", "a payment needs a positive amount and a date", field="amount")
        if data.get("invoice") is None:
            what = "a payment without an invoice is not booked in Tryton: name the invoice, or book it there"
            raise Refused("no_invoice", what, field="invoice")
        invoice = self._invoice(payload.remote_id(data["invoice"], "invoice"))
        currency = self._books.currency(payload.text(data, "currency"))
        if currency != invoice["currency"]:
            what = f"the invoice {invoice['reference']} is not in {data['currency']}: change the payment's currency"
            raise Refused("other_currency", what, field="currency")
        return {
            "amount": amount,
            "currency": currency,
            "date": day,
            "description": payload.key(intent),
            "payment_method": self._books.payment_method,
        }, invoice

    def _invoice(self, record: int) -> Mapping[str, Any]:
        domain = [["id", "=", record], ["type", "=", "out"], ["company", "=", self._session.company]]
        rows = self._session.find(_INVOICE, domain, "state", "reference", "currency", "amount_to_pay")
        if not rows:
            raise Refused("gone", f"Tryton has no invoice {record} any more", field="invoice")
        if rows[0]["state"] != "posted":
            what = f"Tryton's invoice {record} ({rows[0]['reference']}) is {rows[0]['state']}, and takes no payment"
            raise Refused("not_open", what, field="invoice")
        return rows[0]

    # ------------------------------------------------------------ looking

    def _lines(self, domain: list[Any], *, all_: bool = False) -> list[dict[str, Any]]:
        """Receivable lines of payments, without what was taken back unless `all_`."""
        book = [
            ["account.type.receivable", "=", True],
            ["move.company", "=", self._session.company],
            ["move.journal.type", "!=", "revenue"],
            ["move.origin", "like", f"{_INVOICE},%"],
        ]
        lines = self._session.find(_MODEL, [*book, *domain], *_LINE)
        return lines if all_ else [line for line in lines if line["move"] not in self._cancelled(lines)]

    def _cancelled(self, lines: Sequence[Mapping[str, Any]]) -> set[int]:
        """Moves that another move cancels."""
        origins = [f"account.move,{line['move']}" for line in lines]
        if not origins:
            return set()
        rows = self._session.find("account.move", [["origin", "in", origins]], "origin")
        return {int(row["origin"].partition(",")[2]) for row in rows}

    def _seen(self, intent: Intent, domain: list[Any]) -> Outcome:
        lines = self._lines(domain)
        if lines and intent.remote_id is not None:
            lines = self._lines([["move", "=", lines[0]["move"]]])
        if not lines:
            if intent.remote_id is None:
                return Unclear("not_seen", f"the payment {intent.key} was booked, and is not seen in Tryton")
            return Refused("gone", f"Tryton has no payment {intent.remote_id} ({intent.key}) any more")
        record, shown = _id(lines), _echo(lines)
        if (told := lines[0]["move."]["description"]) != intent.key:
            return Mismatch(record, f"Tryton's payment {record} carries the reference {told}, not {intent.key}", shown)
        if differing := differences(intent.expect or _expected(intent), shown):
            return Mismatch(record, f"Tryton's payment {record} for {intent.key}: {differing}", shown)
        return Applied(record, shown)

    # ------------------------------------------------------------ taking back

    def _taken_back(self, intent: Intent) -> Outcome:
        """Opened, cancelled and off the invoice, each where it is still due: taking it back again goes on."""
        record = payload.remote_id(intent.remote_id, "remote_id")
        found = self._lines([["id", "=", record]], all_=True)
        if not found:
            return Refused("gone", f"Tryton has no payment {record} any more")
        if (told := found[0]["move."]["description"]) != intent.key:
            what = f"Tryton's payment {record} carries the reference {told}, not {intent.key}"
            return Refused("other_reference", what)
        move = found[0]["move"]
        lines = self._lines([["move", "=", move]], all_=True)
        if move not in self._cancelled(lines):
            self._open([line["id"] for line in lines if line["reconciliation"]])
            self._cancel(move)
        paying = [line["id"] for line in lines if line["invoice_payment"]]
        if paying:
            self._session.do(f"model.{_MODEL}.write", paying, {"invoice_payment": None})
        return Applied(str(record), {"state": "void"})

    def _open(self, lines: list[int]) -> None:
        if lines:
            Dialogue(self._session, "account.move.unreconcile_lines", _MODEL, lines).book("unreconcile")

    def _cancel(self, move: int) -> None:
        dialogue = Dialogue(self._session, "account.move.cancel", "account.move", [move])
        try:
            dialogue.ask(dialogue.start)
            try:
                dialogue.book("cancel", "default")
            except Warned as warned:
                if not warned.name.endswith(_MEANT):
                    raise
                known = {"user": self._session.user_id, "name": warned.name}
                self._session.do("model.res.user.warning.create", [known])
                dialogue.book("cancel", "default")
        finally:
            dialogue.end()


def _id(lines: Sequence[Mapping[str, Any]]) -> str:
    """The line that pays the invoice; one that is overpaid leaves another line as a credit."""
    return str(min(lines, key=lambda line: (line["invoice_payment"] is None, line["id"]))["id"])


def _echo(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    foreign = lines[0].get("second_currency.")
    parts = [-line["amount_second_currency"] if foreign else line["credit"] - line["debit"] for line in lines]
    currency = foreign or lines[0]["move."]["company."]["currency."]
    return {
        "total": sum(parts[1:], parts[0]),
        "currency": currency["code"],
        "on": lines[0]["date"],
        "number": None,
        "state": "booked",
    }


def _expected(intent: Intent) -> Expectation | None:
    """Money that is booked shows what was sent, also where the engine says nothing of it."""
    if "amount" not in intent.payload:
        return None
    return Expectation(total=payload.number(intent.payload, "amount"), on=payload.day(intent.payload, "date"))


def _found(moves: Sequence[Sequence[Mapping[str, Any]]]) -> Probe:
    if not moves:
        return Absent()
    return Found(tuple(_id(lines) for lines in moves), echo=_echo(moves[0]) if len(moves) == 1 else {})
