"""What a look at the whole installation asks of the store: how runs ended, what waits, who is gone.  (shell)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Text, and_, func, or_, select, type_coerce

from billsync.model.delivery import DONE, STUCK
from billsync.store.schema import deliveries, problems, pulses, rings, runs, workers
from billsync.store.sql import rows

GOOD: Final = ("ok", "problems")
"""How runs end that did their work; some records may have problems."""
_OPEN_ENDED: Final = ("running", "interrupted")
_ENDED: Final = tuple(str(state) for state in DONE | STUCK)


@dataclass(frozen=True, slots=True)
class RunSigns:
    """How the runs of a pipeline stand.

    Attributes:
        state, at: of the last one that ended by itself; "" and None where none did.
        good_at: when the last good one ended, or None.
        since: when the first one after that ended, where the last one is not good; None where it is.
        begun_at: when the first one started, or None.
    """

    state: str = ""
    at: datetime | None = None
    good_at: datetime | None = None
    since: datetime | None = None
    begun_at: datetime | None = None


class Signals:
    """Reads that are few and cheap, however large the store is."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def runs(self, pipeline: str) -> RunSigns:
        """How the runs of a pipeline stand."""
        mine = runs.c.pipeline == pipeline
        ended = select(runs).where(mine, runs.c.state.not_in(_OPEN_ENDED), runs.c.finished_at.is_not(None))
        newest = rows(self._conn, ended.order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(1))
        begun = self._conn.execute(select(func.min(runs.c.started_at)).where(mine)).scalar_one()
        if not newest:
            return RunSigns(begun_at=begun)
        last = newest[0]
        good = rows(
            self._conn,
            ended.where(runs.c.state.in_(GOOD)).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(1),
        )
        since = None
        if last["state"] not in GOOD:
            after = ended.where(runs.c.started_at > good[0]["started_at"]) if good else ended
            since = rows(self._conn, after.order_by(runs.c.started_at, runs.c.id).limit(1))[0]["finished_at"]
        good_at = good[0]["finished_at"] if good else None
        return RunSigns(last["state"], last["finished_at"], good_at, since, begun)

    def stuck(self) -> dict[tuple[str, str, str], int]:
        """(connection, state, reason) -> how many writes wait for a person."""
        columns = (deliveries.c.connection, deliveries.c.state, deliveries.c.reason)
        query = select(*columns, func.count()).where(deliveries.c.state.in_(map(str, STUCK))).group_by(*columns)
        return {(connection, state, reason): count for connection, state, reason, count in self._conn.execute(query)}

    def waiting(self) -> dict[str, tuple[int, datetime]]:
        """Connection -> how many writes are neither done nor stuck, and when the oldest was planned."""
        columns = (deliveries.c.connection, func.count(), func.min(type_coerce(deliveries.c.planned_at, Text)))
        query = select(*columns).where(deliveries.c.state.not_in(_ENDED)).group_by(deliveries.c.connection)
        found = self._conn.execute(query)
        return {connection: (count, datetime.fromisoformat(oldest)) for connection, count, oldest in found}

    def problems(self) -> dict[str, int]:
        """Pipeline -> how many problems are open."""
        query = (
            select(problems.c.pipeline, func.count()).where(problems.c.state == "open").group_by(problems.c.pipeline)
        )
        return {str(row[0]): int(row[1]) for row in self._conn.execute(query)}

    def looked(self) -> dict[str, datetime]:
        """Pipeline -> when the kind of record that was looked at longest ago was looked at."""
        query = select(pulses.c.pipeline, func.min(type_coerce(pulses.c.looked_at, Text))).group_by(pulses.c.pipeline)
        return {pipeline: datetime.fromisoformat(at) for pipeline, at in self._conn.execute(query)}

    def missed(self, since: datetime) -> dict[str, int]:
        """Pipeline -> how many slots that were noted after an instant passed without a run."""
        query = select(rings.c.pipeline, func.count()).where(rings.c.outcome == "missed", rings.c.at > since)
        return {str(row[0]): int(row[1]) for row in self._conn.execute(query.group_by(rings.c.pipeline))}

    def dead(self, *, now: datetime, silent: timedelta, recent: timedelta) -> list[str]:
        """Processes that died `recent`ly: others declared them dead, or they are `silent` for so long.

        `now` is by the database's clock, as beats are.
        """
        since = now - recent
        found = and_(workers.c.state == "dead", workers.c.ended_at > since)
        alone = and_(workers.c.ended_at.is_(None), workers.c.beat_at > since, workers.c.beat_at < now - silent)
        query = select(workers.c.kind, workers.c.host, workers.c.pid).where(or_(found, alone))
        return [f"{kind} on {host} ({pid})" for kind, host, pid in self._conn.execute(query.order_by(workers.c.id))]
