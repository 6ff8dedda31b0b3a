"""What other systems are like: the fields of their records, and their reference tables as they were read.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from billsync.connector import Schema
from billsync.model.base import canonical_json
from billsync.store.audit import Audit
from billsync.store.outside_tables import live_tables, schemas
from billsync.store.sql import rows, upsert


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The fields of one kind of record.

    Attributes:
        known: as they were when a person last took them as right, at first those that were seen first; at: since when.
        seen: as they are now where that is something else, since `seen_at`; else None.
    """

    connection: str
    object: str
    known: Schema
    at: datetime
    seen: Schema | None = None
    seen_at: datetime | None = None


_Snapshots = list[Snapshot]


class Schemas:
    """Snapshots by connection and kind of record; each change that a person takes is in the audit."""

    def __init__(self, conn: Connection, audit: Audit) -> None:
        self._conn = conn
        self._audit = audit

    def get(self, connection: str, object: str) -> Snapshot | None:
        """The snapshot of one kind of record, or None before it was seen."""
        return next((item for item in self.list(connection) if item.object == object), None)

    def list(self, connection: str | None = None) -> _Snapshots:
        """Snapshots by connection and kind of record."""
        query = select(schemas).order_by(schemas.c.connection, schemas.c.object)
        query = query if connection is None else query.where(schemas.c.connection == connection)
        return [_snapshot(row) for row in rows(self._conn, query)]

    def begin(self, connection: str, schema: Schema, at: datetime) -> None:
        """Keep the fields as they are seen first."""
        row = {"connection": connection, "object": schema.object, "at": at, "doc": schema.json_text(), "seen": ""}
        upsert(self._conn, schemas, [row | {"seen_at": None}], ["at", "doc", "seen", "seen_at"])

    def see(self, connection: str, object: str, schema: Schema | None, at: datetime) -> None:
        """Note how the fields are now where they differ; None where they are as they were known."""
        values = {"seen": "" if schema is None else schema.json_text(), "seen_at": None if schema is None else at}
        self._conn.execute(update(schemas).where(*_of(connection, object)).values(**values))

    def accept(self, snapshot: Snapshot, *, why: str, at: datetime) -> bool:
        """Take the fields as they are now for right.  False where they do not differ."""
        if snapshot.seen is None:
            return False
        self.begin(snapshot.connection, snapshot.seen, at)
        subject = f"schema/{snapshot.connection}/{snapshot.object}"
        self._audit.append([(subject, "drifted", "accepted", why)], at=at)
        return True


class LiveTables:
    """Reference tables of other systems as they were read: the value of one field by the value of another."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def get(self, connection: str, object: str, key: str, value: str) -> tuple[dict[str, str], datetime] | None:
        """The table and when it was read, or None before that."""
        c = live_tables.c
        mine = (c.connection == connection, c.object == object, c.key_field == key, c.value_field == value)
        found = rows(self._conn, select(live_tables).where(*mine))
        return (json.loads(found[0]["doc"]), found[0]["at"]) if found else None

    def stale(self, connection: str, at: datetime) -> list[tuple[str, str, str]]:
        """Object, key and value field of the tables of a connection that were last read by then."""
        c = live_tables.c
        query = select(c.object, c.key_field, c.value_field).where(c.connection == connection, c.at <= at)
        return [(row["object"], row["key_field"], row["value_field"]) for row in rows(self._conn, query)]

    def put(self, connection: str, object: str, key: str, value: str, entries: Mapping[str, str], at: datetime) -> None:
        """Keep a table as it was read."""
        row = {"connection": connection, "object": object, "key_field": key, "value_field": value, "at": at}
        upsert(self._conn, live_tables, [row | {"doc": canonical_json(entries)}], ["at", "doc"])


def _of(connection: str, object: str) -> Any:
    return (schemas.c.connection == connection, schemas.c.object == object)


def _snapshot(row: Mapping[str, Any]) -> Snapshot:
    return Snapshot(
        connection=row["connection"],
        object=row["object"],
        known=Schema.model_validate_json(row["doc"]),
        at=row["at"],
        seen=Schema.model_validate_json(row["seen"]) if row["seen"] else None,
        seen_at=row["seen_at"],
    )
