"""Transactions: made by their external id, read back, compared; nothing is written over what stands there.  (shell)

`PUT eid:` makes one document of however many requests.  It would also write over what a person changed, so that what
carries our external id already is not written again, but read and compared.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Final

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
    TryLater,
    Unclear,
    Unfinished,
    differences,
)
from billsync_connectors.netsuite import payload
from billsync_connectors.netsuite.books import Books
from billsync_connectors.netsuite.denials import VAGUE
from billsync_connectors.netsuite.external import key_of
from billsync_connectors.netsuite.kinds import VOID_MEMO, Kind
from billsync_connectors.netsuite.listing import Listing, echo, is_void
from billsync_connectors.netsuite.session import Row, Session
from billsync_connectors.netsuite.turns import in_turn

_PRECISION: Final = 2
"""Decimals that NetSuite keeps of any currency at most."""


class Documents(ABC):
    """What invoices, credit memos and payments have in common."""

    kind: ClassVar[Kind]
    replaced: ClassVar[str]
    """The sublist that a repeated request must not append to."""

    def __init__(self, session: Session, books: Books, listing: Listing) -> None:
        self.session, self.books, self.listing = session, books, listing

    @abstractmethod
    def body(self, intent: Intent) -> dict[str, Any]:
        """What is sent.  Raises `Refused`, `TryLater`."""

    def finish(self, intent: Intent, row: Mapping[str, Any]) -> None:
        """What is left to do once the document stands there and is right.  Raises any fault."""

    # ------------------------------------------------------------ looking up

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key.  Raises `TryLater`, `Refused`."""
        found = self.listing.by_keys(self.kind, keys)
        probes: list[Probe] = []
        for key in keys:
            rows = found.get(key, [])
            rows = [row for row in rows if not is_void(row)] or rows
            probes.append(self._found(rows) if rows else Absent())
        return probes

    def _found(self, rows: Sequence[Row]) -> Found:
        ids = tuple(row["id"] for row in rows)
        return Found(ids, echo=echo(self.listing.standing(self.kind, rows)[0]) if len(ids) == 1 else {})

    # ------------------------------------------------------------ writing

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """One outcome per intent.  Raises `TryLater`, `Refused` before anything is sent."""
        fresh = [intent.key for intent in intents if intent.remote_id is None]
        known = self.listing.by_keys(self.kind, fresh)
        return in_turn(intents, lambda intent: self._one(intent, [row["id"] for row in known.get(intent.key, [])]))

    def _one(self, intent: Intent, known: Sequence[str]) -> Outcome:
        try:
            external = payload.external_id(intent)
            if intent.remote_id is not None:
                return self._seen(intent, payload.remote_id(intent.remote_id, "remote_id"))
            if len(known) > 1:
                return Mismatch(known[0], f"{len(known)} records carry the reference: {', '.join(known)}")
            if known:
                return self._seen(intent, known[0])
            id = self._put(intent, external)
        except (TryLater, Refused, Unclear) as fault:
            return fault
        try:
            return self._seen(intent, id)
        except (TryLater, Refused) as fault:
            return Unfinished(id, fault.reason, fault.message) if id.isdigit() else Unclear(fault.reason, fault.message)

    def _put(self, intent: Intent, external: str) -> str:
        """Make it; its id, or `eid:` with the external id where NetSuite does not tell."""
        body = self.body(intent)
        self._exact(intent, body)
        try:
            return self._sent(external, body)
        except Refused as refused:
            there = self._explained(intent, external, body, refused)
            if there:
                return there
            again = self.body(intent)  # what is open on the invoice may be less by now
            if again == body:
                raise
            return self._sent(external, again)

    def _sent(self, external: str, body: Mapping[str, Any]) -> str:
        return self.session.put(self.kind.record, external, body, self.replaced) or f"eid:{external}"

    def _exact(self, intent: Intent, body: Mapping[str, Any]) -> None:
        """The currency is the right one, and NetSuite keeps all decimals.  Raises `Refused`; nothing was sent yet."""
        expect, currency = intent.expect, payload.reference(body, "currency")
        if expect is None:
            return
        if currency and expect.currency is not None and self.books.symbol(currency) != expect.currency:
            what = f"currency {currency} is {self.books.symbol(currency)} there, the document is in {expect.currency}"
            raise Refused("wrong_currency", f"{what}: mend the mapping's table of currencies", field="currency")
        for amount in (expect.total, expect.tax):
            if amount is not None and amount != round(amount, _PRECISION):
                what = f"{amount} {expect.currency or ''} has more decimals than NetSuite keeps ({_PRECISION})"
                raise Refused("too_precise", what)

    # ------------------------------------------------------------ a refusal

    def _explained(self, intent: Intent, external: str, body: Mapping[str, Any], refused: Refused) -> str:
        """Id of the document where it stands there already, "" where there is no better word for the refusal.

        The codes stand for many things and the texts are in the user's language: NetSuite's books tell which it is.
        Raises `Refused` with a better reason, `TryLater` where they cannot be asked.
        """
        if refused.reason not in VAGUE:
            return ""
        number = str(body.get("tranId") or "")
        for row in self.books.bearing(external, number, self.kind.type):
            ours = row.get("externalid") == external
            if ours and row.get("type") == self.kind.type:
                return row["id"]
            what = f"the external id {external}" if ours else f"the number {number}"
            message = f"{self.session.system}: {what} of {intent.key} is carried by record {row['id']} there"
            raise Refused("number_taken", message, field="externalId" if ours else "tranId")
        self.blocked(body, refused)
        return ""

    def blocked(self, body: Mapping[str, Any], refused: Refused) -> None:
        """Raises `Refused` where the day's period is closed or the customer inactive."""
        on, customer = body.get("tranDate"), payload.reference(body, self.kind.party)
        if isinstance(on, date) and self.books.closed(on):
            what = f"{self.session.system}: the period of {on.isoformat()} is closed there"
            raise Refused("period_closed", f"{what}: {refused.message}", field="tranDate")
        if customer.isdigit() and self.books.inactive(customer):
            what = f"{self.session.system}: customer {customer} is inactive there: make it active, or bill another"
            raise Refused("inactive_customer", what, field=self.kind.party)

    # ------------------------------------------------------------ reading back

    def _seen(self, intent: Intent, id: str) -> Outcome:
        """The document as it stands there, compared, and finished.  Raises `TryLater`, `Refused`."""
        row = self.session.record(self.kind.record, id)
        if row is None:
            raise Refused("gone", f"NetSuite has no {self.kind.record} {id} ({intent.key}) any more")
        id, shown = str(row.get("id", id)), self.shown(row)
        if key_of(self.kind.object, _text(row, "externalId")) != intent.key:
            told = (
                f"{self.kind.record} {id} carries the external id {_text(row, 'externalId')}, not that of {intent.key}"
            )
            return Mismatch(id, told, shown)
        if shown["state"] == "void":
            raise Refused("voided", f"the {self.kind.record} {id} of {intent.key} was voided in NetSuite")
        if differing := self._differing(intent, shown):
            return Mismatch(id, f"NetSuite's {self.kind.record} {id} for {intent.key}: {differing}", shown)
        try:
            self.finish(intent, row)
        except Fault as fault:
            return Unfinished(id, fault.reason, fault.message)
        return Applied(id, shown)

    def _differing(self, intent: Intent, shown: Mapping[str, Any]) -> str:
        wanted = intent.payload.get("tranId")
        number = f"number is {shown['number']} there, {wanted} here" if wanted and shown["number"] != wanted else ""
        hint = " (Setup, Company, Auto-Generated Numbers: allow override)" if number else ""
        return ", ".join(part for part in (differences(intent.expect, shown), number + hint) if part)

    def shown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What a record shows, by the names of `Expectation`, and its number and state.  Raises `TryLater`."""
        held = row.get("item")
        items = held.get("items") if isinstance(held, Mapping) else None
        total, tax = _number(row, "total"), _number(row, "taxTotal")
        voided = _status(row) == "Voided" or (total == 0 and row.get("memo") == VOID_MEMO)
        return {
            "total": total,
            "tax": (tax or Decimal(0)) if isinstance(items, list) else None,
            "currency": self.books.symbol(payload.reference(row, "currency")),
            "lines": len(items) if isinstance(items, list) else None,
            "on": payload.day(row, "tranDate"),
            "number": _text(row, "tranId"),
            "state": "void" if voided else "sent",
        }


def _status(row: Mapping[str, Any]) -> str:
    held = row.get("status")
    return str(held.get("id")) if isinstance(held, Mapping) else ""


def _text(row: Mapping[str, Any], name: str) -> str | None:
    return None if row.get(name) is None else str(row[name])


def _number(row: Mapping[str, Any], name: str) -> Decimal | None:
    try:
        return payload.number(row, name)
    except Refused as fault:
        raise TryLater("unreadable", f"NetSuite shows no number: {fault.message}", offline=True) from None
