"""Documents of ours that only the other system knows: found while a connection recovers from an old backup.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, delete, select, update

from billsync.model.scalar import plain
from billsync.store.audit import Audit
from billsync.store.schema import orphans
from billsync.store.sql import rows, upsert
from billsync.store.types import with_whole

UNLISTED: Final = "unlisted"
"""The reference that stands for all documents of a system which cannot list them."""

_SEEN: Final = ("remote_id", "customer", "currency", "total", "issued_on", "at", "whole")


@dataclass(frozen=True, slots=True)
class Orphan:
    """A document that carries a number of ours which the books do not know.

    Attributes:
        reference: our number; `UNLISTED` where the system cannot list what it holds.
        remote_id: its id there; "" where more than one document carries the reference.
        customer: id there of the customer, or "" where the system does not say.
        issued_on: its date, or None where the system does not say.
        claimed_by: the invoice of ours that it turned out to be, or what a person said; None while that is open.
    """

    connection: str
    kind: str
    reference: str
    remote_id: str
    customer: str = ""
    currency: str = ""
    total: Decimal = Decimal(0)
    issued_on: date | None = None
    claimed_by: str | None = None


_Orphans = list[Orphan]


class Orphans:
    """Orphans by connection, kind and reference; what became of each is in the audit as `number/<reference>`."""

    def __init__(self, conn: Connection, audit: Audit) -> None:
        self._conn = conn
        self._audit = audit

    def clear(self, connection: str) -> None:
        """Forget those that are open, before a new look; answered ones stay answered."""
        self._conn.execute(delete(orphans).where(orphans.c.connection == connection, orphans.c.claimed_by.is_(None)))

    def put(self, items: Sequence[Orphan], at: datetime) -> None:
        """Store what was seen.  A reference that is seen twice in one look stands for no single document."""
        seen: dict[tuple[str, str, str], Orphan] = {}
        for item in items:
            key = (item.connection, item.kind, item.reference)
            before = seen.get(key) or self.get(*key)
            doubled = before is not None and before.claimed_by is None and before.remote_id != item.remote_id
            seen[key] = Orphan(*key, remote_id="") if doubled else item
        upsert(self._conn, orphans, [_row(item, at) for item in seen.values()], _SEEN)

    def get(self, connection: str, kind: str, reference: str) -> Orphan | None:
        """One orphan, or None."""
        query = select(orphans).where(orphans.c.connection == connection, orphans.c.kind == kind)
        found = rows(self._conn, query.where(orphans.c.reference == reference))
        return _orphan(found[0]) if found else None

    def unclaimed(self, connection: str) -> _Orphans:
        """Those whose invoice is not known yet, by kind and reference."""
        query = select(orphans).where(orphans.c.connection == connection, orphans.c.claimed_by.is_(None))
        return [_orphan(row) for row in rows(self._conn, query.order_by(orphans.c.kind, orphans.c.reference))]

    def claim(self, orphan: Orphan, by: str, *, at: datetime) -> bool:
        """Note whose document it is, or why it is none of ours.  False where that was said before."""
        key = (orphans.c.connection == orphan.connection, orphans.c.kind == orphan.kind)
        query = update(orphans).where(*key, orphans.c.reference == orphan.reference, orphans.c.claimed_by.is_(None))
        if self._conn.execute(query.values(claimed_by=by)).rowcount != 1:
            return False
        self._audit.append([(f"number/{orphan.reference}", "orphan", "claimed", f"{orphan.remote_id} {by}")], at=at)
        return True


def _row(item: Orphan, at: datetime) -> dict[str, Any]:
    names = ("connection", "kind", "reference", "remote_id", "customer", "currency", "issued_on", "claimed_by")
    row = {name: getattr(item, name) for name in names}
    row |= {"total": plain(item.total), "at": at}
    return with_whole(row, "reference", "remote_id", "customer")


def _orphan(row: dict[str, Any]) -> Orphan:
    names = ("connection", "kind", "reference", "remote_id", "customer", "currency", "issued_on", "claimed_by")
    return Orphan(**{name: row[name] for name in names}, total=Decimal(row["total"]))
