"""Invoices and credit memos: made, changed, voided, deleted, with their numbers and totals.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.quickbooks.server.books import HUMAN, Books, merged
from billsync_connectors.quickbooks.server.clock import stamp
from billsync_connectors.quickbooks.server.denied import Denied, business, required
from billsync_connectors.quickbooks.server.kinds import REFERENCES, SALES, known
from billsync_connectors.quickbooks.server.lines import Lines
from billsync_connectors.quickbooks.server.settle import Settle
from billsync_connectors.quickbooks.server.shelf import Row
from billsync_connectors.quickbooks.server.sums import summed
from billsync_connectors.quickbooks.server.taxes import Taxes
from billsync_connectors.quickbooks.server.values import cents, day, number, short

_COMPUTED: Final = ("TotalAmt", "Balance", "HomeTotalAmt", "HomeBalance", "LinkedTxn", "RemainingCredit", "MetaData")
_LENGTHS: Final = {"DocNumber": 21, "PrivateNote": 4000, "PONumber": 15, "TrackingNum": 31}
_DATES: Final = ("TxnDate", "DueDate", "ShipDate")
_TAXED: Final = ("TaxExcluded", "TaxInclusive", "NotApplicable")
_DUE_DAYS: Final = 30
_VOID: Final = "Voided"


class Sales:
    """Writes them; every method raises `Denied`."""

    def __init__(self, books: Books, taxes: Taxes, settle: Settle) -> None:
        self._books, self._taxes, self._settle = books, taxes, settle
        self._lines = Lines(books, taxes)

    def create(self, kind: str, sent: Mapping[str, Any], include: str) -> Row:
        """A new one."""
        row = self._whole(kind, self._read(kind, sent, {}), sent)
        self._books.opened(row["TxnDate"])
        number = self._number(kind, row, include)
        made = self._books.made(kind, {**row, **number})
        return self._settle.fresh(kind, made)

    def update(self, kind: str, sent: Mapping[str, Any], include: str) -> Row:
        """A changed one."""
        before = self._books.need(kind, sent.get("Id"))
        self._books.stale(before, sent)
        row = merged(before, self._read(kind, sent, before), ("DocNumber", *_COMPUTED))
        if "Line" not in sent and sent.get("sparse") not in (True, "true"):
            raise required("Line")
        row = self._whole(kind, row, row if "Line" not in sent else sent)
        self._books.opened(before["TxnDate"], row["TxnDate"])
        if row.get("DocNumber") != before.get("DocNumber"):
            row = {**row, **self._number(kind, row, include)}
        self._settle.fits(row, before)
        return self._settle.renewed(kind, self._books.kept(kind, row))

    def void(self, kind: str, sent: Mapping[str, Any]) -> Row:
        """An invoice that keeps its number and is worth nothing; what was paid on it is free again."""
        if kind != "Invoice":
            raise Denied(500, "Unsupported Operation", f"Operation void is not supported for {kind}.")
        before = self._books.need(kind, sent.get("Id"))
        self._books.stale(before, sent)
        self._books.opened(before["TxnDate"])
        refuses = self._books.settings.void_paid == "refuse" and self._books.by != HUMAN
        if refuses and self._settle.applied(before["Id"]):
            raise business("You can't void a transaction that a payment is linked to")
        self._settle.let_go(before["Id"])
        note = "\n".join(text for text in (_VOID, before.get("PrivateNote")) if text)
        row = {**before, "Line": [_nothing(line) for line in before["Line"]], "PrivateNote": note, "_void": True,
               "TxnTaxDetail": {"TotalTax": Decimal(0)}, "TotalAmt": Decimal(0), "LinkedTxn": []}  # fmt: skip
        return self._settle.renewed(kind, self._books.kept(kind, row))

    def delete(self, kind: str, sent: Mapping[str, Any]) -> Row:
        """Take one away."""
        before = self._books.need(kind, sent.get("Id"))
        self._books.stale(before, sent)
        self._books.opened(before["TxnDate"])
        self._settle.let_go(before["Id"])
        gone = self._books.gone(kind, before)
        self._settle.customer(before["CustomerRef"]["value"])
        return gone

    def mailed(self, kind: str, id: str, address: str) -> Row:
        """Sent to the customer by e-mail."""
        row = self._books.need(kind, id)
        to = address or (row.get("BillEmail") or {}).get("Address", "")
        if not to:
            raise business("Enter an email address for this customer")
        at = stamp(self._books.clock.now(), self._books.settings.zone)
        delivery = {"DeliveryType": "Email", "DeliveryTime": at}
        sent = {"EmailStatus": "EmailSent", "BillEmail": {"Address": to}, "DeliveryInfo": delivery}
        return self._books.kept(kind, {**row, **sent})

    # ------------------------------------------------------------ what was sent

    def _read(self, kind: str, sent: Mapping[str, Any], before: Row) -> Row:
        known(kind, sent)
        found: Row = {}
        for name, value in sent.items():
            if value in (None, "") or name in _COMPUTED or name in ("Line", "TxnTaxDetail"):
                continue
            found[name] = self._value(name, value, before)
        if "Line" in sent:
            found["Line"] = sent["Line"]
        return found

    def _value(self, name: str, value: Any, before: Row) -> Any:
        if name in _LENGTHS:
            return short(name, value, _LENGTHS[name])
        if name in _DATES:
            return day(name, value)
        if name in ("ExchangeRate", "Deposit", "DiscountAmt", "DiscountRate"):
            return number(name, value)
        if name == "GlobalTaxCalculation" and value not in _TAXED:
            raise Denied(2170, "Invalid Enumeration", f"Invalid Enumeration : {value}", element=name)
        if name in REFERENCES:
            return self._books.reference(REFERENCES[name], value, inactive=_same(value, before.get(name)))
        if name in ("BillAddr", "ShipAddr") and isinstance(value, Mapping):
            known("PhysicalAddress", value)
            return {key: text for key, text in value.items() if text not in (None, "")}
        if name == "ApplyTaxAfterDiscount":
            return value in (True, "true")
        return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value

    # ------------------------------------------------------------ the whole document

    def _whole(self, kind: str, row: Row, sent: Mapping[str, Any]) -> Row:
        """With all that QuickBooks adds and computes; `sent` has the lines to read."""
        if not row.get("CustomerRef"):
            raise required("CustomerRef")
        customer = self._books.need("Customer", row["CustomerRef"]["value"])
        settings = self._books.settings
        row = {**self._first(kind, row, customer), **{k: v for k, v in row.items() if k != "Line"}}
        row["CurrencyRef"] = self._currency(row, customer)
        if settings.country != "US":
            row.setdefault("GlobalTaxCalculation", "TaxExcluded")
        else:
            row.pop("GlobalTaxCalculation", None)
        taxable = customer.get("Taxable", True)
        inclusive = row.get("GlobalTaxCalculation") == "TaxInclusive"
        lines = self._lines.read(sent.get("Line"), inclusive=inclusive, taxable=taxable)
        code = self._code(sent, taxable=taxable)
        row = summed(row, lines, code, self._taxes.rules())
        return self._overridden(row, sent)

    def _overridden(self, row: Row, sent: Mapping[str, Any]) -> Row:
        """Where the company lets writers say what the tax is."""
        given = (sent.get("TxnTaxDetail") or {}).get("TotalTax")
        if not self._books.settings.tax_override or given in (None, ""):
            return row
        tax = cents(number("TotalTax", given))
        total = row["TotalAmt"] - row["TxnTaxDetail"]["TotalTax"] + tax
        return {**row, "TxnTaxDetail": {**row["TxnTaxDetail"], "TotalTax": tax}, "TotalAmt": total}

    def _code(self, sent: Mapping[str, Any], *, taxable: bool) -> str:
        """The tax code of a whole US sale."""
        if self._books.settings.country != "US" or not taxable:
            return ""
        given = str(((sent.get("TxnTaxDetail") or {}).get("TxnTaxCodeRef") or {}).get("value", ""))
        if given and self._books.live("TaxCode", given) is None:
            told = "The CustomSalesTax ID cannot be used to create a transaction"
            raise Denied(6160, "Invalid TaxCodeRef Error", told, element="TxnTaxCodeRef")
        return given or self._taxes.usual()

    def _first(self, kind: str, row: Row, customer: Row) -> Row:
        today = stamp(self._books.clock.now(), self._books.settings.zone)[:10]
        on = row.get("TxnDate") or today
        base: Row = {"TxnDate": on, "CustomField": [], "ApplyTaxAfterDiscount": False, "PrintStatus": "NeedToPrint",
                     "EmailStatus": "NotSet", "LinkedTxn": []}  # fmt: skip
        if customer.get("BillAddr"):
            base["BillAddr"] = customer["BillAddr"]
        if kind != "Invoice":
            return base
        term = row.get("SalesTermRef") or customer.get("SalesTermRef")
        days = int(self._books.need("Term", term["value"])["DueDays"]) if term else _DUE_DAYS
        due = (date.fromisoformat(on) + timedelta(days=days)).isoformat()
        pay = {"AllowIPNPayment": False, "AllowOnlinePayment": False, "AllowOnlineCreditCardPayment": False,
               "AllowOnlineACHPayment": False, "FreeFormAddress": True}  # fmt: skip
        return {**base, **pay, "DueDate": due, **({"SalesTermRef": term} if term else {})}

    def _currency(self, row: Row, customer: Row) -> dict[str, str]:
        sent, own, settings = row.get("CurrencyRef"), customer["CurrencyRef"], self._books.settings
        code = str((sent or own).get("value", ""))
        if code != settings.home_currency and not settings.multi_currency:
            raise business("Multi currency should be enabled to perform this operation.")
        if code != own["value"]:
            raise business(f"The currency of the transaction, {code}, is not the customer's, {own['value']}")
        if code == settings.home_currency:
            row.pop("ExchangeRate", None)
        elif not row.get("ExchangeRate"):
            row["ExchangeRate"] = self._rate(code)
        return dict(own)

    def _rate(self, code: str) -> Decimal:
        rates = (row["Rate"] for row in self._books.every("ExchangeRate") if row["SourceCurrencyCode"] == code)
        return Decimal(next(rates, 1))

    # ------------------------------------------------------------ numbers

    def _number(self, kind: str, row: Row, include: str) -> Row:
        """The document's number, assigned where the company numbers by itself.  Raises `Denied`."""
        sent, settings = row.get("DocNumber"), self._books.settings
        if not sent:
            automatic = not settings.custom_numbers or row.get("AutoDocNumber") in (True, "true")
            return {"DocNumber": self._next()} if automatic else {}
        if settings.warn_duplicates and "allowduplicatedocnum" not in include:
            self._once(kind, sent, row.get("Id"))
        return {"DocNumber": sent}

    def _once(self, kind: str, number: str, own: str | None) -> None:
        for other in (row for each in SALES for row in self._books.every(each)):
            if other.get("DocNumber") == number and other["Id"] != own:
                told = "Duplicate Document Number Error : You must specify a different number. This number has already "
                told += f"been used. DocNumber={number} is assigned to TxnType={_type(kind)} with TxnId={other['Id']}"
                raise Denied(self._books.settings.duplicate_code, "Duplicate Document Number Error", told)

    def _next(self) -> str:
        """One more than the last one that is a number."""
        last = self._books.shelf.recall("last number", self._books.settings.first_number - 1)
        rows = (row for kind in SALES for row in self._books.every(kind))
        taken = {row["DocNumber"] for row in rows if row.get("DocNumber")}
        free = next(number for number in range(last + 1, last + len(taken) + 2) if str(number) not in taken)
        self._books.shelf.remember("last number", free)
        return str(free)


def _nothing(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line of a void invoice: it says what it was for, and is worth nothing."""
    detail = line.get("SalesItemLineDetail")
    worth = {**line, "Amount": Decimal(0)} if "Amount" in line else dict(line)
    return {**worth, "SalesItemLineDetail": {**detail, "Qty": Decimal(0)}} if detail else worth


def _same(sent: Any, before: Any) -> bool:
    return isinstance(sent, Mapping) and isinstance(before, Mapping) and sent.get("value") == before.get("value")


def _type(kind: str) -> str:
    return {"Invoice": "Invoice", "CreditMemo": "Credit Memo"}[kind]
