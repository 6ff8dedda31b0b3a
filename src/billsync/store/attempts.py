"""The sends of each delivery, one row each, and what was learned of them too late.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, insert, select, update

from billsync.model.delivery import Delivery
from billsync.store.bulk import insert_rows
from billsync.store.schema import attempts, deliveries, observations
from billsync.store.sql import Among, bulk, rows
from billsync.store.types import fold

_ENDED: Final = (
    update(attempts)
    .where(*(attempts.c[name] == bindparam(f"b_{name}") for name in ("delivery", "gen", "n")))
    .values({name: bindparam(name) for name in ("ended_at", "outcome", "note")})
)
_RUNNING: Final = Among(
    select(attempts.c.delivery, attempts.c.gen, attempts.c.n).where(attempts.c.ended_at.is_(None)), attempts.c.delivery
)


class Attempts:
    """Part of the outbox."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def begin(self, items: Sequence[Delivery], *, at: datetime) -> None:
        """Note that each delivery's attempt number `attempt` of its generation is about to be sent."""
        new = {"started_at": at, "ended_at": None, "outcome": "", "note": ""}
        made = [
            {"delivery": item.id, "gen": item.gen, "n": item.attempt, "sent_digest": item.payload_digest, **new}
            for item in items
        ]
        insert_rows(self._conn, attempts, made)

    def end(self, items: Sequence[tuple[Delivery, str, str]], *, at: datetime) -> None:
        """End attempts, each with its outcome and a note; where one has ended before, that becomes an observation."""
        ids = [delivery.id for delivery, _, _ in items]
        running = {tuple(row.values()) for row in _RUNNING.rows(self._conn, ids)}
        ended = []
        for delivery, outcome, note in items:
            if (fold(delivery.id), delivery.gen, delivery.attempt) in running:
                mine = {"b_delivery": delivery.id, "b_gen": delivery.gen, "b_n": delivery.attempt}
                ended.append({**mine, "ended_at": at, "outcome": outcome, "note": note})
            else:
                self.observe(delivery.key, at=at, note=f"{outcome}: {note}")
        bulk(self._conn, _ENDED, ended)

    def attempt(self, delivery: Delivery, *, at: datetime) -> None:
        """`begin` for one."""
        self.begin([delivery], at=at)

    def outcome(self, delivery: Delivery, *, at: datetime, outcome: str, note: str) -> None:
        """`end` for one."""
        self.end([(delivery, outcome, note)], at=at)

    def observe(self, key: str, *, at: datetime, note: str) -> None:
        """Keep what was learned when the delivery had moved on."""
        query = select(func.coalesce(func.max(observations.c.n), 0)).where(observations.c.delivery == key)
        n = self._conn.execute(query).scalar_one() + 1
        self._conn.execute(insert(observations), {"delivery": key, "n": n, "at": at, "note": note})

    def attempts(self, key: str) -> list[dict[str, Any]]:
        """Sends in order: gen, n, started_at, sent_digest, ended_at (None while open), outcome, note."""
        columns = [column for column in attempts.c if column is not attempts.c.delivery]
        query = select(*columns).join(deliveries, deliveries.c.id == attempts.c.delivery)
        return rows(self._conn, query.where(deliveries.c.key == key).order_by(attempts.c.gen, attempts.c.n))

    def observations(self, key: str) -> list[dict[str, Any]]:
        """What was learned too late, in order: n, at, note."""
        columns = (observations.c.n, observations.c.at, observations.c.note)
        query = select(*columns).where(observations.c.delivery == key)
        return rows(self._conn, query.order_by(observations.c.n))
