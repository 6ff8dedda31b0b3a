"""What stands in fields of other systems because billsync wrote it.  (shell)

A field whose value there has the digest of its echo says nothing that we do not know; one with another was changed by
somebody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select, update

from billsync.store.outside_tables import echoes
from billsync.store.sql import among, bulk, upsert
from billsync.store.types import with_whole

OURS: Final = "ours"
THEIRS: Final = "theirs"
"""Whose value counts from now on: of a field that is theirs nothing is sent any more."""


@dataclass(frozen=True, slots=True)
class Echo:
    """One field of one record there.

    Attributes:
        digest: SHA-256 of the canonical JSON of the value as it was read back.
        owner: `ours`, or `theirs` where a person's change of it there stands.
    """

    id: str
    field: str
    digest: str
    owner: str = OURS


class Echoes:
    """Echoes by connection, kind of record, id and field."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def remember(self, connection: str, object: str, items: Sequence[Echo], at: datetime) -> None:
        """Keep what was read back; a field that is theirs stays theirs."""
        made = [_row(connection, object, item, at) for item in items]
        upsert(self._conn, echoes, made, ["digest", "at", "whole"])

    def of(self, connection: str, object: str, ids: Iterable[str]) -> dict[str, dict[str, Echo]]:
        """Id -> field -> echo, for those records that have any."""
        query = select(echoes).where(echoes.c.connection == connection, echoes.c.object == object)
        found: dict[str, dict[str, Echo]] = {}
        for row in among(self._conn, query, echoes.c.id, ids):
            found.setdefault(row["id"], {})[row["field"]] = Echo(row["id"], row["field"], row["digest"], row["owner"])
        return found

    def theirs(self, connection: str, object: str, ids: Iterable[str]) -> dict[str, frozenset[str]]:
        """Id -> fields whose value there stands, for those records that have any."""
        found = self.of(connection, object, ids)
        kept = {id: frozenset(name for name, echo in one.items() if echo.owner == THEIRS) for id, one in found.items()}
        return {id: names for id, names in kept.items() if names}

    def hand_over(self, connection: str, object: str, fields: Mapping[str, Iterable[str]]) -> None:
        """Let what stands in these fields (id -> names) be theirs from now on."""
        self._each(update(echoes).values(owner=THEIRS), connection, object, fields)

    def forget(self, connection: str, object: str, fields: Mapping[str, Iterable[str]]) -> None:
        """Somebody else wrote these fields (id -> names): what we wrote does not stand there any more."""
        self._each(delete(echoes), connection, object, fields)

    def _each(self, statement: Any, connection: str, object: str, fields: Mapping[str, Iterable[str]]) -> None:
        names = ("connection", "object", "id", "field")
        mine = statement.where(*(echoes.c[name] == bindparam(f"b_{name}") for name in names))
        keys = [(id, field) for id, fields_ in fields.items() for field in fields_]
        bound = [{"b_connection": connection, "b_object": object, "b_id": id, "b_field": field} for id, field in keys]
        bulk(self._conn, mine, bound)


def _row(connection: str, object: str, item: Echo, at: datetime) -> dict[str, Any]:
    row = {
        "connection": connection,
        "object": object,
        "id": item.id,
        "field": item.field,
        "digest": item.digest,
        "owner": item.owner,
        "at": at,
    }
    return with_whole(row, "id", "field")
