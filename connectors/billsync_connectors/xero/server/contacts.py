"""Contacts: found, made, changed, archived, merged.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from billsync_connectors.xero.server.books import Books
from billsync_connectors.xero.server.denied import Invalid
from billsync_connectors.xero.server.values import Row, net, text

_TEXTS: Final = {
    "ContactNumber": 50, "AccountNumber": 50, "Name": 255, "FirstName": 255, "LastName": 255, "CompanyNumber": 50,
    "EmailAddress": 255, "TaxNumber": 50, "AccountsReceivableTaxType": 50, "AccountsPayableTaxType": 50,
    "BankAccountDetails": 255, "DefaultCurrency": 3, "XeroNetworkKey": 50, "SalesDefaultAccountCode": 10,
}  # fmt: skip
_LISTS: Final = ("ContactPersons", "Addresses", "Phones")
_ADDRESS: Final = {
    "AddressType": 6, "AddressLine1": 500, "AddressLine2": 500, "AddressLine3": 500, "AddressLine4": 500,
    "City": 255, "Region": 255, "PostalCode": 50, "Country": 50, "AttentionTo": 255,
}  # fmt: skip
_PHONE: Final = {"PhoneType": 7, "PhoneNumber": 50, "PhoneAreaCode": 10, "PhoneCountryCode": 20}
_TERMS: Final = ("DAYSAFTERBILLDATE", "DAYSAFTERBILLMONTH", "OFCURRENTMONTH", "OFFOLLOWINGMONTH")
NEEDED: Final = (
    "The Contact must contain at least 1 of the following elements to identify the contact: "
    "Name, ContactID, ContactNumber"
)
_UNKNOWN: Final = "An existing Contact with the specified ContactID could not be found"
_ARCHIVED: Final = (
    "The Contact with the specified contact details has been archived. "
    "The Contact must be un-archived before creating new invoices or credit notes."
)


def taken(name: str) -> str:
    """What is said of a name that another contact has."""
    told = "is already assigned to another contact. The contact name must be unique across all active contacts."
    return f"The contact name {name} {told}"


class Contacts:
    """The customers of one organisation."""

    def __init__(self, books: Books) -> None:
        self._books = books

    # ------------------------------------------------------------ finding

    def find(self, given: Mapping[str, Any]) -> Row | None:
        """By id, by number, by name of an active one.  Raises `Invalid` for an id that nobody has."""
        id, key, name = (text(given, field, 255) for field in ("ContactID", "ContactNumber", "Name"))
        if not (id or key or name):
            raise Invalid(NEEDED)
        if id:
            found = self._books.get("Contact", id)
            if found is None:
                raise Invalid(_UNKNOWN)
            return found
        numbered = self._books.by_field("Contact", "ContactNumber", key) if key else []
        if numbered:
            return numbered[0]
        named = self._named(name) if name else None
        return named if named is not None and not (key and named.get("ContactNumber")) else None

    def _named(self, name: str) -> Row | None:
        rows = self._books.by_field("Contact", "Name", name)
        return next((row for row in rows if row["ContactStatus"] == "ACTIVE"), None)

    def of_document(self, given: Any) -> Row:
        """The contact of a document: one that is there, or made by its name.  Raises `Invalid`."""
        if not isinstance(given, Mapping):
            raise Invalid("A Contact must be specified for this type of transaction")
        found = self.find(given)
        if found is None:
            found = self.save(given, update=False)
        if found["ContactStatus"] != "ACTIVE":
            raise Invalid(_ARCHIVED)
        return found if found.get("IsCustomer") else self._books.put("Contact", {**found, "IsCustomer": True})

    # ------------------------------------------------------------ writing

    def save(self, given: Mapping[str, Any], *, update: bool) -> Row:
        """Make one, or change the one that is meant.  Raises `Invalid`."""
        found = self.find(given) if update or given.get("ContactID") else None
        if found is not None:
            return self.change(found, given)
        row: Row = {"ContactStatus": "ACTIVE", "IsSupplier": False, "IsCustomer": False, **self._read(given)}
        if not row.get("Name"):
            raise Invalid("The contact name must be specified.")
        self._free(row, None)
        made = self._books.put("Contact", row)
        self._books.note(made["ContactID"], "Created")
        return made

    def change(self, found: Row, given: Mapping[str, Any]) -> Row:
        """Change one.  Raises `Invalid`."""
        row = {**found, **self._read(given)}
        if row["ContactStatus"] == "ACTIVE":
            self._free(row, found["ContactID"])
        self._books.note(found["ContactID"], "Edited")
        return self._books.put("Contact", row)

    def merge(self, loser: Row, winner: Row) -> Row:
        """One goes into another, as people do it: it is archived, its documents are the other's."""
        for object in ("Invoice", "CreditNote", "Overpayment", "BankTransaction"):
            for row in self._books.by_field(object, "ContactID", loser["ContactID"]):
                self._books.put(object, {**row, "ContactID": winner["ContactID"]})
        own = {"ContactStatus": "ARCHIVED", "MergedToContactID": winner["ContactID"]}
        return self._books.put("Contact", {**loser, **own})

    def _free(self, row: Row, own: str | None) -> None:
        """Names are unique among active contacts, numbers among all."""
        named = self._named(row["Name"])
        if named is not None and named["ContactID"] != own:
            raise Invalid(taken(row["Name"]))
        numbered = self._books.by_field("Contact", "ContactNumber", row.get("ContactNumber") or "")
        if any(other["ContactID"] != own for other in numbered):
            raise Invalid(f"The contact number {row['ContactNumber']} is already assigned to another contact.")

    def _read(self, given: Mapping[str, Any]) -> Row:
        row: Row = {}
        for name, most in _TEXTS.items():
            value = text(given, name, most)
            if value is not None:
                row[name] = value
        for name in _LISTS:
            if given.get(name) is not None:
                row[name] = _parts(name, given[name])
        status = text(given, "ContactStatus", 20)
        if status and status not in ("ACTIVE", "ARCHIVED"):
            raise Invalid(f"The contact status {status} is not valid.")
        currency = row.get("DefaultCurrency")
        if currency and currency not in self._books.currencies():
            raise Invalid(f"Organisation is not subscribed to currency {currency}")
        row |= {"ContactStatus": status} if status else {}
        return row | _terms(given.get("PaymentTerms"))


def _parts(name: str, given: Any) -> list[Row]:
    """Addresses, phones or persons that were sent; they take the place of all that were there."""
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        raise Invalid(f"{name} is not valid.")
    if name == "ContactPersons":
        sizes = {"FirstName": 255, "LastName": 255, "EmailAddress": 255}
        return [{k: text(each, k, most) for k, most in sizes.items() if each.get(k) is not None} for each in given]
    sizes, type, types = (
        (_ADDRESS, "AddressType", ("POBOX", "STREET"))
        if name == "Addresses"
        else (_PHONE, "PhoneType", ("DEFAULT", "DDI", "MOBILE", "FAX", "OFFICE"))
    )
    if any(each.get(type) not in types for each in given):
        raise Invalid(f"The {type} is not valid.")
    return [{k: text(each, k, most) for k, most in sizes.items() if each.get(k) is not None} for each in given]


def _terms(given: Any) -> Row:
    if not isinstance(given, Mapping) or not isinstance(given.get("Sales"), Mapping):
        return {}
    day, type = given["Sales"].get("Day"), given["Sales"].get("Type")
    if type not in _TERMS or day is None:
        raise Invalid("The payment terms are not valid.")
    return {"PaymentTerms": {"Sales": {"Day": day, "Type": type}}}


def shown(row: Row) -> Row:
    """A contact as replies have it."""
    told = {name: value for name, value in row.items() if not name.startswith("_") and name != "UpdatedDateUTC"}
    empty: Row = {"Addresses": [], "Phones": [], "ContactPersons": [], "ContactGroups": [], "BankAccountDetails": ""}
    more = {"UpdatedDateUTC": net(row["UpdatedDateUTC"]), "HasAttachments": False, "HasValidationErrors": False}
    return {**empty, **told, **more}


def short(row: Row) -> Row:
    """A contact as documents in lists show it."""
    empty: Row = {"Addresses": [], "Phones": [], "ContactGroups": [], "ContactPersons": []}
    return {"ContactID": row["ContactID"], "Name": row["Name"], **empty, "HasValidationErrors": False}
