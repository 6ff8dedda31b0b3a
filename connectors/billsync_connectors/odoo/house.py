"""What of the company's own set-up documents refer to: fields, taxes, accounts, journals, locks.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from billsync.connector import Data, Refused
from billsync.model.scalar import plain
from billsync_connectors.odoo.encoding import amount, day, link
from billsync_connectors.odoo.payload import Types, number, optional_text, remote_ids
from billsync_connectors.odoo.session import Session
from billsync_connectors.odoo.settings import OdooSettings

LOCKS: Final = ("fiscalyear_lock_date", "tax_lock_date", "sale_lock_date", "hard_lock_date")
_TAX: Final = ("name", "amount", "amount_type", "price_include", "active")
_CODED: Final = {"res.currency": "name", "res.country": "code"}
"""Models that mappings name by a code in place of an id -> the field that holds it."""


class House:
    """Looked up once for each connector, but for lock dates.

    Every look-up raises `TryLater`, and `Refused` with what to do where something is missing.
    """

    def __init__(self, session: Session, settings: OdooSettings) -> None:
        self._session, self.settings = session, settings
        self._fields: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._codes: dict[tuple[str, str], int] = {}

    # ------------------------------------------------------------ fields

    def fields(self, model: str) -> dict[str, Mapping[str, Any]]:
        """A model's fields with type, relation and more."""
        if model not in self._fields:
            asked = ["type", "relation", "required", "readonly", "selection", "size"]
            found = self._session.ask(model, "fields_get", attributes=asked)
            self._fields[model] = {str(name): facts for name, facts in found.items() if isinstance(facts, dict)}
        return self._fields[model]

    def types(self, model: str) -> Types:
        """A model's fields with their types."""
        return {name: str(facts.get("type")) for name, facts in self.fields(model).items()}

    def coded(self, model: str, values: Data) -> dict[str, Any]:
        """The same values, with ids in place of codes of currencies (`EUR`) and countries (`DE`)."""
        told = dict(values)
        for name, value in values.items():
            relation = str(self.fields(model).get(name, {}).get("relation") or "")
            if relation in _CODED and isinstance(value, str) and not value.isdigit():
                told[name] = self._by_code(relation, name, value)
        return told

    def _by_code(self, model: str, name: str, code: str) -> int:
        if (model, code) not in self._codes:
            rows = self._session.find(model, [[_CODED[model], "=", code]], [])
            if len(rows) != 1:
                hint = "activate it in Odoo" if model == "res.currency" else "write its code of two letters"
                raise Refused("not_set_up", f"{self._session.system}: Odoo knows no {name} {code}: {hint}", field=name)
            self._codes[model, code] = int(rows[0]["id"])
        return self._codes[model, code]

    # ------------------------------------------------------------ the company

    def locked_until(self) -> date | None:
        """The last day that documents of customers may not be dated to, None where all are open.  Asked anew."""
        names = [name for name in LOCKS if name in self.fields("res.company")]
        rows = self._session.find("res.company", [["id", "=", self._session.company]], names)
        found = [day(rows[0][name]) for name in names if rows and rows[0][name]]
        return max((each for each in found if each is not None), default=None)

    def open_on(self, on: date | None, locked: date | None) -> None:
        """Raises `Refused` (`period_closed`) where Odoo would refuse, or quietly book on another day."""
        if self.settings.closed_period == "refuse" and on is not None and locked is not None and on <= locked:
            what = f"{self._session.system}: {on} lies in a period that is locked in Odoo up to {locked}"
            raise Refused("period_closed", f"{what}: open it there, or date the document later")

    @cached_property
    def revenue(self) -> int | None:
        """The account that lines are booked on, None for Odoo's own choice."""
        code = self.settings.revenue_account
        return None if code is None else self._one("account.account", "revenue_account", [["code", "=", code]])

    @cached_property
    def sales_journal(self) -> int | None:
        """The journal of invoices, None for Odoo's own choice."""
        code = self.settings.sales_journal
        return None if code is None else self._journal("sale", "sales_journal", code)

    @cached_property
    def bank_journal(self) -> int:
        """The journal of payments."""
        return self._journal("bank", "bank_journal", self.settings.bank_journal)

    def _journal(self, type: str, setting: str, code: str | None) -> int:
        domain: list[Any] = [["type", "=", type], ["company_id", "=", self._session.company]]
        return self._one("account.journal", setting, [*domain, *([["code", "=", code]] if code else [])])

    def _one(self, model: str, setting: str, domain: list[Any]) -> int:
        rows = self._session.find(model, domain, [])
        if len(rows) != 1:
            what = f"{self._session.system}: Odoo has {len(rows)} records of {model} that may be meant"
            raise Refused("not_set_up", f"{what}: name the code of one as {setting} in the configuration")
        return int(rows[0]["id"])

    # ------------------------------------------------------------ taxes

    @cached_property
    def taxes(self) -> list[dict[str, Any]]:
        """The taxes on sales that are in use."""
        domain = [["type_tax_use", "=", "sale"], ["company_id", "=", self._session.company]]
        return self._session.find("account.tax", domain, _TAX)

    def tax_ids(self, line: Data) -> list[int]:
        """The taxes of a line: named by the line, by the settings, or the only one of its rate; [] for no tax."""
        if "tax_ids" in line:
            return remote_ids(line["tax_ids"], "tax_ids")
        code, rate = optional_text(line, "tax_code") or "", number(line, "tax_rate")
        name = self.settings.tax_codes.get(code)
        if name is not None:
            return [self._named_tax(code, name)]
        return [self._by_rate(code, rate)] if rate else []

    def _named_tax(self, code: str, name: str) -> int:
        found = [row for row in self.taxes if name in (str(row["id"]), row["name"])]
        if len(found) != 1:
            what = f"{self._session.system}: Odoo has {len(found)} taxes on sales called {name} (tax_codes.{code})"
            raise Refused("unknown_tax", f"{what}: make it there, or name another", field="tax_code")
        return int(found[0]["id"])

    def _by_rate(self, code: str, rate: Decimal) -> int:
        found = [row for row in self.taxes if _of_rate(row, rate)]
        if len(found) != 1:
            percent = plain((rate * 100).normalize())
            names = ", ".join(str(row["name"]) for row in found) or "none"
            what = f"{self._session.system}: of {percent}% on top of the price Odoo has these taxes on sales: {names}"
            hint = f"name the one for {code or 'the code'} under tax_codes in the configuration"
            raise Refused("unknown_tax", f"{what}; {hint}", field="tax_code")
        return int(found[0]["id"])


def _of_rate(row: Mapping[str, Any], rate: Decimal) -> bool:
    return row["amount_type"] == "percent" and not row["price_include"] and amount(row["amount"]) == rate * 100


def currency_name(value: Any) -> str | None:
    """The code of a currency that was read as a link."""
    return str(value[1]) if isinstance(value, list) and len(value) > 1 and link(value) is not None else None
