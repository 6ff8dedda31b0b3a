"""Queries over REST: pages, and the locators that lead from one to the next.  (shell)"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from billsync_connectors.salesforce.server.asked import Reply, Request
from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.ids import made
from billsync_connectors.salesforce.server.kinds import Kinds
from billsync_connectors.salesforce.server.selection import Answer, Selection
from billsync_connectors.salesforce.server.settings import Settings
from billsync_connectors.salesforce.server.shelf import Shelf
from billsync_connectors.salesforce.server.soql import parsed
from billsync_connectors.salesforce.server.values import Row
from billsync_stand_in.clock import Clock

_SIZE_MIN: Final = 200
_SIZE_OF_NESTED: Final = 500
"""Records a page at most where each of them brings its children."""


@dataclass(slots=True)
class Locator:
    """An open query.

    Attributes:
        rows: as they were, where the org gives snapshots; else None, and they are looked up page by page.
        used: when it was asked last.
        child: whether it is of children: these don't count as open.
    """

    answer: Answer
    rows: list[Row] | None
    deleted: bool
    size: int
    used: datetime
    child: bool = False


class Queries:
    """Carries queries out; every method is called inside of a turn of the shelf, and raises `Denied`."""

    def __init__(
        self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings], kinds: Callable[[], Kinds]
    ) -> None:
        self._shelf, self._clock, self._settings, self._kinds = shelf, clock, settings, kinds
        self._open: dict[str, Locator] = {}
        self._count = self._numbers = 0
        self.short = 0

    def forget(self) -> None:
        """Close all."""
        self._open.clear()
        self._count = 0  # numbers go on: a locator that is gone does not come back as another one's

    def selected(self, text: str, version: str, *, deleted: bool) -> Answer:
        """What a query gives."""
        self._count += 1
        selection = Selection(
            self._shelf, self._kinds(), self._clock.now(), version, deleted=deleted, salt=self._count,
            child_max=self._settings().child_page, more=lambda rest: self._children(rest, version, deleted=deleted),
        )  # fmt: skip
        return selection.answer(parsed(text))

    def answer(self, request: Request, version: str, rest: list[str], *, deleted: bool) -> Reply:
        """GET query, queryAll, or the next page of one."""
        if request.method != "GET":
            raise Denied(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed. Allowed are HEAD,GET")
        if rest:
            return self._next(rest[0], version)
        answer = self.selected(request.asked("q"), version, deleted=deleted)
        if answer.totals or not answer.ids:
            return Reply(200, {"totalSize": answer.size, "done": True, "records": answer.totals})
        size = self._size(request, answer)
        locator = Locator(answer, self._snapshot(answer), deleted, size, self._clock.now())
        return self._page(locator, "", 0, version)

    def _children(self, rest: Answer, version: str, *, deleted: bool) -> str:
        """The address of the children of one record that did not come with it."""
        size = self._settings().child_page
        locator = Locator(rest, self._snapshot(rest), deleted, size, self._clock.now(), child=True)
        return f"/services/data/{version}/query/{self._opened(locator)}-{size}"

    def _snapshot(self, answer: Answer) -> list[Row] | None:
        if self._settings().locator_rows != "snapshot":
            return None
        return [row for id in answer.ids if (row := self._shelf.get(answer.object, id)) is not None]

    def _size(self, request: Request, answer: Answer) -> int:
        """How many records a page has: the header is a hint."""
        most = self._settings().page_max
        hint = request.headers.get("sforce-query-options", "").replace(" ", "").partition("batchSize=")[2]
        if hint.isdigit():
            most = min(most, max(_SIZE_MIN, int(hint)))
        return min(most, _SIZE_OF_NESTED) if answer.inner else most

    def _next(self, name: str, version: str) -> Reply:
        id, _, start = name.rpartition("-")
        locator, settings = self._open.get(id), self._settings()
        idle = None if locator is None else self._clock.now() - locator.used
        if locator is None or idle is None or idle > timedelta(seconds=settings.locator_s) or not start.isdigit():
            self._open.pop(id, None)
            raise Denied(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        locator.used = self._clock.now()
        return self._page(locator, id, int(start), version)

    def _page(self, locator: Locator, id: str, start: int, version: str) -> Reply:
        end = start + (max(1, min(self.short, locator.size)) if self.short else locator.size)
        self.short = 0
        answer, done = locator.answer, end >= len(locator.answer.ids)
        found: dict[str, Any] = {"totalSize": answer.size, "done": done}
        if not done:
            id = id or self._opened(locator)
            found["nextRecordsUrl"] = f"/services/data/{version}/query/{id}-{end}"
        rows = self._rows(locator, start, end)
        return Reply(200, {**found, "records": [answer.show(row) for row in rows]})

    def _rows(self, locator: Locator, start: int, end: int) -> list[Row]:
        if locator.rows is not None:
            return locator.rows[start:end]
        found = (self._shelf.get(locator.answer.object, id) for id in locator.answer.ids[start:end])
        return [row for row in found if row is not None and (locator.deleted or not row["IsDeleted"])]

    def _opened(self, locator: Locator) -> str:
        """Keep it; where there are too many, the one that was used longest ago is closed."""
        self._numbers += 1
        id = made("01g", self._numbers)
        self._open[id] = locator
        counted = [each for each in self._open if not self._open[each].child]
        surplus = len(counted) - self._settings().locators_max
        for old in islice(sorted(counted, key=lambda each: self._open[each].used), max(0, surplus)):
            del self._open[old]
        return id
