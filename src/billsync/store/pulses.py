"""When each kind of record was looked at to its end and brought something new; what waits to be written.  (shell)

A run that ends early (a system that is away, records that changed in form, a gate that is shut) leaves no pulse: a
pipeline is as fresh as the part of it that was looked at longest ago.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Text, delete, func, select, tuple_, type_coerce

from billsync.model.delivery import DONE, STUCK, DeliveryState
from billsync.store.schema import deliveries, pulses, rings, runs, store_notes, workers
from billsync.store.sql import rows, upsert

WRITES: Final = "(writes)"
"""Stands for the kind of record where everything that was planned for a connection went out."""

_OPEN: Final = tuple(str(state) for state in DeliveryState if state not in DONE)
_MOVING: Final = tuple(str(state) for state in DeliveryState if state not in DONE | STUCK)


@dataclass(frozen=True, slots=True)
class Pulse:
    """One kind of record of one connection, as a pipeline looks at it.

    Attributes:
        object: the kind of record, or `WRITES`.
        looked_at: when the last look that came to its end began: what changed before then is here.
        moved_at: when a look last brought something new, or None where none did.
        run: the run that looked.
    """

    pipeline: str
    connection: str
    object: str
    looked_at: datetime
    moved_at: datetime | None
    run: str


_Pulses = list[Pulse]


@dataclass(frozen=True, slots=True)
class Backlog:
    """Writes of one connection that have not taken effect.

    Attributes:
        states: how many, by state; oldest: when the oldest was planned that no person has to mend, or None.
    """

    states: Mapping[str, int]
    oldest: datetime | None = None

    @property
    def moving(self) -> int:
        """Those that go out by themselves."""
        return sum(count for state, count in self.states.items() if state in _MOVING)


class Pulses:
    """Pulses by pipeline, connection and kind of record; and other signs of life, read at little cost."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def note(self, pipeline: str, connection: str, object: str, *, began: datetime, fresh: int, run: str) -> None:
        """A look came to its end: it began at an instant, and so many records (or writes) were new."""
        row = {"pipeline": pipeline, "connection": connection, "object": object, "looked_at": began, "run": run}
        made = row | {"moved_at": began if fresh else None, "doc": "{}"}
        upsert(self._conn, pulses, [made], ["looked_at", "run", *(["moved_at"] if fresh else [])])

    def forget(self, pipeline: str, keep: Collection[tuple[str, str]]) -> None:
        """Forget what a pipeline does not look at any more: all but these pairs of connection and kind of record."""
        gone = [
            (pulse.connection, pulse.object)
            for pulse in self.list(pipeline)
            if (pulse.connection, pulse.object) not in keep
        ]
        if gone:
            pair = tuple_(pulses.c.connection, pulses.c.object)
            self._conn.execute(delete(pulses).where(pulses.c.pipeline == pipeline, pair.in_(gone)))

    def list(self, pipeline: str | None = None) -> _Pulses:
        """All of them, by pipeline, connection and kind of record."""
        columns = [pulses.c[name] for name in Pulse.__dataclass_fields__]
        query = select(*columns).order_by(pulses.c.pipeline, pulses.c.connection, pulses.c.object)
        query = query if pipeline is None else query.where(pulses.c.pipeline == pipeline)
        return [Pulse(**row) for row in rows(self._conn, query)]

    def ready(self, at: datetime) -> None:
        """Write something: whether that can be done is what is asked."""
        upsert(self._conn, store_notes, [{"name": "ready", "value": "", "at": at}], ["at"])

    # ------------------------------------------------------------ what waits

    def backlog(self, connections: Iterable[str]) -> dict[str, Backlog]:
        """Connection -> its writes that have not taken effect.

        Reads those rows alone, by their index, however many have taken effect.
        """
        columns = (deliveries.c.connection, deliveries.c.state)
        oldest = func.min(type_coerce(deliveries.c.planned_at, Text))
        query = (
            select(*columns, func.count(), oldest)
            .where(deliveries.c.connection.in_(list(connections)), deliveries.c.state.in_(_OPEN))
            .group_by(*columns)
        )
        states: dict[str, dict[str, int]] = {}
        first: dict[str, str] = {}
        for connection, state, count, planned in self._conn.execute(query):
            states.setdefault(connection, {})[state] = count
            if state in _MOVING:
                first[connection] = min(planned, first.get(connection, planned))
        return {
            connection: Backlog(found, datetime.fromisoformat(first[connection]) if connection in first else None)
            for connection, found in states.items()
        }

    # ------------------------------------------------------------ who works

    def processes(self, since: datetime) -> dict[str, int]:
        """Kind of process -> how many have given a sign since an instant of the database's clock and have not ended."""
        alive = (workers.c.ended_at.is_(None), workers.c.beat_at >= since)
        query = select(workers.c.kind, func.count()).where(*alive).group_by(workers.c.kind)
        return {kind: int(count) for kind, count in self._conn.execute(query)}

    def slots(self, since: datetime) -> dict[tuple[str, str], int]:
        """(pipeline, outcome) -> slots that were due since an instant."""
        columns = (rings.c.pipeline, rings.c.outcome)
        query = select(*columns, func.count()).where(rings.c.due_at >= since).group_by(*columns)
        return {(pipeline, outcome): count for pipeline, outcome, count in self._conn.execute(query)}

    def last_runs(self, pipelines: Iterable[str]) -> dict[tuple[str, str], datetime]:
        """(pipeline, state) -> when the newest of the last runs in that state began."""
        found: dict[tuple[str, str], datetime] = {}
        for name in pipelines:
            mine = select(runs.c.state, runs.c.started_at).where(runs.c.pipeline == name)
            for state, at in self._conn.execute(mine.order_by(runs.c.started_at.desc()).limit(50)):
                found.setdefault((name, state), at)
        return found
