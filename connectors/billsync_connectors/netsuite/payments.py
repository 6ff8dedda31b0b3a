"""Customers' payments: on their invoice as far as it is open; what is more stays with the customer.  (shell)"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from billsync.connector import Intent, Refused
from billsync_connectors.netsuite import payload
from billsync_connectors.netsuite.books import Books
from billsync_connectors.netsuite.documents import Documents
from billsync_connectors.netsuite.kinds import PAYMENT
from billsync_connectors.netsuite.listing import Listing
from billsync_connectors.netsuite.owed import owed
from billsync_connectors.netsuite.session import Session
from billsync_connectors.netsuite.settings import NetSuiteSettings


class Payments(Documents):
    """Payments; one request books and applies them."""

    kind: ClassVar = PAYMENT
    replaced: ClassVar = "apply"

    def __init__(self, session: Session, books: Books, listing: Listing, settings: NetSuiteSettings) -> None:
        super().__init__(session, books, listing)
        self._bank = settings.bank_account

    def body(self, intent: Intent) -> dict[str, Any]:
        """What is sent.  Raises `Refused`, `TryLater`."""
        data = intent.payload
        amount = payload.number(data, "payment")
        if amount is None:
            raise Refused("missing_value", "payment is missing: let the mapping fill in the amount", field="payment")
        body: dict[str, Any] = {**self._where(intent), **payload.wire(data), "externalId": payload.external_id(intent)}
        if currency := payload.reference(data, "currency"):
            body["currency"] = {"id": self.books.currency(currency)}
        if data.get("invoice") is not None:
            body |= self._applied(body, str(data["invoice"]), amount)
        if not payload.reference(body, "customer"):
            raise Refused("missing_value", "a payment needs its invoice or its customer", field="customer")
        return body

    def _where(self, intent: Intent) -> dict[str, Any]:
        """The account that it is booked on, unless the payload says."""
        if any(intent.payload.get(name) is not None for name in ("account", "undepFunds")):
            return {}
        return {"account": {"id": self._bank}, "undepFunds": False} if self._bank else {"undepFunds": True}

    def _applied(self, body: dict[str, Any], invoice: str, amount: Decimal) -> dict[str, Any]:
        debt = owed(self.session, invoice)
        currency = payload.reference(body, "currency") or debt.currency
        if currency != debt.currency:
            what = f"invoice {debt.id} is in {self.books.symbol(debt.currency)}, the payment in"
            raise Refused("wrong_currency", f"{what} {self.books.symbol(currency)}", field="currency")
        paid = min(amount, debt.open)
        lines = [{"doc": {"id": debt.id}, "apply": True, "amount": paid}] if paid > 0 else []
        own = {"customer": body.get("customer") or {"id": debt.customer}, "currency": {"id": currency}}
        return {**own, "apply": {"items": lines}}
