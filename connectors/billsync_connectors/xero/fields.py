"""Xero's fields that may be written, and what is refused: nothing is dropped in silence, nothing cut short.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from billsync.connector import Data, FieldInfo, Intent, Refused, Schema
from billsync.model.scalar import read_decimal, show

TEXTS: Final[dict[str, dict[str, int | None]]] = {
    "contact": {
        "ContactNumber": 50, "AccountNumber": 50, "Name": 255, "FirstName": 255, "LastName": 255, "CompanyNumber": 50,
        "EmailAddress": 255, "BankAccountDetails": None, "TaxNumber": 50, "AccountsReceivableTaxType": None,
        "DefaultCurrency": 3, "SalesDefaultAccountCode": None, "SalesDefaultLineAmountType": None,
    },
    "item": {"Code": 30, "Name": 50, "Description": 4000, "PurchaseDescription": 4000},
    "invoice": {
        "Type": None, "InvoiceNumber": 255, "Reference": 255, "Date": None, "DueDate": None, "LineAmountTypes": None,
        "CurrencyCode": 3, "CurrencyRate": None, "BrandingThemeID": 36, "Url": None, "SentToContact": None,
        "ExpectedPaymentDate": None,
    },
    "credit_note": {
        "Type": None, "CreditNoteNumber": 255, "Reference": 255, "Date": None, "LineAmountTypes": None,
        "CurrencyCode": 3, "CurrencyRate": None, "BrandingThemeID": 36,
    },
    "payment": {"Reference": 255, "Date": None, "Amount": None, "CurrencyRate": None, "IsReconciled": None},
}  # fmt: skip
"""Object -> field -> most characters, None where there is no such limit."""
PARTS: Final[dict[str, dict[str, frozenset[str]]]] = {
    "contact": {
        "Addresses": frozenset(
            ("AddressType", "AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "City", "Region",
             "PostalCode", "Country", "AttentionTo")
        ),
        "Phones": frozenset(("PhoneType", "PhoneNumber", "PhoneAreaCode", "PhoneCountryCode")),
        "ContactPersons": frozenset(("FirstName", "LastName", "EmailAddress", "IncludeInEmails")),
        "PaymentTerms": frozenset(("Sales",)),
    },
    "item": {
        "SalesDetails": frozenset(("UnitPrice", "AccountCode", "TaxType")),
        "PurchaseDetails": frozenset(("UnitPrice", "AccountCode", "TaxType", "COGSAccountCode")),
        "IsSold": frozenset(),
        "IsPurchased": frozenset(),
    },
    "invoice": {"Contact": frozenset(("ContactID",)), "LineItems": frozenset()},
    "credit_note": {
        "Contact": frozenset(("ContactID",)), "LineItems": frozenset(), "Invoice": frozenset(("InvoiceID",)),
    },
    "payment": {"Invoice": frozenset(("InvoiceID",)), "Account": frozenset(("Code", "AccountID"))},
}  # fmt: skip
"""Object -> field that holds others -> those that it may hold, empty where they are looked at apart."""
LINE: Final = frozenset(
    ("Description", "Quantity", "UnitAmount", "LineAmount", "Item", "ItemCode", "AccountCode", "AccountID", "TaxType",
     "TaxAmount", "Tracking", "DiscountRate", "DiscountAmount", "tax_code", "tax_rate")
)  # fmt: skip
READ_ONLY: Final = {
    "contact": ("ContactID", "ContactStatus", "IsCustomer", "MergedToContactID"),
    "item": ("ItemID",),
    "invoice": ("InvoiceID", "Status", "SubTotal", "TotalTax", "Total", "AmountDue", "AmountPaid", "AmountCredited"),
    "credit_note": ("CreditNoteID", "Status", "SubTotal", "TotalTax", "Total", "RemainingCredit", "Allocations"),
    "payment": ("PaymentID", "Status", "PaymentType", "BankAmount"),
}


def schema(object: str) -> Schema:
    """The fields of one kind of record; Xero has none of a user's own."""
    texts = (FieldInfo(name=name, max_length=most) for name, most in TEXTS[object].items())
    parts = (FieldInfo(name=name, type="record") for name in PARTS[object])
    shown = (FieldInfo(name=name, writable=False) for name in READ_ONLY[object])
    return Schema(object=object, fields=(*texts, *parts, *shown))


def key_of(intent: Intent, field: str) -> str:
    """Our reference as it will stand there.  Raises `Refused` where Xero would change or cut it."""
    most = TEXTS[intent.object][field] or 255
    if not intent.key or intent.key != intent.key.strip():
        raise Refused("bad_key", f"the key {show(intent.key)} begins or ends with blanks: Xero would change it")
    if len(intent.key) > most:
        raise Refused("bad_key", f"the key {show(intent.key)} is too long: Xero's {field} has {most} characters")
    if intent.payload.get(field) not in (None, intent.key):
        raise Refused("bad_key", f"{field} differs from the key {intent.key}: leave it out of the mapping", field=field)
    return intent.key


def checked(object: str, data: Data) -> dict[str, Any]:
    """What was handed over, without what is None.  Raises `Refused` for what Xero has no place for."""
    known = TEXTS[object].keys() | PARTS[object].keys()
    given = {name: value for name, value in data.items() if value is not None}
    for name, value in given.items():
        if name not in known:
            raise unknown(name, object)
        most = TEXTS[object].get(name)
        if most is not None and isinstance(value, str) and len(value) > most:
            message = f"{name} has {len(value)} characters, Xero's has {most}: let the mapping shorten it"
            raise Refused("too_long", message, field=name)
        _inside(name, value, PARTS[object].get(name, frozenset()))
    return given


def _inside(name: str, value: Any, known: frozenset[str]) -> None:
    for part in value if isinstance(value, list | tuple) else (value,):
        for inner in part if known and isinstance(part, Mapping) else ():
            if inner not in known:
                raise unknown(f"{name}.{inner}", "record")


def unknown(name: str, object: str) -> Refused:
    """The refusal of a field that Xero would ignore, or that would mean something else."""
    return Refused("unknown_field", f"{name} has no place in Xero's {object}: leave it out of the mapping", field=name)


def needed(data: Data, name: str) -> Any:
    """A value that must be there.  Raises `Refused`."""
    value = data.get(name)
    if value is None or value == "":
        raise Refused("missing_value", f"{name} is missing: let the mapping fill it", field=name)
    return value


def number(data: Data, name: str, places: int | None = None) -> Any:
    """A number, None where there is none; with no more decimals than Xero keeps.  Raises `Refused`."""
    value = data.get(name)
    if value is None:
        return None
    try:
        found = read_decimal(value)
    except ValueError as error:
        raise Refused("bad_value", f"{name}: {error}", field=name) from None
    if places is not None and found != round(found, places):
        message = f"{name} is {found}: Xero keeps {places} decimals; let the mapping send 1 x the amount"
        raise Refused("too_many_decimals", message, field=name)
    return found
