"""Invoices and credit memos: lines with NetSuite's own tax codes; a credit is applied to its invoice.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from billsync.connector import Data, Intent, Refused
from billsync_connectors.netsuite import payload
from billsync_connectors.netsuite.books import Books
from billsync_connectors.netsuite.documents import Documents
from billsync_connectors.netsuite.kinds import CREDIT, INVOICE
from billsync_connectors.netsuite.listing import Listing
from billsync_connectors.netsuite.owed import applied, owed
from billsync_connectors.netsuite.session import Session
from billsync_connectors.netsuite.settings import NetSuiteSettings


class Invoices(Documents):
    """Invoices."""

    kind: ClassVar = INVOICE
    replaced: ClassVar = "item"

    def __init__(self, session: Session, books: Books, listing: Listing, settings: NetSuiteSettings) -> None:
        super().__init__(session, books, listing)
        self._on_document = settings.tax_on == "document"

    def body(self, intent: Intent) -> dict[str, Any]:
        """What is sent.  Raises `Refused`, `TryLater`."""
        data = intent.payload
        rows = payload.lines(data)
        if not payload.reference(data, "entity"):
            raise Refused("missing_value", "entity is missing: let the mapping name the customer", field="entity")
        body: dict[str, Any] = {**payload.wire(data), "externalId": payload.external_id(intent)}
        if currency := payload.reference(data, "currency"):
            body["currency"] = {"id": self.books.currency(currency)}
        if self._on_document:
            body |= self._document_tax(data, rows)
        return {**body, "item": {"items": [self._line(row) for row in rows]}}

    # ------------------------------------------------------------ tax

    def _line(self, row: Data) -> dict[str, Any]:
        line: dict[str, Any] = payload.wire(row)
        line.pop("taxCode", None)
        rate = payload.number(row, "tax_rate")
        if self._on_document:
            return {"isTaxable": bool(rate), **line}
        named = payload.reference(row, "taxCode")
        if not named and (rate is not None or row.get("tax_code")):
            named = self.books.tax(str(row.get("tax_code") or ""), rate or Decimal(0))
        return {**line, "taxCode": {"id": named}} if named else line

    def _document_tax(self, data: Data, rows: Sequence[Data]) -> dict[str, Any]:
        """The one tax of a document.  Raises `Refused` where its lines have several."""
        if payload.reference(data, "taxItem"):
            return {}
        taxed = {(str(row.get("tax_code") or ""), rate) for row in rows if (rate := payload.number(row, "tax_rate"))}
        codes = {self.books.tax(code, rate) for code, rate in taxed}
        if len(codes) > 1:
            what = f"NetSuite has one tax for a document here, its lines have {len(codes)}"
            raise Refused("unknown_tax", f"{what}: use a tax group under tax_codes, or tax_on: line", field="tax_code")
        return {"taxItem": {"id": codes.pop()}} if codes else {}


class CreditMemos(Invoices):
    """Credit memos: what is given back, in positive amounts."""

    kind: ClassVar = CREDIT

    def finish(self, intent: Intent, row: Mapping[str, Any]) -> None:
        """Apply it to its invoice, up to what is open there; the rest stays as credit.  Raises any fault."""
        invoice = str(intent.payload.get("invoice") or "")
        if not invoice or invoice in applied(row):
            return
        for attempt in (1, 2):
            debt = owed(self.session, invoice)
            amount = min(debt.open, payload.number(row, "unapplied") or Decimal(0))
            if amount <= 0:
                return
            line = {"doc": {"id": debt.id}, "apply": True, "amount": amount}
            try:
                self.session.patch(self.kind.record, str(row["id"]), {"apply": {"items": [line]}})
            except Refused as refused:  # somebody paid it meanwhile?
                self.blocked({"tranDate": payload.day(row, "tranDate")}, refused)
                if attempt == 2:
                    raise
            else:
                return
