"""The requests under /v1 and /login, and what each of them does to the books.  (shell)"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from billsync_connectors.sandbox.server import chart, files, reshape
from billsync_connectors.sandbox.server.books import Books, shown
from billsync_connectors.sandbox.server.clock import Clock, text
from billsync_connectors.sandbox.server.denied import Denied
from billsync_connectors.sandbox.server.entering import Entering
from billsync_connectors.sandbox.server.kinds import described, kind_of
from billsync_connectors.sandbox.server.reshape import Reshaped
from billsync_connectors.sandbox.server.settings import Settings
from billsync_connectors.sandbox.server.shelf import Row, Shelf, canonical, dumps, loads
from billsync_stand_in import asked

MAX_NAMES: Final = 500


class Request(asked.Request):
    """One request; header names in lower case."""

    def mapping(self) -> dict[str, Any]:
        """The body.  Raises `Denied`."""
        try:
            found = loads(self.body)
        except (ValueError, RecursionError):
            raise Denied(400, "bad_request", "the body is not JSON") from None
        if not isinstance(found, dict):
            raise Denied(400, "bad_request", "the body is not a mapping")
        return found


class Reply(asked.Reply):
    """What is said back: `value` as JSON, or bytes."""

    @property
    def body(self) -> bytes:
        """Its bytes."""
        return self.value if isinstance(self.value, bytes) else dumps(self.value).encode()


class Api:
    """Every method is called inside of a turn of the shelf; `answer` raises `Denied`."""

    def __init__(self, shelf: Shelf, clock: Clock, books: Books) -> None:
        self._shelf, self._clock, self._books = shelf, clock, books
        self._entering = Entering(shelf, clock)

    def answer(
        self, request: Request, settings: Settings, *, reject: int = 0, changes: tuple[Reshaped, ...] = ()
    ) -> Reply:
        """Execute a request; `reject` refuses that item of a batch, counted from 1; `changes` are those of fields."""
        parts = request.parts
        if not changes or parts[:1] != ["v1"] or len(parts) < 2:
            return self._answer(request, settings, reject)
        object, reads = parts[1], request.method == "GET" or parts[-1] == "search"
        if not reads and parts[-1] not in ("void", "files", "discard"):
            creates = request.method != "PATCH" and not self._is_there(parts)
            value = reshape.given(object, request.mapping(), changes, creates=creates)
            request = replace(request, body=dumps(value).encode())
        reply = self._answer(request, settings, reject)
        told = reshape.described if parts[2:] == ["fields"] else reshape.shown
        return replace(reply, value=told(object, reply.value, changes))

    def _is_there(self, parts: list[str]) -> bool:
        return "by-reference" in parts and self._books.by_reference(parts[1], parts[-1]) is not None

    def _answer(self, request: Request, settings: Settings, reject: int) -> Reply:
        parts = request.parts
        if (entered := self._entered(request, parts, settings)) is not None:
            return entered
        self._entering.known(request.headers.get("authorization", ""), settings)
        if request.method == "GET":
            return self._read(parts[1:], request, settings)
        match request.method, parts:
            case "POST", ["v1", object, "search"]:
                return self._search(object, request.mapping(), settings)
            case "POST", ["v1", object, "batch"]:
                return self._batch(object, request.mapping(), settings, reject)
            case "POST", ["v1", object]:
                key = request.headers.get("idempotency-key", "") if settings.kind == "A" else ""
                given = request.mapping()
                return self._once(key, given, settings, lambda: self._create(object, given, settings))
            case "POST", ["v1", object, id, "files"]:
                return Reply(200, files.lay(self._shelf, self._books.get(object, id), request.mapping()))
            case "POST", ["v1", object, id, "discard"]:
                return Reply(200, shown(self._books.remove(object, id), settings))
            case "POST", ["v1", object, id, "void"]:
                return Reply(200, shown(self._books.void(object, id), settings))
            case "PUT", ["v1", object, "by-reference", reference]:
                self._offered(settings, "B")
                return self._upsert(object, reference, request.mapping(), settings)
            case "PATCH", ["v1", object, id]:
                version = request.headers.get("if-match", "")
                return Reply(200, shown(self._books.change(object, id, request.mapping(), version=version), settings))
        raise _nothing(request)

    def _read(self, parts: list[str], request: Request, settings: Settings) -> Reply:
        match parts:
            case []:
                who = {"system": "sandbox", "version": "1", "user": settings.user, "kind": settings.kind}
                return Reply(200, who)
            case ["books"]:
                return Reply(200, chart.told(settings))
            case [object, id, "files"]:
                return Reply(200, {"files": files.listed(self._shelf, self._books.get(object, id))})
            case [object, "fields"]:
                return Reply(200, described(object))
            case [object]:
                return self._page(object, request, settings)
            case [object, id]:
                return Reply(200, shown(self._books.get(object, id), settings))
        raise _nothing(request)

    # ------------------------------------------------------------ who

    def _entered(self, request: Request, parts: list[str], settings: Settings) -> Reply | None:
        """The reply to somebody who wants to come in; None for all others."""
        match request.method, parts:
            case "POST", ["login"]:
                return Reply(200, self._entering.log_in(request.mapping(), settings))
            case "POST", ["token"]:
                return Reply(200, self._entering.exchanged(request.mapping(), settings))
            case "GET", ["authorize"]:
                asked = {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}
                return Reply(302, {}, {"Location": self._entering.agreed(asked, settings)})
        return None

    # ------------------------------------------------------------ reading

    def _page(self, object: str, request: Request, settings: Settings) -> Reply:
        kind_of(object)
        now, limit = text(self._clock.now()), request.asked("limit") or "100"
        if not limit.isdigit() or not 0 < int(limit) <= MAX_NAMES:
            raise Denied(422, "bad_value", f"limit: expected 1 to {MAX_NAMES}", "limit")
        after = (request.asked("after_updated"), request.asked("after_id"))
        rows = self._shelf.page(object, after, now, int(limit) + 1)
        found = [shown(row, settings) for row in rows[: int(limit)]]
        return Reply(200, {"records": found, "more": len(rows) > int(limit), "as_of": now})

    def _search(self, object: str, given: Mapping[str, Any], settings: Settings) -> Reply:
        kind_of(object)
        ((by, names),) = given.items() if len(given) == 1 else [("", None)]
        if by not in ("references", "numbers", "ids") or not isinstance(names, list) or len(names) > MAX_NAMES:
            what = f"expected one of references, numbers, ids with up to {MAX_NAMES} texts"
            raise Denied(422, "bad_value", what)
        if by == "references":
            self._offered(settings, "ABC")
        until = "9" if by == "ids" else text(self._clock.now())
        rows = self._shelf.named(object, by[:-1], [str(name) for name in names], until)
        return Reply(200, {"records": [shown(row, settings) for row in rows]})

    @staticmethod
    def _offered(settings: Settings, kinds: str) -> None:
        if settings.kind not in kinds:
            raise Denied(400, "not_offered", f"a target of kind {settings.kind} does not offer this")

    # ------------------------------------------------------------ writing

    def _create(self, object: str, given: Mapping[str, Any], settings: Settings) -> Reply:
        return Reply(201, shown(self._books.create(object, given), settings))

    def _upsert(self, object: str, reference: str, given: Mapping[str, Any], settings: Settings) -> Reply:
        known = self._books.by_reference(object, reference)
        if known is None:
            return self._create(object, {**given, "reference": reference}, settings)
        return Reply(200, shown(self._books.change(object, known.id, {**given, "reference": reference}), settings))

    def _once(self, key: str, given: Mapping[str, Any], settings: Settings, execute: Callable[[], Reply]) -> Reply:
        """Under a key that is still known: the first reply again."""
        if not key:
            return execute()
        digest, now = hashlib.sha256(canonical(given)).hexdigest(), self._clock.now()
        oldest = text(now - timedelta(seconds=float(settings.key_lifetime_s)))
        self._shelf.do("delete from answered where at <= ?", oldest)
        for known, status, said in self._shelf.ask("select digest, status, body from answered where name = ?", key):
            if known != digest:
                raise Denied(422, "key_reused", "the key came with another body before", "idempotency_key")
            return Reply(status, loads(said), {"Idempotent-Replay": "true"})
        reply = execute()
        self._shelf.do(
            "insert into answered values (?,?,?,?,?)", key, digest, reply.status, dumps(reply.value), text(now)
        )
        return reply

    def _batch(self, object: str, given: Mapping[str, Any], settings: Settings, reject: int) -> Reply:
        items = given.get("items")
        if settings.batch == "none":
            raise Denied(400, "not_offered", "there are no batches here")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Denied(422, "bad_value", "items: expected a list of records", "items")
        if len(items) > settings.batch_max:
            raise Denied(413, "too_many_items", f"a batch holds at most {settings.batch_max} items", "items")
        results = [
            self._tried(object, item, settings, refused=number == reject) for number, item in enumerate(items, 1)
        ]
        bad = next((number for number, result in enumerate(results, 1) if "error" in result), None)
        if settings.batch == "atomic" and bad is not None:
            error = results[bad - 1]["error"]
            raise Denied(422, "item_refused", f"item {bad}: {error['code']}: {error['message']}", f"items.{bad}")
        return Reply(200, {"results": results})

    def _tried(self, object: str, item: Mapping[str, Any], settings: Settings, *, refused: bool) -> dict[str, Any]:
        try:
            with self._shelf.turn():
                reply = self._item(object, {**item, **({"refused": True} if refused else {})}, settings)
        except Denied as denied:
            return {"status": denied.status, **denied.value()}
        return {"status": reply.status, "record": reply.value}

    def _item(self, object: str, item: dict[str, Any], settings: Settings) -> Reply:
        if item.pop("refused", False):
            raise Denied(422, "bad_value", "this item is refused")
        key, id, reference = item.pop("idempotency_key", ""), item.pop("id", None), item.get("reference")
        if id is not None:
            return Reply(200, shown(self._books.change(object, str(id), item), settings))
        if settings.kind == "B" and isinstance(reference, str) and reference:
            return self._upsert(object, reference, item, settings)
        known = key if settings.kind == "A" else ""
        return self._once(known, item, settings, lambda: self._create(object, item, settings))


def _nothing(request: Request) -> Denied:
    return Denied(404, "no_such_resource", f"there is no {request.method} {request.path}")


def documents(shelf: Shelf, object: str) -> list[dict[str, Any]]:
    """Every record of an object, as it is, deleted ones too."""
    kind_of(object)

    def whole(row: Row) -> dict[str, Any]:
        own = {"id": row.id, "reference": row.reference, "version": row.version, "updated": row.updated}
        return {**row.data, **own, "deleted": row.deleted}

    return [whole(row) for row in shelf.all(object)]
