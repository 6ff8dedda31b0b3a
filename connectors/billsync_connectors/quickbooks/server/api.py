"""The requests of clients: who is let in, and which part of the company answers.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from billsync_connectors.quickbooks.server.asked import Reply, Request
from billsync_connectors.quickbooks.server.batches import Batches
from billsync_connectors.quickbooks.server.books import Books, shown, told_deleted
from billsync_connectors.quickbooks.server.changes import changed
from billsync_connectors.quickbooks.server.clock import told
from billsync_connectors.quickbooks.server.company_info import exchange_rate, info, preferences
from billsync_connectors.quickbooks.server.denied import Denied, not_found
from billsync_connectors.quickbooks.server.files import Files, pdf
from billsync_connectors.quickbooks.server.kinds import BY_PATH, SALES, WRITABLE
from billsync_connectors.quickbooks.server.limits import Limits
from billsync_connectors.quickbooks.server.lists import Lists
from billsync_connectors.quickbooks.server.oauth import OAuth
from billsync_connectors.quickbooks.server.payments import Payments
from billsync_connectors.quickbooks.server.queries import Queries
from billsync_connectors.quickbooks.server.sales import Sales
from billsync_connectors.quickbooks.server.shelf import Row, Shelf
from billsync_stand_in.clock import read, written

_ID_MOST: Final = 50
_BATCH_ID_MOST: Final = 36
_TOKENS: Final = (["oauth2", "v1", "tokens", "bearer"], ["v2", "oauth2", "tokens", "revoke"], ["connect", "oauth2"])


class Api:
    """All that clients can ask; every method is called inside of a turn of the shelf, and raises `Denied`."""

    def __init__(
        self, *, shelf: Shelf, books: Books, oauth: OAuth, limits: Limits, lists: Lists, sales: Sales,
        payments: Payments, queries: Queries,
    ) -> None:  # fmt: skip
        self._shelf, self._books, self._oauth, self._limits = shelf, books, oauth, limits
        self._lists, self._sales, self._payments, self._queries = lists, sales, payments, queries
        self.batches = Batches(books, self.write, queries)
        self._files = Files(books)

    def answer(self, request: Request) -> Reply:
        """Execute a request of a client."""
        parts = request.parts
        if parts in _TOKENS:
            return self._oauth.answer(request)
        if parts[:1] == [".well-known"]:
            base = f"http://{request.headers.get('host', '127.0.0.1')}"
            return Reply(200, self._oauth.discovery(base))
        if parts[:1] == ["files"] and len(parts) == 2:
            content, type = self._files.content(parts[1])
            return Reply(200, content, {}, type)
        if parts[:2] != ["v3", "company"] or len(parts) < 4:
            raise not_found()
        self._oauth.admit(request, parts[2])
        reads = request.method == "GET" or parts[3] == "query"
        self._limits.count(batch=parts[3] == "batch", reads=reads)
        if not self._books.settings.subscription and not reads:
            message = "Invalid Company Status"
            detail = "Subscription period has ended or canceled or there was a billing problem : "
            detail += "You can't add data to QuickBooks Online because your trial or subscription period ended"
            raise Denied(6190, message, detail, status=200)
        return self._once(request, parts[3:])

    # ------------------------------------------------------------ once only

    def _once(self, request: Request, rest: list[str]) -> Reply:
        """A request that has an id is executed once; later ones of that id get the first one's reply."""
        id = request.asked("requestid")
        if not id or request.method != "POST" or rest[0] == "query":
            return self._routed(request, rest)
        most = _BATCH_ID_MOST if rest[0] == "batch" else _ID_MOST
        if len(id) > most:
            told = f"Invalid Request Id Format : it has {most} characters at most"
            raise Denied(2130, "Invalid Request Id Format", told)
        key, settings, now = f"request {id}", self._books.settings, self._books.clock.now()
        kept = self._shelf.recall(key, None)
        if kept and read(kept["at"]) + timedelta(seconds=settings.request_s) > now:
            return Reply(kept["status"], kept["value"])
        reply = self._held(request, rest) if settings.replay_faults else self._routed(request, rest)
        self._shelf.remember(key, {"at": written(now), "status": reply.status, "value": reply.value})
        return reply

    def _held(self, request: Request, rest: list[str]) -> Reply:
        """The reply, also where it is a fault, so that it can be kept."""
        try:
            with self._shelf.turn():
                return self._routed(request, rest)
        except Denied as denied:
            return Reply(denied.status, denied.value(self._time()))

    # ------------------------------------------------------------ what is asked

    def _routed(self, request: Request, rest: list[str]) -> Reply:
        match request.method, rest:
            case _, ["query"]:
                text = request.asked("query") or request.body.decode("utf-8", "replace")
                return self._said({"QueryResponse": self._queries.answer(text)})
            case "GET", ["cdc"]:
                found = changed(self._books, request.asked("entities"), request.asked("changedSince"))
                return self._said({"CDCResponse": found})
            case "POST", ["batch"]:
                return self._said(self.batches.answer(request.mapping(), identified=bool(request.asked("requestid"))))
            case "POST", ["upload"]:
                rows = [{"Attachable": shown(row)} for row in self._files.upload(request)]
                return self._said({"AttachableResponse": rows})
            case "GET", ["download", id]:
                self._files.content(id)
                address = f"http://{request.headers.get('host', '127.0.0.1')}/files/{id}"
                return Reply(200, address.encode(), {}, "text/plain")
            case "GET", ["preferences"]:
                return self._said({"Preferences": preferences(self._books.settings)})
            case "GET", ["companyinfo", _]:
                return self._said({"CompanyInfo": info(self._books.settings)})
            case "GET", ["exchangerate"]:
                return self._said({"ExchangeRate": shown(exchange_rate(self._books, request))})
            case _, [name, *more] if name in BY_PATH:
                return self._object(request, BY_PATH[name], more)
        raise Denied(500, "Unsupported Operation", f"Operation {request.method} {request.path} is not supported.")

    def _object(self, request: Request, kind: str, more: list[str]) -> Reply:
        match request.method, more:
            case "GET", [id]:
                return self._said({kind: shown(self._books.need(kind, id))})
            case "GET", [id, "pdf"] if kind in SALES:
                return Reply(200, pdf(self._books.need(kind, id)), {}, "application/pdf")
            case "POST", [id, "send"] if kind in SALES:
                return self._said({kind: shown(self._sales.mailed(kind, id, request.asked("sendTo")))})
            case "POST", []:
                sent, operation = request.mapping(), request.asked("operation")
                operation = operation or ("update" if sent.get("Id") else "create")
                return self._said(self.write(kind, operation, sent, request.asked("include")))
        raise Denied(500, "Unsupported Operation", f"Operation {request.method} is not supported for {kind}.")

    # ------------------------------------------------------------ writing

    def write(self, kind: str, operation: str, sent: Mapping[str, Any], include: str) -> dict[str, Any]:
        """One write, alone or in a batch: `{kind: object}`."""
        if kind not in WRITABLE:
            raise Denied(500, "Unsupported Operation", f"Operation {operation} is not supported for {kind}.")
        if operation == "update" and "void" in include:
            operation = "void"
        found = self._written(kind, operation, sent, include)
        return {kind: told_deleted(found) if found.get("_deleted") else shown(found)}

    def _written(self, kind: str, operation: str, sent: Mapping[str, Any], include: str) -> Row:
        doors: dict[str, Callable[[], Row]] = {}
        if kind == "Payment":
            payments = self._payments
            doors = {"create": lambda: payments.create(sent), "update": lambda: payments.update(sent),
                     "void": lambda: payments.void(sent), "delete": lambda: payments.delete(sent)}  # fmt: skip
        elif kind in SALES:
            sales = self._sales
            doors = {"create": lambda: sales.create(kind, sent, include),
                     "update": lambda: sales.update(kind, sent, include),
                     "void": lambda: sales.void(kind, sent), "delete": lambda: sales.delete(kind, sent)}  # fmt: skip
        elif kind == "Attachable":
            doors = {"create": lambda: self._files.create(sent), "delete": lambda: self._detached(sent)}
        else:
            doors = {"create": lambda: self._lists.create(kind, sent), "update": lambda: self._lists.update(kind, sent)}
        if operation not in doors:
            raise Denied(500, "Unsupported Operation", f"Operation {operation} is not supported for {kind}.")
        return doors[operation]()

    def _detached(self, sent: Mapping[str, Any]) -> Row:
        row = self._books.need("Attachable", sent.get("Id"))
        self._books.stale(row, sent)
        return self._books.gone("Attachable", row)

    # ------------------------------------------------------------ replies

    def _said(self, value: dict[str, Any]) -> Reply:
        return Reply(200, {**value, "time": self._time()})

    def _time(self) -> str:
        return told(self._books.clock.now(), self._books.settings.zone)
