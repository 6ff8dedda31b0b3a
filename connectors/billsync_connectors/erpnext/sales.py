"""Sales invoices and returns: lines, taxes and totals as ERPNext takes and shows them.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final

from billsync.connector import Data, Intent, Refused
from billsync.model.currency import exponent
from billsync.model.scalar import read_day
from billsync_connectors.erpnext import payload
from billsync_connectors.erpnext.documents import Documents
from billsync_connectors.erpnext.encoding import amount
from billsync_connectors.erpnext.session import Row, Session
from billsync_connectors.erpnext.site import Site
from billsync_connectors.erpnext.taxes import Taxes, Wanted

DOCTYPE: Final = "Sales Invoice"
_LINE: Final = "Sales Invoice Item"
_TAX: Final = frozenset({"tax_code", "tax_rate"})
_NAME_MAX: Final = 140
SHOWN: Final = (
    *("currency", "posting_date", "grand_total", "rounded_total", "total_taxes_and_charges", "outstanding_amount"),
    *("is_return", "status", "due_date", "customer"),
)


class Invoices(Documents):
    """Customers' invoices."""

    doctype = DOCTYPE
    title = "invoice"
    fields = SHOWN
    filters: ClassVar = (["is_return", "=", 0],)
    sign: ClassVar = 1

    def __init__(self, session: Session, site: Site, taxes: Taxes) -> None:
        super().__init__(session, site)
        self._taxes = taxes

    def build(self, intent: Intent) -> dict[str, Any]:
        """Dated as it says, owed to the cent, with the taxes of its lines."""
        data = intent.payload
        self.site.only(DOCTYPE, data)
        payload.text(data, "customer")
        if payload.day(data, "posting_date") is None:
            raise Refused("missing_value", "posting_date is missing: ERPNext would take today", field="posting_date")
        lines = payload.rows(data, "items")
        for line in lines:
            self.site.only(_LINE, line, _TAX)
        document = {name: value for name, value in data.items() if value is not None and name != "items"}
        return {
            "company": self.site.company["name"],
            **document,
            "currency": payload.text(data, "currency"),
            "set_posting_time": 1,
            "disable_rounded_total": 1,
            **self._lines(data, lines),
        }

    def _lines(self, data: Data, lines: Any) -> dict[str, Any]:
        """The lines, and the taxes unless the mapping says them itself."""
        if data.get("taxes") or data.get("taxes_and_charges"):
            return {"items": [self._line(line, None) for line in lines]}
        templates, rows = self._taxes.of([_wanted(line) for line in lines])
        items = [self._line(line, template) for line, template in zip(lines, templates, strict=True)]
        return {"items": items, "taxes": rows}

    def _line(self, line: Data, template: str | None) -> dict[str, Any]:
        """A line of a positive quantity, whatever its price: only returns may have negative ones."""
        quantity, rate = payload.needed(line, "qty"), payload.needed(line, "rate")
        if not quantity:  # ERPNext would make it 1
            quantity, rate = Decimal(1), Decimal(0)
        if quantity < 0:
            quantity, rate = -quantity, -rate
        told = {name: value for name, value in line.items() if value not in (None, "") and name not in _TAX}
        if "item_code" not in told and "item_name" not in told:
            told["item_name"] = str(told.get("description") or "-")[:_NAME_MAX]
        own = {"income_account": self.site.settings.income_account, "item_tax_template": template}
        return {
            **{name: value for name, value in own.items() if value},
            **told,
            "qty": self.sign * quantity,
            "rate": rate,
        }

    def echo(self, row: Row) -> dict[str, Any]:
        """Its total is what is owed: rounded to a coin where the site does so."""
        lines = row.get("items")
        return {
            "total": self.sign * owed(row),
            "tax": self.sign * amount(row.get("total_taxes_and_charges")),
            "currency": row.get("currency"),
            "lines": len(lines) if isinstance(lines, list) else None,
            "on": read_day(row.get("posting_date")),
            "number": row["name"],
            "state": state(row),
        }

    def repaired(self, intent: Intent, row: Row) -> dict[str, Any]:
        """The tax as an amount, where nothing but its rounding differs."""
        expect, shown, rows = intent.expect, self.echo(row), row.get("taxes") or []
        if expect is None or expect.tax is None or expect.total is None or not self.site.settings.own_tax_rounding:
            return {}
        rest = expect.tax - shown["tax"]
        unit = Decimal(1).scaleb(-exponent(str(row.get("currency"))))
        only_tax = expect.total - expect.tax == shown["total"] - shown["tax"]
        if not rest or not rows or not only_tax or abs(rest) > unit * len(rows):
            return {}
        most = max(range(len(rows)), key=lambda n: abs(amount(rows[n].get("tax_amount"))))
        taxes = [
            {
                "charge_type": "Actual",
                "account_head": each["account_head"],
                "description": each.get("description") or each["account_head"],
                "tax_amount": amount(each.get("tax_amount")) + (self.sign * rest if n == most else 0),
            }
            for n, each in enumerate(rows)
        ]
        return {"taxes": taxes}

    def further(self, intent: Intent, row: Row) -> str:
        """The day on which it is due, which terms of the customer may change."""
        wanted, there = payload.day(intent.payload, "due_date"), row.get("due_date")
        if wanted is None or not there or read_day(there) == wanted:
            return ""
        return f"due date is {there} there, {wanted} here"

    def in_the_way(self, row: Row) -> str:
        """ERPNext would let go of the payments in silence."""
        used = [["docstatus", "=", 1], ["Payment Entry Reference", "reference_name", "=", row["name"]]]
        if self.session.rows("Payment Entry", [], used, limit=1):
            return "it is paid at least in part: take the payment back first"
        return ""


class CreditNotes(Invoices):
    """Returns: negative quantities there, positive amounts in our words."""

    title = "credit note"
    filters: ClassVar = (["is_return", "=", 1],)
    sign: ClassVar = -1

    def build(self, intent: Intent) -> dict[str, Any]:
        """Taken off its invoice where it is not more than what is open there, else a credit of its own."""
        document = {**super().build(intent), "is_return": 1}
        against = payload.optional_text(intent.payload, "return_against")
        if against is None:
            return document
        row = self.session.get(DOCTYPE, against)
        if row is None or row["docstatus"] != 1:
            what = f"ERPNext has no invoice {against} that stands: it cannot be credited"
            raise Refused("unknown_reference", what, field="return_against")
        wanted = intent.expect.total if intent.expect is not None else None
        given = wanted if wanted is not None else -sum((each["qty"] * each["rate"] for each in document["items"]), 0)
        return {**document, "update_outstanding_for_self": int(given > amount(row.get("outstanding_amount")))}

    def further(self, intent: Intent, row: Row) -> str:
        """A credit note is due at no day."""
        return ""


def _wanted(line: Mapping[str, Any]) -> Wanted:
    return Wanted(
        payload.optional_text(line, "tax_code") or "",
        (payload.number(line, "tax_rate") or Decimal(0)) * 100,
        payload.optional_text(line, "item_tax_template"),
    )


def owed(row: Row) -> Decimal:
    """What a document comes to, to be paid.  Raises ValueError."""
    return amount(row.get("rounded_total")) or amount(row.get("grand_total"))


def state(row: Row) -> str:
    """A document's state in the engine's words.  Raises ValueError."""
    if row["docstatus"] != 1:
        return "void" if row["docstatus"] == 2 else "draft"
    total, left = abs(owed(row)), abs(amount(row.get("outstanding_amount")))
    if not left or (amount(row.get("outstanding_amount")) < 0) != (owed(row) < 0):
        return "paid"
    return "partly_paid" if left < total else "sent"
