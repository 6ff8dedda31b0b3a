"""The site behind its door: settings, faults, the log, limits, and what arrives late.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from billsync_connectors.erpnext.server.api import Api
from billsync_connectors.erpnext.server.asked import Reply, Request
from billsync_connectors.erpnext.server.clock import Clock
from billsync_connectors.erpnext.server.denied import Denied, invalid
from billsync_connectors.erpnext.server.doctypes import DOCTYPES, FIRST
from billsync_connectors.erpnext.server.documents import Documents
from billsync_connectors.erpnext.server.faults import CATALOGUE, TOLD
from billsync_connectors.erpnext.server.lists import Lists
from billsync_connectors.erpnext.server.selling import Selling
from billsync_connectors.erpnext.server.settings import Settings
from billsync_stand_in import house
from billsync_stand_in.faults import Switch
from billsync_stand_in.shelf import Shelf

PERSON: Final = "person@example.com"
_USUAL: Final = ("Customer", "Item", "Sales Invoice", "Payment Entry", "GL Entry")


class House(house.House[Request, Reply, Settings]):
    """What one stand-in is; its doors' threads share it under the shelf's turns."""

    catalogue = CATALOGUE
    clock: Clock

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = Shelf(folder / "erpnext.db")
        self.clock = Clock(self.shelf.recall("clock", {}))
        super().__init__(self.shelf, self.clock, Settings())
        self.documents = Documents(self.shelf, self.clock, lambda: self.settings)
        self.lists = Lists(self.documents)
        self.selling = Selling(self.documents, lambda: self.settings)
        self.api = Api(
            shelf=self.shelf, clock=self.clock, documents=self.documents, lists=self.lists, selling=self.selling,
            settings=lambda: self.settings,
        )  # fmt: skip
        self._furnish()

    def _furnish(self) -> None:
        """What each site has from the first day."""
        self.clock.zone = ZoneInfo(self.settings.time_zone)
        with self.shelf.turn():
            if any(True for _ in self.documents.all("Company")):
                return
            self.documents.user = "Administrator"
            for doctype, values in FIRST:
                self.documents.insert(doctype, values)

    def set(self, values: Mapping[str, Any]) -> None:
        """Change settings, and keep them.  Raises `Turned`."""
        super().set(values)
        self.clock.zone = ZoneInfo(self.settings.time_zone)

    # ------------------------------------------------------------ one request

    def execute(self, request: Request, struck: Switch | None = None) -> Reply:
        """The reply, whatever it is; what was refused left nothing behind."""
        try:
            with self.shelf.turn():
                told = self._limited()
                self._prepare(struck)
                reply = self.api.answer(request)
            return Reply(reply.status, reply.value, {**reply.headers, **told}, reply.type)
        except Denied as denied:
            value = denied.value_2() if request.parts[1:2] == ["v2"] else denied.value()
            return Reply(denied.status, value, denied.headers)
        finally:
            self.lists.short = 0

    def _prepare(self, struck: Switch | None) -> None:
        """What a fault changes before the request is executed.  Raises `Denied`."""
        if struck is not None and struck.fault in TOLD:
            raise Denied(*TOLD[struck.fault])
        if struck is not None and struck.fault == "short-page":
            self.lists.short = struck.options["rows"]

    def _limited(self) -> dict[str, str]:
        """What a request costs of its window's time; headers where there is a limit.  Raises `Denied`."""
        settings = self.settings
        if not settings.rate_limit_ms:
            return {}
        now = int(self.clock.now().timestamp())
        window = now // settings.rate_window_s
        kept = self.shelf.recall("spent", {"window": window, "ms": 0})
        spent = kept["ms"] if kept["window"] == window else 0
        reset = (window + 1) * settings.rate_window_s - now
        left = max(0, settings.rate_limit_ms - spent)
        told = {"X-RateLimit-Limit": str(settings.rate_limit_ms * 1000), "X-RateLimit-Remaining": str(left * 1000)}
        told["X-RateLimit-Reset"] = str(reset)
        if spent >= settings.rate_limit_ms:
            raise Denied("TooManyRequestsError", "Too Many Requests", {**told, "Retry-After": str(reset)})
        self.shelf.remember("spent", {"window": window, "ms": spent + settings.request_cost_ms})
        return told

    # ------------------------------------------------------------ people

    def by_hand(self, do: str, doctype: str, name: str, fields: Mapping[str, Any]) -> str:
        """What a person does; `force` in the fields: frozen accounts don't bind them.  The document's name."""
        docs, own = self.documents, dict(fields)
        docs.user, self.selling.force = PERSON, own.pop("force", False) is True
        try:
            with self.shelf.turn():
                return self._by_hand(do, doctype, name, own)
        finally:
            docs.user, self.selling.force = self.settings.user, False

    def _by_hand(self, do: str, doctype: str, name: str, fields: dict[str, Any]) -> str:
        docs = self.documents
        match do:
            case "create":
                return str(docs.insert(doctype, fields)["name"])
            case "update":
                return str(docs.update(doctype, name, fields)["name"])
            case "submit":
                return str(docs.submit(doctype, name)["name"])
            case "cancel":
                return str(docs.cancel(doctype, name)["name"])
            case "delete":
                docs.delete(doctype, name)
                return name
            case "rename" | "merge":
                return docs.rename(doctype, name, str(fields.get("to", "")), merge=do == "merge")
        raise invalid("do: create, update, submit, cancel, delete, rename or merge")

    # ------------------------------------------------------------ what there is

    def books(self, doctype: str) -> dict[str, list[dict[str, Any]]]:
        """Every document of a DocType, or of those that matter, cancelled ones too; `owner` is who made it."""
        if doctype and doctype not in DOCTYPES:
            raise invalid(f"there is no DocType {doctype}")
        asked = (doctype,) if doctype else _USUAL
        return {each: [self.documents.shown(each, row) for row in self.documents.all(each)] for each in asked}

    def _secret(self, request: Request) -> bool:
        return request.parts[-1:] == ["login"]
