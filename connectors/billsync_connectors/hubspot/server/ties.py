"""The requests for associations, one and in batches, with labels.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from billsync_connectors.hubspot.server.clock import Clock, text
from billsync_connectors.hubspot.server.http import Reply, Request
from billsync_connectors.hubspot.server.kinds import Kind
from billsync_connectors.hubspot.server.kinship import HUBSPOT, Tie, named
from billsync_connectors.hubspot.server.links import Links, nothing_there
from billsync_connectors.hubspot.server.refused import Refused, bad_input, gone, wrong
from billsync_connectors.hubspot.server.settings import Settings
from billsync_connectors.hubspot.server.shelf import Shelf

Value = dict[str, Any]


class Ties:
    """Answers under `/associations` and `/objects/{type}/{id}/associations`; all raise `Refused`."""

    def __init__(self, shelf: Shelf, links: Links, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._shelf, self._links, self._clock, self._settings = shelf, links, clock, settings

    # ------------------------------------------------------------ of one record

    def of_one(self, start: Kind, id: str, end: Kind, request: Request, *, dated: bool) -> Reply:
        """A page of what one record is associated with."""
        record = self._shelf.get(start.name, id)
        if record is None or not record.live:
            raise gone(id)
        limit = request.whole("limit", self._settings().association_page, self._settings().association_page)
        rows, after = self._page(start, id, end, request.asked("after"), limit, dated=dated)
        return Reply(200, {"results": rows, **after})

    def put(self, start: Kind, id: str, end: Kind, end_id: str, request: Request) -> Reply:
        """Associate two with labels."""
        specs = request.value()
        ties = [self._links.tie(start.name, end.name, spec) for spec in specs] if isinstance(specs, list) else []
        if not ties:
            raise bad_input("expected a list of association types")
        self._add((start.name, id), (end.name, end_id), ties)
        return Reply(201, _pair(start, id, end, end_id, ties))

    def put_usual(self, start: Kind, id: str, end: Kind, end_id: str) -> Reply:
        """Associate two without a label; again is no fault."""
        tie = self._links.usual(start.name, end.name)
        self._add((start.name, id), (end.name, end_id), [])
        return Reply(200, self._batch(_usual(id, end_id, tie)))

    def cut(self, start: Kind, id: str, end: Kind, end_id: str) -> Reply:
        """Take all associations of two away."""
        self._links.remove((start.name, id), (end.name, end_id))
        return Reply(204)

    def _add(self, start: tuple[str, str], end: tuple[str, str], ties: Sequence[Tie]) -> None:
        self._links.check(start, end)
        self._links.add(start, end, ties)

    def _page(
        self, start: Kind, id: str, end: Kind, after: str, limit: int, *, dated: bool
    ) -> tuple[list[Value], Value]:
        found = self._links.ends((start.name, id), end.name)
        ids = [other for other in found if not after or int(other) > int(after)]
        rows = [
            {"toObjectId": other if dated else int(other), "associationTypes": [_type(tie) for tie in found[other]]}
            for other in ids[:limit]
        ]
        if len(ids) <= limit:
            return rows, {}
        link = f"https://api.hubapi.com/crm/v4/objects/{start.name}/{id}/associations/{end.name}?after={ids[limit - 1]}"
        return rows, {"paging": {"next": {"after": ids[limit - 1], "link": link}}}

    # ------------------------------------------------------------ in batches

    def read(self, start: Kind, end: Kind, request: Request, *, dated: bool) -> Reply:
        """What records are associated with; those with nothing are errors of a 207."""
        results, errors = [], []
        for item in self._inputs(request):
            id = str(item.get("id"))
            rows, after = self._page(
                start, id, end, str(item.get("after") or ""), self._settings().association_page, dated=dated
            )
            if rows:
                results.append({"from": {"id": id}, "to": rows, **after})
            else:
                errors.append(nothing_there(start, end, id))
        return self._mixed(200, results, errors)

    def create(self, start: Kind, end: Kind, request: Request) -> Reply:
        """Associate pairs with labels."""

        def one(item: Value) -> list[Value]:
            ids = _two(item)
            ties = [self._links.tie(start.name, end.name, spec) for spec in item.get("types") or []]
            self._add((start.name, ids[0]), (end.name, ids[1]), ties)
            return [_pair(start, ids[0], end, ids[1], ties)]

        return self._each(201, request, one)

    def create_usual(self, start: Kind, end: Kind, request: Request) -> Reply:
        """Associate pairs without labels."""
        tie = self._links.usual(start.name, end.name)

        def one(item: Value) -> list[Value]:
            ids = _two(item)
            self._add((start.name, ids[0]), (end.name, ids[1]), [])
            return _usual(*ids, tie)

        return self._each(200, request, one)

    def archive(self, start: Kind, end: Kind, request: Request, *, dated: bool, labels: bool = False) -> Reply:
        """Take associations away, or some kinds of them with `labels`; 204, and 200 in dated versions."""
        for item in self._inputs(request):
            ties = [self._links.tie(start.name, end.name, spec) for spec in item.get("types") or []] if labels else None
            ends = item.get("to")
            for other in ends if isinstance(ends, list) else [ends]:
                first, second = _two({**item, "to": other})
                self._links.remove((start.name, first), (end.name, second), ties)
        return Reply(200, self._batch([])) if dated else Reply(204)

    def _each(self, status: int, request: Request, one: Callable[[Value], list[Value]]) -> Reply:
        results: list[Value] = []
        errors: list[Refused] = []
        for item in self._inputs(request):
            try:
                with self._shelf.turn():
                    results += one(item)
            except Refused as fault:
                errors.append(fault)
        return self._mixed(status, results, errors)

    def _mixed(self, status: int, results: list[Value], errors: list[Refused]) -> Reply:
        value = self._batch(results)
        if not errors:
            return Reply(status, value)
        told = [{**fault.item(), "errors": [], "links": {}} for fault in errors]
        return Reply(207, {**value, "numErrors": len(told), "errors": told})

    def _inputs(self, request: Request) -> list[Value]:
        inputs, most = request.mapping().get("inputs"), self._settings().association_inputs
        if not isinstance(inputs, list) or not all(isinstance(item, dict) for item in inputs):
            raise bad_input("inputs: expected a list of objects")
        if len(inputs) > most:
            raise wrong(f"A maximum of {most} inputs is allowed, but there were {len(inputs)}")
        return inputs

    def _batch(self, results: list[Value]) -> Value:
        at = text(self._clock.now())
        return {"status": "COMPLETE", "results": results, "startedAt": at, "completedAt": at}

    # ------------------------------------------------------------ as v3 has them, and labels

    def read_old(self, start: Kind, end: Kind, request: Request) -> Reply:
        """As v3 shows them: `type` in words."""
        results = []
        for item in self._inputs(request):
            found = self._links.ends((start.name, str(item.get("id"))), end.name)
            rows = [
                {"id": id, "type": named(tie)} for id, ties in found.items() for tie in ties if tie.category == HUBSPOT
            ]
            if rows:
                results.append({"from": {"id": str(item.get("id"))}, "to": rows})
        return Reply(200, self._batch(results))

    def create_old(self, start: Kind, end: Kind, request: Request) -> Reply:
        """As v3 takes them: both ways in the reply."""

        def one(item: Value) -> list[Value]:
            first, second = _two(item)
            self._add((start.name, first), (end.name, second), [])
            ways = ((second, first, end, start), (first, second, start, end))
            return [{"from": {"id": a}, "to": {"id": b}, "type": f"{x.one}_to_{y.one}"} for a, b, x, y in ways]

        return self._each(201, request, one)

    def labels(self, start: Kind, end: Kind) -> Reply:
        """The kinds of association there are."""
        return Reply(200, {"results": [_type(tie) for tie in self._links.ties(start.name, end.name)]})

    def define(self, start: Kind, end: Kind, given: Mapping[str, Any]) -> Reply:
        """Make a label."""
        return Reply(200, {"results": [_type(tie) for tie in self._links.define(start.name, end.name, given)]})


def _two(item: Value) -> tuple[str, str]:
    """The two ids of an input."""
    ends = [item.get("from"), item.get("to")]
    if not all(isinstance(end, dict) and end.get("id") for end in ends):
        raise bad_input("from.id and to.id are required")
    return str(ends[0]["id"]), str(ends[1]["id"])  # type: ignore[index]


def _type(tie: Tie) -> Value:
    return {"category": tie.category, "typeId": tie.type, "label": tie.label}


def _pair(start: Kind, id: str, end: Kind, end_id: str, ties: Sequence[Tie]) -> Value:
    return {
        "fromObjectTypeId": start.id, "fromObjectId": id, "toObjectTypeId": end.id, "toObjectId": end_id,
        "labels": [tie.label for tie in ties if tie.label],
    }  # fmt: skip


def _usual(id: str, end_id: str, tie: Tie) -> list[Value]:
    """Both ways of an unlabelled association."""
    ways = ((id, end_id, tie.type), (end_id, id, tie.inverse))
    return [
        {
            "from": {"id": start},
            "to": {"id": end},
            "associationSpec": {"associationCategory": tie.category, "associationTypeId": type},
        }
        for start, end, type in ways
    ]
