"""Intended writes: planned once, moved only along the table, each move on record.  (shell)

A move succeeds only where the row is still in the state and at the fence that the caller saw.  Payload, key and what
they stand for never change after `plan`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from heapq import merge
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, bindparam, case, func, or_, select, update

from billsync.model.base import canonical_json
from billsync.model.delivery import MOVES, Delivery, DeliveryState
from billsync.store.attempts import Attempts
from billsync.store.audit import Audit
from billsync.store.bulk import insert_rows
from billsync.store.errors import IllegalMove
from billsync.store.links import Links
from billsync.store.schema import deliveries
from billsync.store.sql import Among, among, bulk, rows
from billsync.store.types import fold, with_whole

_MOMENTS: Final = frozenset({"lease_until", "next_at", "first_sent_at", "last_sent_at"})
MOVABLE: Final = _MOMENTS | {"attempt", "fence", "owner", "remote_id", "probes", "gen"}
"""Columns that a move may set beside state and reason."""

_MOVED: Final = (*sorted(MOVABLE), "reason")
_LOCKED: Final = Among(
    select(*(deliveries.c[name] for name in ("id", "state", *_MOVED))).order_by(deliveries.c.id).with_for_update(),
    deliveries.c.id,
)

Move = tuple[Delivery, DeliveryState, str, Mapping[str, Any]]
"""The row as it was seen, the state it shall have, the reason, and columns to set."""

_Deliveries = list[Delivery]
_Names = list[str]
_ORDER: Final = (deliveries.c.rank, deliveries.c.sequence, deliveries.c.key)
_S = DeliveryState
_FIELDS: Final = frozenset(Delivery.model_fields)


@dataclass(frozen=True, slots=True)
class Wait:
    """A row that waits: for the deliveries with the keys `needs`."""

    key: str
    object: str
    our_id: str
    sequence: str
    needs: tuple[str, ...]


class Outbox(Attempts):
    """Deliveries, by business key."""

    def __init__(self, conn: Connection, audit: Audit, links: Links) -> None:
        super().__init__(conn)
        self._audit = audit
        self._links = links

    def plan(self, items: Sequence[Delivery], *, at: datetime) -> int:
        """Store those whose key is new; others are left as they are.  Gives how many were new."""
        wanted = {item.key: item for item in items}
        known = {row["key"] for row in among(self._conn, _only("key"), deliveries.c.key, wanted)}
        new = [item for key, item in wanted.items() if key not in known]
        versions = self._versions(new)
        rows_ = []
        for item in new:
            document = (item.connection, item.kind, item.our_id)
            versions[document] = versions.get(document, 0) + 1
            rows_.append(_row(item, versions[document], at))
        insert_rows(self._conn, deliveries, rows_)
        self._audit.append([(_subject(item), "", str(item.state), item.reason) for item in new], at=at)
        return len(new)

    def _versions(self, items: Sequence[Delivery]) -> dict[tuple[str, str, str], int]:
        """(connection, kind, our id) -> how many deliveries that document has had there."""
        columns = [deliveries.c[name] for name in ("connection", "kind", "our_id", "whole", "version")]
        found: dict[tuple[str, str, str], int] = {}
        for row in among(self._conn, select(*columns), deliveries.c.our_id, [item.our_id for item in items]):
            document = (row["connection"], row["kind"], row["our_id"])
            found[document] = max(found.get(document, 0), row["version"])
        return found

    # ------------------------------------------------------------ moves

    def move(
        self, delivery: Delivery, to: DeliveryState, *, at: datetime, reason: str = "", **columns: Any
    ) -> Delivery | None:
        """Move one row; columns that are not named stay.  Gives it as it is now, or None where it was moved before.

        Raises `IllegalMove` outside of `model.delivery.MOVES`, TypeError for a column that no move may set.
        """
        return self.move_many([(delivery, to, reason, columns)], at=at)[0]

    def move_many(self, moves: Sequence[Move], *, at: datetime, fresh: bool = False) -> list[Delivery | None]:
        """Move many rows, as `move` does; one answer each, in the same order.

        `fresh` where all were read in this very transaction, so that they are not read again: nobody can have moved
        them since, and `IllegalMove` is raised should one have been moved nevertheless.
        """
        for delivery, to, _, columns in moves:
            _check_columns(columns, MOVABLE)
            if to not in MOVES[delivery.state]:
                raise IllegalMove(f"the delivery {delivery.key} cannot go from {delivery.state} to {to}")
        changes = [(delivery, {"state": to, "reason": reason, **columns}) for delivery, to, reason, columns in moves]
        moved = self._swap(changes, fresh=fresh)
        entries = [
            (_subject(delivery), str(delivery.state), str(to), reason)
            for (delivery, to, reason, _), row in zip(moves, moved, strict=True)
            if row is not None
        ]
        self._audit.append(entries, at=at)
        return moved

    def touch(self, delivery: Delivery, **columns: Any) -> Delivery | None:
        """Set columns (and reason) without a move, where state and fence are as seen; None where they are not."""
        _check_columns(columns, MOVABLE | {"reason"})
        return self._swap([(delivery, columns)])[0]

    def _swap(
        self, changes: Sequence[tuple[Delivery, dict[str, Any]]], *, fresh: bool = False
    ) -> list[Delivery | None]:
        """Compare-and-set on (id, state, fence), in bulk: the rows are locked, judged here, and written."""
        if fresh:
            now = {fold(seen.id): {name: getattr(seen, name) for name in ("state", *_MOVED)} for seen, _ in changes}
        else:
            now = {row["id"]: row for row in _LOCKED.rows(self._conn, _ids(changes))}
        answers: list[Delivery | None] = []
        by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for seen, columns in changes:
            there = now.get(fold(seen.id))
            row = None if there is None else _as_it_is(seen, there)
            if there is None or row is None or (row.state, row.fence) != (seen.state, seen.fence):
                answers.append(None)
                continue
            there |= columns
            answers.append(row.altered(**columns))
            bound = {"b_id": seen.id, "b_state": str(row.state), "b_fence": row.fence}
            values = {f"n_{name}": str(value) if name == "state" else value for name, value in columns.items()}
            by_columns.setdefault(tuple(sorted(columns)), []).append(bound | values)
        for names, found in by_columns.items():
            if names and bulk(self._conn, _update(names), found) != len(found):
                raise IllegalMove("a delivery changed while it was locked")
        return answers

    # ------------------------------------------------------------ questions

    def get(self, key: str) -> Delivery | None:
        """The delivery of that key, or None."""
        return self.many([key]).get(key)

    def many(self, keys: Iterable[str]) -> dict[str, Delivery]:
        """Deliveries by key, for those that are there."""
        return {row["key"]: _delivery(row) for row in among(self._conn, select(deliveries), deliveries.c.key, keys)}

    def latest(self, connection: str, kind: str, our_ids: Iterable[str]) -> dict[str, Delivery]:
        """The delivery that was planned last of each of our ids, for those that have one."""
        query = _of(connection).where(deliveries.c.kind == kind).order_by(deliveries.c.version)
        return {row["our_id"]: _delivery(row) for row in among(self._conn, query, deliveries.c.our_id, our_ids)}

    def due(
        self,
        connection: str,
        now: datetime,
        *,
        states: Collection[DeliveryState],
        limit: int,
        moved_on: bool = False,
        without: Collection[str] = (),
        before: Mapping[str, str] | None = None,
    ) -> _Deliveries:
        """Rows in these states whose `next_at` is None or over; by rank, sequence and key.

        With `moved_on` only those whose `next_at` is over: of writes that took effect, most have none.  None of the
        kinds of record `without`, and of the kinds in `before` only those of a lower sequence.
        """
        query = _PASSED if moved_on else _SOON
        query = query if not without else query.where(deliveries.c.object.not_in(sorted(without)))
        for object, sequence in sorted((before or {}).items()):
            query = query.where(or_(deliveries.c.object != object, deliveries.c.sequence < sequence))
        # One query per state, since each can then be read in the order of the index and end at the limit.
        given = {"s_connection": connection, "s_now": now, "s_limit": limit}
        wanted = [given | {"s_state": str(state)} for state in dict.fromkeys(states)]
        found = [[_delivery(row) for row in rows(self._conn, query, each)] for each in wanted]
        return list(islice(merge(*found, key=_place), limit))

    def under_way(self, connection: str) -> list[tuple[str, str, str, str | None]]:
        """Object, kind, our id and id there (None where it is not known) of every row that is being sent."""
        given = {"s_connection": connection, "s_state": str(_S.INFLIGHT)}
        return [
            (row["object"], row["kind"], row["our_id"], row["remote_id"]) for row in rows(self._conn, _UNDER_WAY, given)
        ]

    def fresh(self, connection: str, kinds: Collection[str], *, after: str = "", limit: int = 500) -> _Deliveries:
        """Rows of these kinds that were never sent and will be, by key, from the first after `after`."""
        states = [str(state) for state in (_S.WAITING, _S.READY)]
        query = _of(connection).where(
            deliveries.c.state.in_(states),
            deliveries.c.attempt == 0,
            deliveries.c.kind.in_(list(kinds)),
            deliveries.c.key > after,
        )
        return [_delivery(row) for row in rows(self._conn, query.order_by(deliveries.c.key).limit(limit))]

    def waiting(self, connection: str) -> list[Wait]:
        """What waits for others, by rank, sequence and key."""
        given = {"s_connection": connection, "s_state": str(_S.WAITING)}
        return [
            Wait(row["key"], row["object"], row["our_id"], row["sequence"], tuple(json.loads(row["needs"])))
            for row in rows(self._conn, _WAITING, given)
        ]

    def states(self, keys: Iterable[str]) -> dict[str, DeliveryState]:
        """Key -> state, of those that are there."""
        return {
            row["key"]: _S(row["state"]) for row in among(self._conn, _only("key", "state"), deliveries.c.key, keys)
        }

    def next_at(self, connection: str, *, after: datetime | None = None) -> datetime | None:
        """When the next row will be due: the earliest `next_at`, or end of a lease.  None where no row has one.

        With `after` only those that are due later than that.
        """
        inflight = deliveries.c.state == str(_S.INFLIGHT)
        moment = case((inflight, deliveries.c.lease_until), else_=deliveries.c.next_at)
        states = [str(state) for state in (_S.READY, _S.RETRY, _S.UNKNOWN, _S.INFLIGHT)]
        query = select(func.min(moment)).where(deliveries.c.connection == connection, deliveries.c.state.in_(states))
        query = query if after is None else query.where(moment > after)
        earliest: datetime | None = self._conn.execute(query).scalar_one()
        return earliest

    def first_open(self, connection: str, now: datetime) -> dict[str, str]:
        """Kind of record -> the lowest sequence of those that were begun and are not due: their outcome is open."""
        later = deliveries.c.state.in_([str(_S.READY), str(_S.RETRY)]) & (deliveries.c.next_at > now)
        begun = or_(deliveries.c.state.in_([str(_S.UNKNOWN), str(_S.INFLIGHT)]), later)
        query = select(deliveries.c.object, func.min(deliveries.c.sequence).label("first")).group_by(
            deliveries.c.object
        )
        found = self._conn.execute(query.where(deliveries.c.connection == connection, begun))
        return {row.object: row.first for row in found}

    def stale(self, connection: str, now: datetime, *owners: str) -> list[Delivery]:
        """Claimed rows whose lease is over or that none of these owners claimed.  Only under the connection's lock."""
        lease = deliveries.c.lease_until
        over = or_(lease.is_(None), lease <= now, deliveries.c.owner.not_in(sorted(owners)))
        return [_delivery(row) for row in rows(self._conn, _of(connection, _S.INFLIGHT).where(over).order_by(*_ORDER))]

    def owners(self, connection: str) -> set[str]:
        """Who claimed what is being sent."""
        query = select(deliveries.c.owner).distinct().where(deliveries.c.connection == connection)
        return set(self._conn.execute(query.where(deliveries.c.state == str(_S.INFLIGHT))).scalars())

    def counts(self, connection: str | None = None) -> dict[str, dict[DeliveryState, int]]:
        """Number of rows by connection and state."""
        columns = (deliveries.c.connection, deliveries.c.state)
        query = select(*columns, func.count()).group_by(*columns)
        if connection is not None:
            query = query.where(deliveries.c.connection == connection)
        found: dict[str, dict[DeliveryState, int]] = {}
        for name, state, count in self._conn.execute(query):
            found.setdefault(name, {})[DeliveryState(state)] = count
        return found

    def remote_ids(self, connection: str, documents: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """(kind, our id) -> the id there of documents that took effect and were not found gone."""
        wanted: dict[str, set[str]] = {}
        for kind, our_id in documents:
            wanted.setdefault(kind, set()).add(our_id)
        found: dict[tuple[str, str], str] = {}
        for kind, our_ids in wanted.items():
            links = self._links.many(kind, our_ids, connection)
            found |= {(kind, our_id): link.ref.id for our_id, link in links.items()}
        return found

    def remote_id(self, connection: str, kind: str, our_id: str) -> str | None:
        """`remote_ids` for one document; None where it has none."""
        return self.remote_ids(connection, [(kind, our_id)]).get((kind, our_id))

    def list(
        self,
        *,
        connection: str | None = None,
        states: Collection[DeliveryState] | None = None,
        kind: str | None = None,
        our_id: str | None = None,
        after: str = "",
        limit: int = 500,
    ) -> _Deliveries:
        """Rows by key, from the first after `after`; a filter that is None lets all through."""
        query = select(deliveries).where(deliveries.c.key > after).order_by(deliveries.c.key).limit(limit)
        if connection is not None:
            query = query.where(deliveries.c.connection == connection)
        if states is not None:
            query = query.where(deliveries.c.state.in_([str(state) for state in states]))
        if kind is not None:
            query = query.where(deliveries.c.kind == kind)
        if our_id is not None:
            query = query.where(deliveries.c.our_id == our_id)
        return [_delivery(row) for row in rows(self._conn, query)]

    def of_record(self, connection: str, object: str, our_id: str) -> Delivery | None:
        """The delivery planned last for one record of the other system, or None."""
        query = _of(connection).where(deliveries.c.object == object, deliveries.c.our_id == our_id)
        found = rows(self._conn, query.order_by(deliveries.c.version.desc()).limit(1))
        return next((_delivery(row) for row in found), None)

    def doubled_remote_ids(self) -> _Names:
        """Records elsewhere that stand for more than one document of ours: `connection/object/id`."""
        columns = (deliveries.c.connection, deliveries.c.object, deliveries.c.remote_id)
        named = deliveries.c.remote_id.is_not(None) & (deliveries.c.kind != "void")  # which name what they take back
        query = select(*columns).where(named).group_by(*columns)
        doubled = query.having(func.count(func.distinct(deliveries.c.our_id)) > 1)
        return [f"{connection}/{object}/{remote}" for connection, object, remote in self._conn.execute(doubled)]


def _due(moment: Any) -> Any:
    c = deliveries.c
    mine = (c.connection == bindparam("s_connection"), c.state == bindparam("s_state"))
    return select(deliveries).where(*mine, moment).order_by(*_ORDER).limit(bindparam("s_limit"))


_WAITING: Final = (
    select(*(deliveries.c[name] for name in ("key", "object", "our_id", "sequence", "needs", "whole")))
    .where(deliveries.c.connection == bindparam("s_connection"), deliveries.c.state == bindparam("s_state"))
    .order_by(*_ORDER)
)
_PASSED: Final = _due(deliveries.c.next_at <= bindparam("s_now"))
_SOON: Final = _due(or_(deliveries.c.next_at.is_(None), deliveries.c.next_at <= bindparam("s_now")))
_UNDER_WAY: Final = select(*(deliveries.c[name] for name in ("object", "kind", "our_id", "remote_id", "whole"))).where(
    deliveries.c.connection == bindparam("s_connection"), deliveries.c.state == bindparam("s_state")
)


def _subject(delivery: Delivery) -> str:
    return f"delivery/{delivery.key}"


def _only(*names: str) -> Any:
    return select(*(deliveries.c[name] for name in (*names, "whole")))


def _of(connection: str, state: DeliveryState | None = None) -> Any:
    query = select(deliveries).where(deliveries.c.connection == connection)
    return query if state is None else query.where(deliveries.c.state == str(state))


def _ids(changes: Sequence[tuple[Delivery, dict[str, Any]]]) -> Sequence[str]:
    return [delivery.id for delivery, _ in changes]


def _place(delivery: Delivery) -> tuple[int, str, str]:
    return delivery.rank, delivery.sequence, delivery.key


def _check_columns(columns: Mapping[str, Any], allowed: Collection[str]) -> None:
    if unknown := set(columns) - set(allowed):
        raise TypeError(f"a delivery's {', '.join(sorted(unknown))} cannot be set")


@cache
def _update(names: tuple[str, ...]) -> Any:
    seen = (deliveries.c[name] == bindparam(f"b_{name}") for name in ("id", "state", "fence"))
    return update(deliveries).where(*seen).values({name: bindparam(f"n_{name}") for name in names})


def _row(delivery: Delivery, version: int, at: datetime) -> dict[str, Any]:
    row = {name: getattr(delivery, name) for name in _FIELDS}
    row |= {"state": str(delivery.state), "needs": canonical_json(delivery.needs), "version": version, "planned_at": at}
    return with_whole(row, "id", "key", "our_id", "sequence")


def _delivery(row: Mapping[str, Any]) -> Delivery:
    """The row as it was planned and moved: what stands in it was judged when it was written."""
    needs = row["needs"]
    values = {name: row[name] for name in _FIELDS}
    values |= {"state": _S(row["state"]), "needs": tuple(json.loads(needs)) if needs != "[]" else ()}
    return Delivery.trusted(**values)


def _as_it_is(seen: Delivery, now: Mapping[str, Any]) -> Delivery:
    """A delivery that was seen before, with what may have been moved since."""
    return seen.altered(**{name: now[name] for name in _MOVED}, state=_S(now["state"]))
