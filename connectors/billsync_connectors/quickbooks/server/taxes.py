"""The tax codes that a company of a country has, and what a sale's line may name.  (shell)"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from billsync_connectors.quickbooks.server.books import Books
from billsync_connectors.quickbooks.server.denied import Denied
from billsync_connectors.quickbooks.server.settings import Settings
from billsync_connectors.quickbooks.server.sums import NO_TAX, Rate, Rules

PSEUDO: Final = ("TAX", NO_TAX)
_CODES: Final[dict[str, list[tuple[str, list[tuple[str, str]]]]]] = {
    "GB": [("20.0% S", [("20.0% S", "20")]), ("5.0% R", [("5.0% R", "5")]), ("0.0% Z", [("0.0% Z", "0")]),
           ("Exempt", [("Exempt", "0")]), ("20.0% RC CIS", [("20.0% RC CIS", "0")])],
    "DE": [("19% USt", [("19% USt", "19")]), ("7% USt", [("7% USt", "7")]), ("Steuerfrei", [("Steuerfrei", "0")])],
    "AU": [("GST", [("GST", "10")]), ("GST free", [("GST free", "0")])],
    "CA": [("GST", [("GST", "5")]), ("HST ON", [("HST ON", "13")]), ("GST/PST BC", [("GST", "5"), ("PST BC", "7")]),
           ("GST/QST QC", [("GST", "5"), ("QST", "9.975")]), ("Exempt", [("Exempt", "0")])],
}  # fmt: skip
"""Name of a code, and the names and percentages of its rates."""


class Taxes:
    """What the books know of taxes."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def furnish(self, settings: Settings) -> None:
        """The codes of the company's country; in a turn."""
        self._clear()
        codes = _CODES.get(settings.country) or [("Sales tax", [("Sales tax", str(settings.tax_rate))])]
        rates: dict[str, str] = {}
        for name, parts in codes:
            ids = []
            for part, percent in parts:
                if part not in rates:
                    rates[part] = self._rate(part, Decimal(percent))
                ids.append(rates[part])
            self._code(name, ids, taxable=True)
        if settings.country == "US":
            for name in PSEUDO:
                self._pseudo(name)

    def _clear(self) -> None:
        for kind in ("TaxCode", "TaxRate", "TaxAgency"):
            for row in self._books.every(kind):
                self._books.shelf.put(kind, {**row, "_deleted": True})
        agency = {"DisplayName": "Tax agency", "TaxTrackedOnSales": True, "TaxTrackedOnPurchases": False}
        self._agency = self._books.made("TaxAgency", agency)["Id"]

    def _rate(self, name: str, percent: Decimal) -> str:
        row = {"Name": name, "Description": name, "Active": True, "RateValue": percent,
               "AgencyRef": {"value": self._agency}, "SpecialTaxType": "NONE", "DisplayType": "ReadOnly"}  # fmt: skip
        return str(self._books.made("TaxRate", row)["Id"])

    def _code(self, name: str, rates: list[str], *, taxable: bool) -> None:
        detail = [{"TaxRateRef": {"value": id}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0} for id in rates]
        row = {"Name": name, "Description": name, "Active": True, "Hidden": False, "Taxable": taxable,
               "TaxGroup": True, "SalesTaxRateList": {"TaxRateDetail": detail},
               "PurchaseTaxRateList": {"TaxRateDetail": []}}  # fmt: skip
        self._books.made("TaxCode", row)

    def _pseudo(self, name: str) -> None:
        """The two codes of a US line, whose ids are words."""
        told = {"Name": name, "Description": name, "Active": True, "Taxable": name != NO_TAX, "TaxGroup": False}
        made = self._books.made("TaxCode", told)
        self._books.shelf.put("TaxCode", {**made, "_deleted": True})
        self._books.shelf.put("TaxCode", {**made, "Id": name})

    # ------------------------------------------------------------ asked by sales

    def rules(self) -> Rules:
        """How the company taxes now."""
        settings = self._books.settings
        american = settings.country == "US"
        each_line = settings.tax_rounding == "line" or (settings.tax_rounding == "country" and not american)
        return Rules(self.rates, american, each_line, settings.tax_skew)

    def rates(self, code: str) -> list[Rate]:
        """The rates of a code, by its id."""
        row = self._books.live("TaxCode", code)
        details = ((row or {}).get("SalesTaxRateList") or {}).get("TaxRateDetail", [])
        found = (self._books.need("TaxRate", detail["TaxRateRef"]["value"]) for detail in details)
        return [Rate(rate["Id"], rate["RateValue"]) for rate in found]

    def usual(self) -> str:
        """The id of the code by which US sales are taxed where they name none."""
        return next((row["Id"] for row in self._books.every("TaxCode") if row["Id"] not in PSEUDO), "")

    def line(self, sent: Any, *, taxable: bool) -> dict[str, str] | None:
        """A line's tax code as it was sent, or what stands in its place."""
        value = str((sent or {}).get("value", "")) if isinstance(sent, dict) else ""
        settings = self._books.settings
        if settings.country == "US":
            if value and value not in PSEUDO and self._books.live("TaxCode", value) is None:
                told = f"Invalid tax rate id - {value}"
                raise Denied(6100, "Invalid Line TaxCode in the request", told, element="TaxCodeRef")
            return {"value": value or ("TAX" if taxable else NO_TAX)}
        if not value:
            return self._none(settings)
        row = self._books.live("TaxCode", value)
        if row is None or not row["Active"]:
            raise Denied(2500, "Invalid Reference Id", f"Invalid Reference Id : TaxCodeRef {value}")
        return {"value": value}

    def _none(self, settings: Settings) -> dict[str, str] | None:
        if settings.missing_tax_code == "refuse":
            told = "Business Validation Error: Make sure all your transactions have a GST/HST rate before you save."
            raise Denied(6000, "A business validation error has occurred while processing your request", told)
        return None
