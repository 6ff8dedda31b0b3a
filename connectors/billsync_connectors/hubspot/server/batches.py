"""Batches of records: some done, some refused, and the results in no order.  (shell)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from billsync_connectors.hubspot.server.clock import Clock, text
from billsync_connectors.hubspot.server.crm import Crm
from billsync_connectors.hubspot.server.http import Reply, Request
from billsync_connectors.hubspot.server.kinds import Kind
from billsync_connectors.hubspot.server.records import Records
from billsync_connectors.hubspot.server.refused import Refused, bad_input, wrong
from billsync_connectors.hubspot.server.settings import Settings
from billsync_connectors.hubspot.server.shelf import Shelf

Value = dict[str, Any]
Do = Callable[[Value], Value]


class Batches:
    """Answers under `/objects/{type}/batch`; all raise `Refused`."""

    def __init__(
        self, shelf: Shelf, crm: Crm, records: Records, clock: Clock, settings: Callable[[], Settings]
    ) -> None:
        self._shelf, self._crm, self._records, self._clock = shelf, crm, records, clock
        self._settings, self._count = settings, 0
        self.reject = 0

    def read(self, kind: Kind, request: Request) -> Reply:
        """Records by id, or by a unique property; those that are not there are errors of a 207."""
        given, archived = request.mapping(), request.yes("archived")
        names, by = given.get("properties") or [*kind.default], str(given.get("idProperty") or "")

        past = given.get("propertiesWithHistory") or []

        def one(item: Value) -> Value:
            record = self._crm.get(kind, str(item.get("id")), by=by, archived=archived)
            return {**self._records.show(kind, record, names), **(self._records.past(record, past) if past else {})}

        inputs = self._inputs(request)
        return self._replied(200, *self._tried(inputs, one), lost=kind)

    def create(self, kind: Kind, request: Request) -> Reply:
        """Make records."""

        def one(item: Value) -> Value:
            made = self._crm.create(kind, item.get("properties"), item.get("associations") or [])
            return self._records.show(kind, made, None)

        return self._written(self._settings().created_status, self._inputs(request), one)

    def update(self, kind: Kind, request: Request) -> Reply:
        """Change records."""

        def one(item: Value) -> Value:
            record = self._crm.get(kind, str(item.get("id")), by=str(item.get("idProperty") or ""))
            return self._records.show(kind, self._crm.change(kind, record, item.get("properties")), None)

        return self._written(200, self._unlike(self._inputs(request)), one)

    def upsert(self, kind: Kind, request: Request) -> Reply:
        """Change those that have the value of a unique property, make the others."""
        inputs = self._unlike(self._inputs(request))
        whole = any(item.get("idProperty") == "email" for item in inputs)  # partial ones are not supported by e-mail

        def one(item: Value) -> Value:
            by, id = str(item.get("idProperty") or ""), str(item.get("id") or "")
            if not by or not id:
                raise bad_input("an upsert needs id and idProperty")
            record = self._crm.by(kind, by, id) if by != "hs_object_id" else self._crm.get(kind, id)
            properties = item.get("properties")
            if record is not None:
                return {**self._records.show(kind, self._crm.change(kind, record, properties), None), "new": False}
            made = self._crm.create(kind, {**properties, by: id} if isinstance(properties, dict) else properties)
            return {**self._records.show(kind, made, None), "new": True}

        return self._written(200, inputs, one, whole=whole)

    def archive(self, kind: Kind, request: Request) -> Reply:
        """Archive records; ids that nobody knows are no fault."""
        for item in self._inputs(request):
            self._crm.archive(kind, str(item.get("id")))
        return Reply(204)

    # ------------------------------------------------------------ inside

    def _inputs(self, request: Request) -> list[Value]:
        inputs = request.mapping().get("inputs")
        if not isinstance(inputs, list) or not all(isinstance(item, dict) for item in inputs):
            raise bad_input("inputs: expected a list of objects")
        most = self._settings().batch_max
        if len(inputs) > most:
            raise wrong(f"The maximum number of inputs supported in a batch request is {most}, but was {len(inputs)}")
        return inputs

    @staticmethod
    def _unlike(inputs: list[Value]) -> list[Value]:
        """All of another id; otherwise none of them is done."""
        counts = Counter((str(item.get("id")), str(item.get("idProperty") or "")) for item in inputs)
        twice = [id for (id, _by), count in counts.items() if count > 1]
        if twice:
            message = f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique"
            raise wrong(message, context={"ids": twice})
        return inputs

    def _written(self, status: int, inputs: list[Value], do: Do, *, whole: bool = False) -> Reply:
        """All that can be done where the request wants several statuses; else all or nothing."""
        way = self._settings().multi_status
        traced = bool(inputs) and all(item.get("objectWriteTraceId") for item in inputs)
        results, errors = self._tried(inputs, do)
        if errors and (whole or way == "never" or (way == "traced" and not traced)):
            raise errors[0][1]  # the turn around takes all of it back
        return self._replied(status, results, errors)

    def _tried(self, inputs: Sequence[Value], do: Do) -> tuple[list[Value], list[tuple[Value, Refused]]]:
        results, errors = [], []
        for number, item in enumerate(inputs, 1):
            try:
                with self._shelf.turn():
                    if number == self.reject:
                        raise wrong("This input is refused")
                    found = do(item)
            except Refused as fault:
                errors.append((item, fault))
                continue
            trace = item.get("objectWriteTraceId")
            results.append({**found, "objectWriteTraceId": trace} if trace else found)
        return results, errors

    def _replied(
        self, status: int, results: list[Value], errors: list[tuple[Value, Refused]], *, lost: Kind | None = None
    ) -> Reply:
        self._count += 1
        Random(f"{self._settings().seed} {self._count}").shuffle(results)  # noqa: S311  repeatable on purpose
        at = text(self._clock.now())
        value: Value = {"completedAt": at, "status": "COMPLETE", "startedAt": at, "results": results}
        if not errors:
            return Reply(status, value)
        told = [_not_got(lost, errors)] if lost else [_told(item, fault) for item, fault in errors]
        return Reply(207, {**value, "numErrors": len(told), "errors": told})


def _told(item: Value, fault: Refused) -> Value:
    """One error: whose it is says the trace id, and the id where there was one."""
    found = fault.item(str(item.get("objectWriteTraceId") or ""))
    if "id" in item:
        found["context"] = {"id": [str(item["id"])], **found["context"]}
    return {**found, "errors": found.get("errors", []), "links": {}}


def _not_got(kind: Kind, errors: list[tuple[Value, Refused]]) -> Value:
    """All that a read did not find, in one error."""
    ids = [str(item.get("id")) for item, _fault in errors]
    message = (
        f"Could not get some {kind.one.upper()} objects, they may be deleted or not exist. Check that ids are valid."
    )
    return {
        "status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": {"ids": ids}, "errors": [],
        "links": {},
    }  # fmt: skip
