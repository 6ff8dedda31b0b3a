"""What a mapping made, in the form that QuickBooks takes; a name that it does not know is refused.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from billsync.connector import Data, Refused
from billsync.model.scalar import read_decimal
from billsync_connectors.quickbooks.answers import ref

_NOTES: Final = "PrivateNote CustomField CurrencyRef ExchangeRate ClassRef DepartmentRef ProjectRef"
_SALE: Final = f"""
    DocNumber TxnDate CustomerRef CustomerMemo Line SalesTermRef BillEmail BillEmailCc BillEmailBcc EmailStatus
    PrintStatus BillAddr ShipAddr ShipFromAddr GlobalTaxCalculation ApplyTaxAfterDiscount TxnTaxDetail
    TransactionLocationType TaxExemptionRef PONumber {_NOTES}
"""
FIELDS: Final[dict[str, frozenset[str]]] = {
    name: frozenset(words.split())
    for name, words in {
        "Customer": """
            DisplayName Title GivenName MiddleName FamilyName Suffix CompanyName PrintOnCheckName PrimaryPhone
            AlternatePhone Mobile Fax PrimaryEmailAddr WebAddr BillAddr ShipAddr Taxable DefaultTaxCodeRef ResaleNum
            SalesTermRef PaymentMethodRef CurrencyRef ParentRef Job BillWithParent Notes PreferredDeliveryMethod
            CustomerTypeRef PrimaryTaxIdentifier BusinessNumber GSTIN GSTRegistrationType TaxExemptionReasonId Active
        """,
        "Item": """
            Name Sku Description Type IncomeAccountRef ExpenseAccountRef AssetAccountRef UnitPrice Taxable
            SalesTaxCodeRef SalesTaxIncluded ParentRef SubItem TrackQtyOnHand QtyOnHand InvStartDate PurchaseDesc
            PurchaseCost ClassRef TaxClassificationRef Active
        """,
        "Invoice": f"""
            {_SALE} DueDate Deposit ShipDate ShipMethodRef TrackingNum AllowOnlineACHPayment
            AllowOnlineCreditCardPayment AllowIPNPayment
        """,
        "CreditMemo": f"{_SALE} InvoiceRef PaymentMethodRef",
        "Payment": f"CustomerRef TotalAmt TxnDate PaymentRefNum PaymentMethodRef DepositToAccountRef Line {_NOTES}",
        "Line": """
            DetailType Amount Description SalesItemLineDetail DiscountLineDetail DescriptionLineDetail GroupLineDetail
            tax_code tax_rate
        """,
        "SalesItemLineDetail": """
            ItemRef Qty UnitPrice TaxCodeRef ServiceDate ClassRef ItemAccountRef DiscountRate DiscountAmt
            TaxInclusiveAmt TaxClassificationRef
        """,
        "Applied": "Amount LinkedTxn",
    }.items()
}
"""Kind -> properties that may be written; the service leaves others out without a word, or works them out itself."""
_NUMBERS: Final = frozenset(
    {"Amount", "UnitPrice", "Qty", "TotalAmt", "ExchangeRate", "Deposit", "DiscountRate", "DiscountAmt"}
    | {"TaxInclusiveAmt", "PurchaseCost", "QtyOnHand", "DiscountPercent", "TotalTax"}
)
_LENGTHS: Final = {"DocNumber": 21, "DisplayName": 500, "Name": 100, "Sku": 100, "PrivateNote": 4000, "Notes": 2000}
_BAD_IN_NAMES: Final = (":", "\t", "\n")


def body(kind: str, data: Data) -> dict[str, Any]:
    """The properties to be written, without those that are nothing.  Raises `Refused`."""
    return {name: _value(name, value) for name, value in _known(kind, data) if not _nothing(value)}


def fits(values: Mapping[str, Any]) -> None:
    """Whether texts are as long as they may be, and names made of what they may be.  Raises `Refused`."""
    for name, most in _LENGTHS.items():
        text = values.get(name)
        if isinstance(text, str) and len(text) > most:
            raise Refused("too_long", f"{name} has {len(text)} characters, QuickBooks takes {most}", field=name)
    for name in ("DisplayName", "Name"):
        if any(sign in str(values.get(name, "")) for sign in _BAD_IN_NAMES):
            raise Refused(
                "bad_name", f"{name} has a colon, a tab or a line break, which QuickBooks refuses", field=name
            )


def lines(data: Data, kind: str = "Line") -> list[dict[str, Any]]:
    """The lines.  Raises `Refused`."""
    rows = data.get("Line") or []
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        raise Refused("bad_value", "Line: expected a list of lines", field="Line")
    return [body(kind, row) for row in rows]


def number(value: Any, name: str) -> Decimal:
    """An exact number.  Raises `Refused`."""
    try:
        return read_decimal(value)
    except ValueError as error:
        raise Refused("bad_value", f"{name}: {error}", field=name) from None


def required(values: Mapping[str, Any], name: str) -> Any:
    """A value that has to be there.  Raises `Refused`."""
    found = values.get(name)
    if found is None or (name.endswith("Ref") and not ref(values, name)):
        raise Refused("missing_value", f"{name} is missing", field=name)
    return found


def _known(kind: str, data: Data) -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if name not in FIELDS[kind]:
            told = f"{kind} has no property {name!r} that can be written; custom fields go into CustomField"
            raise Refused("unknown_field", told, field=str(name))
        yield name, value


def _value(name: str, value: Any) -> Any:
    """References as objects, numbers as numbers, days as text; the same inside."""
    if name == "SalesItemLineDetail" and isinstance(value, Mapping):
        return body("SalesItemLineDetail", value)
    if name.endswith("Ref") and isinstance(value, str | int) and not isinstance(value, bool):
        return {"value": str(value)}
    if name in _NUMBERS:
        return number(value, name)
    if name == "tax_rate":
        return number(value, name)
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _value(str(name), item) for name, item in value.items() if not _nothing(item)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _nothing(value: Any) -> bool:
    return value is None or value in ("", {})
