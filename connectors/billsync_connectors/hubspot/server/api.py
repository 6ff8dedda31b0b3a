"""Which request is whose: dated versions and legacy paths, side by side, and the scopes they need.  (shell)"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from billsync_connectors.hubspot.server.batches import Batches
from billsync_connectors.hubspot.server.definitions import Definitions
from billsync_connectors.hubspot.server.http import Reply, Request
from billsync_connectors.hubspot.server.kinds import Kind, kind_of
from billsync_connectors.hubspot.server.oauth import Doorkeeper
from billsync_connectors.hubspot.server.records import Records
from billsync_connectors.hubspot.server.refused import Refused, wrong
from billsync_connectors.hubspot.server.settings import Settings
from billsync_connectors.hubspot.server.ties import Ties

_DATED: Final = re.compile(r"\d{4}-\d\d(-beta)?")
_LEGACY: Final = {
    "objects": ("v3", "v4"), "associations": ("v3", "v4"), "properties": ("v3",), "pipelines": ("v3",),
    "owners": ("v3",),
}  # fmt: skip
_CHECKED_FROM: Final = "2026-09"
"""The version from which the account's own rules bind writes of the API."""


class Path:
    """A path in its parts: the area, such as `objects`, what comes after it, and the version.  Raises `Refused`."""

    def __init__(self, request: Request, settings: Settings) -> None:
        parts = request.parts[1:] if request.parts[:1] == ["crm"] else request.parts
        if len(parts) < 2:
            raise Refused(404, "resource not found")
        dated = bool(_DATED.fullmatch(parts[1]))
        self.area, self.version = (parts[0], parts[1]) if dated else (parts[1], parts[0])
        self.rest, self.dated = parts[2:], dated
        known = self.version in settings.versions.split(",") if dated else settings.legacy and self._legacy()
        if not known:
            raise Refused(404, "resource not found")

    def _legacy(self) -> bool:
        return self.version in _LEGACY.get(self.area, ())


class Api:
    """Every method is called inside of a turn of the shelf; all raise `Refused`."""

    def __init__(
        self, records: Records, batches: Batches, ties: Ties, definitions: Definitions, doorkeeper: Doorkeeper,
        settings: Callable[[], Settings],
    ) -> None:  # fmt: skip
        self._records, self._batches, self._ties = records, batches, ties
        self._definitions, self._doorkeeper, self._settings = definitions, doorkeeper, settings

    # ------------------------------------------------------------ before anybody is known

    def token(self, request: Request) -> Reply | None:
        """The answer to a request for tokens, or None where it is another's."""
        settings = self._settings()
        match request.method, request.parts:
            case "POST", ["oauth", version, "token"] if version in ("v1", "v3") or version in settings.versions.split(
                ","
            ):
                return self._doorkeeper.token(request)
            case "POST", ["oauth", _version, "token", "introspect"]:
                form = request.form()
                kind = "refresh" if form.get("token_type_hint") == "refresh_token" else "access"
                return self._doorkeeper.about(form.get("token", ""), kind=kind)
            case "POST", ["oauth", _version, "token", "revoke"]:
                return self._doorkeeper.revoke(request.form().get("token", ""))
            case "GET", ["oauth", "v1", "access-tokens", token]:
                return self._doorkeeper.about(token, kind="access")
            case "GET", ["oauth", "v1", "refresh-tokens", token]:
                return self._doorkeeper.about(token, kind="refresh")
            case "DELETE", ["oauth", "v1", "refresh-tokens", token]:
                return self._doorkeeper.revoke(token)
        return None

    # ------------------------------------------------------------ what it is about

    def needed(self, request: Request) -> tuple[str, ...]:
        """Scopes of which one is needed."""
        if request.parts[:1] == ["account-info"]:
            return ()
        path = Path(request, self._settings())
        reads = request.method == "GET" or path.rest[-1:] in (["search"], ["read"])
        way = "read" if reads else "write"
        if path.area == "owners":
            return ("crm.objects.owners.read",)
        kind = kind_of(path.rest[0]).name if path.rest else ""
        if path.area in ("properties", "pipelines"):
            return (f"crm.schemas.{kind}.{way}", f"crm.objects.{kind}.{way}")
        return (f"crm.objects.{kind}.{way}",)

    def answer(self, request: Request) -> Reply:
        """Execute a request of somebody who may."""
        if request.parts[:1] == ["account-info"] and len(request.parts) > 2:
            return self._definitions.account(request.parts[2:])
        path = Path(request, self._settings())
        match path.area, path.rest:
            case "owners", rest:
                return self._definitions.owners(rest, request)
            case "properties", [_, *_]:
                return self._definitions.properties(path.rest, request)
            case "pipelines", [_, *_]:
                return self._definitions.pipelines(path.rest, request)
            case "associations", [start, end, *rest]:
                return self._associations(path, kind_of(start), kind_of(end), rest, request)
            case "objects", [start, id, "associations", *rest]:
                return self._of_one(path, kind_of(start), id, rest, request)
            case "objects", [called, *rest]:
                kind = kind_of(called)
                self._own_rules(path, kind, rest, request)
                return self._objects(kind, rest, request)
        raise Refused(404, "resource not found")

    def _objects(self, kind: Kind, rest: list[str], request: Request) -> Reply:
        match request.method, rest:
            case "GET", []:
                return self._records.page(kind, request)
            case "POST", []:
                return self._records.create(kind, request)
            case "POST", ["search"]:
                return self._records.search(kind, request)
            case "POST", ["merge"]:
                return self._records.merge(kind, request)
            case "POST", ["batch", do] if do in ("read", "create", "update", "upsert", "archive"):
                todo: Callable[[Kind, Request], Reply] = getattr(self._batches, do)
                return todo(kind, request)
            case "GET", [id]:
                return self._records.one(kind, id, request)
            case "PATCH", [id]:
                return self._records.change(kind, id, request)
            case "DELETE", [id]:
                return self._records.archive(kind, id)
        raise Refused(405 if len(rest) < 2 else 404, "resource not found")

    def _of_one(self, path: Path, start: Kind, id: str, rest: list[str], request: Request) -> Reply:
        match request.method, rest:
            case "GET", [end]:
                return self._ties.of_one(start, id, kind_of(end), request, dated=path.dated)
            case "PUT", ["default", end, end_id]:
                return self._ties.put_usual(start, id, kind_of(end), end_id)
            case "PUT", [end, end_id]:
                return self._ties.put(start, id, kind_of(end), end_id, request)
            case "DELETE", [end, end_id]:
                return self._ties.cut(start, id, kind_of(end), end_id)
        raise Refused(404, "resource not found")

    def _associations(self, path: Path, start: Kind, end: Kind, rest: list[str], request: Request) -> Reply:
        old = path.version == "v3"
        match request.method, rest:
            case "POST", ["batch", "read"]:
                if old:
                    return self._ties.read_old(start, end, request)
                return self._ties.read(start, end, request, dated=path.dated)
            case "POST", ["batch", "create"]:
                return (self._ties.create_old if old else self._ties.create)(start, end, request)
            case "POST", ["batch", "associate", "default"]:
                return self._ties.create_usual(start, end, request)
            case "POST", ["batch", "archive"]:
                return self._ties.archive(start, end, request, dated=path.dated)
            case "POST", ["batch", "labels", "archive"]:
                return self._ties.archive(start, end, request, dated=path.dated, labels=True)
            case "GET", ["labels"]:
                return self._ties.labels(start, end)
            case "POST", ["labels"]:
                return self._ties.define(start, end, request.mapping())
        raise Refused(404, "resource not found")

    def _own_rules(self, path: Path, kind: Kind, rest: list[str], request: Request) -> None:
        """From 2026-09 on, properties that people must fill in bind the API too."""
        wanted = [
            row.partition(".")[2] for row in self._settings().required.split(",") if row.startswith(f"{kind.name}.")
        ]
        if not wanted or not path.dated or path.version < _CHECKED_FROM or request.method != "POST":
            return
        if rest == []:
            inputs: list[Any] = [request.mapping()]
        elif rest == ["batch", "create"]:
            inputs = request.mapping().get("inputs") or []
        else:
            return
        for name in wanted:
            if not all(isinstance(item, dict) and (item.get("properties") or {}).get(name) for item in inputs):
                message = f"Some required properties were not set: {name}"
                errors = [{"message": message, "code": "REQUIRED_FIELD", "context": {"properties": [name]}}]
                raise wrong(message, errors=errors)
