"""All organisations behind one door: settings, tokens, faults, the log, and what arrives late.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from billsync_connectors.xero.server.api import Api
from billsync_connectors.xero.server.asked import Reply, Request, refused
from billsync_connectors.xero.server.books import Books, tenants
from billsync_connectors.xero.server.clock import Clock
from billsync_connectors.xero.server.company import Company
from billsync_connectors.xero.server.denied import Denied
from billsync_connectors.xero.server.faults import CATALOGUE
from billsync_connectors.xero.server.hooks import Hooks, touched
from billsync_connectors.xero.server.keys import Keys
from billsync_connectors.xero.server.limits import Limits
from billsync_connectors.xero.server.settings import Settings
from billsync_connectors.xero.server.tokens import Tokens
from billsync_stand_in import house
from billsync_stand_in.faults import Switch
from billsync_stand_in.shelf import Shelf


class House(house.House[Request, Reply, Settings]):
    """What one stand-in is; its doors' threads share it under the shelf's turns."""

    catalogue = CATALOGUE
    clock: Clock

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = Shelf(folder / "xero.db")
        self.clock = Clock(self.shelf.recall("clock", {}))
        super().__init__(self.shelf, self.clock, Settings())
        self.tokens = Tokens(self.shelf, self.clock, lambda: self.settings)
        self.limits = Limits(self.shelf, self.clock, lambda: self.settings)
        self.hooks = Hooks(self.shelf, self.clock)
        keys = Keys(self.shelf, self.clock, lambda: self.settings)
        self.api = Api(
            shelf=self.shelf, tokens=self.tokens, limits=self.limits, keys=keys,
            settings=lambda: self.settings, companies=lambda: self.companies,
        )  # fmt: skip
        self.companies: dict[str, Company] = {}
        self._furnish()

    def _furnish(self) -> None:
        """One company for each tenant, with what each has from the first day."""
        with self.shelf.turn():
            self.companies = {}
            for id, name in tenants(self.settings.tenants).items():
                books = Books(id, name, self.shelf, self.clock, lambda: self.settings)
                books.furnish()
                self.companies[id] = Company(books, self.shelf)

    def _forget(self) -> None:
        self.limits.forget()

    def set(self, values: Mapping[str, Any]) -> None:
        """Change settings, and keep them.  Raises `Turned`."""
        super().set(values)
        if "tenants" in values:
            self._furnish()

    # ------------------------------------------------------------ one request

    def execute(self, request: Request, struck: Switch | None = None) -> Reply:
        """The reply, whatever it is; what was refused left nothing behind."""
        tenant = self.api.tenant(request)
        try:
            with self.shelf.turn():
                if struck is not None:
                    self._prepare(struck, tenant)
                mark = self.shelf.mark()
                reply = self.api.answer(request)
                self.hooks.note(tenant, touched(self.shelf.since(mark), self.shelf, tenant))
                return reply
        except Denied as denied:
            return refused(denied)
        finally:
            self._tidy()

    def _prepare(self, struck: Switch, tenant: str) -> None:
        """What a fault changes before the request is executed.  Raises `Denied`."""
        match struck.fault:
            case "expire":
                self.tokens.end()
            case "limit":
                denied = self.limits.refusal(tenant, struck.options["problem"])
                raise Denied(429, None, {**denied.headers, "Retry-After": str(struck.options["seconds"])})
            case "reject-item":
                for company in self.companies.values():
                    company.elements.refusals = {struck.options["item"]: struck.options["message"]}
            case "short-page":
                for company in self.companies.values():
                    company.reading.short = struck.options["rows"]

    def _tidy(self) -> None:
        for company in self.companies.values():
            company.elements.refusals, company.reading.short = {}, 0

    def by_hand(self, tenant: str, do: str, object: str, id: str, fields: Mapping[str, Any]) -> str:
        """What a person does in an organisation; gives the record's id.  Raises `Invalid`."""
        with self.shelf.turn():
            mark = self.shelf.mark()
            found = self.companies[tenant].by_hand(do, object, id, fields)
            self.hooks.note(tenant, touched(self.shelf.since(mark), self.shelf, tenant))
            return found

    def _secret(self, request: Request) -> bool:
        return "connect" in request.parts[:2]

    def _noted(self, request: Request) -> dict[str, Any]:
        return {"key": request.headers.get("idempotency-key", "")}
