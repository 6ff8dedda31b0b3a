"""Which record of ours is which record elsewhere.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from billsync.model.ref import Link, Ref
from billsync.store.schema import links
from billsync.store.sql import among, upsert
from billsync.store.types import fold, with_whole


class Links:
    """Ties between our ids and those of other systems: one of theirs per system for each of ours, and the reverse."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def put(self, items: Sequence[Link], at: datetime) -> None:
        """Store or replace ties.  Raises `IllegalMove` where the other record is tied to another one of ours."""
        new = {(item.kind, item.our_id, item.ref.system): _row(item, at) for item in items}
        upsert(self._conn, links, list(new.values()), ["ref_kind", "ref_id", "sent", "at", "whole"])

    def remove(self, kind: str, our_id: str, system: str) -> None:
        """Forget the tie of one of ours to a system, where there is one: the other record is gone."""
        mine = (links.c.kind == kind, links.c.our_id == fold(our_id), links.c.system == system)
        self._conn.execute(delete(links).where(*mine))

    def get(self, kind: str, our_id: str, system: str) -> Link | None:
        """The tie of one of ours to a system, or None."""
        return self.many(kind, [our_id], system).get(our_id)

    def many(self, kind: str, our_ids: Iterable[str], system: str) -> dict[str, Link]:
        """The ties of ours to a system, by our id, for those that have one."""
        query = select(links).where(links.c.kind == kind, links.c.system == system)
        return {row["our_id"]: _link(row) for row in among(self._conn, query, links.c.our_id, our_ids)}

    def by_ref(self, system: str, kind_there: str, ids: Iterable[str]) -> dict[str, Link]:
        """Their id -> the tie, for those that have one."""
        query = select(links).where(links.c.system == system, links.c.ref_kind == kind_there)
        return {row["ref_id"]: _link(row) for row in among(self._conn, query, links.c.ref_id, ids)}


def _row(link: Link, at: datetime) -> dict[str, Any]:
    row = {
        "kind": link.kind,
        "our_id": link.our_id,
        "system": link.ref.system,
        "ref_kind": link.ref.kind,
        "ref_id": link.ref.id,
        "sent": link.sent,
        "at": at,
    }
    return with_whole(row, "our_id", "ref_id")


def _link(row: dict[str, Any]) -> Link:
    ref = Ref(system=row["system"], kind=row["ref_kind"], id=row["ref_id"])
    return Link(kind=row["kind"], our_id=row["our_id"], ref=ref, sent=row["sent"])
