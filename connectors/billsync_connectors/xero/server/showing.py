"""Records as replies have them: whole, as lists show them, or inside of others.  (shell)"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from billsync_connectors.xero.server import contacts, items, lines
from billsync_connectors.xero.server.books import IDS, Books
from billsync_connectors.xero.server.values import Row, net, plain, shown_day

_FILES: Final = ("AttachmentID", "FileName", "Url", "MimeType", "ContentLength")
Shown = dict[str, Any]


class Showing:
    """What is shown of one organisation's records."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def one(self, object: str, row: Row, *, full: bool = True) -> Shown:
        """A record; without `full` as lists show it that are not asked for by page."""
        match object:
            case "Contact":
                return contacts.shown(row)
            case "Item":
                return items.shown(row)
            case "Invoice":
                return self._invoice(row, full=full)
            case "CreditNote" | "Overpayment":
                return self._credit(object, row, full=full)
            case "Payment":
                return self._payment(row)
            case "BankTransaction":
                return self._bank_transaction(row)
            case "Allocation":
                return self._allocation(row)
            case "Attachment":
                return {name: row[name] for name in _FILES}
        told = {name: value for name, value in row.items() if not name.startswith("_") and name != "UpdatedDateUTC"}
        return told | ({"UpdatedDateUTC": net(row["UpdatedDateUTC"])} if object == "Account" else {})

    # ------------------------------------------------------------ documents

    def _common(self, object: str, row: Row, *, full: bool) -> Shown:
        contact = self._books.get("Contact", row["ContactID"])
        assert contact is not None
        own = [lines.shown(line, self._books.unit_places) for line in row["LineItems"]] if full else []
        files = self._books.by_field("Attachment", "DocumentID", row[IDS[object]])
        return {
            "CurrencyRate": row["CurrencyRate"], "HasErrors": False, "HasAttachments": bool(files),
            "Contact": contacts.shown(contact) if full else contacts.short(contact),
            **shown_day(row, "Date"), **shown_day(row, "DueDate"),
            **({"BrandingThemeID": row["BrandingThemeID"]} if row.get("BrandingThemeID") else {}),
            "Status": row["Status"], "LineAmountTypes": row["LineAmountTypes"], "LineItems": own,
            **{name: row[name] for name in ("SubTotal", "TotalTax", "Total")},
            **({"TotalDiscount": row["TotalDiscount"]} if row.get("TotalDiscount") else {}),
            "UpdatedDateUTC": net(row["UpdatedDateUTC"]), "CurrencyCode": row["CurrencyCode"],
            **({"FullyPaidOnDate": net(row["FullyPaidOnDate"])} if row.get("FullyPaidOnDate") else {}),
            **({"Attachments": [self.one("Attachment", each) for each in files]} if full and files else {}),
        }  # fmt: skip

    def _invoice(self, row: Row, *, full: bool) -> Shown:
        paid = [self._paid(each) for each in self._payments("InvoiceID", row["InvoiceID"])]
        applied = self._allocations("InvoiceID", row["InvoiceID"])
        told: Shown = {
            "Type": row["Type"],
            "InvoiceID": row["InvoiceID"],
            "InvoiceNumber": row.get("InvoiceNumber", ""),
        }
        told |= {name: row[name] for name in ("Reference", "Url") if row.get(name)}
        told |= {"Payments": paid, "CreditNotes": [], "Prepayments": [], "Overpayments": []}
        for each in applied:
            told[f"{each['SourceObject']}s"].append(self._source(each))
        told |= {name: row[name] for name in ("AmountDue", "AmountPaid", "AmountCredited")}
        told |= {"SentToContact": row.get("SentToContact", False), "IsDiscounted": row.get("IsDiscounted", False)}
        return told | self._common("Invoice", row, full=full)

    def _credit(self, object: str, row: Row, *, full: bool) -> Shown:
        id = row[IDS[object]]
        told: Shown = {IDS[object]: id, "ID": id, "Type": row["Type"], "Reference": row.get("Reference", "")}
        told |= {"CreditNoteNumber": row.get("CreditNoteNumber", "")} if object == "CreditNote" else {}
        told |= {"Payments": [self._paid(each) for each in self._payments(IDS[object], id)]}
        told |= {"RemainingCredit": row["RemainingCredit"]}
        told["Allocations"] = [self._allocation(each, source=False) for each in self._allocations("SourceID", id)]
        found = self._common(object, row, full=full)
        return told | ({n: v for n, v in found.items() if n != "HasErrors"} if object == "Overpayment" else found)

    def _payments(self, field: str, id: str) -> list[Row]:
        return [row for row in self._books.by_field("Payment", field, id) if row["Status"] != "DELETED"]

    def _allocations(self, field: str, id: str) -> list[Row]:
        return [row for row in self._books.by_field("Allocation", field, id) if not row["IsDeleted"]]

    def _paid(self, row: Row) -> Shown:
        """A payment inside of its document."""
        told = {"PaymentID": row["PaymentID"], "Date": net(row["Date"]), "Amount": row["Amount"]}
        told |= {"Reference": row["Reference"]} if row["Reference"] else {}
        return {**told, "CurrencyRate": row["CurrencyRate"], "HasAccount": False, "HasValidationErrors": False}

    def _source(self, row: Row) -> Shown:
        """A credit note or an overpayment inside of the invoice that it is applied to."""
        object = row["SourceObject"]
        source = self._books.get(object, row["SourceID"])
        assert source is not None
        told: Shown = {IDS[object]: source[IDS[object]], "AppliedAmount": row["Amount"], **shown_day(row, "Date")}
        told |= {"CreditNoteNumber": source["CreditNoteNumber"]} if object == "CreditNote" else {}
        return {**told, "Total": source["Total"], "LineItems": []}

    def _allocation(self, row: Row, *, source: bool = True) -> Shown:
        invoice = self._books.get("Invoice", row["InvoiceID"])
        assert invoice is not None
        short = {name: invoice[name] for name in ("InvoiceID", "InvoiceNumber") if name in invoice}
        told: Shown = {"AllocationID": row["AllocationID"], "Amount": row["Amount"], "Date": net(row["Date"])}
        told |= {"Invoice": short, "IsDeleted": row["IsDeleted"]}
        if source:
            object = row["SourceObject"]
            told |= {object: {IDS[object]: row["SourceID"]}, "ValidationErrors": []}
        return told

    # ------------------------------------------------------------ money

    def _payment(self, row: Row) -> Shown:
        names = ("PaymentID", "BankAmount", "Amount", "CurrencyRate", "PaymentType", "Status", "Reference")
        told: Shown = {**{name: row[name] for name in names}, **shown_day(row, "Date")}
        del told["DateString"]
        account = self._books.get("Account", row["AccountID"])
        assert account is not None
        told |= {"UpdatedDateUTC": net(row["UpdatedDateUTC"]), "HasAccount": True, "HasValidationErrors": False}
        told |= {"IsReconciled": row["IsReconciled"]}
        told["Account"] = {name: account[name] for name in ("AccountID", "Code", "Name")}
        for object in ("Invoice", "CreditNote", "Overpayment"):
            document = self._books.get(object, row.get(IDS[object], ""))
            if document is not None:
                told[object] = self._inside(object, document)
        return told

    def _inside(self, object: str, row: Row) -> Shown:
        """A document inside of its payment."""
        names = ("Type", f"{object}Number", "AmountDue", "AmountPaid", "AmountCredited", "Status", "LineAmountTypes")
        told = {name: row[name] for name in names if name in row and object == "Invoice"}
        contact = self._books.get("Contact", row["ContactID"])
        assert contact is not None
        sums = {name: row[name] for name in ("SubTotal", "TotalTax", "Total", "CurrencyCode")}
        return {IDS[object]: row[IDS[object]], **told, **sums, "Contact": contacts.short(contact)}

    def _bank_transaction(self, row: Row) -> Shown:
        account, contact = self._books.get("Account", row["AccountID"]), self._books.get("Contact", row["ContactID"])
        assert account is not None
        assert contact is not None
        names = ("BankTransactionID", "Type", "Reference", "Status", "LineAmountTypes", "LineItems", "CurrencyCode")
        told: Shown = {**{name: row[name] for name in names}, **shown_day(row, "Date")}
        told |= {name: row[name] for name in ("SubTotal", "TotalTax", "Total", "OverpaymentID") if name in row}
        told |= {"BankAccount": {name: account[name] for name in ("AccountID", "Code", "Name")}, "IsReconciled": False}
        return {**told, "Contact": contacts.short(contact), "UpdatedDateUTC": net(row["UpdatedDateUTC"])}


def pdf(object: str, row: Row) -> bytes:
    """A page that says what the document is."""
    number, total = row.get(f"{object}Number", ""), plain(Decimal(row["Total"]))
    text = f"BT /F1 18 Tf 72 720 Td ({object} {number} {total} {row['CurrencyCode']}) Tj ET"
    bodies = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(text)}>>\nstream\n{text}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    whole, places = b"%PDF-1.4\n", []
    for n, body in enumerate(bodies, 1):
        places.append(len(whole))
        whole += f"{n} 0 obj\n{body}\nendobj\n".encode("latin-1", "replace")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    tail = f"xref\n0 6\n0000000000 65535 f \n{table}trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n{len(whole)}\n%%EOF\n"
    return whole + tail.encode()
