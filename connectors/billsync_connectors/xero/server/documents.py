"""Invoices and credit notes: made, changed, approved, voided; what is due on each.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.xero.server.books import IDS, Books
from billsync_connectors.xero.server.contacts import Contacts
from billsync_connectors.xero.server.denied import Invalid
from billsync_connectors.xero.server.lines import Lines
from billsync_connectors.xero.server.sums import agree, totals
from billsync_connectors.xero.server.values import Row, day, number, rounded, text

_MODES: Final = ("Exclusive", "Inclusive", "NoTax")
_OPEN: Final = ("DRAFT", "SUBMITTED")
_TEXTS: Final = {"Reference": 255, "Url": 2048, "BrandingThemeID": 36}
_MOVES: Final = {
    "DRAFT": ("DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"),
    "SUBMITTED": ("DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"),
    "AUTHORISED": ("AUTHORISED", "VOIDED"),
}
_APPLIED: Final = "This document cannot be edited as it has a payment or credit note allocated to it."


@dataclass(frozen=True, slots=True)
class Kind:
    """What sets invoices and credit notes apart."""

    object: str
    plural: str
    prefix: str
    types: tuple[str, ...]

    @property
    def id(self) -> str:
        """The field that is its id."""
        return IDS[self.object]

    @property
    def number(self) -> str:
        """The field that is its number."""
        return f"{self.object}Number"

    @property
    def word(self) -> str:
        """As messages call it."""
        return "Invoice" if self.object == "Invoice" else "Credit Note"


INVOICE: Final = Kind("Invoice", "Invoices", "INV", ("ACCREC", "ACCPAY"))
CREDIT_NOTE: Final = Kind("CreditNote", "CreditNotes", "CN", ("ACCRECCREDIT", "ACCPAYCREDIT"))


class Documents:
    """The invoices, or the credit notes, of one organisation."""

    def __init__(self, kind: Kind, books: Books, contacts: Contacts, lines: Lines) -> None:
        self.kind, self._books, self._contacts, self._lines = kind, books, contacts, lines

    # ------------------------------------------------------------ finding

    def find(self, given: Mapping[str, Any]) -> Row | None:
        """By id or number; None where nothing says which.  Raises `Invalid` for an id that nobody has."""
        id, key = text(given, self.kind.id, 40), text(given, self.kind.number, 255)
        if id:
            found = self._books.get(self.kind.object, id)
            if found is None:
                told = f"An existing {self.kind.word} with the specified {self.kind.id} could not be found"
                raise Invalid(told)
            return found
        return self._numbered(key) if key else None

    def _numbered(self, key: str) -> Row | None:
        """Who has a number; a deleted document has none any more."""
        gone = ("DELETED", "VOIDED") if self._books.settings.voided_frees_number else ("DELETED",)
        rows = self._books.by_field(self.kind.object, self.kind.number, key)
        sales = self.kind.types[0]
        return next((row for row in rows if row["Status"] not in gone and row["Type"] == sales), None)

    # ------------------------------------------------------------ writing

    def save(self, given: Mapping[str, Any], *, update: bool) -> Row:
        """Make one, or, where that is asked for, change the one of that id or number.  Raises `Invalid`."""
        found = self.find(given) if update or given.get(self.kind.id) else None
        return self._make(given) if found is None else self.change(found, given)

    def _make(self, given: Mapping[str, Any]) -> Row:
        type = text(given, "Type", 20)
        if type not in self.kind.types:
            raise Invalid(f"{self.kind.word} Type must be one of {', '.join(self.kind.types)}.")
        status = text(given, "Status", 20) or "DRAFT"
        if status not in ("DRAFT", "SUBMITTED", "AUTHORISED"):
            raise Invalid(f"{self.kind.word} not of valid status for creation")
        contact = self._contacts.of_document(given.get("Contact"))
        row: Row = {"Type": type, "Status": status, "ContactID": contact["ContactID"], "LineItems": []}
        row |= self._head(given, row, contact) | self._number(given, type, None)
        row |= self._body(given, row, contact)
        self._check(row)
        made = self._books.put(self.kind.object, row)
        self._books.note(made[self.kind.id], "Created", str(made.get(self.kind.number, "")))
        return self.settle(made)

    def change(self, found: Row, given: Mapping[str, Any]) -> Row:
        """Change one.  Raises `Invalid`."""
        status = text(given, "Status", 20) or found["Status"]
        if status not in _MOVES.get(found["Status"], ()):
            raise Invalid(f"{self.kind.word} not of valid status for modification")
        if found["Status"] not in _OPEN and self.applied(found):
            raise Invalid(_APPLIED)
        if found["Status"] not in _OPEN:
            self._books.unlocked(found["Date"])
        self._books.note(found[self.kind.id], "Voided" if status == "VOIDED" else "Edited")
        if status in ("VOIDED", "DELETED"):
            own = {"Status": status, "AmountDue": Decimal(0), "RemainingCredit": Decimal(0)}
            return self._books.put(self.kind.object, {**found, **own})
        sent = given.get("Contact")
        contact = self._contacts.of_document(sent or {"ContactID": found["ContactID"]})
        row = {**found, "Status": status, "ContactID": contact["ContactID"]}
        row |= self._head(given, row, contact) | self._number(given, found["Type"], found)
        row |= self._body(given, row, contact)
        self._check(row)
        return self.settle(self._books.put(self.kind.object, row))

    def _head(self, given: Mapping[str, Any], row: Row, contact: Row) -> Row:
        mode = text(given, "LineAmountTypes", 20) or row.get("LineAmountTypes", "Exclusive")
        modes = {each.upper(): each for each in _MODES}
        if mode.upper() not in modes:
            raise Invalid(f"'{mode}' is not a valid value for LineAmountTypes.")
        on = day(given, "Date") or row.get("Date") or self._books.clock.today()
        told = {"LineAmountTypes": modes[mode.upper()], "Date": on, **self._currency(given, row, contact)}
        due = day(given, "DueDate") or row.get("DueDate") or due_on(on, contact.get("PaymentTerms"))
        told |= {"DueDate": due} if self.kind is INVOICE else {}
        for name, most in _TEXTS.items():
            value = text(given, name, most)
            told |= {name: value} if value is not None else {}
        if isinstance(given.get("SentToContact"), bool):
            told["SentToContact"] = given["SentToContact"]
        return told

    def _currency(self, given: Mapping[str, Any], row: Row, contact: Row) -> Row:
        known = self._books.currencies()
        code = text(given, "CurrencyCode", 3) or row.get("CurrencyCode") or contact.get("DefaultCurrency") or known[0]
        if code not in known:
            raise Invalid(f"Organisation is not subscribed to currency {code}")
        sent = number(given, "CurrencyRate")
        if code == known[0]:
            return {"CurrencyCode": code, "CurrencyRate": Decimal(1)}
        kept = row.get("CurrencyRate") if row.get("CurrencyCode") == code else None
        rate = sent if sent is not None and sent > 0 else kept or self._books.rate(code)
        return {"CurrencyCode": code, "CurrencyRate": rounded(rate, 6)}

    def _number(self, given: Mapping[str, Any], type: str, found: Row | None) -> Row:
        key = text(given, self.kind.number, 255)
        if not key:
            if found is not None or type != self.kind.types[0]:
                return {}
            return {self.kind.number: self._books.next_number(self.kind.object, self.kind.number, self.kind.prefix)}
        other = self._numbered(key) if type == self.kind.types[0] else None
        if other is not None and (found is None or other[self.kind.id] != found[self.kind.id]):
            raise Invalid(f"{self.kind.word} # must be unique.")
        return {self.kind.number: key}

    def _body(self, given: Mapping[str, Any], row: Row, contact: Row) -> Row:
        mode, old = row["LineAmountTypes"], row["LineItems"]
        if given.get("LineItems") is not None:
            lines = self._lines.read(given["LineItems"], mode, old, contact.get("AccountsReceivableTaxType"))
        else:
            lines = self._lines.retaxed(old, mode) if given.get("LineAmountTypes") else old
        sums = totals(lines, mode)
        agree(given, sums)
        if sums["Total"] < 0:
            raise Invalid(f"The total of the {self.kind.word.lower()} must not be negative.")
        discounted = any("DiscountRate" in line or "DiscountAmount" in line for line in lines)
        return {"LineItems": lines, "IsDiscounted": discounted, **sums}

    def _check(self, row: Row) -> None:
        """What an approved document needs.  Raises `Invalid`."""
        if row["Status"] != "AUTHORISED":
            return
        wrong = []
        if not row["LineItems"]:
            wrong.append("One or more line items must be specified")
        if any("LineAmount" in line and "AccountCode" not in line for line in row["LineItems"]):
            wrong.append("Account code must be specified for each line item.")
        if wrong:
            raise Invalid(*wrong)
        self._books.unlocked(row["Date"])

    # ------------------------------------------------------------ what is due

    def applied(self, row: Row) -> list[Row]:
        """Payments and allocations of a document that are in force."""
        id = row[self.kind.id]
        field = self.kind.id if self.kind is INVOICE else "SourceID"
        paid = [each for each in self._books.by_field("Payment", self.kind.id, id) if each["Status"] != "DELETED"]
        return paid + [each for each in self._books.by_field("Allocation", field, id) if not each["IsDeleted"]]

    def settle(self, row: Row) -> Row:
        """What is paid, credited and due, anew; the document is changed by it."""
        applied = self.applied(row)
        paid = sum((each["Amount"] for each in applied if "PaymentID" in each), Decimal(0))
        credited = sum((each["Amount"] for each in applied if "AllocationID" in each), Decimal(0))
        due, status = row["Total"] - paid - credited, row["Status"]
        if status in ("AUTHORISED", "PAID"):
            status = "PAID" if due == 0 else "AUTHORISED"
        own: Row = {**row, "Status": status}
        if self.kind is INVOICE:
            own |= {"AmountPaid": paid, "AmountCredited": credited, "AmountDue": due}
        else:
            own |= {"RemainingCredit": due}
        own.pop("FullyPaidOnDate", None)
        if status == "PAID":
            own["FullyPaidOnDate"] = max((each["Date"] for each in applied), default=row["Date"])
        return self._books.put(self.kind.object, own)


def due_on(on: str, terms: Mapping[str, Any] | None) -> str:
    """When a document of a day is due by a contact's terms; without terms, that day."""
    sales = (terms or {}).get("Sales")
    if not sales:
        return on
    start, days = date.fromisoformat(on), int(sales["Day"])
    first = start.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    match sales["Type"]:
        case "DAYSAFTERBILLDATE":
            return (start + timedelta(days=days)).isoformat()
        case "DAYSAFTERBILLMONTH":
            return (following + timedelta(days=days - 1)).isoformat()
        case "OFCURRENTMONTH":
            return _day_of(first, days)
    return _day_of(following, days)


def _day_of(first: date, day: int) -> str:
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return first.replace(day=max(1, min(day, last.day))).isoformat()
