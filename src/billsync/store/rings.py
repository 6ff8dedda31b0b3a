"""Slots of schedules and what became of each: the memory that all daemons on one store share.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from billsync.store.fleet_tables import rings
from billsync.store.sql import rows

BEGAN: Final = "began"
"""The slot, and outcome, of the row that says since when a pipeline has a schedule here."""


@dataclass(frozen=True, slots=True)
class Ring:
    """A slot of a pipeline's schedule.

    Attributes:
        due_at: when the schedule names it; ring_at: when it rings, after its jitter and quiet hours.
        at: when this was noted.
        outcome: `waiting`, `ringing` (a process runs it), `ran`, `skipped` on purpose, `missed` (it passed without a
            run), or `began`.
        why: the reason as a code: `on_time`, `late`, `quiet`, `blackout`, `overlap`, `together`, `misfire`.
        note: the same in words, or "".
        owner: the process that noted it.
    """

    pipeline: str
    slot: str
    due_at: datetime
    ring_at: datetime
    at: datetime
    outcome: str
    why: str
    note: str
    owner: str


_Rings = list[Ring]


class Rings:
    """Slots by pipeline."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def add(self, new: Iterable[Ring]) -> None:
        """Note slots; one that is known already stays as it is."""
        made = (sqlite.insert if self._conn.dialect.name == "sqlite" else postgresql.insert)(rings)
        if values := [{name: getattr(ring, name) for name in Ring.__slots__} for ring in new]:
            self._conn.execute(made.on_conflict_do_nothing(), values)

    def move(
        self, pipeline: str, slot: str, came_from: str, outcome: str, *, why: str, note: str, owner: str, at: datetime
    ) -> bool:
        """Move a slot from one outcome to another.  False where it has another one than `came_from` by now."""
        row = update(rings).where(rings.c.pipeline == pipeline, rings.c.slot == slot, rings.c.outcome == came_from)
        return self._conn.execute(row.values(outcome=outcome, why=why, note=note, owner=owner, at=at)).rowcount == 1

    def newest(self, pipeline: str, before: datetime | None = None) -> Ring | None:
        """The slot that was due last, before an instant; None where none is known."""
        query = select(rings).where(rings.c.pipeline == pipeline).order_by(rings.c.due_at.desc()).limit(1)
        found = _rings(self._conn, query if before is None else query.where(rings.c.due_at < before))
        return found[0] if found else None

    def open(self, pipeline: str) -> _Rings:
        """Slots that wait or ring, by when they were due."""
        query = select(rings).where(rings.c.pipeline == pipeline, rings.c.outcome.in_(("waiting", "ringing")))
        return _rings(self._conn, query.order_by(rings.c.due_at, rings.c.slot))

    def beat(self, owner: str, at: datetime) -> int:
        """What a process rings is still under way.  Gives how many slots those are."""
        mine = update(rings).where(rings.c.owner == owner, rings.c.outcome == "ringing")
        return self._conn.execute(mine.values(at=at)).rowcount

    def reopen(self, pipeline: str, now: datetime, limit: datetime) -> None:
        """What was let go of later than `limit` was noted by a clock that was ahead: it waits for its time again.

        Slots that were put into one row are taken out, to be counted again.
        """
        ahead = (rings.c.pipeline == pipeline, rings.c.at > limit)
        many = rings.c.slot.contains("/")
        self._conn.execute(delete(rings).where(*ahead, or_(rings.c.outcome == BEGAN, many)))
        closed = rings.c.outcome.in_(("skipped", "missed")) & rings.c.why.in_(("together", "misfire", "overlap"))
        again = {"outcome": "waiting", "why": "on_time", "note": "the clock was ahead", "at": now}
        self._conn.execute(update(rings).where(*ahead, closed).values(**again))

    def forget(self, before: datetime) -> int:
        """Forget slots that were due before an instant and are closed, but the newest of each pipeline.

        Gives how many those were.
        """
        last = self._conn.execute(select(rings.c.pipeline, func.max(rings.c.due_at)).group_by(rings.c.pipeline)).all()
        old = delete(rings).where(rings.c.due_at < before, rings.c.outcome.not_in(("waiting", "ringing")))
        return sum(
            self._conn.execute(old.where(rings.c.pipeline == pipeline, rings.c.due_at < due)).rowcount
            for pipeline, due in last
        )

    def list(self, *, pipeline: str | None = None, limit: int = 50) -> _Rings:
        """Slots, those that were due last first."""
        query = select(rings).where(rings.c.outcome != BEGAN)
        if pipeline is not None:
            query = query.where(rings.c.pipeline == pipeline)
        return _rings(self._conn, query.order_by(rings.c.due_at.desc(), rings.c.pipeline, rings.c.slot).limit(limit))


def _rings(conn: Connection, query: Any) -> _Rings:
    return [Ring(**row) for row in rows(conn, query)]
