"""What of the site a document refers to: fields, company, accounts.  Looked up once.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from billsync.connector import Data, Refused
from billsync_connectors.erpnext.session import Row, Session
from billsync_connectors.erpnext.settings import ERPNextSettings

CARRIERS: Final = ("Customer", "Item", "Sales Invoice", "Payment Entry")
"""DocTypes that carry our reference."""
_MARKS: Final = ("name", "doctype")


class Site:
    """The set-up of one company.  Every look-up raises `TryLater`, and `Refused` with a hint where something lacks."""

    def __init__(self, session: Session, settings: ERPNextSettings) -> None:
        self._session, self.settings = session, settings
        self._fields: dict[str, dict[str, Row]] = {}

    def fields(self, doctype: str) -> Mapping[str, Row]:
        """A DocType's fields by name."""
        if doctype not in self._fields:
            self._fields[doctype] = {str(row["fieldname"]): row for row in self._session.meta(doctype)}
        return self._fields[doctype]

    def only(self, doctype: str, data: Data, ours: frozenset[str] = frozenset()) -> None:
        """Refuse names that Frappe would pass over in silence; `ours` are the connector's own."""
        known = self.fields(doctype)
        for name, value in data.items():
            if value is not None and name not in known and name not in ours | set(_MARKS):
                what = f"{name} is no field of ERPNext's {doctype}: leave it out of the mapping, or create it there"
                raise Refused("unknown_field", what, field=name)

    # ------------------------------------------------------------ the reference

    def missing(self, doctype: str) -> str:
        """What is wrong with the field that carries our reference, or ""."""
        name = self.settings.reference_field
        found = self.fields(doctype).get(name)
        if found is None:
            return f"{doctype} has no field {name}"
        own = self._session.rows("Custom Field", ["unique"], [["dt", "=", doctype], ["fieldname", "=", name]])
        return "" if own and own[0].get("unique") else f"{doctype}: the field {name} is not unique"

    def ready(self, doctype: str) -> str:
        """The name of that field, made where it may be.  Raises `TryLater`, `Refused`, `Unclear`."""
        if doctype not in self._ready:
            wrong = self.missing(doctype)
            if wrong and (self.settings.reference_field in self.fields(doctype) or not self.settings.create_fields):
                hint = "create it (Customize Form: type Data, unique, no copy), or set create_fields: true"
                raise Refused("not_set_up", f"{self._session.system}: {wrong}: {hint}")
            if wrong:
                self._create(doctype)
            self._ready.add(doctype)
        return self.settings.reference_field

    @cached_property
    def _ready(self) -> set[str]:
        return set()

    def _create(self, doctype: str) -> None:
        """Unique, so that the site itself keeps a document from standing there twice; amended copies go without."""
        facts: dict[str, Any] = {"dt": doctype, "fieldname": self.settings.reference_field, "label": "billsync"}
        try:
            self._session.insert("Custom Field", {**facts, "fieldtype": "Data", "unique": 1, "no_copy": 1})
        except Refused as fault:
            if fault.reason != "duplicate":  # somebody was faster
                raise
        self._fields.pop(doctype, None)

    # ------------------------------------------------------------ the company

    @cached_property
    def company(self) -> Row:
        """Name, abbreviation and currency of the company."""
        name = self.settings.company
        found = self._session.rows("Company", ["default_currency"], [["name", "=", name]] if name else [])
        if len(found) != 1:
            what = f"ERPNext has no company {name}" if name else "ERPNext has several companies, or shows none"
            raise Refused("not_set_up", f"{self._session.system}: {what}: name it as company in the configuration")
        return found[0]

    @cached_property
    def bank_account(self) -> str:
        """The account that payments go to: the configured one, or the company's only bank account."""
        if self.settings.bank_account:
            return self.settings.bank_account
        found = self.accounts(["account_type", "=", "Bank"])
        if len(found) != 1:
            what = f"ERPNext has {'several bank accounts' if found else 'no bank account'} for {self.company['name']}"
            raise Refused("not_set_up", f"{self._session.system}: {what}: name one as bank_account")
        return str(found[0]["name"])

    def accounts(self, *filters: list[Any]) -> list[Row]:
        """Accounts that may be booked on."""
        mine = [["company", "=", self.company["name"]], ["is_group", "=", 0], ["disabled", "=", 0]]
        fields = ["account_name", "account_type", "root_type", "account_currency"]
        return [row for page in self._session.all("Account", fields, [*mine, *filters]) for row in page]
