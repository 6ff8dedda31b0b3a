"""What all processes know of the calls that a connection may still make.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from billsync.model.base import canonical_json
from billsync.store.fleet_tables import budgets
from billsync.store.sql import rows, upsert

_COLUMNS = ["tokens_milli", "at", "held_until", "doc"]


@dataclass(frozen=True, slots=True)
class StoredBudget:
    """One limit of a connection, or what holds for all of it.

    Attributes:
        pool: the limit's name; "" for the connection as a whole.
        tokens_milli: thousandths of calls that were free at `at`.
        held_until: nobody calls before, or None.
        doc: what else is known, as JSON.
    """

    connection: str
    pool: str
    tokens_milli: int
    at: datetime
    held_until: datetime | None
    doc: Mapping[str, Any]


class Budgets:
    """Budgets by connection and pool; who changes one has locked the connection's first."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def now(self, here: datetime) -> datetime:
        """The database's clock where it has one of its own, for processes whose clocks differ; else `here`."""
        if self._conn.dialect.name == "sqlite":
            return here
        found: datetime = self._conn.execute(select(func.clock_timestamp())).scalar_one()
        return found

    def lock(self, connection: str, at: datetime) -> list[StoredBudget]:
        """The connection's budgets; nobody else changes them until the transaction ends."""
        if self._conn.dialect.name != "sqlite":
            self._lock(connection, at)
        return self.list(connection)

    def _lock(self, connection: str, at: datetime) -> None:
        mine = (budgets.c.connection == connection, budgets.c.pool == "")
        held = select(budgets.c.pool).where(*mine).with_for_update()
        if self._conn.execute(held).first() is None:
            upsert(self._conn, budgets, [_row(StoredBudget(connection, "", 0, at, None, {}))], ["connection"])
            self._conn.execute(held)

    def put(self, made: Iterable[StoredBudget]) -> None:
        """Keep budgets as they stand now."""
        upsert(self._conn, budgets, [_row(budget) for budget in made], _COLUMNS)

    def list(self, connection: str | None = None) -> list[StoredBudget]:
        """All budgets, or those of a connection, by connection and pool."""
        query = select(budgets).order_by(budgets.c.connection, budgets.c.pool)
        query = query if connection is None else query.where(budgets.c.connection == connection)
        return [StoredBudget(**{**row, "doc": json.loads(row["doc"])}) for row in rows(self._conn, query)]

    def get(self, connection: str, pool: str) -> StoredBudget | None:
        """One budget, or None where nothing is known of it."""
        query = select(budgets).where(budgets.c.connection == connection, budgets.c.pool == pool)
        found = rows(self._conn, query)
        return StoredBudget(**{**found[0], "doc": json.loads(found[0]["doc"])}) if found else None


def _row(budget: StoredBudget) -> dict[str, Any]:
    return {
        "connection": budget.connection,
        "pool": budget.pool,
        "tokens_milli": budget.tokens_milli,
        "at": budget.at,
        "held_until": budget.held_until,
        "doc": canonical_json(dict(budget.doc)),
    }
