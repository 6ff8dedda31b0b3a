"""What of Tryton's own books an invoice refers to: accounts, journal, taxes, units.  Looked up once.  (shell)"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from billsync.connector import Refused
from billsync_connectors.tryton.session import Session
from billsync_connectors.tryton.settings import TrytonSettings


class Books:
    """The company's set-up.  Every look-up raises `TryLater`, and `Refused` with a hint where something is missing."""

    def __init__(self, session: Session, settings: TrytonSettings) -> None:
        self._session, self._settings = session, settings
        self._taxes: dict[tuple[str, Decimal], int | None] = {}
        self._named: dict[tuple[str, str], int] = {}
        self._due: dict[tuple[int, date], date | None] = {}

    @cached_property
    def revenue(self) -> int:
        """Account that invoice lines are booked on."""
        return self._account("revenue", self._settings.revenue)

    @cached_property
    def receivable(self) -> int:
        """Account that customers' debts are booked on."""
        return self._account("receivable", self._settings.receivable)

    @cached_property
    def journal(self) -> int:
        """Journal of customer invoices."""
        return self._one("account.journal", [["type", "=", "revenue"]], "create a journal of the type Revenue")

    @cached_property
    def payment_term(self) -> int | None:
        """The configured term, or None where each invoice brings its own due date."""
        name = self._settings.payment_term
        if name is None:
            return None
        return self._one("account.invoice.payment_term", [["name", "=", name]], f"create the payment term {name}")

    @cached_property
    def unit(self) -> int:
        """Unit of measure of new products."""
        name = self._settings.unit
        if name is None:
            found: int = self._session.ask("model.ir.model.data.get_id", "product.uom_unit")
            return found
        return self._one("product.uom", [["name", "=", name]], f"create the unit {name}")

    @cached_property
    def product_category(self) -> int | None:
        """Accounting category of new products; None where Tryton's products have none."""
        if "account_category" not in self._session.ask("model.product.template.fields_get", ["account_category"]):
            return None
        name = self._settings.product_category
        domain: list[Any] = [["accounting", "=", True], *([["name", "=", name]] if name else [])]
        return self._one(
            "product.category", domain, "create an accounting category with a revenue account for products"
        )

    def currency(self, code: str) -> int:
        """Tryton's id of a currency."""
        return self._by_name("currency.currency", "code", code, "create the currency, with a rate, in Tryton")

    def country(self, code: str) -> int:
        """Tryton's id of a country."""
        return self._by_name("country.country", "code", code, "import the countries (trytond_import_countries)")

    def tax(self, code: str, rate: Decimal) -> int | None:
        """The tax for our code: by the configured name, else the only sales tax of that rate; None for no tax."""
        if (code, rate) not in self._taxes:
            self._taxes[code, rate] = self._find_tax(code, rate)
        return self._taxes[code, rate]

    def _find_tax(self, code: str, rate: Decimal) -> int | None:
        company = ["company", "=", self._session.company]
        name = self._settings.taxes.get(code)
        if name is not None:
            hint = f"create the tax {name}, or change taxes.{code} in the configuration"
            return self._one("account.tax", [company, ["name", "=", name]], hint)
        if not rate:
            return None
        sales = ["OR", [["group", "=", None]], [["group.kind", "in", ["sale", "both"]]]]
        domain = [company, ["type", "=", "percentage"], ["rate", "=", rate], ["parent", "=", None], sales]
        found = self._session.find("account.tax", domain, "name", limit=2)
        if len(found) == 1:
            return int(found[0]["id"])
        percent = format((rate * 100).normalize(), "f")
        what = " and ".join(row["name"] for row in found) or "none"
        hint = f"name the tax for {code or 'it'} under taxes in the configuration"
        message = f"Tryton has several sales taxes of {percent} % ({what}): {hint}"
        if not found:
            message = f"Tryton has no sales tax of {percent} %: create one, or {hint}"
        raise Refused("unknown_tax", message, field="tax_code")

    @cached_property
    def payment_method(self) -> int:
        """How payments of ours are booked: the configured method, or the only one.  Raises `Refused`."""
        name = self._settings.payment_method
        domain = [["company", "=", self._session.company], *([["name", "=", name]] if name else [])]
        found = self._session.find("account.invoice.payment.method", domain, "name", limit=2)
        if len(found) == 1:
            return int(found[0]["id"])
        wanted = f"the method {name}" if name else "one method"
        what = f"Tryton needs {wanted} of payment, and has {'several' if found else 'none'}"
        raise Refused("not_set_up", f"{what}: create it there, or name one as payment_method in the configuration")

    def term(self, name: str | None) -> int | None:
        """A term by its name; the configured one where none is named, None for neither."""
        if name is None:
            return self.payment_term
        return self._by_name("account.invoice.payment_term", "name", name, f"create the payment term {name}")

    def due(self, term: int, on: date) -> date | None:
        """The last day on which a document of that day is due by a term, as Tryton works it out; None for none."""
        if (term, on) not in self._due:
            asked = {"payment_term": term, "date": on, "amount": Decimal(100), "currency": self._company_currency}
            shown = self._session.ask("model.account.invoice.payment_term.test.on_change_with", asked, ["result"])
            days = [part["date"] for _place, part in (shown.get("result") or {}).get("add", [])]
            self._due[term, on] = max(days, default=None)
        return self._due[term, on]

    @cached_property
    def _company_currency(self) -> int:
        found: int = self._session.find("company.company", [["id", "=", self._session.company]], "currency")[0][
            "currency"
        ]
        return found

    def _account(self, kind: str, code: str | None) -> int:
        domain: list[Any] = [
            ["company", "=", self._session.company],
            [f"type.{kind}", "=", True],
            ["closed", "!=", True],
        ]
        if code is not None:
            domain.append(["code", "=", code])
        return self._one("account.account", domain, f"name its code as {kind} in the configuration")

    def _by_name(self, model: str, field: str, value: str, hint: str) -> int:
        if (model, value) not in self._named:
            self._named[model, value] = self._one(model, [[field, "=", value]], hint)
        return self._named[model, value]

    def _one(self, model: str, domain: list[Any], hint: str) -> int:
        rows = self._session.find(model, domain, limit=1)
        if not rows:
            wanted = ", ".join(f"{field} {value}" for field, _operator, value in domain if field != "company")
            raise Refused("not_set_up", f"Tryton has no {model} with {wanted}: {hint}")
        found: int = rows[0]["id"]
        return found
