"""Items: products with a code, a price, an account and a tax.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from billsync_connectors.xero.server.books import Books
from billsync_connectors.xero.server.denied import Invalid
from billsync_connectors.xero.server.values import Row, net, number, rounded, text

_TEXTS: Final = {"Code": 30, "Name": 50, "Description": 4000, "PurchaseDescription": 4000}
_UNKNOWN: Final = "An existing Item with the specified ItemID could not be found"


class Items:
    """The items of one organisation."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def find(self, code: str) -> Row | None:
        """By code, in any case."""
        return next(iter(self._books.by_field("Item", "Code", code)), None)

    def save(self, given: Mapping[str, Any], *, update: bool) -> Row:
        """Make one, or change the one of that id or code.  Raises `Invalid`."""
        row, id = self._read(given), text(given, "ItemID", 40)
        found = self._books.get("Item", id) if id else None
        if id and found is None:
            raise Invalid(_UNKNOWN)
        coded = self.find(row.get("Code", ""))
        if found is None and update:
            found = coded
        if coded is not None and (found is None or coded["ItemID"] != found["ItemID"]):
            raise Invalid(f"Price List Item with Code '{row['Code']}' already exists")
        if found is None and not row.get("Code"):
            raise Invalid("The Code must be specified.")
        if found is not None:
            return self._books.put("Item", {**found, **row})
        return self._books.put("Item", {"IsSold": True, "IsPurchased": False, "IsTrackedAsInventory": False, **row})

    def delete(self, row: Row) -> None:
        """Take it away: nothing is left of it, not even for those who ask what changed."""
        self._books.purge("Item", row["ItemID"])

    def _read(self, given: Mapping[str, Any]) -> Row:
        row: Row = {}
        for name, most in _TEXTS.items():
            value = text(given, name, most)
            if value is not None:
                row[name] = value
        for name in ("IsSold", "IsPurchased"):
            if isinstance(given.get(name), bool):
                row[name] = given[name]
        for name in ("SalesDetails", "PurchaseDetails"):
            if isinstance(given.get(name), Mapping):
                row[name] = self._details(given[name])
        return row

    def _details(self, given: Mapping[str, Any]) -> Row:
        told: Row = {}
        price = number(given, "UnitPrice")
        if price is not None:
            told["UnitPrice"] = rounded(price, self._books.unit_places)
        code, tax = text(given, "AccountCode", 10), text(given, "TaxType", 50)
        if code:
            if self._books.account(code=code) is None:
                raise Invalid(f"Account code '{code}' is not a valid code for this document.")
            told["AccountCode"] = code
        if tax:
            if tax not in self._books.rates():
                raise Invalid(
                    f"The TaxType code '{tax}' does not exist or cannot be used for this type of transaction."
                )
            told["TaxType"] = tax
        return told


def shown(row: Row) -> Row:
    """An item as replies have it."""
    told = {name: value for name, value in row.items() if not name.startswith("_")}
    return {"PurchaseDetails": {}, "SalesDetails": {}, **told, "UpdatedDateUTC": net(row["UpdatedDateUTC"])}
