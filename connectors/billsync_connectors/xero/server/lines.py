"""Lines of documents: what was sent, completed from items and accounts, checked, taxed.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from billsync_connectors.xero.server.books import Books
from billsync_connectors.xero.server.denied import Invalid
from billsync_connectors.xero.server.items import Items
from billsync_connectors.xero.server.sums import described, line_tax, priced
from billsync_connectors.xero.server.values import Row, rounded, text


class Lines:
    """Makes the lines of a document."""

    def __init__(self, books: Books, items: Items) -> None:
        self._books, self._items = books, items

    def read(self, given: Any, mode: str, old: Sequence[Row], default_tax: str | None) -> list[Row]:
        """All lines that were sent; they take the place of all that were there.  Raises `Invalid`."""
        if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
            raise Invalid("The LineItems are not valid.")
        known = {line["LineItemID"] for line in old}
        return [self._line(each, mode, known, default_tax) for each in given]

    def _line(self, given: Mapping[str, Any], mode: str, known: set[str], default_tax: str | None) -> Row:
        item, defaults = self._item(given)
        sent = {**defaults, **{name: value for name, value in given.items() if value is not None}}
        line = {**described(sent), **priced(sent, self._books.unit_places)}
        id = str(given.get("LineItemID") or "").lower()
        line["LineItemID"] = id if id in known else self._books.new_id("LineItem")
        if item is not None:
            line |= {"ItemCode": item["Code"], "Item": {n: item[n] for n in ("ItemID", "Code", "Name") if n in item}}
        line["Tracking"] = [dict(each) for each in given.get("Tracking") or [] if isinstance(each, Mapping)]
        if "LineAmount" not in line:
            return line
        line |= self._account(sent)
        line["TaxType"] = self._tax_type(sent, line, mode, default_tax)
        line["TaxAmount"] = line_tax(given, line, self.percent, mode)
        return line

    def retaxed(self, lines: Sequence[Row], mode: str) -> list[Row]:
        """Kept lines, computed anew: how amounts are meant has changed."""
        return [
            {**line, "TaxAmount": line_tax({}, line, self.percent, mode)} if "LineAmount" in line else line
            for line in lines
        ]

    def _item(self, given: Mapping[str, Any]) -> tuple[Row | None, Row]:
        """The item of a line, and what it brings along."""
        code = text(given, "ItemCode", 30)
        if not code:
            return None, {}
        item = self._items.find(code)
        if item is None:
            raise Invalid(f"Item code '{code}' is not valid.")
        sales = item.get("SalesDetails", {})
        found = {"Description": item.get("Description") or item.get("Name") or item["Code"]}
        found |= {name: sales[name] for name in ("AccountCode", "TaxType") if name in sales}
        if "UnitPrice" in sales and given.get("LineAmount") is None:
            found["UnitAmount"] = sales["UnitPrice"]
        return item, found

    def _account(self, sent: Mapping[str, Any]) -> Row:
        code, id = text(sent, "AccountCode", 10), text(sent, "AccountID", 40)
        if not (code or id):
            return {}
        found = self._books.account(code=code, id=id)
        if found is None or found["Type"] == "BANK" or found.get("SystemAccount") in ("DEBTORS", "CREDITORS"):
            raise Invalid(f"Account code '{code or id}' is not a valid code for this document.")
        return {"AccountCode": found["Code"], "AccountID": found["AccountID"]}

    def _tax_type(self, sent: Mapping[str, Any], line: Row, mode: str, default: str | None) -> str:
        if mode == "NoTax":
            return "NONE"
        own = text(sent, "TaxType", 50)
        account = self._books.account(code=line.get("AccountCode", ""))
        type = own or default or (account or {}).get("TaxType") or "NONE"
        rate = self._books.rates().get(type)
        if rate is None or rate["Status"] != "ACTIVE":
            told = f"The TaxType code '{type}' does not exist or cannot be used for this type of transaction."
            raise Invalid(told)
        return str(type)

    def percent(self, type: str) -> Decimal:
        """The rate of a tax type; 0 of one that is gone."""
        rate = self._books.rates().get(type)
        return Decimal(0) if rate is None else Decimal(str(rate["EffectiveRate"]))


def shown(line: Row, unit_places: int) -> Row:
    """A line as replies have it: prices in four decimals only for those who ask for them."""
    if "UnitAmount" not in line:
        return dict(line)
    return {**line, "UnitAmount": rounded(line["UnitAmount"], unit_places)}
