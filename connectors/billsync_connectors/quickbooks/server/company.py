"""The whole company apart from its door: settings, books, tokens, faults, the log, and what arrives late.  (shell)"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from billsync_connectors.quickbooks.server.api import Api
from billsync_connectors.quickbooks.server.asked import Reply, Request
from billsync_connectors.quickbooks.server.books import Books
from billsync_connectors.quickbooks.server.clock import told
from billsync_connectors.quickbooks.server.denied import Denied
from billsync_connectors.quickbooks.server.faults import CATALOGUE, refusal
from billsync_connectors.quickbooks.server.hooks import Hooks
from billsync_connectors.quickbooks.server.limits import Limits
from billsync_connectors.quickbooks.server.lists import Lists
from billsync_connectors.quickbooks.server.oauth import OAuth
from billsync_connectors.quickbooks.server.payments import Payments
from billsync_connectors.quickbooks.server.queries import Queries
from billsync_connectors.quickbooks.server.sales import Sales
from billsync_connectors.quickbooks.server.settings import Settings
from billsync_connectors.quickbooks.server.settle import Settle
from billsync_connectors.quickbooks.server.shelf import Shelf
from billsync_connectors.quickbooks.server.taxes import Taxes
from billsync_connectors.quickbooks.server.values import xml
from billsync_stand_in import house
from billsync_stand_in.clock import Clock
from billsync_stand_in.faults import Switch

_ACCOUNTS: Final = (
    ("Services", "Income", "ServiceFeeIncome"), ("Sales of Product Income", "Income", "SalesOfProductIncome"),
    ("Discounts given", "Income", "DiscountsRefundsGiven"),
    ("Undeposited Funds", "Other Current Asset", "UndepositedFunds"), ("Checking", "Bank", "Checking"),
    ("Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable"),
    ("Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs"),
)  # fmt: skip
_TERMS: Final = (("Due on receipt", 0), ("Net 10", 10), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60))
_CURRENCIES: Final = (
    ("USD", "United States Dollar", "1"), ("EUR", "Euro", "1.1"), ("GBP", "British Pound Sterling", "1.25"),
    ("CAD", "Canadian Dollar", "0.73"), ("AUD", "Australian Dollar", "0.66"), ("JPY", "Japanese Yen", "0.0067"),
    ("KWD", "Kuwaiti Dinar", "3.25"), ("CHF", "Swiss Franc", "1.13"),
)  # fmt: skip
_TAXING: Final = ("country", "tax_rate")


class Company(house.House[Request, Reply, Settings]):
    """What one stand-in is; its doors' threads share it under the shelf's turns."""

    catalogue = CATALOGUE

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = Shelf(folder / "quickbooks.db")
        self.clock = Clock(self.shelf.recall("clock", {}))
        super().__init__(self.shelf, self.clock, Settings())
        self.books = Books(self.shelf, self.clock, lambda: self.settings)
        self.oauth = OAuth(self.shelf, self.clock, lambda: self.settings)
        self.limits = Limits(self.shelf, self.clock, lambda: self.settings)
        self.taxes, self.settle = Taxes(self.books), Settle(self.books)
        self.lists, self.queries = Lists(self.books), Queries(self.books)
        self.sales = Sales(self.books, self.taxes, self.settle)
        self.payments = Payments(self.books, self.settle)
        self.api = Api(
            shelf=self.shelf, books=self.books, oauth=self.oauth, limits=self.limits, lists=self.lists,
            sales=self.sales, payments=self.payments, queries=self.queries,
        )  # fmt: skip
        self.hooks = Hooks(self.books)
        self._furnish()

    # ------------------------------------------------------------ what it has from the first day

    def _furnish(self) -> None:
        with self.shelf.turn():
            if self.shelf.recall("furnished", None):
                return
            self.shelf.remember("furnished", value=True)
            for name, kind, sort in _ACCOUNTS:
                self._listed("Account", {"Name": name, "FullyQualifiedName": name, "AccountType": kind,
                                         "AccountSubType": sort, "CurrentBalance": Decimal(0)})  # fmt: skip
            for name, days in _TERMS:
                self._listed("Term", {"Name": name, "Type": "STANDARD", "DueDays": Decimal(days)})
            for name in ("Cash", "Check", "Visa"):
                self._listed("PaymentMethod", {"Name": name, "Type": "NON_CREDIT_CARD"})
            self._currencies()
            self.shelf.remember("last Item", 0)
            income = {"IncomeAccountRef": {"value": "1"}}
            for name, taxable in (("Services", False), ("Hours", False), ("Goods", True)):
                self.lists.create("Item", {"Name": name, "Type": "Service", "Taxable": taxable, **income})
            self.shelf.remember("last Item", 11)
            self.taxes.furnish(self.settings)

    def _listed(self, kind: str, row: Mapping[str, Any]) -> None:
        self.books.made(kind, {**row, "Active": True})

    def _currencies(self) -> None:
        home = self.settings.home_currency
        for code, name, rate in _CURRENCIES:
            self._listed("CompanyCurrency", {"Code": code, "Name": name})
            rated = {"SourceCurrencyCode": code, "TargetCurrencyCode": home, "Rate": Decimal(rate)}
            self.books.made("ExchangeRate", {**rated, "AsOfDate": "2026-01-01"})

    def _forget(self) -> None:
        self.limits.forget()
        self.hooks.forget()

    def set(self, values: Mapping[str, Any]) -> None:
        """Change settings, and keep them.  Raises `Turned`."""
        with self.shelf.turn():
            super().set(values)
            if any(name in values for name in _TAXING):
                self.taxes.furnish(self.settings)

    # ------------------------------------------------------------ one request

    def execute(self, request: Request, struck: Switch | None = None) -> Reply:
        """The reply, whatever it is; what was refused left nothing behind."""
        if struck is not None:
            self._prepare(struck)
        try:
            with self.shelf.turn():
                denied = self.api.batches.refused.get(0)
                if denied is not None:
                    raise denied
                reply = self.api.answer(request)
            self.hooks.send()
            return self._finished(request, reply)
        except Denied as denied:
            return self._finished(request, self.refused(denied))
        finally:
            self.api.batches.refused, self.api.batches.only, self.queries.short = {}, None, 0

    def refused(self, denied: Denied) -> Reply:
        """A refusal as a reply; nobody promises a Retry-After."""
        wait = {"Retry-After": self.settings.retry_after} if denied.status == 429 and self.settings.retry_after else {}
        return Reply(denied.status, denied.value(told(self.clock.now(), self.settings.zone)), wait)

    def _finished(self, request: Request, reply: Reply) -> Reply:
        """With the headers that each reply has; in XML for those who do not ask for JSON."""
        trace = hashlib.sha256(f"{self._number} {request.target}".encode()).hexdigest()
        own = {"intuit_tid": f"1-{trace[:8]}-{trace[8:32]}", "qbo-version": "2073.223"}
        headers = {**own, **reply.headers}
        accepts = request.headers.get("accept", "")
        plain = "json" in accepts or not request.path.startswith("/v3/") or not isinstance(reply.value, Mapping)
        if plain or ("Fault" not in reply.value and "fault" in reply.value):
            return Reply(reply.status, reply.value, headers, reply.type)
        return Reply(reply.status, xml(reply.value).encode(), headers, "application/xml;charset=UTF-8")

    def _prepare(self, struck: Switch) -> None:
        """What a fault changes before the request is executed."""
        denied = refusal(struck)
        match struck.fault:
            case "expire":
                self.oauth.end()
            case "disconnect":
                self.oauth.forget()
            case "reject-item" | "stale" | "in-flight" | "fault-200" if denied is not None:
                self.api.batches.refused = {struck.options.get("item", 0): denied}
            case "half-batch":
                self.api.batches.only = struck.options["items"]
            case "short-page":
                self.queries.short = struck.options["rows"]

    def _secret(self, request: Request) -> bool:
        return "oauth2" in request.path
