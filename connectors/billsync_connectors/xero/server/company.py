"""One organisation with all its parts.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.xero.server.books import IDS, Books, made_id
from billsync_connectors.xero.server.contacts import Contacts
from billsync_connectors.xero.server.denied import Invalid
from billsync_connectors.xero.server.documents import CREDIT_NOTE, INVOICE, Documents
from billsync_connectors.xero.server.elements import Elements
from billsync_connectors.xero.server.items import Items
from billsync_connectors.xero.server.lines import Lines
from billsync_connectors.xero.server.money import Money
from billsync_connectors.xero.server.papers import Papers
from billsync_connectors.xero.server.reading import Reading
from billsync_connectors.xero.server.showing import Showing
from billsync_connectors.xero.server.values import Row, net, number, text
from billsync_stand_in.shelf import Shelf

_MONTHS_END: Final = {"FinancialYearEndDay": 31, "FinancialYearEndMonth": 12}


class Company:
    """The parts that answer for one tenant."""

    def __init__(self, books: Books, shelf: Shelf) -> None:
        self.books = books
        self.contacts, self.items = Contacts(books), Items(books)
        lines = Lines(books, self.items)
        self.invoices = Documents(INVOICE, books, self.contacts, lines)
        self.credit_notes = Documents(CREDIT_NOTE, books, self.contacts, lines)
        self.money = Money(books, self.contacts, self.invoices, self.credit_notes)
        self.showing = Showing(books)
        self.reading = Reading(books, self.showing)
        self.papers = Papers(books, self.showing)
        self.elements = Elements(shelf, books)

    def save(self, object: str, given: Mapping[str, Any], *, update: bool) -> Row:
        """Make or change a record of an object.  Raises `Invalid`."""
        match object:
            case "Contact":
                return self.contacts.save(given, update=update)
            case "Item":
                return self.items.save(given, update=update)
            case "Invoice":
                return self.invoices.save(given, update=update)
            case "CreditNote":
                return self.credit_notes.save(given, update=update)
            case "Payment":
                return self._payment(given)
            case "BankTransaction":
                return self.money.receive(given)
            case "Account":
                return self._account(given)
            case "TaxRate":
                return self._tax_rate(given, update=update)
            case "Currency":
                return self._currency(given)
        raise Invalid(f"{object} cannot be written")

    def _payment(self, given: Mapping[str, Any]) -> Row:
        """A new one; or, of an id, the end of that one."""
        id = text(given, "PaymentID", 40)
        if not id:
            return self.money.pay(given)
        found = self.books.get("Payment", id)
        if found is None:
            raise Invalid("The document with the supplied id was not found for this endpoint.")
        if text(given, "Status", 20) != "DELETED":
            raise Invalid("Payments can only be updated to the status DELETED")
        return self.money.delete(found)

    # ------------------------------------------------------------ what is set up

    def _account(self, given: Mapping[str, Any]) -> Row:
        code, name, type = text(given, "Code", 10), text(given, "Name", 150), text(given, "Type", 20)
        if not (code and name and type):
            raise Invalid("Code, Name and Type must be specified.")
        if self.books.by_field("Account", "Code", code):
            raise Invalid("Please enter a unique Code.")
        if self.books.by_field("Account", "Name", name):
            raise Invalid("Please enter a unique Name.")
        told: Row = {"Code": code, "Name": name, "Type": type, "Status": "ACTIVE"}
        told |= {"TaxType": text(given, "TaxType", 50) or "NONE"}
        told |= {"EnablePaymentsToAccount": given.get("EnablePaymentsToAccount") is True}
        told |= {"Class": {"REVENUE": "REVENUE", "SALES": "REVENUE", "EXPENSE": "EXPENSE"}.get(type, "ASSET")}
        return self.books.put("Account", told)

    def _tax_rate(self, given: Mapping[str, Any], *, update: bool) -> Row:
        """A rate of one's own: TAX001, TAX002, ..., the sum of its components."""
        name, parts, type = text(given, "Name", 50), given.get("TaxComponents"), text(given, "TaxType", 50)
        rates = self.books.rates()
        found = rates.get(type or "") or next((each for each in rates.values() if each["Name"] == name), None)
        if found is not None and not update:
            raise Invalid("Please enter a unique Name.")
        if found is not None and text(given, "Status", 20) == "DELETED":
            return self.books.put("TaxRate", {**found, "Status": "DELETED"})
        if not name or not isinstance(parts, list) or not parts:
            raise Invalid("Name and TaxComponents must be specified.")
        told: list[Row] = [
            {"Name": text(each, "Name", 50) or name, "Rate": number(each, "Rate") or Decimal(0)} for each in parts
        ]
        percent = sum((each["Rate"] for each in told), Decimal(0))
        free = next(f"TAX{n:03}" for n in range(1, 1000) if f"TAX{n:03}" not in rates)
        own = {"Name": name, "TaxType": found["TaxType"] if found else free, "ReportTaxType": "OUTPUT"}
        can = {f"CanApplyTo{each}": True for each in ("Assets", "Equity", "Expenses", "Liabilities", "Revenue")}
        more = [{**each, "IsCompound": False, "IsNonRecoverable": False} for each in told]
        sums = {"DisplayTaxRate": percent, "EffectiveRate": percent, "TaxComponents": more}
        return self.books.put("TaxRate", {**own, "Status": "ACTIVE", **can, **sums, "_by": self.books.by})

    def _currency(self, given: Mapping[str, Any]) -> Row:
        code = text(given, "Code", 3) or ""
        if len(code) != 3 or not code.isupper():
            raise Invalid("The currency code is not valid.")
        return self.books.put("Currency", {"Code": code, "Description": text(given, "Description", 100) or code})

    def organisation(self) -> dict[str, Any]:
        """What it says of itself."""
        settings, books = self.books.settings, self.books
        locks = {"PeriodLockDate": settings.period_lock_date, "EndOfYearLockDate": settings.year_lock_date}
        told = {"OrganisationID": books.tenant, "Name": books.name, "LegalName": books.name, "PaysTax": True}
        told |= {"Version": "GLOBAL", "OrganisationType": "COMPANY", "BaseCurrency": books.currencies()[0]}
        told |= {"CountryCode": "DE", "IsDemoCompany": False, "OrganisationStatus": "ACTIVE", **_MONTHS_END}
        told |= {"SalesTaxBasis": "ACCRUALS", "SalesTaxPeriod": "MONTHLY", "DefaultSalesTax": "Tax Exclusive"}
        told |= {name: net(day) for name, day in locks.items() if day}
        told |= {"CreatedDateUTC": net("2016-02-18"), "OrganisationEntityType": "COMPANY", "Timezone": "UTC"}
        short = made_id("short", books.tenant)[:5]
        told |= {"ShortCode": f"!{short}", "Edition": "BUSINESS", "Class": "PREMIUM"}
        return {**told, "Addresses": [], "Phones": [], "ExternalLinks": [], "PaymentTerms": {}}

    # ------------------------------------------------------------ by hand

    def by_hand(self, do: str, object: str, id: str, fields: Mapping[str, Any]) -> str:
        """What a person does, who may do all that Xero lets people do; gives the record's id.  Raises `Invalid`."""
        books = self.books
        books.by, books.force = "person", fields.get("force") is True
        try:
            return str(self._by_hand(do, object, id, fields)[IDS[object]])
        finally:
            books.by, books.force = "app", False

    def _by_hand(self, do: str, object: str, id: str, fields: Mapping[str, Any]) -> Row:
        if do == "create":
            return self.save(object, fields, update=False)
        found = self.books.get(object, id)
        if found is None:
            raise Invalid(f"there is no {object} {id}")
        acts: dict[str, Callable[[], Any]] = {
            "update": lambda: self.save(object, {**fields, IDS[object]: id}, update=True),
            "void": lambda: self.save(object, {IDS[object]: id, "Status": "VOIDED"}, update=True),
            "delete": lambda: self._deleted(object, found),
            "archive": lambda: self.contacts.change(found, {"ContactStatus": "ARCHIVED"}),
            "restore": lambda: self.contacts.change(found, {"ContactStatus": "ACTIVE"}),
            "merge": lambda: self.contacts.merge(found, self._winner(fields)),
            "allocate": lambda: self.money.allocate(object, found, fields),
            "reconcile": lambda: self.books.put("Payment", {**found, "IsReconciled": True}),
            "touch": lambda: self.books.put(object, found),
        }
        if do not in acts:
            raise Invalid(f"do: create, {', '.join(acts)}")
        acts[do]()
        return found

    def _deleted(self, object: str, found: Row) -> None:
        if object == "Item":
            self.items.delete(found)
        elif object == "Allocation":
            self.money.unallocate(found)
        else:
            self.save(object, {IDS[object]: found[IDS[object]], "Status": "DELETED"}, update=True)

    def _winner(self, fields: Mapping[str, Any]) -> Row:
        found = self.books.get("Contact", str(fields.get("into", "")))
        if found is None:
            raise Invalid("into: a contact is expected")
        return found

    def documents(self) -> dict[str, list[dict[str, Any]]]:
        """Everything in the books, void and archived too, with who made it and when."""
        told: dict[str, list[dict[str, Any]]] = {}
        for object in ("Contact", "Item", "Invoice", "CreditNote", "Payment", "Overpayment", "Allocation"):
            self.books.unit_places = 4
            told[f"{object}s"] = [
                {**self.showing.one(object, row), "by": row["_by"], "made": row["_made"]}
                | ({"Status": row["Status"]} if "Status" in row else {})
                for row in self.books.all(object)
            ]
        self.books.unit_places = 2
        return told
