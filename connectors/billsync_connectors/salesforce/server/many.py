"""Requests under /composite/sobjects: up to 200 records at once, each with a result of its own.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from billsync_connectors.salesforce.server.asked import Reply, Request
from billsync_connectors.salesforce.server.denied import Denied, Several
from billsync_connectors.salesforce.server.ids import full
from billsync_connectors.salesforce.server.kinds import Kinds
from billsync_connectors.salesforce.server.records import Records
from billsync_connectors.salesforce.server.rest import Rest
from billsync_connectors.salesforce.server.shelf import Shelf

ITEMS_MAX: Final = 200
_CHUNKS_MAX: Final = 10
_ROLLED_BACK: Final = {
    "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
    "fields": [],
}
Result = dict[str, Any]


class Collections:
    """Every method is called inside of a turn of the shelf, and raises `Denied`.

    Attributes:
        refusals: place of an item, from 1 -> the error that a fault gives it; for one request.
    """

    def __init__(self, shelf: Shelf, records: Records, rest: Rest, kinds: Callable[[], Kinds]) -> None:
        self._shelf, self._records, self._rest, self._kinds = shelf, records, rest, kinds
        self.refusals: dict[int, Denied] = {}

    def answer(self, request: Request, version: str, rest: list[str]) -> Reply:
        """One of /composite/sobjects."""
        if len(rest) == 2:
            return self._upsert(request, rest[0], rest[1])
        if len(rest) == 1:
            return self._read(request, version, rest[0])
        if request.method == "DELETE":
            return self._delete(request)
        if request.method not in ("POST", "PATCH"):
            raise Denied(
                405, "METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed. Allowed are POST,PATCH,DELETE"
            )
        return self._write(request, creating=request.method == "POST")

    # ------------------------------------------------------------ writing

    def _write(self, request: Request, *, creating: bool) -> Reply:
        items, strict = self._items(request)
        types = [_type(item) for item in items]
        if len(list(groupby(types))) > _CHUNKS_MAX:
            told = (
                "Cannot have more than 10 chunks in a single operation. Please rearrange the data to reduce chunking."
            )
            raise Denied(400, "LIMIT_EXCEEDED", told)

        def one(place: int) -> Result:
            if creating:
                return _done(self._records.create(types[place], items[place])["Id"])
            return _done(self._records.update(types[place], _id(items[place]), items[place])["Id"])

        return Reply(200, self._each(len(items), one, strict=strict))

    def _upsert(self, request: Request, object: str, key: str) -> Reply:
        items, strict = self._items(request)
        kind = self._records.kind(object)
        field = self._records.key(kind, key)

        def one(place: int) -> Result:
            _typed(items[place])
            item = {name: value for name, value in items[place].items() if name.lower() != field.name.lower()}
            value = next((items[place][name] for name in items[place] if name.lower() == field.name.lower()), None)
            id, made = self._records.upsert(kind.name, field.name, str(value or ""), item)
            return {**_done(id), "created": made}

        return Reply(200, self._each(len(items), one, strict=strict, failed={"created": False}))

    def _delete(self, request: Request) -> Reply:
        ids = [id for id in request.asked("ids").split(",") if id]
        _bounded(ids)

        def one(place: int) -> Result:
            kind = self._kinds().of_id(ids[place])
            if kind is None or full(ids[place]) is None:
                raise Denied(400, "MALFORMED_ID", f"malformed id {ids[place]}", [])
            self._records.delete(kind.name, ids[place])
            return _done(str(full(ids[place])))

        return Reply(200, self._each(len(ids), one, strict=request.asked("allOrNone").lower() == "true"))

    def _items(self, request: Request) -> tuple[list[dict[str, Any]], bool]:
        body = request.mapping()
        items = body.get("records")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Denied(400, "JSON_PARSER_ERROR", "records: a list of records is expected")
        _bounded(items)
        return items, body.get("allOrNone") is True

    def _each(
        self, count: int, one: Callable[[int], Result], *, strict: bool, failed: Mapping[str, Any] | None = None
    ) -> list[Result]:
        """The result of each item, in order; with `strict` all are taken back where one fails."""
        mark, results = self._shelf.mark(), []
        for place in range(count):
            try:
                if place + 1 in self.refusals:
                    raise self.refusals[place + 1]
                with self._shelf.turn():
                    results.append(one(place))
            except Denied as denied:
                results.append({"success": False, "errors": [_told(denied)], **(failed or {})})
        if strict and not all(result["success"] for result in results):
            self._shelf.withdraw(mark)
            rolled = {"success": False, "errors": [_ROLLED_BACK], **(failed or {})}
            return [rolled if result["success"] else result for result in results]
        return results

    # ------------------------------------------------------------ reading

    def _read(self, request: Request, version: str, object: str) -> Reply:
        """Records by their ids, null for those that aren't there."""
        kind, base = self._records.kind(object), f"/services/data/{version}"
        if request.method == "POST":
            body = request.mapping()
            ids, fields = list(body.get("ids", [])), ",".join(body.get("fields", []))
        else:
            ids, fields = request.asked("ids").split(","), request.asked("fields")
        rows = [self._records.live(kind.name, full(str(id))) for id in ids]
        return Reply(200, [row and self._rest.shown(kind, base, row, fields) for row in rows])


def _done(id: str) -> Result:
    return {"id": id, "success": True, "errors": []}


def _bounded(items: Sequence[Any]) -> None:
    if len(items) > ITEMS_MAX:
        told = f"record limit reached. cannot submit more than {ITEMS_MAX} records into this call"
        raise Denied(400, "EXCEEDED_ID_LIMIT", told)


def _typed(item: Mapping[str, Any]) -> None:
    """`attributes` has to come before anything else."""
    if next(iter(item), "") != "attributes":
        told = "Nested object for polymorphic foreign key must have an attributes field before any other fields."
        raise Denied(400, "JSON_PARSER_ERROR", told, [])


def _type(item: Mapping[str, Any]) -> str:
    _typed(item)
    attributes = item["attributes"]
    return str(attributes.get("type", "")) if isinstance(attributes, Mapping) else ""


def _id(item: Mapping[str, Any]) -> str:
    found = next((value for name, value in item.items() if name.lower() == "id"), None)
    if found is None:
        raise Denied(400, "MISSING_ARGUMENT", "Id not specified in an update call", [])
    return str(found)


def _crossed(denied: Denied) -> Denied:
    """Inside of a collection, a record that isn't there is a reference to nothing."""
    if denied.code == "NOT_FOUND":
        return Denied(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
    return denied


def _told(denied: Denied) -> dict[str, Any]:
    if isinstance(denied, Several):
        return {"statusCode": "DUPLICATE_EXTERNAL_ID", "message": denied.message, "fields": []}
    return _crossed(denied).item()
