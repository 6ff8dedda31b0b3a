"""What the outside systems said last, record by record, and how far it has been mapped.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any, Final

from sqlalchemy import CompoundSelect, Connection, and_, bindparam, delete, func, or_, select, union_all, update

from billsync.connector import Record
from billsync.model.base import canonical_json, digest_text
from billsync.model.problem import Place
from billsync.model.simple import read_back
from billsync.store.bulk import insert_rows, upsert_rows
from billsync.store.echoes import Echo, Echoes
from billsync.store.schema import cursors, inbox
from billsync.store.sql import among, bulk, rows, upsert
from billsync.store.types import fold, with_whole

_MISSING: Final = object()
_CHANGES: Final = ("state", "mapping", "deleted", "version", "digest", "run", "at", "place", "data")
STATES: Final = frozenset({"new", "mapped", "skipped", "problem", "gone"})
_UNSETTLED: Final = ("new", "problem")
_SETTLED: Final = ("mapped", "skipped")
_FEW: Final = 5_000
"""Records to map that are looked up one by one among all."""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A record as it was read.

    Attributes:
        data: its content as JSON values: numbers with a point, days and instants are text.
        digest: SHA-256 of the canonical JSON of the content.
        deleted: True where the system no longer has it; `data` is then what it was last.
        version: goes up with every change, from 1.
        state: `new`, `mapped`, `skipped`, `problem`, or `gone` (its deletion has been handled).
    """

    connection: str
    object: str
    id: str
    data: dict[str, Any]
    digest: str
    place: Place
    deleted: bool
    version: int
    state: str


@dataclass(frozen=True, slots=True)
class Absorbed:
    """How many records of a page were new, changed, or as they were: `echoed` of the last in all but our own writes."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    echoed: int = 0


Take = Callable[[Sequence[InboxRow]], Mapping[str, tuple[str, str]]]
"""New and changed records of a page -> id -> state and mapping digest of those that are settled with it already."""


class Inbox:
    """Records as read, and where each read stands."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def cursor(self, connection: str, object: str) -> dict[str, Any] | None:
        """The checkpoint of the last page that was stored, or None before the first."""
        query = select(cursors.c.checkpoint).where(cursors.c.connection == connection, cursors.c.object == object)
        text = self._conn.execute(query).scalar_one_or_none()
        return None if text is None else json.loads(text)

    def set_cursor(self, connection: str, object: str, checkpoint: Mapping[str, Any], at: datetime) -> None:
        """Store a checkpoint, in the transaction of the records that lie before it."""
        row = {"connection": connection, "object": object, "checkpoint": canonical_json(checkpoint), "at": at}
        upsert(self._conn, cursors, [row], ["checkpoint", "at"])

    def absorb(
        self,
        connection: str,
        records: Sequence[Record],
        *,
        run: str,
        at: datetime,
        texts: Sequence[str | None] = (),
        take: Take | None = None,
    ) -> Absorbed:
        """Store a page: new and changed records become `new` with a higher version, equal ones stay as they are.

        Of a record that comes twice the last one counts.  A deleted record keeps the content that it had.  One that
        differs only in what we wrote there is stored, and stays in its state: it is no news.

        `texts` are the canonical contents of the records, where they are known.  `take` may settle new and changed
        records before they are stored, so that they are stored once.
        """
        by_object: dict[str, dict[str, tuple[Record, str | None]]] = {}
        for record, text in zip_longest(records, texts):
            by_object.setdefault(record.object, {})[record.id] = (record, text)
        new = changed = total = echoed = 0
        for object, page in by_object.items():
            known = self._known(connection, object, page)
            todo = _sort(connection, page, known, run, at)
            own = self._own(connection, object, [row for row in todo.fresh if row["id"] in known])
            for row in todo.fresh:
                row["state"] = own.get(row["id"], row["state"])
            if take is not None:
                _settle(todo.fresh, take([_inbox_row(row) for row in todo.fresh if row["state"] == "new"]))
            self._write(todo, known)
            echoed += len(own)
            gone = self.mark_deleted(connection, object, todo.gone, run=run, at=at)
            total += len(page)
            new += len(page.keys() - known.keys())
            changed += gone + sum(row["id"] in known and row["id"] not in own for row in todo.fresh)
        return Absorbed(new, changed, total - new - changed, echoed)

    def _own(self, connection: str, object: str, changed: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Id -> state of those records that differ from what is stored in nothing but what we wrote there.

        What somebody else wrote over that is not ours any more.
        """
        echoes = Echoes(self._conn)
        known = echoes.of(connection, object, [row["id"] for row in changed])
        columns = (inbox.c.id, inbox.c.whole, inbox.c.data, inbox.c.state, inbox.c.deleted, inbox.c.mapping)
        query = _of(connection, object, *columns)
        stored = {row["id"]: row for row in among(self._conn, query, inbox.c.id, known)}
        own: dict[str, str] = {}
        news: dict[str, list[str]] = {}
        for row in changed:
            was = stored.get(row["id"])
            if was is None or was["deleted"]:
                continue
            differing = _differing(json.loads(was["data"]), json.loads(row["data"]))
            strange = [name for name, digest in differing.items() if digest != _echo(known[row["id"]], name)]
            if strange:
                news[row["id"]] = [name for name in strange if name in known[row["id"]]]
            else:
                own[row["id"]] = was["state"]
        echoes.forget(connection, object, news)
        return own

    def _known(self, connection: str, object: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        names = ("id", "whole", "digest", "deleted", "place", "version", "mapping")
        columns = [inbox.c[name] for name in names]
        found = among(self._conn, _of(connection, object, *columns), inbox.c.id, ids)
        return {row["id"]: row for row in found}

    def _write(self, todo: _Sorted, known: Collection[str]) -> None:
        insert_rows(self._conn, inbox, [row for row in todo.fresh if row["id"] not in known])
        upsert_rows(self._conn, inbox, [row for row in todo.fresh if row["id"] in known], _CHANGES)
        bulk(self._conn, update(inbox).where(*_row_key()).values(place=bindparam("b_place")), todo.moved)

    def live_ids(self, connection: str, object: str) -> set[str]:
        """Ids of all records that are not deleted."""
        query = _of(connection, object, inbox.c.id, inbox.c.whole).where(inbox.c.deleted.is_(False))
        return {row["id"] for row in rows(self._conn, query)}

    def mark_deleted(self, connection: str, object: str, ids: Iterable[str], *, run: str, at: datetime) -> int:
        """Note that these records are gone there.  Gives how many were there until now."""
        gone = update(inbox).where(*_row_key(), inbox.c.deleted.is_(False))
        gone = gone.values(deleted=True, state="new", version=inbox.c.version + 1, run=run, at=at)
        return bulk(self._conn, gone, [_bound(connection, object, id) for id in dict.fromkeys(ids)])

    def pending(
        self, connection: str, object: str, mapping: str, *, after: str = "", limit: int = 500
    ) -> list[InboxRow]:
        """Records to map, by id after `after`: new ones, those with a problem, and those of another mapping digest."""
        found = rows(self._conn, _todo(connection, object, mapping).limit(_FEW + 1))
        if len(found) > _FEW:  # sooner found in the order of their ids
            other = or_(inbox.c.state.in_(_UNSETTLED), inbox.c.mapping != mapping)
            query = _of(connection, object, inbox).where(inbox.c.state != "gone", other, inbox.c.id > after)
            return [_inbox_row(row) for row in rows(self._conn, query.order_by(inbox.c.id).limit(limit))]
        ids = sorted((row["id"] for row in found if fold(row["id"]) > fold(after)), key=fold)[:limit]
        query = _of(connection, object, inbox).order_by(inbox.c.id)
        return [_inbox_row(row) for row in among(self._conn, query, inbox.c.id, ids)]

    def page(self, connection: str, object: str, *, after: str = "", limit: int = 500) -> list[InboxRow]:
        """Records that are not deleted, mapped or not, by id from the first after `after`."""
        query = _of(connection, object, inbox).where(inbox.c.deleted.is_(False), inbox.c.id > after)
        return [_inbox_row(row) for row in rows(self._conn, query.order_by(inbox.c.id).limit(limit))]

    def settle(self, connection: str, object: str, states: Mapping[str, str], *, mapping: str) -> None:
        """Note what became of records: id -> state, under this mapping digest.  Raises ValueError for other states."""
        if unknown := set(states.values()) - STATES:
            raise ValueError(f"unknown inbox states {sorted(unknown)}")
        settled = update(inbox).where(*_row_key()).values(state=bindparam("b_state"), mapping=mapping)
        bulk(self._conn, settled, [_bound(connection, object, id) | {"b_state": state} for id, state in states.items()])

    def forget(self, connection: str) -> None:
        """Have everything of a connection read and mapped again, as if for the first time; what it made stays."""
        self._conn.execute(delete(cursors).where(cursors.c.connection == connection))
        mine = (inbox.c.connection == connection, inbox.c.state.in_(("mapped", "skipped")))
        self._conn.execute(update(inbox).where(*mine).values(state="new"))

    def fresh(self, connection: str, object: str, ids: Iterable[str]) -> list[InboxRow]:
        """Those of these records that are new or changed and have not been mapped yet."""
        query = _of(connection, object, inbox).where(inbox.c.state == "new", inbox.c.deleted.is_(False))
        return [_inbox_row(row) for row in among(self._conn, query, inbox.c.id, ids)]

    def get(self, connection: str, object: str, id: str) -> InboxRow | None:
        """One record, or None."""
        found = rows(self._conn, _of(connection, object, inbox).where(inbox.c.id == id))
        return _inbox_row(found[0]) if found else None

    def places(self, connection: str, object: str, ids: Iterable[str]) -> dict[str, Place]:
        """Id -> where a person finds the record, for those that are there."""
        query = _of(connection, object, inbox.c.id, inbox.c.whole, inbox.c.place)
        return {row["id"]: Place.model_validate_json(row["place"]) for row in among(self._conn, query, inbox.c.id, ids)}

    def has(self, connection: str, object: str, ids: Iterable[str]) -> set[str]:
        """Which of these are there and not deleted."""
        query = _of(connection, object, inbox.c.id, inbox.c.whole).where(inbox.c.deleted.is_(False))
        return {row["id"] for row in among(self._conn, query, inbox.c.id, ids)}

    def counts(self) -> dict[tuple[str, str], dict[str, int]]:
        """(connection, object) -> state -> number of records."""
        columns = (inbox.c.connection, inbox.c.object, inbox.c.state)
        found: dict[tuple[str, str], dict[str, int]] = {}
        for connection, object, state, count in self._conn.execute(select(*columns, func.count()).group_by(*columns)):
            found.setdefault((connection, object), {})[state] = count
        return found

    def states(self, connection: str, object: str) -> dict[str, int]:
        """State -> number of records of one kind."""
        query = _of(connection, object, inbox.c.state, func.count().label("records")).group_by(inbox.c.state)
        return {row["state"]: row["records"] for row in rows(self._conn, query)}

    def mostly_sound(self, connection: str, object: str, share: int) -> bool:
        """Whether records of a kind are mapped, and no more than one in `share` of them and of bad ones is bad."""
        least = max(1, self._count(connection, object, "problem", None) * (share - 1))
        return self._count(connection, object, "mapped", least) == least

    def _count(self, connection: str, object: str, state: str, most: int | None) -> int:
        found = _of(connection, object, inbox.c.id).where(inbox.c.state == state).limit(most).subquery()
        return self._conn.execute(select(func.count()).select_from(found)).scalar_one()

    def retry(self, connection: str, object: str, id: str) -> bool:
        """Have a record mapped again.  False where it is not there."""
        again = update(inbox).where(*_row_key()).values(state="new")
        return bulk(self._conn, again, [_bound(connection, object, id)]) == 1


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """Field -> digest of its new value, for those that differ."""
    names = [name for name in {**before, **after} if before.get(name, _MISSING) != after.get(name, _MISSING)]
    return {name: digest_text(canonical_json(after.get(name))) for name in names}


def _echo(known: Mapping[str, Echo], name: str) -> str:
    return known[name].digest if name in known else ""


def _of(connection: str, object: str, *columns: Any) -> Any:
    return select(*columns).where(inbox.c.connection == connection, inbox.c.object == object)


def _todo(connection: str, object: str, mapping: str) -> CompoundSelect[Any]:
    """What is to be mapped: each part is one look into the index."""
    parts = [inbox.c.state == state for state in _UNSETTLED]
    for state in _SETTLED:
        parts += [
            and_(inbox.c.state == state, other) for other in (inbox.c.mapping < mapping, inbox.c.mapping > mapping)
        ]
    return union_all(*(_of(connection, object, inbox.c.id, inbox.c.whole).where(part) for part in parts))


def _row_key() -> tuple[Any, ...]:
    return tuple(inbox.c[name] == bindparam(f"b_{name}") for name in ("connection", "object", "id"))


def _bound(connection: str, object: str, id: str) -> dict[str, Any]:
    return {"b_connection": connection, "b_object": object, "b_id": id}


@dataclass(frozen=True, slots=True)
class _Sorted:
    """A page, by what has to be written."""

    fresh: list[dict[str, Any]]
    moved: list[dict[str, Any]]
    gone: list[str]


def _sort(
    connection: str,
    page: Mapping[str, tuple[Record, str | None]],
    known: Mapping[str, dict[str, Any]],
    run: str,
    at: datetime,
) -> _Sorted:
    found = _Sorted([], [], [])
    for id, (record, text) in page.items():
        was = known.get(id)
        if was is not None and record.deleted:
            found.gone.extend([] if was["deleted"] else [id])
            continue
        row = _fresh(connection, record, text, run, at)
        if was is not None:
            row |= {"version": was["version"] + 1, "mapping": was["mapping"]}
        if was is None or was["deleted"] or was["digest"] != row["digest"]:
            found.fresh.append(row)
        elif was["place"] != row["place"]:
            found.moved.append(_bound(connection, record.object, id) | {"b_place": row["place"]})
    return found


def _settle(fresh: Sequence[dict[str, Any]], taken: Mapping[str, tuple[str, str]]) -> None:
    for row in fresh if taken else ():
        row["state"], row["mapping"] = taken.get(row["id"], (row["state"], row["mapping"]))


def _fresh(connection: str, record: Record, text: str | None, run: str, at: datetime) -> dict[str, Any]:
    data = canonical_json({}) if record.deleted else text or canonical_json(record.data)
    row = {
        "connection": connection,
        "object": record.object,
        "id": record.id,
        "state": "new",
        "mapping": "",
        "deleted": record.deleted,
        "version": 1,
        "digest": digest_text(data),
        "run": run,
        "at": at,
        "place": record.place.model_dump_json(exclude_none=True),
        "data": data,
    }
    return with_whole(row, "id")


def _inbox_row(row: Mapping[str, Any]) -> InboxRow:
    return InboxRow(
        connection=row["connection"],
        object=row["object"],
        id=row["id"],
        data=read_back(row["data"]),
        digest=row["digest"],
        place=Place.model_validate_json(row["place"]),
        deleted=row["deleted"],
        version=row["version"],
        state=row["state"],
    )
