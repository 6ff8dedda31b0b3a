"""Processes that are at work: each under an id of its own, with a beat.  (shell)

Beats are by the database's clock, so that clocks of machines do not matter.  A process that was declared dead never
comes back under its id: its row says so, and no beat changes that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, text, update

from billsync.model.base import canonical_json
from billsync.store.fleet_tables import workers
from billsync.store.sql import rows

DEAD_AFTER_S: Final = 6.0
"""Seconds without a beat after which a process counts as dead."""

_NOW: Final = {
    "sqlite": "SELECT strftime('%Y-%m-%dT%H:%M:%f000', 'now') || 'Z'",
    "postgresql": """SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
}


@dataclass(frozen=True, slots=True)
class Worker:
    """One process.

    Attributes:
        kind: `daemon`, `worker` or `sync`; doc: what else it says of itself.
        state: `at work`, `left` or `dead`.
        ended_at: None while it is at work.
    """

    id: str
    kind: str
    host: str
    pid: int
    version: str
    state: str
    started_at: datetime
    beat_at: datetime
    ended_at: datetime | None
    doc: dict[str, Any]


class Workers:
    """Processes by id."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def now(self) -> datetime:
        """The database's clock."""
        moment: str = self._conn.execute(text(_NOW[self._conn.dialect.name])).scalar_one()
        return datetime.fromisoformat(moment)

    def join(self, id: str, kind: str, *, host: str, pid: int, version: str, doc: dict[str, Any]) -> None:
        """Begin to be at work under an id that nobody had before."""
        now = self.now()
        row = {"id": id, "kind": kind, "host": host, "pid": pid, "version": version, "doc": canonical_json(doc)}
        moments = {"started_at": now, "beat_at": now, "ended_at": None}
        self._conn.execute(insert(workers), row | moments | {"state": "at work"})

    def beat(self, id: str) -> bool:
        """Be still at work; False where it was declared dead."""
        mine = update(workers).where(workers.c.id == id, workers.c.state == "at work")
        return self._conn.execute(mine.values(beat_at=self.now())).rowcount == 1

    def leave(self, id: str) -> None:
        """Be at work no more."""
        mine = update(workers).where(workers.c.id == id, workers.c.state == "at work")
        self._conn.execute(mine.values(state="left", ended_at=self.now()))

    def alive(self) -> frozenset[str]:
        """Ids of those that beat lately."""
        since = self.now() - timedelta(seconds=DEAD_AFTER_S)
        query = select(workers.c.id).where(workers.c.state == "at work", workers.c.beat_at >= since)
        return frozenset(self._conn.execute(query).scalars())

    def at_work(self) -> list[Worker]:
        """Those that say that they are at work, whether they beat or not."""
        query = select(workers).where(workers.c.state == "at work").order_by(workers.c.id)
        return [_worker(row) for row in rows(self._conn, query)]

    def is_over(self, id: str) -> bool:
        """Whether one left, or was declared dead; not for an id that nobody joined under."""
        query = select(workers.c.state).where(workers.c.id == id)
        return self._conn.execute(query).scalar_one_or_none() in ("left", "dead")

    def overdue(self) -> list[Worker]:
        """Those that say that they are at work, and did not beat."""
        since = self.now() - timedelta(seconds=DEAD_AFTER_S)
        query = select(workers).where(workers.c.state == "at work", workers.c.beat_at < since)
        return [_worker(row) for row in rows(self._conn, query)]

    def declare_dead(self, id: str) -> bool:
        """Note that one is dead; False where it beat meanwhile, or somebody else noted it."""
        since = self.now() - timedelta(seconds=DEAD_AFTER_S)
        mine = update(workers).where(workers.c.id == id, workers.c.state == "at work", workers.c.beat_at < since)
        return self._conn.execute(mine.values(state="dead", ended_at=self.now())).rowcount == 1

    def cut_off(self, id: str) -> int:
        """End the database sessions of a process, so that one that is only paused holds no lock.  Gives how many.

        Only on Postgres: of an SQLite file locks end with the process alone.
        """
        if self._conn.dialect.name != "postgresql":
            return 0
        ends = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name")
        return len(self._conn.execute(ends, {"name": session_name(id)}).all())

    def list(self, limit: int = 50) -> list[Worker]:
        """Processes, those that joined last first."""
        query = select(workers).order_by(workers.c.started_at.desc(), workers.c.id).limit(limit)
        return [_worker(row) for row in rows(self._conn, query)]

    def forget(self, before: datetime) -> int:
        """Forget those that ended before; gives how many.  Their ids stay unique: they hold the moment of the start."""
        return self._conn.execute(delete(workers).where(workers.c.ended_at < before)).rowcount


def session_name(id: str) -> str:
    """What the database sessions of a process are called: at most 60 bytes, as Postgres keeps them."""
    return id[:60]


def _worker(row: dict[str, Any]) -> Worker:
    return Worker(**row | {"doc": json.loads(row["doc"])})
