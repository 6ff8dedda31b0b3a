"""Customers, items and what else stands in lists: unique names, inactive in place of deleted.  (shell)"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.quickbooks.server.books import Books, merged
from billsync_connectors.quickbooks.server.denied import Denied, business, required, unsupported
from billsync_connectors.quickbooks.server.kinds import PROPERTIES, REFERENCES, known
from billsync_connectors.quickbooks.server.shelf import Row
from billsync_connectors.quickbooks.server.values import number, short

_DELETED: Final = " (deleted)"
_NAME: Final = {"Customer": "DisplayName"}
_PARTS: Final = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
_COMPUTED: Final = ("Balance", "BalanceWithJobs", "FullyQualifiedName", "Level")
_KEPT: Final = (*_COMPUTED, "Active", "CurrencyRef", "Job", "BillWithParent")
_TYPES: Final = ("Service", "Inventory", "NonInventory", "Group", "Category")
_LENGTHS: Final = {
    "DisplayName": 500, "CompanyName": 100, "GivenName": 100, "FamilyName": 100, "Notes": 4000, "Name": 100,
    "Description": 4000, "Sku": 100, "ResaleNum": 16, "PrimaryTaxIdentifier": 20,
}  # fmt: skip


class Lists:
    """Writes them; every method raises `Denied`."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def create(self, kind: str, sent: Mapping[str, Any]) -> Row:
        """A new one."""
        row = self._read(kind, sent, {})
        row = {**row, "Active": True, **self._first(kind, row)}
        self._unique(kind, row)
        return self._books.made(kind, self._named(kind, row))

    def update(self, kind: str, sent: Mapping[str, Any]) -> Row:
        """A changed one; `Active: false` takes it out of use."""
        before = self._books.need(kind, sent.get("Id"))
        self._books.stale(before, sent)
        row = merged(before, self._read(kind, sent, before), _KEPT)
        if kind == "Customer" and (row.get("CurrencyRef") or {}).get("value") != before["CurrencyRef"]["value"]:
            raise business("The currency of a customer cannot be changed once it is set")
        row = {**row, **{name: before[name] for name in _COMPUTED if name in before}}
        row = self._resting(kind, before, row)
        if row.get("Active", True):
            self._unique(kind, row)
        return self._books.kept(kind, self._named(kind, row))

    # ------------------------------------------------------------ reading what was sent

    def _read(self, kind: str, sent: Mapping[str, Any], before: Row) -> Row:
        known(kind, sent)
        found: Row = {}
        for name, value in sent.items():
            if value in (None, "") or name in _COMPUTED:
                continue
            found[name] = self._value(kind, name, value, before)
        return found

    def _value(self, kind: str, name: str, value: Any, before: Row) -> Any:
        if name.endswith("Addr") and isinstance(value, Mapping):
            known("PhysicalAddress", value) if name in ("BillAddr", "ShipAddr") else None
            return {key: text for key, text in value.items() if text not in (None, "")}
        if name in ("UnitPrice", "PurchaseCost", "Rate"):
            return number(name, value)
        if name in ("Active", "Taxable", "Job") and not isinstance(value, bool):
            return {"true": True, "false": False}.get(str(value).lower(), False)
        if name == "CurrencyRef":
            return self._currency(value)
        if name in REFERENCES and not (kind == "Item" and name == "ParentRef"):
            return self._books.reference(REFERENCES[name], value, inactive=value == before.get(name))
        if name in _LENGTHS:
            return short(name, value, _LENGTHS[name])
        if name in PROPERTIES[kind] and isinstance(value, int | Decimal) and not isinstance(value, bool):
            return Decimal(value)
        return value

    def _currency(self, sent: Any) -> dict[str, str]:
        code, settings = str((sent or {}).get("value", "")), self._books.settings
        if code != settings.home_currency and not settings.multi_currency:
            raise business("Multi currency should be enabled to perform this operation.")
        for row in self._books.every("CompanyCurrency"):
            if row["Code"] == code and row["Active"]:
                return {"value": code, "name": row["Name"]}
        raise Denied(2220, "Invalid Currency Type", f"Invalid Currency Type : {code}", element="CurrencyRef")

    # ------------------------------------------------------------ rules

    def _first(self, kind: str, row: Row) -> Row:
        """What a new one has, if nobody says so."""
        if kind == "Customer":
            display = row.get("DisplayName") or " ".join(str(row[name]) for name in _PARTS if row.get(name))
            display = display or row.get("CompanyName", "")
            if not display:
                told = "At least one of Title, GivenName, MiddleName, FamilyName, Suffix or DisplayName is required"
                raise Denied(6080, "No Name Provided", told)
            home = {"value": self._books.settings.home_currency}
            own = {"DisplayName": display, "CurrencyRef": row.get("CurrencyRef") or self._currency(home)}
            base = {"Taxable": True, "Job": False, "BillWithParent": False, "PreferredDeliveryMethod": "None"}
            return {**base, **row, **own, "Balance": Decimal(0), "BalanceWithJobs": Decimal(0), "Active": True}
        if not row.get("Name") and kind != "CompanyCurrency":
            raise required("Name")
        return self._item(row) if kind == "Item" else {}

    def _item(self, row: Row) -> Row:
        kind = row.get("Type") or "Service"
        if kind not in _TYPES:
            raise Denied(2170, "Invalid Enumeration", f"Invalid Enumeration : {kind}", element="Type")
        if not row.get("IncomeAccountRef") and kind != "Category":
            raise required("IncomeAccountRef")
        base = {"UnitPrice": Decimal(0), "Taxable": False, "PurchaseCost": Decimal(0), "TrackQtyOnHand": False}
        return {**base, **row, "Type": kind, "Active": True}

    def _named(self, kind: str, row: Row) -> Row:
        name = str(row.get(_NAME.get(kind, "Name"), ""))
        if re.search(r"[:\t\n]", name):
            told = f"Property Name:{_NAME.get(kind, 'Name')} has an invalid character"
            raise Denied(2040, "Invalid String", f"An element has unsupported characters: {told}")
        if kind == "Customer":
            return {**row, "FullyQualifiedName": name, "PrintOnCheckName": row.get("PrintOnCheckName") or name}
        return {**row, "FullyQualifiedName": name} if kind == "Item" else row

    def _unique(self, kind: str, row: Row) -> None:
        """One name for one object; customers share theirs with vendors and employees, that only people make here."""
        name = str(row.get(_NAME.get(kind, "Name"), "")).casefold()
        for other in self._books.every(kind):
            if str(other.get(_NAME.get(kind, "Name"), "")).casefold() == name and other["Id"] != row.get("Id"):
                told = f"The name supplied already exists. : Id={other['Id']}"
                raise Denied(6240, "Duplicate Name Exists Error", told)

    def _resting(self, kind: str, before: Row, row: Row) -> Row:
        """One that goes out of use gives its name away; one with a balance cannot go."""
        field = _NAME.get(kind, "Name")
        name = str(row.get(field) or before.get(field, ""))
        if not name:
            raise unsupported(field)
        if before.get("Active", True) and not row.get("Active", True):
            if before.get("Balance"):
                told = "This customer cannot be deleted because it has a non-zero balance"
                raise Denied(6220, "Delete List Has Balance Error: The entity you are trying to delete has an open "
                             "balance.", told)  # fmt: skip
            name = name if name.endswith(_DELETED) else name + _DELETED
        elif not before.get("Active", True) and row.get("Active", True):
            name = name.removesuffix(_DELETED)
        return {**row, field: name}
