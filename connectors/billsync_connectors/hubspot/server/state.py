"""The whole stand-in apart from its door: records, index, tokens, limits, faults, webhooks, the log.  (shell)"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any, Final

from billsync_connectors.hubspot.server.api import Api
from billsync_connectors.hubspot.server.batches import Batches
from billsync_connectors.hubspot.server.clock import Clock, text
from billsync_connectors.hubspot.server.crm import Crm
from billsync_connectors.hubspot.server.definitions import Definitions
from billsync_connectors.hubspot.server.faults import CATALOGUE
from billsync_connectors.hubspot.server.hooks import Hooks
from billsync_connectors.hubspot.server.http import Reply, Request
from billsync_connectors.hubspot.server.index import Index
from billsync_connectors.hubspot.server.kinship import Tie
from billsync_connectors.hubspot.server.limits import Limits
from billsync_connectors.hubspot.server.links import Links
from billsync_connectors.hubspot.server.oauth import Doorkeeper
from billsync_connectors.hubspot.server.records import Records
from billsync_connectors.hubspot.server.refused import Refused
from billsync_connectors.hubspot.server.schema import Schema
from billsync_connectors.hubspot.server.settings import Settings
from billsync_connectors.hubspot.server.shelf import Place, Record, Shelf
from billsync_connectors.hubspot.server.ties import Ties
from billsync_stand_in.faults import Switch
from billsync_stand_in.house import Served

_SHOWN: Final = 4000
_LOGGED: Final = 200_000
_SILENT: Final = ("search", "create")
"""Last parts of paths whose replies say nothing of limits."""
_DEFINES: Final = {"properties", "pipelines", "labels"}
"""Parts of paths under which definitions change, which are kept in memory: a refused change leaves no trace there."""


class State(Served[Request, Reply]):
    """What one stand-in is; its doors' threads share it under the shelf's turns."""

    catalogue = CATALOGUE

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.shelf = Shelf(file)
        self.clock = Clock(*self.shelf.recall("clock", [0, None]))
        self.settings = Settings().changed(self.shelf.recall("settings", {}))
        self.schema = Schema(self.shelf)
        self.index = Index(self.shelf, self.clock)
        self.hooks = Hooks(self.clock, self._now, self.shelf.turn)
        self.links = Links(self.shelf, self._now, self._tied)
        self.crm = Crm(self.shelf, self.clock, self.schema, self.links, self._now, self._changed)
        self.doorkeeper = Doorkeeper(self.shelf, self.clock, self._now)
        self.limits = Limits()
        self.records = Records(self.shelf, self.crm, self.index, self.schema, self.links, self._now)
        self.batches = Batches(self.shelf, self.crm, self.records, self.clock, self._now)
        ties = Ties(self.shelf, self.links, self.clock, self._now)
        definitions = Definitions(self.schema, self.clock, self.limits, self._now)
        self._api = Api(self.records, self.batches, ties, definitions, self.doorkeeper, self._now)
        self.late: list[tuple[int, Request]] = []
        self.entries: deque[dict[str, Any]] = deque(maxlen=_LOGGED)
        self._count = 0

    def _now(self) -> Settings:
        return self.settings

    def reset(self) -> None:
        """As new: no records, tokens, faults, events, settings; the machine's own time."""
        self.shelf.empty()
        self.settings, self.switches, self.late = Settings(), [], []
        self.clock.back()
        self.entries.clear()
        self.refresh()

    def refresh(self) -> None:
        """Begin anew with what stands on the shelf: definitions, the index, the counts."""
        self.schema.reload()
        self.links.reload()
        self.index.fill()
        self.hooks.clear()
        self.limits.clear()

    def set(self, values: Mapping[str, Any]) -> None:
        """Change settings, and keep them.  Raises `Refused`."""
        self.settings = self.settings.changed(values)
        self.shelf.remember("settings", {**self.shelf.recall("settings", {}), **values})

    def keep_clock(self) -> None:
        """Remember how the clock stands."""
        self.shelf.remember("clock", [self.clock.ahead, self.clock.still])

    # ------------------------------------------------------------ what changes

    def _changed(self, what: str, before: Record | None, after: Record) -> None:
        def then() -> None:
            self.index.note(before, after, self.settings)
            self.hooks.changed(what, before, after)

        self.shelf.afterwards(then)

    def _tied(self, start: Place, end: Place, tie: Tie, what: str) -> None:
        self.shelf.afterwards(lambda: self.hooks.tied(start, end, tie, what))
        for line, parent in ((start, end), (end, start)):
            if line[0] == "line_items":
                self.crm.ends_changed(parent)

    # ------------------------------------------------------------ one request

    def turn(self) -> AbstractContextManager[None]:
        """Alone, and all of it or nothing."""
        return self.shelf.turn()

    def now(self) -> datetime:
        """The instant now by its own clock, in UTC."""
        return datetime.fromtimestamp(self.clock.now() / 1000, UTC)

    def execute(self, request: Request, struck: Switch | None = None) -> Reply:
        """The reply, whatever it is; what was refused left nothing behind."""
        self._count += 1
        correlation = self._correlation()
        try:
            with self.shelf.turn():
                self.batches.reject = struck.options["item"] if struck and struck.fault == "reject-item" else 0
                reply = self._answered(request)
        except Refused as fault:
            if request.method != "GET" and _DEFINES & set(request.parts):
                self.schema.reload()
                self.links.reload()
            reply = Reply(fault.status, fault.body(correlation), fault.headers)
        date = formatdate(self.clock.now() // 1000, usegmt=True)  # its own clock's, as its records' stamps are
        return Reply(
            reply.status, reply.value, {"Date": date, **reply.headers, "x-hubspot-correlation-id": correlation}
        )

    def _answered(self, request: Request) -> Reply:
        found = self._api.token(request)
        if found is not None:
            return found
        caller = self.doorkeeper.known(request)
        search = request.path.endswith("/search")
        self.limits.admit(caller.app, self.clock.now(), self.settings, search=search, oauth=caller.oauth)
        self.doorkeeper.allow(caller, self._api.needed(request))
        reply = self._api.answer(request)
        if request.parts[-1] in _SILENT:
            return reply
        headers = self.limits.headers(caller.app, self.settings, oauth=caller.oauth)
        return Reply(reply.status, reply.value, {**reply.headers, **headers})

    def _correlation(self) -> str:
        """The same in each run with the same seed; in the form of a UUID of version 7."""
        made = hashlib.sha256(f"{self.settings.seed} {self._count}".encode()).hexdigest()
        return f"{self.clock.now():012x}"[:8] + f"-{made[:4]}-7{made[4:7]}-a{made[7:10]}-{made[10:22]}"

    # ------------------------------------------------------------ late ones, and the log

    def delay(self, request: Request, seconds: int) -> None:
        """Keep a request that is executed later."""
        self.late.append((self.clock.now() + seconds * 1000, request))

    def arrive(self) -> None:
        """Execute what was late and is due."""
        now = self.clock.now()
        due = [row for row in self.late if row[0] <= now]
        self.late = [row for row in self.late if row[0] > now]
        for _at, request in due:
            self.log(request, self.execute(request).status, "late", executed=True)

    def log(self, request: Request, status: int, fault: str, *, executed: bool) -> None:
        """Note a request; tokens stay out."""
        body = "" if "oauth" in request.parts else request.body[:_SHOWN].decode("utf-8", "replace")
        self.entries.append({
            "n": self._count, "at": text(self.clock.now()), "method": request.method, "path": request.target,
            "status": status, "fault": fault, "executed": executed, "body": body,
        })  # fmt: skip
