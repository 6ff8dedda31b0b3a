"""The requests of clients: who is let in, and which part of the org answers.  (shell)"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from billsync_connectors.salesforce.server.asked import Reply, Request
from billsync_connectors.salesforce.server.auth import Auth
from billsync_connectors.salesforce.server.bulk import Bulk
from billsync_connectors.salesforce.server.composite import Composite
from billsync_connectors.salesforce.server.denied import Denied, missing
from billsync_connectors.salesforce.server.limits import Limits
from billsync_connectors.salesforce.server.many import Collections
from billsync_connectors.salesforce.server.queries import Queries
from billsync_connectors.salesforce.server.records import Records
from billsync_connectors.salesforce.server.rest import Rest
from billsync_connectors.salesforce.server.settings import Settings
from billsync_connectors.salesforce.server.shelf import Shelf

_VERSION: Final = re.compile(r"v(\d+)\.0")
_SEASONS: Final = ("Winter", "Spring", "Summer")
_RESOURCES: Final = ("sobjects", "query", "queryAll", "composite", "jobs", "limits")


class Api:
    """All that stands under /services; every method is called inside of a turn of the shelf, and raises `Denied`."""

    def __init__(
        self,
        *,
        shelf: Shelf,
        auth: Auth,
        limits: Limits,
        records: Records,
        rest: Rest,
        collections: Collections,
        queries: Queries,
        bulk: Bulk,
        settings: Callable[[], Settings],
    ) -> None:
        self._auth, self._limits, self._records = auth, limits, records
        self._rest, self._collections, self._queries, self._bulk = rest, collections, queries, bulk
        self._shelf, self._settings = shelf, settings
        self._composite = Composite(shelf, self._routed)

    def answer(self, request: Request) -> Reply:
        """Execute a request of a client."""
        parts = request.parts
        if parts[:2] == ["services", "oauth2"] and len(parts) == 3:
            return self._auth.answer(request)
        if parts[:2] != ["services", "data"] or "//" in request.path:
            raise missing()
        if len(parts) == 2:
            return Reply(200, self._versions())
        self._auth.admit(request)
        self._limits.count()
        reply = self._counted(request)
        return Reply(reply.status, reply.value, {**reply.headers, **self._limits.headers()}, reply.type)

    def _counted(self, request: Request) -> Reply:
        """Refusals tell the limits too; nothing of them is done."""
        try:
            with self._shelf.turn():
                return self._routed(request)
        except Denied as denied:
            return Reply(denied.status, denied.value())

    def _routed(self, request: Request) -> Reply:
        """A request that was let in, or a part of one."""
        parts = request.parts
        version = self._version(parts[2] if len(parts) > 2 else "")
        rest = parts[3:]
        self._records.save_duplicates = (
            "allowsave=true" in request.headers.get("sforce-duplicate-rule-header", "").lower()
        )
        match rest[:1]:
            case []:
                return Reply(200, {name: f"/services/data/{version}/{name}" for name in _RESOURCES})
            case ["query" | "queryAll"]:
                return self._queries.answer(request, version, rest[1:], deleted=rest[0] == "queryAll")
            case ["sobjects"]:
                return self._rest.answer(request, version, rest[1:])
            case ["composite"]:
                return self._together(request, version, rest[1:])
            case ["jobs"]:
                return self._bulk.answer(request, version, rest[1:])
            case ["limits"]:
                return Reply(200, self._limits.told())
        raise missing()

    def _together(self, request: Request, version: str, rest: list[str]) -> Reply:
        if rest[:1] == ["sobjects"]:
            return self._collections.answer(request, version, rest[1:])
        if rest in ([], ["graph"], ["batch"]):
            return self._composite.answer(request, rest)
        raise missing()

    def _version(self, text: str) -> str:
        match, settings = _VERSION.fullmatch(text), self._settings()
        if match is None or int(match[1]) > settings.newest_version:
            raise missing()
        if int(match[1]) < settings.oldest_version:
            told = f"The requested API version {text[1:]} is retired: it is no longer supported"
            raise Denied(410, "GONE", told)
        return text

    def _versions(self) -> list[dict[str, Any]]:
        settings = self._settings()
        return [
            {"label": _label(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
            for number in range(settings.oldest_version, settings.newest_version + 1)
        ]


def _label(number: int) -> str:
    """The release of a version: 59 is Winter '24, three come a year."""
    years, season = divmod(number - 59, 3)
    return f"{_SEASONS[season]} '{24 + years:02}"
