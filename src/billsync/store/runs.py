"""What ran, when, and how it ended.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from billsync.model.base import canonical_json
from billsync.store.schema import runs
from billsync.store.sql import rows


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a pipeline.

    Attributes:
        slot: the time or occasion that it stands for.
        state: `running`, `ok`, `problems`, `unreachable`, `failed`, `interrupted`, or `killed` (found dead later).
        finished_at, exit_code: None while it runs.
    """

    id: str
    pipeline: str
    slot: str
    owner: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    exit_code: int | None
    counts: dict[str, Any]
    note: str


_Runs = list[Run]


class Runs:
    """Runs by id."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def start(self, id: str, pipeline: str, *, slot: str, owner: str, at: datetime) -> bool:
        """Note that a run starts.  False where that id exists: the slot has been run."""
        if self.get(id) is not None:
            return False
        row = {"id": id, "pipeline": pipeline, "slot": slot, "owner": owner, "state": "running", "started_at": at}
        ending = {"finished_at": None, "exit_code": None, "counts": "{}", "note": ""}
        self._conn.execute(insert(runs), row | ending)
        return True

    def take_over(self, id: str, owner: str) -> bool:
        """Go on with a run that its process left in the middle.  False where there is none, or it came to its end.

        Only under the pipeline's lock.
        """
        left = runs.c.state.in_(("running", "killed", "interrupted"))
        row = update(runs).where(runs.c.id == id, left)
        return self._conn.execute(row.values(state="running", owner=owner, finished_at=None)).rowcount == 1

    def finish(
        self, id: str, *, state: str, exit_code: int, counts: Mapping[str, Any], note: str, at: datetime
    ) -> None:
        """Note how a run ended."""
        values = {"state": state, "exit_code": exit_code, "counts": canonical_json(counts), "note": note}
        self._conn.execute(update(runs).where(runs.c.id == id).values(finished_at=at, **values))

    def get(self, id: str) -> Run | None:
        """One run, or None."""
        found = rows(self._conn, select(runs).where(runs.c.id == id))
        return _run(found[0]) if found else None

    def orphans(self, pipeline: str, owner: str, at: datetime) -> int:
        """Mark running rows of other owners as killed.  Only under the pipeline's lock.  Gives how many there were."""
        dead = update(runs).where(runs.c.pipeline == pipeline, runs.c.state == "running", runs.c.owner != owner)
        return self._conn.execute(dead.values(state="killed", finished_at=at)).rowcount

    def list(self, *, pipeline: str | None = None, limit: int = 50) -> _Runs:
        """Runs, newest first."""
        query = select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        if pipeline is not None:
            query = query.where(runs.c.pipeline == pipeline)
        return [_run(row) for row in rows(self._conn, query)]


def _run(row: dict[str, Any]) -> Run:
    return Run(**row | {"counts": json.loads(row["counts"])})
