"""Who sends to a connection, having looked that it may: others only help where somebody has.  (shell)"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select

from billsync.store.fleet_tables import store_notes
from billsync.store.sql import upsert


class Foremen:
    """The process that holds a connection's push lock and has found it sound and within bounds, while it is at work."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def get(self, connection: str) -> str | None:
        """The owner who is at work, or None.  It may have died since: whoever asks knows who is alive."""
        query = select(store_notes.c.value).where(store_notes.c.name == _name(connection))
        found: str | None = self._conn.execute(query).scalar_one_or_none()
        return found

    def put(self, connection: str, owner: str, *, at: datetime) -> None:
        """This owner is at work now; who was before is no longer."""
        upsert(self._conn, store_notes, [{"name": _name(connection), "value": owner, "at": at}], ["value", "at"])

    def remove(self, connection: str, owner: str) -> None:
        """This owner has ended its work; nothing where another has taken over."""
        mine = (store_notes.c.name == _name(connection), store_notes.c.value == owner)
        self._conn.execute(delete(store_notes).where(*mine))


def _name(connection: str) -> str:
    return f"push/{connection}"
