"""Payments of ours as Payment Entries: allocated to their invoice as far as it is open.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from billsync.connector import Expectation, Intent, Refused
from billsync.model.scalar import read_day
from billsync_connectors.erpnext import payload
from billsync_connectors.erpnext.documents import Documents
from billsync_connectors.erpnext.encoding import amount
from billsync_connectors.erpnext.sales import DOCTYPE as INVOICE
from billsync_connectors.erpnext.session import Row

DOCTYPE: Final = "Payment Entry"
SHOWN: Final = ("paid_amount", "paid_from_account_currency", "posting_date", "reference_no", "status", "party")
_OURS: Final = frozenset({"invoice", "currency"})


class Payments(Documents):
    """Money that came in from customers."""

    doctype = DOCTYPE
    title = "payment"
    fields = SHOWN

    def build(self, intent: Intent) -> dict[str, Any]:
        """From the customer's account to the bank's."""
        data = intent.payload
        self.site.only(DOCTYPE, data, _OURS)
        paid, day, currency = payload.needed(data, "paid_amount"), self._day(intent), payload.text(data, "currency")
        if paid <= 0:
            raise Refused("bad_value", "paid_amount: a payment is of a positive amount", field="paid_amount")
        invoice = self._invoice(intent, currency)
        mode = self.site.settings.mode_of_payment
        told = {name: value for name, value in data.items() if value not in (None, "") and name not in _OURS}
        return {
            "company": self.site.company["name"],
            "party_type": "Customer",
            "reference_no": intent.key,
            "reference_date": day,
            **({"mode_of_payment": mode} if mode else {}),
            **told,
            **self._parties(intent, invoice),
            "payment_type": "Receive",
            "posting_date": day,
            "paid_to": told.get("paid_to") or self.site.bank_account,
            "paid_amount": paid,
            "received_amount": paid,
            "paid_from_account_currency": currency,
            "paid_to_account_currency": currency,
            "references": _references(invoice, paid),
        }

    def _day(self, intent: Intent) -> date:
        day = payload.day(intent.payload, "posting_date")
        if day is None:
            raise Refused("missing_value", "posting_date is missing: let the mapping fill it", field="posting_date")
        return day

    def _invoice(self, intent: Intent, currency: str) -> Row | None:
        """The invoice that is paid, or None for a payment of no invoice.  Raises `TryLater`, `Refused`."""
        name = payload.optional_text(intent.payload, "invoice")
        if name is None:
            return None
        row = self.session.get(INVOICE, name)
        if row is None or row["docstatus"] != 1:
            what = f"ERPNext has no invoice {name} that stands: nothing can be paid on it"
            raise Refused("unknown_reference", what, field="invoice")
        account = row.get("party_account_currency") or row.get("currency")
        if currency not in {row.get("currency")} & {account}:
            what = f"{name} is in {row.get('currency')}, its customer's account in {account}: book {currency} there"
            raise Refused("other_currency", what, field="currency")
        return row

    def _parties(self, intent: Intent, invoice: Row | None) -> Mapping[str, Any]:
        if invoice is not None:
            return {"party": invoice["customer"], "paid_from": invoice["debit_to"]}
        if payload.optional_text(intent.payload, "party") is None:
            raise Refused("no_invoice", "a payment needs an invoice, or the customer as party", field="invoice")
        return {}

    def echo(self, row: Row) -> dict[str, Any]:
        """What was paid."""
        return {
            "total": amount(row.get("paid_amount")),
            "currency": row.get("paid_from_account_currency"),
            "on": read_day(row.get("posting_date")),
            "number": row["name"],
            "state": ("draft", "booked", "void")[int(row["docstatus"])],
        }

    def expected(self, intent: Intent) -> Expectation | None:
        """Money that is booked shows what was sent, also where the engine says nothing of it."""
        if intent.expect is not None or "paid_amount" not in intent.payload:
            return intent.expect
        paid, currency = (
            payload.number(intent.payload, "paid_amount"),
            payload.optional_text(intent.payload, "currency"),
        )
        return Expectation(total=paid, currency=currency, on=payload.day(intent.payload, "posting_date"))

    def in_the_way(self, row: Row) -> str:
        """Nothing is."""
        return ""


def _references(invoice: Row | None, paid: Decimal) -> list[dict[str, Any]]:
    """What is allocated; what is more than that stays the customer's credit."""
    left = amount(invoice.get("outstanding_amount")) if invoice is not None else Decimal(0)
    if invoice is None or left <= 0:
        return []
    allocated = min(paid, left)
    return [{"reference_doctype": INVOICE, "reference_name": invoice["name"], "allocated_amount": allocated}]
