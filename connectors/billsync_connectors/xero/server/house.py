"""All organisations behind one door: settings, tokens, faults, the log, and what arrives late.  (shell)"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from billsync_connectors.xero.server.api import Api
from billsync_connectors.xero.server.asked import Reply, Request, refused
from billsync_connectors.xero.server.books import Books, tenants
from billsync_connectors.xero.server.clock import Clock, written
from billsync_connectors.xero.server.company import Company
from billsync_connectors.xero.server.denied import Denied
from billsync_connectors.xero.server.faults import Switch
from billsync_connectors.xero.server.hooks import Hooks, touched
from billsync_connectors.xero.server.keys import Keys
from billsync_connectors.xero.server.limits import Limits
from billsync_connectors.xero.server.settings import Settings
from billsync_connectors.xero.server.tokens import Tokens
from billsync_stand_in.shelf import Shelf

_SHOWN: Final = 4000
_LOGGED_MAX: Final = 20_000


class House:
    """What one stand-in is; its doors' threads share it under the shelf's turns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = Shelf(folder / "xero.db")
        self.clock = Clock(self.shelf.recall("clock", {}))
        self.settings = Settings().changed(self.shelf.recall("settings", {}))
        self.tokens = Tokens(self.shelf, self.clock, lambda: self.settings)
        self.limits = Limits(self.shelf, self.clock, lambda: self.settings)
        self.hooks = Hooks(self.shelf, self.clock)
        keys = Keys(self.shelf, self.clock, lambda: self.settings)
        self.api = Api(
            shelf=self.shelf, tokens=self.tokens, limits=self.limits, keys=keys,
            settings=lambda: self.settings, companies=lambda: self.companies,
        )  # fmt: skip
        self.switches: list[Switch] = []
        self.requests: deque[dict[str, Any]] = deque(maxlen=_LOGGED_MAX)
        self.companies: dict[str, Company] = {}
        self._number, self._late = 0, list[tuple[str, Request]]()
        self._furnish()

    def _furnish(self) -> None:
        """One company for each tenant, with what each has from the first day."""
        with self.shelf.turn():
            self.companies = {}
            for id, name in tenants(self.settings.tenants).items():
                books = Books(id, name, self.shelf, self.clock, lambda: self.settings)
                books.furnish()
                self.companies[id] = Company(books, self.shelf)

    def reset(self) -> None:
        """As new: no records, faults or tokens, all settings but the password by default, the machine's own time."""
        password = self.settings.password
        self.shelf.empty()
        self.settings, self.switches, self._late = Settings(), [], []
        self.clock.stands_at, self.clock.ahead, self.clock.tick = None, timedelta(), timedelta()
        self.limits.forget()
        self.requests.clear()
        self.set({"password": password})
        self._furnish()

    def set(self, values: Mapping[str, Any]) -> None:
        """Change settings, and keep them.  Raises `Denied`."""
        self.settings = self.settings.changed(values)
        self.shelf.remember("settings", {**self.shelf.recall("settings", {}), **values})
        if "tenants" in values:
            self._furnish()

    # ------------------------------------------------------------ one request

    def struck(self, request: Request) -> Switch | None:
        """The fault that strikes this request; used-up ones go."""
        found = next((switch for switch in self.switches if switch.strikes(request.method, request.path)), None)
        self.switches = [switch for switch in self.switches if switch.left != 0]
        return found

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

    # ------------------------------------------------------------ late ones

    def delay(self, request: Request, seconds: int) -> None:
        """Keep a request that is executed later."""
        self._late.append((written(self.clock.now() + timedelta(seconds=seconds)), request))

    def arrive(self) -> None:
        """Execute what is due: nobody has looked since then, so nobody can tell."""
        now = written(self.clock.now())
        due = [request for at, request in self._late if at <= now]
        self._late = [(at, request) for at, request in self._late if at > now]
        for request in due:
            self.log(request, self.execute(request).status, "late", executed=True)

    # ------------------------------------------------------------ the log

    def log(self, request: Request, status: int, fault: str, *, executed: bool) -> None:
        """Note a request; tokens and secrets stay out."""
        self._number += 1
        body = "" if "connect" in request.parts[:2] else request.body[:_SHOWN].decode("utf-8", "replace")
        told = {"n": self._number, "at": written(self.clock.now()), "method": request.method, "path": request.target}
        told |= {"key": request.headers.get("idempotency-key", ""), "status": status, "fault": fault}
        self.requests.append({**told, "executed": executed, "body": body})
