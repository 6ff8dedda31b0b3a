"""The whole stand-in apart from its door: settings, books, faults, limits, the log, and what arrives late.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from billsync_connectors.sandbox.server import reshape
from billsync_connectors.sandbox.server.api import Api, Reply, Request
from billsync_connectors.sandbox.server.books import Books
from billsync_connectors.sandbox.server.clock import Clock, read, text
from billsync_connectors.sandbox.server.denied import Denied
from billsync_connectors.sandbox.server.faults import CATALOGUE
from billsync_connectors.sandbox.server.settings import Settings
from billsync_connectors.sandbox.server.shelf import Shelf, dumps, loads
from billsync_stand_in.faults import Switch
from billsync_stand_in.house import Served

_SHOWN = 4000


class State(Served[Request, Reply]):
    """What one stand-in is; its doors' threads share it under the shelf's turns."""

    catalogue = CATALOGUE

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.shelf = Shelf(file)
        self.clock = Clock(timedelta(seconds=float(self.shelf.recall("ahead_s", "0"))))
        self.settings = Settings().changed(self.shelf.recall("settings", {}))
        self.books = Books(self.shelf, self.clock, lambda: self.settings)
        self.api = Api(self.shelf, self.clock, self.books)
        self.at_work = 0
        self._tokens, self._counted = 0.0, self.clock.now()

    def reset(self) -> None:
        """As new: no records, no faults, all settings as they are by default, the machine's own time."""
        self.shelf.empty()
        self.settings, self.switches = Settings(), []
        self.clock.back()
        self._tokens, self._counted = 0.0, self.clock.now()

    def set(self, values: Mapping[str, Any]) -> None:
        """Change settings, and keep them.  Raises `Denied`."""
        self.settings = self.settings.changed(values)
        self.shelf.remember("settings", {**self.shelf.recall("settings", {}), **values})
        self._tokens, self._counted = float(self.settings.burst), self.clock.now()

    # ------------------------------------------------------------ one request

    def turn(self) -> AbstractContextManager[None]:
        """Alone, and all of it or nothing."""
        return self.shelf.turn()

    def now(self) -> datetime:
        """The instant now by its own clock, in UTC."""
        return self.clock.now()

    def admit(self) -> None:
        """Refuse what is too much.  Raises `Denied`."""
        settings, now = self.settings, self.clock.now()
        if settings.concurrency and self.at_work > settings.concurrency:
            raise Denied(429, "too_many_requests", "too many at once", retry_after="1")
        rate = float(settings.rate_per_s)
        if not rate:
            return
        earned = (now - self._counted).total_seconds() * rate
        self._tokens, self._counted = min(float(settings.burst), self._tokens + earned), now
        if self._tokens < 1:
            raise Denied(429, "too_many_requests", "too many a second", retry_after=str(int(1 / rate) + 1))
        self._tokens -= 1

    def execute(self, request: Request, struck: Switch | None = None) -> Reply:
        """The reply, whatever it is; what was refused left nothing behind."""
        reject = struck.options["item"] if struck is not None and struck.fault == "reject-item" else 0
        try:
            with self.shelf.turn():
                changes = tuple(reshape.of(switch.options) for switch in self.switches if switch.fault == "schema")
                return self.api.answer(request, self.settings, reject=reject, changes=changes)
        except Denied as denied:
            return Reply(denied.status, denied.value(), denied.headers)

    # ------------------------------------------------------------ late ones

    def delay(self, request: Request, seconds: float) -> None:
        """Keep a request that is executed later."""
        kept = [request.method, request.target, dict(request.headers), request.body.decode("utf-8", "replace")]
        due = text(self.clock.now() + timedelta(seconds=seconds))
        self.shelf.do("insert into late (due, request) values (?, ?)", due, dumps(kept))

    def arrive(self) -> None:
        """Execute what was late and is due: nobody has looked since then, so nobody can tell."""
        now = text(self.clock.now())
        for number, due, kept in self.shelf.ask("select n, due, request from late where due <= ? order by due", now):
            method, target, headers, body = loads(kept)
            self.shelf.do("delete from late where n = ?", number)
            request = Request(method, target, headers, body.encode())
            reply = self.execute(request)
            self.log(request, reply.status, "late", executed=reply.status < 400, at=text(read(due)))

    # ------------------------------------------------------------ the log

    def log(self, request: Request, status: int, fault: str, *, executed: bool, at: str = "") -> None:
        """Note a request; tokens and passwords stay out."""
        entry = {
            "at": at or text(self.clock.now()),
            "method": request.method,
            "path": request.target,
            "key": request.headers.get("idempotency-key", ""),
            "references": _references(request),
            "status": status,
            "fault": fault,
            "executed": executed,
            "body": "" if request.path in ("/login", "/token") else request.body[:_SHOWN].decode("utf-8", "replace"),
        }
        self.shelf.do("insert into log (entry) values (?)", dumps(entry))


def _references(request: Request) -> list[str]:
    """The references that a write is about."""
    if "by-reference" in request.parts:
        return request.parts[-1:]
    try:
        value = loads(request.body) if request.body else {}
    except (ValueError, RecursionError):
        return []
    items = value.get("items", [value]) if isinstance(value, dict) else []
    return [str(item["reference"]) for item in items if isinstance(item, dict) and item.get("reference")]
