"""Rows as they stand in the tables, for `verify`: read in pages and believed in nothing.  (shell)

What somebody changed behind our back may not even be a document any more, so that nothing here makes nouns of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, Connection, Select, Table, and_, exists, func, select

from billsync.store.schema import (
    allocations,
    audit,
    charges,
    credit_allocations,
    credit_notes,
    cursors,
    deliveries,
    facts,
    inbox,
    invoices,
    problems,
    proposals,
    series,
)
from billsync.store.sql import among, rows
from billsync.store.types import fold

PAGE: Final = 500
Row = dict[str, Any]
Change = tuple[str, str]
"""The state before and the state after of one row of the audit."""


class Evidence:
    """Reads over the whole ledger, one page in memory at a time."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def invoices(self, since: date | None = None) -> Iterator[list[Row]]:
        """Invoices by number; with `since` those issued on that day or later."""
        query = select(invoices) if since is None else select(invoices).where(invoices.c.issued_on >= since)
        return self._paged(query, invoices.c.number)

    def credit_notes(self, since: date | None = None) -> Iterator[list[Row]]:
        """Credit notes by number; with `since` those issued on that day or later."""
        query = select(credit_notes)
        return self._paged(
            query if since is None else query.where(credit_notes.c.issued_on >= since), credit_notes.c.number
        )

    def proposals(self) -> Iterator[list[Row]]:
        """Proposals by id."""
        return self._paged(select(proposals), proposals.c.id)

    def unagreed(self) -> list[tuple[str, int, int]]:
        """Deals whose agreed version is not the number of their applied proposals: deal, version, number."""
        applied = select(proposals.c.deal, func.count().label("n")).where(proposals.c.version.is_not(None))
        counted = applied.group_by(proposals.c.deal).subquery()
        query = select(facts.c.id, facts.c.version, func.coalesce(counted.c.n, 0)).select_from(
            facts.outerjoin(counted, counted.c.deal == facts.c.id)
        )
        unlike = facts.c.version != func.coalesce(counted.c.n, 0)
        return [(row[0], row[1], row[2]) for row in self._conn.execute(query.where(facts.c.kind == "agreed", unlike))]

    def deliveries(self, since: datetime | None = None, connection: str | None = None) -> Iterator[list[Row]]:
        """Writes by key; with `since` those planned at that instant or later."""
        query = select(deliveries) if since is None else select(deliveries).where(deliveries.c.planned_at >= since)
        query = query if connection is None else query.where(deliveries.c.connection == connection)
        return self._paged(query, deliveries.c.key)

    def _paged(self, query: Select[Any], key: Column[str]) -> Iterator[list[Row]]:
        after = ""
        while page := rows(self._conn, query.where(key > after).order_by(key).limit(PAGE)):
            yield page
            after = fold(page[-1][key.name])

    def trails(self, subjects: Iterable[str], since: datetime | None = None) -> dict[str, list[Change]]:
        """Subject -> its changes of state, oldest first."""
        names = ("subject", "before", "after", "whole")
        query = select(*(audit.c[name] for name in names)).order_by(audit.c.seq)
        query = query if since is None else query.where(audit.c.at >= since)
        found: dict[str, list[Change]] = {}
        for row in among(self._conn, query, audit.c.subject, subjects):
            found.setdefault(row["subject"], []).append((row["before"], row["after"]))
        return found

    def begun(self, prefix: str) -> Iterator[list[str]]:
        """Subjects of that beginning which the audit saw come into being, in pages."""
        query = select(audit.c.seq, audit.c.subject, audit.c.whole).where(audit.c.subject.startswith(prefix))
        query = query.where(audit.c.before == "").order_by(audit.c.seq).limit(PAGE)
        after = 0
        while page := rows(self._conn, query.where(audit.c.seq > after)):
            yield [row["subject"] for row in page]
            after = page[-1]["seq"]

    def finalised(self, numbers: Iterable[str], kind: str = "invoice") -> dict[str, str]:
        """Number of a document -> the hash that the audit noted when it was made."""
        query = select(audit.c.subject, audit.c.note, audit.c.whole).where(audit.c.before == "")
        found = among(self._conn, query, audit.c.subject, [f"{kind}/{number}" for number in numbers])
        return {row["subject"].removeprefix(f"{kind}/"): row["note"].split(" ")[0] for row in found}

    def charged(self, numbers: Iterable[str]) -> dict[str, list[str]]:
        """Invoice number -> the charges bound to it, as JSON text."""
        found: dict[str, list[str]] = {}
        for row in among(self._conn, select(charges.c.invoice, charges.c.doc), charges.c.invoice, numbers):
            found.setdefault(row["invoice"], []).append(row["doc"])
        return found

    def paid(self, numbers: Iterable[str]) -> dict[str, int]:
        """Invoice number -> the sum of its allocations in minor units."""
        return self._sums(select(allocations.c.invoice, allocations.c.amount_minor), allocations.c.invoice, numbers)

    def credited(self, numbers: Iterable[str]) -> dict[str, int]:
        """Invoice number -> the sum of what credit notes take off it in minor units."""
        return self._sums(select(credit_allocations), credit_allocations.c.invoice, numbers)

    def taken(self, numbers: Iterable[str]) -> dict[str, int]:
        """Credit note number -> the sum of what it takes off invoices in minor units."""
        return self._sums(select(credit_allocations), credit_allocations.c.credit_note, numbers)

    def _sums(self, query: Select[Any], column: Column[str], values: Iterable[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for row in among(self._conn, query, column, values):
            found[row[column.name]] = found.get(row[column.name], 0) + row["amount_minor"]
        return found

    def credit_charges(self, numbers: Iterable[str]) -> dict[str, list[str]]:
        """Credit note number -> keys of the charges bound to it."""
        found: dict[str, list[str]] = {}
        for row in among(self._conn, select(charges.c.key, charges.c.credit_note), charges.c.credit_note, numbers):
            found.setdefault(row["credit_note"], []).append(row["key"])
        return found

    def written(self, numbers: Iterable[str], connections: Iterable[str]) -> set[str]:
        """Invoice numbers that a write to one of the connections was planned for."""
        query = select(deliveries.c.our_id, deliveries.c.whole).where(
            deliveries.c.kind == "invoice", deliveries.c.connection.in_(list(connections))
        )
        return {row["our_id"] for row in among(self._conn, query, deliveries.c.our_id, numbers)}

    def last_writes(self, connection: str, kind: str, our_ids: Iterable[str]) -> dict[str, Row]:
        """Our id -> state, id there and instant of the last send of the write that was planned last."""
        names = ("our_id", "whole", "state", "remote_id", "last_sent_at")
        query = select(*(deliveries.c[name] for name in names)).order_by(deliveries.c.version)
        query = query.where(deliveries.c.connection == connection, deliveries.c.kind == kind)
        return {row["our_id"]: row for row in among(self._conn, query, deliveries.c.our_id, our_ids)}

    def states(self, keys: Iterable[str]) -> dict[str, Row]:
        """Key -> state and needs of writes, for those that are there."""
        names = ("key", "whole", "state", "needs", "reason")
        query = select(*(deliveries.c[name] for name in names))
        return {row["key"]: row for row in among(self._conn, query, deliveries.c.key, keys)}

    def known(self, table: Table, column: Column[str], values: Iterable[str]) -> set[str]:
        """Those of the values that stand in the column."""
        names = [column] if "whole" not in table.c else [column, table.c.whole]
        return {row[column.name] for row in among(self._conn, select(*names), column, values)}

    def series(self) -> dict[str, int]:
        """Series -> the number that was drawn last."""
        return {row["name"]: row["last"] for row in rows(self._conn, select(series))}

    def raised(self) -> dict[str, list[tuple[int, int]]]:
        """Series -> spans of numbers (after the first, up to the second) that were passed over, with reason."""
        query = select(audit.c.subject, audit.c.before, audit.c.after, audit.c.whole)
        found: dict[str, list[tuple[int, int]]] = {}
        for row in rows(self._conn, query.where(audit.c.subject.startswith("series/"))):
            span = (int(row["before"]), int(row["after"]))
            found.setdefault(row["subject"].removeprefix("series/"), []).append(span)
        return found

    # ------------------------------------------------------------ what was read

    def read(self) -> Mapping[tuple[str, str], datetime]:
        """(connection, kind of record) -> when one of its records was changed last."""
        query = select(inbox.c.connection, inbox.c.object, func.max(inbox.c.at)).group_by(
            inbox.c.connection, inbox.c.object
        )
        return {(connection, object): at for connection, object, at in self._conn.execute(query)}

    def cursors(self) -> Mapping[tuple[str, str], datetime]:
        """(connection, kind of record) -> when its checkpoint was stored."""
        return {(row["connection"], row["object"]): row["at"] for row in rows(self._conn, select(cursors))}

    def unexplained(self) -> Iterator[str]:
        """Records that count as a problem and have none open: `connection/object/id`."""
        same = and_(
            problems.c.system == inbox.c.connection, problems.c.object == inbox.c.object, problems.c.id == inbox.c.id
        )
        open_ = exists().where(same, problems.c.state == "open")
        query = select(inbox.c.connection, inbox.c.object, inbox.c.id).where(inbox.c.state == "problem", ~open_)
        return (f"{connection}/{object}/{id}" for connection, object, id in self._conn.execute(query))

    def baseless(self) -> Iterator[str]:
        """Facts whose record is not there: `kind/id`."""
        same = and_(
            inbox.c.connection == facts.c.source_system,
            inbox.c.object == facts.c.source_kind,
            inbox.c.id == facts.c.source_id,
        )
        query = select(facts.c.kind, facts.c.id).where(~exists().where(same))
        return (f"{kind}/{id}" for kind, id in self._conn.execute(query))

    # ------------------------------------------------------------ what may be asked at any time

    def overdue(self, connection: str, now: datetime, limit: int = 20) -> list[str]:
        """Claimed writes whose lease ended more than an hour ago."""
        mine = (deliveries.c.connection == connection, deliveries.c.state == "INFLIGHT")
        late = deliveries.c.lease_until < now - timedelta(hours=1)
        return list(self._conn.execute(select(deliveries.c.key).where(*mine, late).limit(limit)).scalars())

    def nameless(self, connection: str, since: datetime, limit: int = 20) -> list[str]:
        """Writes that took effect since then and have no id there."""
        done = (deliveries.c.connection == connection, deliveries.c.state.in_(("CONFIRMED", "SETTLED")))
        query = select(deliveries.c.key).where(
            *done, deliveries.c.remote_id.is_(None), deliveries.c.last_sent_at >= since
        )
        return list(self._conn.execute(query.limit(limit)).scalars())

    def due(self, connection: str, now: datetime, limit: int) -> list[Row]:
        """Writes that may go out next, as they stand."""
        mine = (deliveries.c.connection == connection, deliveries.c.state.in_(("READY", "RETRY", "UNKNOWN")))
        return rows(self._conn, select(deliveries).where(*mine).limit(limit))
