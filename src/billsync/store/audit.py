"""Who changed what, when: a chain of hashes that only grows.  (shell)

Each row's hash covers the hash before it, so that an edited, removed or reordered row shows.  Whoever can write to the
database can also make a new chain: keep `head()` somewhere else to find that too.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Text, bindparam, select, type_coerce, update

from billsync.model.base import digest_text
from billsync.store.bulk import insert_rows
from billsync.store.schema import audit, audit_head
from billsync.store.sql import rows
from billsync.store.types import moment_text, unfolded, with_whole

Entry = tuple[str, str, str, str]
"""Subject such as `invoice/INV-1`, state before, state after, note."""

START: Final = "0" * 64
"""What stands for "the hash before" in the first row."""


_HEAD: Final = select(audit_head.c.seq, audit_head.c.hash)
_HEAD_LOCKED: Final = _HEAD.with_for_update()
_MOVED_ON: Final = update(audit_head).values(seq=bindparam("n_seq"), hash=bindparam("n_hash"))

_ENCODE: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
"""`canonical_json` of a list of text and numbers, made ready once: a chain has millions of links."""


def link_hash(before: str, seq: int, at: str, entry: Entry) -> str:
    """SHA-256 of the canonical JSON list of the hash before, number, instant, subject, states and note."""
    return digest_text(_ENCODE([before, seq, at, *entry]))


class Audit:
    """The audit chain."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._last: tuple[int, str] | None = None
        """The end of the chain as this transaction made it; nobody else adds to it before that ends."""

    def append(self, entries: Sequence[Entry], *, at: datetime) -> None:
        """Add rows at the end of the chain, in this order."""
        if not entries:
            return
        seq, before = self._last or self._head(lock=True)
        instant, new = moment_text(at), []
        for entry in entries:
            seq, before = seq + 1, link_hash(before, seq + 1, instant, entry)
            subject, was, now, note = entry
            row = {"seq": seq, "at": at, "subject": subject, "before": was, "after": now, "note": note, "hash": before}
            new.append(with_whole(row, "subject"))
        insert_rows(self._conn, audit, new)
        self._conn.execute(_MOVED_ON, {"n_seq": seq, "n_hash": before})
        self._last = seq, before

    def head(self) -> tuple[int, str]:
        """Number and hash of the last row: worth keeping outside of the database."""
        return self._head(lock=False)

    def verify(self) -> list[str]:
        """What is broken in the chain, in words; nothing where it is whole.  Reads row by row."""
        broken: list[str] = []
        last, before = 0, START
        chain = select(*_AS_HASHED).order_by(audit.c.seq).execution_options(yield_per=1000)
        for found in self._conn.execute(chain):
            row = found if found.whole is None else _whole(found)
            broken += _broken(row, last, before)
            last, before = row.seq, row.hash
        seq, end = self.head()
        if seq > last:
            broken.append(f"the audit rows {last + 1} to {seq} at the end are missing")
        elif end != before:
            broken.append(f"the audit chain ends in row {last} with another hash than it was closed with")
        return broken

    def changes(self) -> Iterator[tuple[str, str, str]]:
        """Subject, state before and state after of every row, oldest first.  Reads row by row."""
        query = select(audit.c.subject, audit.c.before, audit.c.after, audit.c.whole).order_by(audit.c.seq)
        for row in map(unfolded, self._conn.execute(query.execution_options(yield_per=1000)).mappings()):
            yield row["subject"], row["before"], row["after"]

    def reached(self, states: Collection[str], *, after: int) -> Iterator[tuple[str, str, str]]:
        """`changes` that led to one of these states, from the row after number `after` on."""
        query = select(audit.c.subject, audit.c.before, audit.c.after, audit.c.whole).order_by(audit.c.seq)
        query = query.where(audit.c.seq > after, audit.c.after.in_(sorted(states)))
        for row in map(unfolded, self._conn.execute(query.execution_options(yield_per=1000)).mappings()):
            yield row["subject"], row["before"], row["after"]

    def tail(self, subject: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """The newest rows, newest first: dicts with seq, at, subject, before, after, note, hash."""
        query = select(audit).order_by(audit.c.seq.desc()).limit(limit)
        return rows(self._conn, query if subject is None else query.where(audit.c.subject == subject))

    def _head(self, *, lock: bool) -> tuple[int, str]:
        seq, end = self._conn.execute(_HEAD_LOCKED if lock else _HEAD).one()
        return seq, end


_AS_HASHED: Final = tuple(
    type_coerce(column, Text).label("at") if column is audit.c.at else column for column in audit.c
)
"""The columns of a row, its instant as the text that the hash covers."""


class _Link(Protocol):
    """A row of the chain as it is hashed."""

    seq: int
    at: str
    subject: str
    before: str
    after: str
    note: str
    hash: str


def _whole(row: Any) -> _Link:
    """A row whose subject is long, with the subject as it was given."""
    link: _Link = SimpleNamespace(**unfolded(row._asdict()))
    return link


def _broken(row: _Link, last: int, before: str) -> list[str]:
    if row.seq != last + 1:
        return [f"the audit rows {last + 1} to {row.seq - 1} are missing"]
    if link_hash(before, row.seq, row.at, (row.subject, row.before, row.after, row.note)) != row.hash:
        return [f"the audit row {row.seq} ({row.subject}) was changed, or does not follow the row before it"]
    return []
