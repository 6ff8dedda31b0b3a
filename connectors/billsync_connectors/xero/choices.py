"""What an organisation has to choose from: accounts, tax types, items; read once.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from billsync.connector import Data, Refused
from billsync_connectors.xero import fields
from billsync_connectors.xero.session import Session
from billsync_connectors.xero.settings import XeroSettings
from billsync_connectors.xero.values import Row, amount, is_id, rows

REVENUE: Final = frozenset({"REVENUE", "SALES", "OTHERINCOME"})
_HUNDRED: Final = Decimal(100)


class Choices:
    """Finds accounts, tax types and items.  Raises `TryLater`, `Refused`."""

    def __init__(self, session: Session, settings: XeroSettings) -> None:
        self._session, self._settings = session, settings
        self._accounts: list[Row] | None = None
        self._taxes: list[Row] | None = None
        self._codes: dict[str, str] = {}

    def forget(self) -> None:
        """Look again: one of them was refused."""
        self._accounts, self._taxes, self._codes = None, None, {}

    # ------------------------------------------------------------ lists

    def organisation(self) -> Row:
        """What it says of itself."""
        found = rows(self._session.ask("Organisation").get("Organisations"))
        return found[0] if found else {}

    def accounts(self) -> list[Row]:
        """Active accounts."""
        if self._accounts is None:
            found = rows(self._session.ask("Accounts").get("Accounts"))
            self._accounts = [row for row in found if row.get("Status", "ACTIVE") == "ACTIVE"]
        return self._accounts

    def taxes(self) -> list[Row]:
        """Active tax rates that sales may have."""
        if self._taxes is None:
            found = rows(self._session.ask("TaxRates").get("TaxRates"))
            self._taxes = [
                row
                for row in found
                if row.get("Status", "ACTIVE") == "ACTIVE" and row.get("CanApplyToRevenue") is not False
            ]
        return self._taxes

    def items(self) -> list[Row]:
        """All items; Xero shows them without pages."""
        return rows(self._session.ask("Items").get("Items"))

    # ------------------------------------------------------------ choosing

    def item_code(self, id: str) -> str:
        """The code of an item, which lines name it by.  Raises `Refused` where there is none."""
        if id not in self._codes:
            self._codes = {str(row.get("ItemID")): str(row.get("Code")) for row in self.items()}
        if id not in self._codes:
            raise Refused("unknown_item", f"Xero has no item {id} any more: send the product again", field="Item")
        return self._codes[id]

    def revenue(self) -> str:
        """The account of lines that name none."""
        if self._settings.revenue_account:
            return self._settings.revenue_account
        fits = [str(row.get("Code")) for row in self.accounts() if row.get("Type") in REVENUE and row.get("Code")]
        return _only(fits, "revenue_account", "an account for sales")

    def bank(self, currency: str | None) -> dict[str, str]:
        """The account that payments of a currency go to."""
        chosen = self._settings.bank_accounts.get(currency or "") or self._settings.bank_account
        if not chosen:
            banks = [row for row in self.accounts() if row.get("Type") == "BANK"]
            fits = [row for row in banks if currency is None or row.get("CurrencyCode") in (None, "", currency)]
            chosen = _only([str(row.get("AccountID")) for row in fits], "bank_account", "an account for payments")
        return {"AccountID": chosen} if is_id(chosen) else {"Code": chosen}

    def tax_type(self, line: Data) -> str:
        """The tax type of a line that names none itself: by our code, by its rate, or Xero's for no tax."""
        code, rate = line.get("tax_code"), fields.number(line, "tax_rate")
        if code and str(code) in self._settings.tax_codes:
            return self._settings.tax_codes[str(code)]
        if rate is None and code:
            raise _unknown_tax(f"the tax code {code} is not among the setting tax_codes, and the line has no rate")
        if not rate:
            return self._settings.no_tax
        fits = [str(row.get("TaxType")) for row in self.taxes() if amount(row, "EffectiveRate") == rate * _HUNDRED]
        if len(fits) == 1:
            return fits[0]
        percent = f"{(rate * _HUNDRED).normalize():f} %"
        raise _unknown_tax(f"{'no' if not fits else 'more than one'} tax type of sales has {percent}", *fits)


def _only(fits: list[str], setting: str, what: str) -> str:
    if len(fits) != 1:
        named = f"; there are {', '.join(fits)}" if fits else ""
        raise Refused("no_account", f"which is {what}? Name it in the setting {setting}{named}")
    return fits[0]


def _unknown_tax(why: str, *fits: str) -> Refused:
    among = f" ({', '.join(fits)})" if fits else ""
    return Refused("unknown_tax", f"{why}{among}: name the type in the setting tax_codes", field="tax_code")


def line_of(row: Any, choices: Choices, places: int) -> dict[str, Any]:
    """A line as Xero takes it; `places` are the decimals of the document's currency.  Raises `Refused`, `TryLater`."""
    if not isinstance(row, Mapping):
        raise Refused("bad_value", "LineItems: expected a list of lines", field="LineItems")
    for name in row:
        if name not in fields.LINE and row[name] is not None:
            raise fields.unknown(name, "line")
    line = {name: value for name, value in row.items() if name not in ("tax_code", "tax_rate", "Item")}
    line["Quantity"], line["UnitAmount"] = fields.number(row, "Quantity", 4), fields.number(row, "UnitAmount", 4)
    if line["Quantity"] is None or line["UnitAmount"] is None:
        raise Refused("missing_value", "a line needs Quantity and UnitAmount", field="LineItems")
    item = row.get("Item")
    if isinstance(item, Mapping) and item.get("ItemID"):
        line["ItemCode"] = choices.item_code(str(item["ItemID"]))
    if not line.get("AccountCode") and not line.get("AccountID"):
        line["AccountCode"] = choices.revenue()
    if not line.get("TaxType"):
        line["TaxType"] = choices.tax_type(row)
    return {**line, **_own_tax(row, line, places)}


def _own_tax(row: Data, line: Data, places: int) -> dict[str, Any]:
    """The tax in whole units, where the currency has no cents: Xero would work it out in cents."""
    rate = fields.number(row, "tax_rate")
    discounted = line.get("DiscountRate") is not None or line.get("DiscountAmount") is not None
    if places >= 2 or not rate or line.get("TaxAmount") is not None or discounted:
        return {}
    net = _half_up(line["Quantity"] * line["UnitAmount"], 2)
    return {"TaxAmount": _half_up(net * rate, places)}


def _half_up(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), "ROUND_HALF_UP")
