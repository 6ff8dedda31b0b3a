"""The index behind search: what was true a while ago, and not for all records the same while.  (shell)"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from heapq import heappop, heappush
from random import Random
from typing import Any, Final

from billsync_connectors.hubspot.server import finding
from billsync_connectors.hubspot.server.clock import Clock, text
from billsync_connectors.hubspot.server.kinds import Kind
from billsync_connectors.hubspot.server.settings import Settings
from billsync_connectors.hubspot.server.shelf import Record, Shelf
from billsync_connectors.hubspot.server.values import Property, comparable

_LEAST: Final = (0, Decimal(0), "")


class Index:
    """What search sees.  It starts with all that is there: only what changes from then on comes late."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self._shelf, self._clock = shelf, clock
        self.fill()

    def fill(self) -> None:
        """Everything, as it is now."""
        self._seen = {kind: dict(rows) for kind, rows in self._shelf.records.items()}
        self._late: list[tuple[int, int, str, str]] = []
        self._waiting: dict[int, Record] = {}
        self._newest: dict[tuple[str, str], int] = {}
        self._count, self._asked = 0, 0
        self._answer: tuple[tuple[str, str, int], list[Record]] | None = None

    def note(self, before: Record | None, after: Record, settings: Settings) -> None:
        """A change: it is seen after its lag."""
        self._count += 1
        lag = settings.lag_create_s if before is None else settings.lag_update_s
        if settings.lag_spread:
            chance = Random(f"{settings.seed} {after.kind} {after.id} {self._count}")  # noqa: S311  repeatable on purpose
            lag = lag * chance.randrange(1001) / 1000
        due = self._clock.now() + int(lag * 1000)
        heappush(self._late, (due, self._count, after.kind, after.id))
        self._waiting[self._count] = after

    @property
    def waiting(self) -> int:
        """Changes that are not seen yet."""
        return len(self._late)

    def catch_up(self, *, all: bool = False) -> None:
        """Take in what is due."""
        now = self._clock.now()
        while self._late and (all or self._late[0][0] <= now):
            _due, number, kind, id = heappop(self._late)
            record = self._waiting.pop(number)
            if number > self._newest.get((kind, id), 0):  # a later change may have overtaken this one
                self._newest[kind, id] = number
                self._seen.setdefault(kind, {})[id] = record
                self._answer = None

    def found(
        self, kind: Kind, query: finding.Query, known: Mapping[str, Property], settings: Settings
    ) -> list[Record]:
        """All records that fit, in the order asked for; archived ones never."""
        self.catch_up()
        self._asked += settings.ties == "shifting"
        name = (kind.name, query.same, self._asked)
        if self._answer is None or self._answer[0] != name:
            rows = [row for row in self._seen.get(kind.name, {}).values() if query.test(row)]
            rows.sort(key=lambda row: _tie(settings.seed, self._asked, row.id))
            type = known[query.sort].type if query.sort in known else "string"
            rows.sort(key=lambda row: _place(kind, row, query.sort, type), reverse=query.down)
            self._answer = (name, rows)
        current = self._shelf.records.get(kind.name, {})
        return [row for row in self._answer[1] if current[row.id].live]


@lru_cache(maxsize=1 << 17)
def _tie(seed: int, asked: int, id: str) -> bytes:
    """Where the sort leaves two equal, any order: not that of ids."""
    return hashlib.md5(f"{seed} {asked} {id}".encode(), usedforsecurity=False).digest()


def _place(kind: Kind, row: Record, sort: str, type: str) -> Any:
    if not sort:
        return (row.created,)
    value = look(kind, row, sort)
    return _LEAST if value is None else (1, *_ordered(comparable(type, value)))


def _ordered(value: Any) -> tuple[Decimal, str]:
    return (value, "") if isinstance(value, Decimal) else (Decimal(0), value or "")


def look(kind: Kind, row: Record, name: str) -> str | None:
    """A value as search sees it."""
    if name == kind.modified:
        return text(row.updated)
    if name == "hs_object_id":
        return row.id
    if name in ("createdate", "hs_createdate"):
        return row.properties.get(name) or text(row.created)
    return row.properties.get(name) or None
