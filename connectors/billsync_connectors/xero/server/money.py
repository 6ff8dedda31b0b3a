"""Payments, overpayments, and what is allocated to invoices.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.xero.server.books import IDS, Books
from billsync_connectors.xero.server.contacts import Contacts
from billsync_connectors.xero.server.denied import Invalid
from billsync_connectors.xero.server.documents import Documents
from billsync_connectors.xero.server.values import Row, day, number, rounded, text

_TOO_MUCH: Final = "Payment amount exceeds the amount outstanding on this document"
_TYPES: Final = {"Invoice": "ACCRECPAYMENT", "CreditNote": "ARCREDITPAYMENT", "Overpayment": "AROVERPAYMENTPAYMENT"}
_LEFT: Final = {"Invoice": "AmountDue", "CreditNote": "RemainingCredit", "Overpayment": "RemainingCredit"}
_CREDITS: Final = ("CreditNote", "Overpayment")


class Money:
    """What is paid, refunded and allocated in one organisation."""

    def __init__(self, books: Books, contacts: Contacts, invoices: Documents, credit_notes: Documents) -> None:
        self._books, self._contacts = books, contacts
        self._documents = {"Invoice": invoices, "CreditNote": credit_notes}

    # ------------------------------------------------------------ payments

    def pay(self, given: Mapping[str, Any]) -> Row:
        """A payment on an invoice, or a refund of a credit note or an overpayment.  Raises `Invalid`."""
        object, document = self._paid(given)
        if document["Status"] != "AUTHORISED":
            raise Invalid("Payments can only be made against Authorised documents")
        account, amount = self._account(given), number(given, "Amount")
        on = day(given, "Date") or self._books.clock.today()
        if amount is None or amount <= 0:
            raise Invalid("The payment amount must be greater than zero")
        amount = rounded(amount)
        if amount > document[_LEFT[object]]:
            raise Invalid(_TOO_MUCH)
        self._books.unlocked(on, "The payment date")
        rate = number(given, "CurrencyRate") or document.get("CurrencyRate", Decimal(1))
        row: Row = {
            IDS[object]: document[IDS[object]], "AccountID": account["AccountID"], "Date": on, "Amount": amount,
            "BankAmount": amount, "CurrencyRate": rate, "PaymentType": _TYPES[object], "Status": "AUTHORISED",
            "IsReconciled": given.get("IsReconciled") is True, "Reference": text(given, "Reference", 255) or "",
        }  # fmt: skip
        made = self._books.put("Payment", row)
        self._settle(object, document[IDS[object]], "Payment Received")
        return made

    def _paid(self, given: Mapping[str, Any]) -> tuple[str, Row]:
        """The document that is paid."""
        for object in _TYPES:
            sent, key = given.get(object), text(given, f"{object}Number", 255)
            if not isinstance(sent, Mapping) and not key:
                continue
            told = {**(sent if isinstance(sent, Mapping) else {}), **({f"{object}Number": key} if key else {})}
            found = self._found(object, told)
            if found is not None:
                return object, found
            raise Invalid(f"The {object} that the payment is for could not be found")
        raise Invalid("A payment needs the document that it is for")

    def _found(self, object: str, given: Mapping[str, Any]) -> Row | None:
        if object in self._documents:
            return self._documents[object].find(given)
        return self._books.get(object, text(given, IDS[object], 40) or "")

    def _account(self, given: Mapping[str, Any]) -> Row:
        sent = given.get("Account")
        told = sent if isinstance(sent, Mapping) else {}
        code, id = text(told, "Code", 10) or text(given, "Code", 10), text(told, "AccountID", 40)
        found = self._books.account(code=code, id=id) if code or id else None
        if found is None:
            raise Invalid("The account code or id for this payment could not be found")
        if found["Type"] != "BANK" and not found.get("EnablePaymentsToAccount"):
            raise Invalid("Account must be a bank account or have payments enabled")
        return found

    def delete(self, payment: Row) -> Row:
        """Take a payment back; it stays, as deleted.  Raises `Invalid`."""
        if payment["Status"] == "DELETED":
            raise Invalid("Payment not of valid status for modification")
        if payment["IsReconciled"] and not self._books.force:
            raise Invalid("Payment cannot be deleted as it has been reconciled")
        self._books.unlocked(payment["Date"], "The payment date")
        made = self._books.put("Payment", {**payment, "Status": "DELETED"})
        object = next(each for each in _TYPES if payment.get(IDS[each]))
        self._settle(object, payment[IDS[object]], "Payment Deleted")
        return made

    # ------------------------------------------------------------ overpayments

    def receive(self, given: Mapping[str, Any]) -> Row:
        """Money in the bank; of type RECEIVE-OVERPAYMENT it can be allocated.  Raises `Invalid`."""
        type = text(given, "Type", 30)
        if type not in ("RECEIVE", "RECEIVE-OVERPAYMENT"):
            raise Invalid("The Type of the bank transaction is not one that can be made here")
        bank = given.get("BankAccount")
        told = bank if isinstance(bank, Mapping) else {}
        account = self._books.account(code=text(told, "Code", 10), id=text(told, "AccountID", 40))
        if account is None or account["Type"] != "BANK":
            raise Invalid("A bank account must be specified")
        contact, on = self._contacts.of_document(given.get("Contact")), day(given, "Date") or self._books.clock.today()
        self._books.unlocked(on)
        sent = given.get("LineItems") if isinstance(given.get("LineItems"), list) else []
        lines = [_line(each) for each in sent or [] if isinstance(each, Mapping)]
        total = sum((line["LineAmount"] for line in lines), Decimal(0))
        if total <= 0:
            raise Invalid("The total of the bank transaction must be greater than zero")
        row: Row = {
            "Type": type, "ContactID": contact["ContactID"], "AccountID": account["AccountID"], "Date": on,
            "LineItems": lines, "LineAmountTypes": "NoTax", "Reference": text(given, "Reference", 255) or "",
            "CurrencyCode": text(given, "CurrencyCode", 3) or self._books.currencies()[0], "CurrencyRate": Decimal(1),
            "Status": "AUTHORISED", "SubTotal": total, "TotalTax": Decimal(0), "Total": total,
        }  # fmt: skip
        if type == "RECEIVE-OVERPAYMENT":
            own = {name: value for name, value in row.items() if name != "AccountID"}
            row["OverpaymentID"] = self._books.put("Overpayment", {**own, "RemainingCredit": total})["OverpaymentID"]
        return self._books.put("BankTransaction", row)

    # ------------------------------------------------------------ allocations

    def allocate(self, object: str, source: Row, given: Mapping[str, Any]) -> Row:
        """Part of a credit note or an overpayment on an invoice.  Raises `Invalid`."""
        sent, amount = given.get("Invoice"), number(given, "Amount")
        invoice = self._documents["Invoice"].find(sent) if isinstance(sent, Mapping) else None
        if invoice is None:
            raise Invalid("The Invoice to allocate to could not be found")
        if source["Status"] != "AUTHORISED" or invoice["Status"] != "AUTHORISED":
            raise Invalid("Credit can only be allocated between Authorised documents")
        if (source["ContactID"], source["CurrencyCode"]) != (invoice["ContactID"], invoice["CurrencyCode"]):
            raise Invalid("The contact and the currency of the credit and of the invoice must be the same")
        if amount is None or rounded(amount) <= 0:
            raise Invalid("The allocation amount must be greater than zero")
        if rounded(amount) > min(source["RemainingCredit"], invoice["AmountDue"]):
            raise Invalid("The amount to allocate exceeds the amount outstanding or the remaining credit")
        on = day(given, "Date") or self._books.clock.today()
        self._books.unlocked(on, "The allocation date")
        row: Row = {"SourceObject": object, "SourceID": source[IDS[object]], "InvoiceID": invoice["InvoiceID"]}
        made = self._books.put("Allocation", {**row, "Amount": rounded(amount), "Date": on, "IsDeleted": False})
        self._both(made, "Credit Applied")
        return made

    def unallocate(self, row: Row) -> Row:
        """Take an allocation back; it stays, as deleted.  Raises `Invalid`."""
        if row["IsDeleted"]:
            raise Invalid("The allocation was deleted already")
        self._books.unlocked(row["Date"], "The allocation date")
        made = self._books.put("Allocation", {**row, "IsDeleted": True})
        self._both(made, "Credit Removed")
        return made

    def _both(self, row: Row, changes: str) -> None:
        self._settle("Invoice", row["InvoiceID"], changes)
        self._settle(row["SourceObject"], row["SourceID"], changes)

    def _settle(self, object: str, id: str, changes: str) -> None:
        row = self._books.get(object, id)
        assert row is not None
        self._books.note(id, changes)
        if object in self._documents:
            self._documents[object].settle(row)
            return
        gone = [each for each in self._books.by_field("Allocation", "SourceID", id) if not each["IsDeleted"]]
        gone += [each for each in self._books.by_field("Payment", IDS[object], id) if each["Status"] != "DELETED"]
        left = row["Total"] - sum((each["Amount"] for each in gone), Decimal(0))
        self._books.put(object, {**row, "RemainingCredit": left, "Status": "AUTHORISED" if left else "PAID"})


def _line(given: Mapping[str, Any]) -> Row:
    amount = number(given, "LineAmount")
    unit, quantity = number(given, "UnitAmount") or Decimal(0), number(given, "Quantity") or Decimal(1)
    whole = rounded(unit * quantity if amount is None else amount)
    return {
        "Description": text(given, "Description") or "",
        "LineAmount": whole,
        "TaxType": "NONE",
        "Quantity": quantity,
    }
