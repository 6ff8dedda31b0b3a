"""What connectors keep between runs, sealed: this page never sees a text that can be read.  (shell)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from billsync.store.audit import Audit
from billsync.store.outside_tables import kept
from billsync.store.sql import rows, upsert
from billsync.store.types import with_whole


@dataclass(frozen=True, slots=True)
class StoredSeal:
    """A sealed text.

    Attributes:
        sealed: what only the key opens; key_id: which key that is.
    """

    connection: str
    name: str
    sealed: str
    key_id: str
    at: datetime


class Kept:
    """Sealed texts by connection and name."""

    def __init__(self, conn: Connection, audit: Audit) -> None:
        self._conn = conn
        self._audit = audit

    def get(self, connection: str, name: str) -> StoredSeal | None:
        """The sealed text, or None where there is none."""
        found = rows(self._conn, select(kept).where(kept.c.connection == connection, kept.c.name == name))
        return _seal(found[0]) if found else None

    def put(self, seal: StoredSeal) -> None:
        """Keep a sealed text in the place of the one before it."""
        row = {"connection": seal.connection, "name": seal.name, "sealed": seal.sealed, "key_id": seal.key_id}
        upsert(self._conn, kept, [with_whole(row | {"at": seal.at}, "name")], ["sealed", "key_id", "at"])

    def list(self) -> list[StoredSeal]:
        """All of them, by connection and name."""
        return [_seal(row) for row in rows(self._conn, select(kept).order_by(kept.c.connection, kept.c.name))]

    def forget(self, connection: str, name: str, *, why: str, at: datetime) -> bool:
        """Forget a text; the audit trail keeps that it was there.  False where there was none."""
        mine = (kept.c.connection == connection, kept.c.name == name)
        if not self._conn.execute(delete(kept).where(*mine)).rowcount:
            return False
        self._audit.append([(f"kept/{connection}/{name}", "kept", "forgotten", why)], at=at)
        return True


def _seal(row: dict[str, Any]) -> StoredSeal:
    return StoredSeal(row["connection"], row["name"], row["sealed"], row["key_id"], row["at"])
