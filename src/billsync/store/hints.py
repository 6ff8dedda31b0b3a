"""Records that their system says may have changed, until they have been read.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select

from billsync.store.outside_tables import hints
from billsync.store.sql import bulk, rows, upsert
from billsync.store.types import with_whole


@dataclass(frozen=True, slots=True)
class StoredHint:
    """One record that was named.

    Attributes:
        times: how often it was named since it was read last; at: when it was last.
    """

    connection: str
    object: str
    id: str
    times: int
    at: datetime


class Hints:
    """Hints by record: a record that is named again before it is read is named once, and read once."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def put(self, connection: str, named: Iterable[tuple[str, str]], at: datetime) -> int:
        """Note records, each as kind and id.  Gives how many different ones."""
        made = [
            with_whole({"connection": connection, "object": object, "id": id, "at": at, "times": 1}, "object", "id")
            for object, id in sorted(set(named))
        ]
        upsert(self._conn, hints, made, ["at"], times=hints.c.times + 1)
        return len(made)

    def waiting(self, connection: str, object: str, *, after: str = "", limit: int = 500) -> list[StoredHint]:
        """Records of one kind that were named, by id after `after`."""
        mine = (hints.c.connection == connection, hints.c.object == object, hints.c.id > after)
        found = rows(self._conn, select(hints).where(*mine).order_by(hints.c.id).limit(limit))
        return [_hint(row) for row in found]

    def list(self, connection: str | None = None, *, limit: int = 100) -> list[StoredHint]:
        """Those that wait, the longest first."""
        query = select(hints).order_by(hints.c.at, hints.c.connection, hints.c.object, hints.c.id).limit(limit)
        query = query if connection is None else query.where(hints.c.connection == connection)
        return [_hint(row) for row in rows(self._conn, query)]

    def counts(self) -> dict[tuple[str, str], int]:
        """(connection, kind of record) -> how many wait."""
        columns = (hints.c.connection, hints.c.object)
        found = self._conn.execute(select(*columns, func.count()).group_by(*columns))
        return {(connection, object): count for connection, object, count in found}

    def done(self, read: Sequence[StoredHint]) -> int:
        """Forget hints that were followed; one that came again meanwhile stays."""
        mine = [hints.c[name] == bindparam(f"b_{name}") for name in ("connection", "object", "id", "times")]
        keys = [
            {"b_connection": one.connection, "b_object": one.object, "b_id": one.id, "b_times": one.times}
            for one in read
        ]
        return bulk(self._conn, delete(hints).where(*mine), keys)


def _hint(row: dict[str, Any]) -> StoredHint:
    return StoredHint(row["connection"], row["object"], row["id"], row["times"], row["at"])
