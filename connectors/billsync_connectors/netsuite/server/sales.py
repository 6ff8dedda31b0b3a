"""Invoices, credit memos and sales orders: their totals, their numbers, what they are applied to.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.netsuite.server.denied import Denied, invalid, required, user
from billsync_connectors.netsuite.server.kinds import ITEMS, TRANSACTIONS, Kind
from billsync_connectors.netsuite.server.ledger import Ledger
from billsync_connectors.netsuite.server.settle import Settle, free
from billsync_connectors.netsuite.server.shelf import Row
from billsync_connectors.netsuite.server.sums import Rules, amounted, summed

_ZERO: Final = Decimal(0)
_DAYS: Final = {"M/D/YYYY": "{0.month}/{0.day}/{0.year}", "D.M.YYYY": "{0.day}.{0.month}.{0.year}"}


class Sales:
    """Completes what was sent; every method raises `Denied`."""

    def __init__(self, ledger: Ledger, settle: Settle) -> None:
        self._ledger, self._settle = ledger, settle

    def whole(self, kind: Kind, row: Row, before: Row) -> Row:
        """With its number, its totals and what is open."""
        if not row.get("entity"):
            raise required("Customer", "entity")
        customer = self._ledger.need("customer", row["entity"]["id"])
        row = self.dated(kind, row, before, customer["id"])
        lines = self._lines(row)
        codes = [self._code(row, line, customer, place) for place, line in enumerate(lines)]
        settings = self._ledger.settings
        rates = {each["id"]: each["rate"] for each in self._ledger.every("salesTaxItem")}
        rules = Rules(rates, settings.tax_rounding == "line", settings.tax_skew)
        discount = self._discount(row, lines)
        figures = summed(lines, codes, discount, row["_currency"], rules)
        if figures["total"] < 0:
            raise user("The total of this transaction must not be negative.", "item")
        row = {**row, "item": lines, **figures, "_kind": kind.name}
        if kind.name == "invoice":
            return self._fits(row, before)
        if kind.name == "creditMemo":
            return free(self.applied(row, before, customer["id"]))
        return {**row, "status": {"id": "Pending Fulfillment", "refName": "Pending Fulfillment"}}

    def dated(self, kind: Kind, row: Row, before: Row, customer: str) -> Row:
        """With its day in an open period, its number, its currency, its subsidiary."""
        row = {**row, "tranDate": row.get("tranDate") or self._ledger.today()}
        days = [row["tranDate"], *([before["tranDate"]] if before else [])]
        self._ledger.opened(*days)
        whose = self._ledger.need("customer", customer)
        if row.get("currency") and row["currency"]["id"] != whose["currency"]["id"]:
            told = f"Invalid currency reference key {row['currency']['id']} for entity {customer}."
            raise user(told, "currency")
        currency = self._ledger.need("currency", whose["currency"]["id"])
        if row.get("subsidiary") and whose.get("subsidiary") and row["subsidiary"]["id"] != whose["subsidiary"]["id"]:
            raise invalid(row["subsidiary"]["id"], "subsidiary")
        own = {"currency": whose["currency"], "_currency": currency["symbol"]}
        first = {"exchangeRate": currency["exchangeRate"], "account": {"id": "6", "refName": "Accounts Receivable"}}
        period = {"id": row["tranDate"][:7].replace("-", ""), "refName": row["tranDate"][:7]}
        found = {**first, "subsidiary": whose.get("subsidiary"), **row, **own, "postingPeriod": period}
        found["tranId"] = self._number(kind, row, before)
        return self._due(found, whose) if kind.name == "invoice" else found

    def _due(self, row: Row, customer: Row) -> Row:
        terms = row.get("terms") or customer.get("terms")
        days = int(self._ledger.need("term", terms["id"])["dateDue"]) if terms else 0
        due = row.get("dueDate") or (date.fromisoformat(row["tranDate"]) + timedelta(days=days)).isoformat()
        return {**row, "dueDate": due, **({"terms": terms} if terms else {})}

    # ------------------------------------------------------------ lines and tax

    def _lines(self, row: Row) -> list[Row]:
        lines = []
        for place, line in enumerate(row.get("item") or []):
            path = f"item.items[{place}]"
            if not line.get("item"):
                raise required("Item", f"{path}.item")
            amount = amounted(line, row["_currency"])
            if amount is None:
                raise required("Amount", f"{path}.amount")
            lines.append({**line, "amount": amount})
        if not lines:
            raise user("You must enter at least one line item for this transaction.", "item")
        return lines

    def _code(self, row: Row, line: Row, customer: Row, place: int) -> str:
        """The tax code of a line: its own, or in the US the document's where the line is taxed."""
        if self._ledger.settings.nexus != "US":
            if not line.get("taxCode"):
                raise required("Tax Code", f"item.items[{place}].taxCode")
            return str(line["taxCode"]["id"])
        items = (self._ledger.live(kind, line["item"]["id"]) for kind in ITEMS)
        item: Mapping[str, Any] = next((each for each in items if each is not None), {})
        taxed = line.get("isTaxable", item.get("isTaxable", True)) and customer.get("taxable", True)
        code = row.get("taxItem") or customer.get("taxItem") or {"id": "1"}
        return str(code["id"]) if taxed else ""

    def _discount(self, row: Row, lines: list[Row]) -> Decimal:
        """What the whole document is less by: an amount, or a percentage where the rate is written so."""
        if not row.get("discountItem"):
            return _ZERO
        rate = row.get("discountRate") or _ZERO
        return -abs(Decimal(rate)) if lines else _ZERO

    # ------------------------------------------------------------ applying

    def _fits(self, row: Row, before: Row) -> Row:
        if before and self._settle.paid(before["id"]) > row["total"]:
            raise user("The total of this transaction is less than what has been applied to it.", "item")
        return self._settle.figured({"id": "", **row})

    def applied(self, row: Row, before: Row, customer: str) -> Row:
        """With its lines of `apply`; with `autoApply` they go onto what is oldest."""
        asked = row.get("apply")
        if isinstance(asked, Mapping):
            lines = self._settle.lines(
                asked["sent"], before.get("apply", []), customer, before.get("id", ""), replace=asked["replace"]
            )
            return {**row, "apply": lines}
        if row.get("autoApply"):
            return {**row, "apply": self._oldest(row, customer, before.get("id", ""))}
        return {**row, "apply": list(before.get("apply", []))}

    def _oldest(self, row: Row, customer: str, own: str) -> list[Row]:
        left, sent = row["total"], []
        for each in sorted(self._ledger.every("invoice"), key=lambda each: str(each["tranDate"])):
            due = min(left, self._settle.due(each, but=own))
            if each["entity"]["id"] == customer and due > 0:
                sent.append({"doc": {"id": each["id"]}, "amount": due})
                left -= due
        return self._settle.lines(sent, [], customer, own, replace=True)

    # ------------------------------------------------------------ numbers

    def _number(self, kind: Kind, row: Row, before: Row) -> str:
        """The document's number: the writer's, or the account's own where it does not let writers number."""
        settings, sent = self._ledger.settings, row.get("tranId")
        if before and sent in (None, before.get("tranId")):
            return str(before["tranId"])
        if not sent or settings.numbers == "assigned":
            return str(before["tranId"]) if before else self._next(kind)
        if settings.numbers == "unique":
            for name in TRANSACTIONS:
                for other in self._ledger.every(name):
                    if name == kind.name and other.get("tranId") == sent and other["id"] != before.get("id"):
                        told = "Error while accessing a resource. This record already exists"
                        raise Denied(400, settings.duplicate_code, told, "tranId")
        return str(sent)

    def _next(self, kind: Kind) -> str:
        key, shelf = f"last number {kind.name}", self._ledger.shelf
        taken = {row.get("tranId") for row in self._ledger.every(kind.name)}
        number = shelf.recall(key, self._ledger.settings.first_number - 1) + 1
        while f"{kind.prefix}{number}" in taken:
            number += 1
        shelf.remember(key, number)
        return f"{kind.prefix}{number}"


def shown_day(text: str, form: str) -> str:
    """A day as the user's preference has it."""
    return _DAYS[form].format(date.fromisoformat(text[:10])) if form in _DAYS else text[:10]
