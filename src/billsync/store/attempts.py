"""The sends of each delivery, one row each, and what was learned of them too late.  (shell)"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from billsync.model.delivery import Delivery
from billsync.store.schema import attempts, deliveries, observations
from billsync.store.sql import rows


class Attempts:
    """Part of the outbox."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def attempt(self, delivery: Delivery, *, at: datetime, sent_digest: str) -> None:
        """Note that the delivery's attempt number `attempt` of its generation is about to be sent."""
        row = {
            "delivery": delivery.id,
            "gen": delivery.gen,
            "n": delivery.attempt,
            "started_at": at,
            "sent_digest": sent_digest,
            "ended_at": None,
            "outcome": "",
            "note": "",
        }
        self._conn.execute(insert(attempts), row)

    def outcome(self, delivery: Delivery, *, at: datetime, outcome: str, note: str) -> None:
        """End that attempt.  Where it has ended before, this outcome becomes an observation."""
        mine = (attempts.c.delivery == delivery.id, attempts.c.gen == delivery.gen, attempts.c.n == delivery.attempt)
        ended = update(attempts).where(*mine, attempts.c.ended_at.is_(None))
        if self._conn.execute(ended.values(ended_at=at, outcome=outcome, note=note)).rowcount == 0:
            self.observe(delivery.key, at=at, note=f"{outcome}: {note}")

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
