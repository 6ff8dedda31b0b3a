"""The requests of clients: who is let in, and which part of the account answers.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from billsync_connectors.netsuite.server.asked import Reply, Request
from billsync_connectors.netsuite.server.auth import TOKEN, Auth
from billsync_connectors.netsuite.server.catalog import openapi, schema
from billsync_connectors.netsuite.server.denied import Denied, Script, content, not_found
from billsync_connectors.netsuite.server.jobs import JOBS, Jobs
from billsync_connectors.netsuite.server.kinds import BY_PATH, KINDS, Kind
from billsync_connectors.netsuite.server.ledger import Ledger
from billsync_connectors.netsuite.server.lists import matching
from billsync_connectors.netsuite.server.records import Records
from billsync_connectors.netsuite.server.shelf import Row
from billsync_connectors.netsuite.server.suiteql import SuiteQL

_RECORD: Final = "/services/rest/record/v1"
_QUERY: Final = "/services/rest/query/v1/suiteql"
_LIMITS: Final = "/services/rest/system/v1/governanceLimits"
_RESTLET: Final = "/app/site/hosting/restlet.nl"
_VOID: Final = "customscript_void_transaction"
_ASYNC: Final = "respond-async"


class Api:
    """All that clients can ask; every method is called inside of a turn of the shelf, and raises `Denied`."""

    def __init__(self, *, ledger: Ledger, auth: Auth, records: Records, suiteql: SuiteQL) -> None:
        self._ledger, self._auth, self._records, self._suiteql = ledger, auth, records, suiteql
        self.jobs = Jobs(ledger, self._task)

    def answer(self, request: Request) -> Reply:
        """Execute a request of a client."""
        path = request.path.rstrip("/")
        if path == TOKEN and request.method == "POST":
            return self._auth.token(request)
        self._auth.admit(request)
        if path == _QUERY and request.method == "POST":
            return self._queried(request)
        if path == _LIMITS:
            most = self._ledger.settings.concurrency
            return Reply(200, {"accountConcurrencyLimit": most, "accountUnallocatedConcurrencyLimit": most})
        if path == _RESTLET:
            return self._scripted(request)
        parts = request.parts
        if parts[:4] == ["services", "rest", "async", "v1"] and parts[4:5] == ["job"] and request.method == "GET":
            return self.jobs.look(parts[5:], f"{_base(request)}{JOBS}/{parts[5] if len(parts) > 5 else ''}")
        if parts[:4] == ["services", "rest", "record", "v1"] and len(parts) > 4:
            return self._record(request, parts[4:])
        raise not_found("resource", path)

    # ------------------------------------------------------------ records

    def _record(self, request: Request, rest: list[str]) -> Reply:
        if rest[0] == "metadata-catalog":
            return self._catalog(request, rest[1:])
        self._kind(rest[0])
        self._records.strict = request.headers.get("x-netsuite-propertynamevalidation", "").lower() == "error"
        if _ASYNC in request.headers.get("prefer", "") and request.method != "GET":
            return self.jobs.take(request, rest)
        if request.method == "GET":
            return self._read(request, rest)
        body = request.mapping() if request.body else {}
        replace = [name for name in request.asked("replace").split(",") if name]
        return self._written(request.method, rest, body, replace, _base(request))

    def _kind(self, name: str) -> Kind:
        kind = BY_PATH.get(name.lower())
        if kind is None:
            told = f"Record type '{name}' does not exist or you do not have the permission to see it."
            raise Denied(404, "NONEXISTENT_ID", told)
        return kind

    def _task(self, method: str, path: str, body: Mapping[str, Any]) -> Reply:
        """One task of a job."""
        return self._written(method, path.split("/"), body, [], "")

    def _written(self, method: str, rest: list[str], body: Mapping[str, Any], replace: list[str], base: str) -> Reply:
        kind = self._kind(rest[0])
        match method, rest[1:]:
            case "POST", []:
                row = self._records.create(kind, body)
            case "POST", [id, "!transform", target]:
                row = self._transformed(kind, id, self._kind(target), body)
            case "PATCH", [id]:
                row = self._records.update(kind, id, body, replace)
            case "PUT", [id] if id.startswith("eid:") and len(id) > 4:
                row = self._records.upsert(kind, id[4:], body, replace)
            case "DELETE", [id]:
                self._records.delete(kind, id)
                return Reply(204)
            case _:
                raise Denied(405, "INVALID_METHOD", f"The method {method} is not allowed here.")
        return Reply(204, None, {"Location": f"{base}{_RECORD}/{row['_kind']}/{row['id']}"})

    def _transformed(self, kind: Kind, id: str, target: Kind, body: Mapping[str, Any]) -> Row:
        """A new record of another one: an order's invoice, an invoice's payment or credit."""
        row = self._ledger.need(kind.name, id)
        pair = (kind.name, target.name)
        if pair == ("invoice", "customerPayment"):
            due = row["amountRemaining"]
            apply = {"items": [{"doc": {"id": row["id"]}, "apply": True, "amount": due}]}
            return self._records.create(target, {"customer": row["entity"], "payment": due, "apply": apply, **body})
        if pair in (("salesOrder", "invoice"), ("invoice", "creditMemo")):
            items = [{name: each for name, each in line.items() if name != "line"} for line in row["item"]]
            own = {"entity": row["entity"], "currency": row["currency"], "item": {"items": items}}
            return self._records.create(target, {**own, **body})
        raise Denied(400, "INVALID_REQUEST", f"A record of type {kind.name} is not transformed into {target.name}.")

    # ------------------------------------------------------------ reading

    def _read(self, request: Request, rest: list[str]) -> Reply:
        kind, base = self._kind(rest[0]), f"{_base(request)}{_RECORD}"
        match rest[1:]:
            case []:
                return Reply(200, matching(self._ledger, kind, request, f"{base}/{kind.name}"))
            case [id]:
                whole = request.asked("expandSubResources").lower() == "true"
                shown = record(kind, self._ledger.need(kind.name, id), base, whole=whole)
                wanted = [name for name in request.asked("fields").split(",") if name]
                kept = {name: value for name, value in shown.items() if not wanted or name in (*wanted, "links", "id")}
                return Reply(200, kept, {}, "application/vnd.oracle.resource+json; type=singular")
            case [id, name] if name in (kind.sublists or {}):
                row = self._ledger.need(kind.name, id)
                return Reply(200, _sublist(row, name, f"{base}/{kind.name}/{row['id']}/{name}"))
        raise not_found(kind.name, "/".join(rest[1:]))

    def _queried(self, request: Request) -> Reply:
        if "transient" not in request.headers.get("prefer", ""):
            told = "The required header Prefer: transient is missing."
            raise Denied(400, "INVALID_HEADER", told)
        query = request.mapping().get("q")
        if not isinstance(query, str):
            raise content("The query is missing.", "q")
        try:
            limit, offset = int(request.asked("limit") or 1000), int(request.asked("offset") or 0)
        except ValueError:
            raise Denied(400, "INVALID_PARAMETER", "limit and offset are whole numbers.") from None
        return Reply(200, self._suiteql.answer(query, limit, offset, f"{_base(request)}{_QUERY}"))

    def _catalog(self, request: Request, rest: list[str]) -> Reply:
        accept = request.headers.get("accept", "")
        if rest:
            return Reply(200, schema(self._kind(rest[0])), {}, "application/schema+json")
        if "swagger" in accept:
            wanted = [self._kind(name) for name in request.asked("select").split(",") if name] or list(KINDS.values())
            return Reply(200, openapi(wanted), {}, "application/swagger+json")
        items = [{"name": name, "links": []} for name in KINDS]
        return Reply(200, {"links": [], "items": items})

    # ------------------------------------------------------------ RESTlets

    def _scripted(self, request: Request) -> Reply:
        """The one script that is deployed: REST cannot void, SuiteScript can."""
        if request.asked("script") != _VOID or request.asked("deploy") != "customdeploy1" or request.method != "POST":
            raise Script(400, "SSS_INVALID_SCRIPTLET_ID", "That Suitelet is invalid, disabled, or no longer exists.")
        sent = request.mapping()
        kind = BY_PATH.get(str(sent.get("type", "")).lower())
        if kind is None:
            raise Script(400, "SSS_INVALID_TYPE_ARG", f"There is no type {sent.get('type')}.")
        try:
            row = self._records.void(kind, str(sent.get("id", "")))
        except Denied as denied:
            raise Script(400, denied.code, denied.detail) from None
        return Reply(200, {"id": row["id"]})


def _base(request: Request) -> str:
    return f"http://{request.headers.get('host', '127.0.0.1')}"


def record(kind: Kind, row: Row, base: str, *, whole: bool) -> dict[str, Any]:
    """A record as replies have it: references with links, sublists behind a link unless they are asked for."""
    own = f"{base}/{kind.name}/{quote(row['id'])}"
    shown: dict[str, Any] = {"links": [{"rel": "self", "href": own}]}
    for name, value in row.items():
        if name.startswith("_") or value in (None, ""):
            continue
        if name in (kind.sublists or {}):
            sublist = _sublist(row, name, f"{own}/{name}")
            shown[name] = sublist if whole else {"links": sublist["links"]}
        elif isinstance(value, Mapping) and "id" in value:
            shown[name] = {"links": [], **value}
        else:
            shown[name] = value
    stamps = {"createdDate": row["_made"], "lastModifiedDate": row["_updated"]}
    shown |= {name: f"{text[:19]}Z" for name, text in stamps.items()}
    return shown


def _sublist(row: Row, name: str, href: str) -> dict[str, Any]:
    lines = row.get(name, [])
    items = [{"links": [{"rel": "self", "href": f"{href}/{int(line.get('line', 0))}"}], **line} for line in lines]
    return {"links": [{"rel": "self", "href": href}], "items": items, "totalResults": len(items)}
