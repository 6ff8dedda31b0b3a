"""Customer invoices: drafts in one call, compared to the cent, then posted one batch after the other.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from billsync.connector import (
    Absent,
    Applied,
    Data,
    Fault,
    Found,
    Intent,
    Mismatch,
    Outcome,
    Probe,
    Refused,
    Trial,
    Unclear,
    Unfinished,
    differences,
)
from billsync_connectors.tryton import applying, bulk, payload, voiding
from billsync_connectors.tryton.books import Books
from billsync_connectors.tryton.encoding import plain_number, without_zeros
from billsync_connectors.tryton.posting import Posting
from billsync_connectors.tryton.session import Session
from billsync_connectors.tryton.settings import TrytonSettings

MODEL: Final = "account.invoice"
READ: Final = ("reference", "number", "state", "invoice_date", "total_amount", "tax_amount", "currency.code", "lines")
DONE: Final = frozenset({"posted", "paid"})
_FIELDS: Final = frozenset(
    {"reference", "party", "invoice_date", "due_date", "payment_term", "currency", "description", "lines"}
)
_CREDIT_FIELDS: Final = _FIELDS - {"due_date", "payment_term"} | {"invoice"}
_LINE_FIELDS: Final = frozenset({"description", "quantity", "unit_price", "product", "tax_code", "tax_rate"})


class Invoices:
    """Writes and finds customer invoices, or with `credits` credit notes, by their reference.

    A credit note is an invoice of negative quantities: the way in which Tryton credits too.
    """

    def __init__(self, session: Session, books: Books, settings: TrytonSettings, *, credits_: bool = False) -> None:
        self._session, self._books, self._credits = session, books, credits_
        self._posting = Posting(session, settings.timeout)

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key: two invoices of one reference are both named.  Raises `TryLater`, `Refused`."""
        rows: dict[str, list[dict[str, Any]]] = {}
        domain = [["reference", "in", list(keys)], ["type", "=", "out"], ["company", "=", self._session.company]]
        for row in self._session.find(MODEL, domain, *READ):
            rows.setdefault(row["reference"], []).append(row)
        return [self._found(rows[key]) if key in rows else Absent() for key in keys]

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Cancel what is void, and bring the others to their posted state."""
        wanted = [intent for intent in intents if not intent.void]
        stand = iter(self._write(wanted) if wanted else [])
        taken_back = iter(voiding.void(self._session, [intent for intent in intents if intent.void]))
        return [next(taken_back if intent.void else stand) for intent in intents]

    def _write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Make drafts of those without a remote id, then compare and post all that are not posted yet."""
        outcomes: dict[int, Outcome] = {}
        ids = self._drafted(intents, outcomes)
        fresh = {ids[index] for index in ids if intents[index].remote_id is None}
        rows = self._rows(intents, ids, outcomes)
        due = {index: row for index, row in rows.items() if self._to_post(intents[index], row, outcomes, index)}
        faults = self._posting.post([(ids[index], row["invoice_date"] or date.max) for index, row in due.items()])
        refused = {record for record, fault in faults.items() if isinstance(fault, Refused) and record in fresh}
        withdrawn = self._posting.withdraw(sorted(refused))
        after = self._rows(intents, {index: ids[index] for index in due if ids[index] not in withdrawn}, outcomes)
        for index in due:
            fault = faults.get(ids[index])
            if fault is not None:
                outcomes[index] = _not_posted(ids[index], fault, withdrawn)
            elif index in after:
                outcomes[index] = self._applied(intents[index], after[index])
        return [self._settled(intent, outcomes[index]) for index, intent in enumerate(intents)]

    def _settled(self, intent: Intent, outcome: Outcome) -> Outcome:
        """A credit note that stands is taken off the invoice that it names; what is in the way is tried again."""
        against = intent.payload.get("invoice") if self._credits else None
        if against is None or not isinstance(outcome, Applied):
            return outcome
        try:
            applying.settle(self._session, int(outcome.remote_id), payload.remote_id(against, "invoice"))
        except Fault as fault:
            return Unfinished(outcome.remote_id, fault.reason, f"not taken off its invoice yet: {fault.message}")
        return outcome

    def trial(self, intent: Intent) -> Trial:
        """Make the draft, read it, delete it.  Raises `TryLater`, `Refused`, `Unclear`."""
        outcomes: dict[int, Outcome] = {}
        ids = self._drafted([replace(intent, remote_id=None)], outcomes)
        if not ids:
            fault = outcomes[0]
            assert isinstance(fault, Fault)
            raise fault
        rows = self._rows([intent], ids, outcomes)
        shown = echo(rows[0], credits_=self._credits) if rows else {}
        if self._posting.withdraw([ids[0]]):
            return Trial(shown)
        return Trial(shown, left=str(ids[0]), message=f"delete the draft {ids[0]} ({intent.key}) in Tryton")

    # ------------------------------------------------------------ drafts

    def _drafted(self, intents: Sequence[Intent], outcomes: dict[int, Outcome]) -> dict[int, int]:
        """Ids by index; what could not be made stands in `outcomes`."""
        ids: dict[int, int] = {}
        values: dict[int, dict[str, Any]] = {}
        addresses, units = self._addresses(intents), self._units(intents)
        for index, intent in enumerate(intents):
            try:
                if intent.remote_id is None:
                    values[index] = self._values(intent, addresses, units)
                else:
                    ids[index] = payload.remote_id(intent.remote_id, "remote_id")
            except Refused as fault:
                outcomes[index] = fault
        made = bulk.create(self._session, MODEL, list(values.values()))
        for index, result in zip(values, made, strict=True):
            if isinstance(result, Fault):
                assert isinstance(result, Outcome)
                outcomes[index] = result
            else:
                ids[index] = result
        return dict(sorted(ids.items()))

    def _values(self, intent: Intent, addresses: Mapping[int, int], units: Mapping[int, int]) -> dict[str, Any]:
        data = intent.payload
        payload.only(data, _CREDIT_FIELDS if self._credits else _FIELDS, "invoices")
        if payload.optional_text(data, "reference") not in {None, payload.key(intent)}:
            raise Refused("bad_key", f"the reference differs from the key {intent.key}", field="reference")
        party = payload.remote_id(data.get("party"), "party")
        if party not in addresses:
            raise Refused("unknown_party", f"Tryton has no party {party} with an address", field="party")
        currency, books = self._books.currency(payload.text(data, "currency")), self._books
        lines = [self._line(row, currency, units) for row in payload.rows(data, "lines")]
        return {
            "type": "out",
            "company": self._session.company,
            "currency": currency,
            "journal": books.journal,
            "account": books.receivable,
            "party": party,
            "invoice_address": addresses[party],
            "reference": intent.key,
            "description": payload.optional_text(data, "description"),
            "invoice_date": payload.day(data, "invoice_date"),
            **({} if self._credits else self._due(data)),
            "lines": [["create", lines]],
        }

    def _due(self, data: Data) -> dict[str, Any]:
        """The term and what it comes to, or the due date itself, which Tryton takes where there is no term."""
        due, on = payload.day(data, "due_date"), payload.day(data, "invoice_date")
        term = self._books.term(payload.optional_text(data, "payment_term"))
        if term is None:
            return {"payment_term_date": due}
        there = self._books.due(term, on) if on is not None else None
        if due is not None and there is not None and due != there:
            what = f"it is due on {there} by the payment term in Tryton, on {due} here: change the term or ours"
            raise Refused("other_due_date", what, field="due_date")
        return {"payment_term": term}

    def _line(self, row: Data, currency: int, units: Mapping[int, int]) -> dict[str, Any]:
        payload.only(row, _LINE_FIELDS, "invoice lines")
        quantity, price = payload.number(row, "quantity"), payload.number(row, "unit_price")
        if quantity is None or price is None:
            raise Refused("missing_value", "a line needs quantity and unit_price", field="lines")
        line = {
            "type": "line",
            "description": payload.optional_text(row, "description"),
            "quantity": plain_number(-quantity if self._credits else quantity),
            "unit_price": without_zeros(price),
            "account": self._books.revenue,
            "currency": currency,
            "company": self._session.company,
            **self._taxes(row),
        }
        if row.get("product") is None:
            return line
        product = payload.remote_id(row["product"], "product")
        if product not in units:
            raise Refused("unknown_product", f"Tryton has no product {product}", field="product")
        return {**line, "product": product, "unit": units[product]}

    def _taxes(self, row: Data) -> dict[str, Any]:
        code, rate = payload.optional_text(row, "tax_code") or "", payload.number(row, "tax_rate")
        tax = self._books.tax(code, rate) if rate is not None else None
        return {"taxes": [["add", [tax]]]} if tax else {}

    def _addresses(self, intents: Sequence[Intent]) -> dict[int, int]:
        """Party -> its first address."""
        ids = {str(intent.payload.get("party")) for intent in intents if intent.remote_id is None}
        rows = self._by_ids("party.party", ids, "addresses")
        return {row["id"]: row["addresses"][0] for row in rows if row["addresses"]}

    def _units(self, intents: Sequence[Intent]) -> dict[int, int]:
        """Product -> its unit."""
        found = [intent.payload.get("lines") for intent in intents if intent.remote_id is None]
        lines = [row for rows in found if isinstance(rows, list | tuple) for row in rows if isinstance(row, Mapping)]
        ids = {str(row["product"]) for row in lines if row.get("product") is not None}
        return {row["id"]: row["default_uom"] for row in self._by_ids("product.product", ids, "default_uom")}

    def _by_ids(self, model: str, written: set[str], field: str) -> list[dict[str, Any]]:
        ids = sorted(int(text) for text in written if text.isascii() and text.isdigit())
        return self._session.find(model, [["id", "in", ids]], field) if ids else []

    # ------------------------------------------------------------ comparing

    def _rows(
        self, intents: Sequence[Intent], ids: Mapping[int, int], outcomes: dict[int, Outcome]
    ) -> dict[int, dict[str, Any]]:
        """The invoices as Tryton has them; what cannot be read stands in `outcomes`."""
        if not ids:
            return {}
        try:
            rows = {row["id"]: row for row in self._session.find(MODEL, [["id", "in", list(ids.values())]], *READ)}
        except Fault as fault:
            for index, record in ids.items():
                outcomes[index] = Unfinished(str(record), fault.reason, fault.message)
            return {}
        for index, record in ids.items():
            if record not in rows:
                outcomes[index] = Refused("gone", f"Tryton has no invoice {record} ({intents[index].key}) any more")
        return {index: rows[record] for index, record in ids.items() if record in rows}

    def _to_post(self, intent: Intent, row: Mapping[str, Any], outcomes: dict[int, Outcome], index: int) -> bool:
        """Whether the invoice still has to be posted; else its outcome is noted.  A differing draft is never posted."""
        outcome = self._applied(intent, row)
        if isinstance(outcome, Applied) and row["state"] in {"draft", "validated"}:
            return True
        if row["state"] == "cancelled":
            outcome = Refused("cancelled", f"the invoice {intent.key} was cancelled in Tryton (record {row['id']})")
        outcomes[index] = outcome
        return False

    def _applied(self, intent: Intent, row: Mapping[str, Any]) -> Outcome:
        shown, record = echo(row, credits_=self._credits), str(row["id"])
        if row["reference"] != intent.key:
            message = f"Tryton's invoice {record} carries the reference {row['reference']}, not {intent.key}"
            return Mismatch(record, message, shown)
        if differing := differences(intent.expect, shown):
            return Mismatch(record, f"Tryton's invoice {record} for {intent.key}: {differing}", shown)
        return Applied(record, shown)

    def _found(self, rows: Sequence[Mapping[str, Any]]) -> Found:
        rows = [row for row in rows if row["state"] != "cancelled"] or rows
        ids = tuple(str(row["id"]) for row in rows)
        if len(rows) > 1:
            return Found(ids)
        shown = echo(rows[0], credits_=self._credits)
        return Found(ids, complete=rows[0]["state"] not in {"draft", "validated"}, echo=shown)


def echo(row: Mapping[str, Any], *, credits_: bool = False) -> dict[str, Any]:
    """What an invoice shows, by the port's names; a credit note shows what it gives back as positive."""
    sign = -1 if credits_ else 1
    return {
        "total": sign * row["total_amount"],
        "tax": sign * row["tax_amount"],
        "currency": (row.get("currency.") or {}).get("code"),
        "lines": len(row["lines"]),
        "on": row["invoice_date"],
        "number": row["number"],
        "state": "void" if row["state"] == "cancelled" else row["state"],
    }


def _not_posted(record: int, fault: Fault, withdrawn: frozenset[int]) -> Outcome:
    """Refused only where nothing is left there; else the draft waits to be finished."""
    if record in withdrawn or isinstance(fault, Unclear):
        assert isinstance(fault, Outcome)
        return fault
    return Unfinished(str(record), fault.reason, fault.message)
