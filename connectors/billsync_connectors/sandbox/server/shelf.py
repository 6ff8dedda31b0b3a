"""What the stand-in remembers, in one SQLite file that outlives a killed process.  (shell)"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

_TABLES: Final = """
create table if not exists record (
    object text, id text, reference text, number text, data text, version int,
    updated text, published text, indexed text, deleted int, primary key (object, id)
) without rowid;
create index if not exists record_order on record (object, updated, id);
create index if not exists record_reference on record (object, reference);
create index if not exists record_number on record (object, number);
create index if not exists record_invoice on record (object, json_extract(data, '$.invoice'));
create table if not exists answered (name text primary key, digest text, status int, body text, at text);
create table if not exists session (token text primary key, until text);
create table if not exists exchange (token text primary key, kind text, redirect text, made text, used text);
create table if not exists file (
    object text, id text, name text, media_type text, content text, primary key (object, id, name)
);
create table if not exists late (n integer primary key, due text, request text);
create table if not exists log (n integer primary key, entry text);
create table if not exists memory (name text primary key, value text);
"""


@dataclass(slots=True)
class Row:
    """One record: what the writer gave and the server computed in `data`, the rest beside it."""

    object: str
    id: str
    data: dict[str, Any]
    reference: str = ""
    number: str = ""
    version: int = 1
    updated: str = ""
    published: str = ""
    indexed: str = ""
    deleted: bool = False


_COLUMNS: Final = "object, id, data, reference, number, version, updated, published, indexed, deleted"


class Shelf:
    """One writer at a time; each turn is a transaction."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        self._deep = 0
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.executescript(f"pragma journal_mode=wal; pragma synchronous=off; {_TABLES}")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """All of it, or nothing where it raises; turns inside of a turn are part of it."""
        with self._lock:
            self._deep += 1
            mark = f"turn{self._deep}"
            self._db.execute("begin immediate" if self._deep == 1 else f"savepoint {mark}")
            try:
                yield
            except BaseException:
                self._db.execute("rollback" if self._deep == 1 else f"rollback to {mark}")
                raise
            else:
                self._db.execute("commit" if self._deep == 1 else f"release {mark}")
            finally:
                self._deep -= 1

    def empty(self) -> None:
        """Forget everything."""
        for table in ("record", "answered", "session", "exchange", "file", "late", "log", "memory"):
            self._db.execute(f"delete from {table}")  # noqa: S608  names of our own

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    # ------------------------------------------------------------ records

    def get(self, object: str, id: str) -> Row | None:
        """The record, also a deleted one."""
        return next(self._rows("object = ? and id = ?", object, id), None)

    def named(self, object: str, column: str, names: Sequence[str], indexed: str) -> list[Row]:
        """Live records whose `reference`, `number` or `id` is one of these, in the index by then."""
        marks = ",".join("?" * len(names))
        where = f"object = ? and deleted = 0 and indexed <= ? and {column} in ({marks}) order by length(id), id"
        return list(self._rows(where, object, indexed, *names))

    def page(self, object: str, after: tuple[str, str], until: str, limit: int) -> list[Row]:
        """Records after a place in the order of (updated, id), as far as they are published by then."""
        where = "object = ? and (updated, id) > (?, ?) and published <= ? order by updated, id limit ?"
        return list(self._rows(where, object, *after, until, limit))

    def all(self, object: str) -> list[Row]:
        """Every record, in the order in which they were made."""
        return list(self._rows("object = ? order by length(id), id", object))

    def put(self, row: Row) -> None:
        """Write a record, new or changed."""
        values = (row.object, row.id, dumps(row.data), row.reference, row.number, row.version, row.updated)
        marks = ",".join("?" * 10)
        self._db.execute(
            f"insert or replace into record ({_COLUMNS}) values ({marks})",  # noqa: S608  question marks only
            (*values, row.published, row.indexed, int(row.deleted)),
        )

    def _rows(self, where: str, *values: Any) -> Iterator[Row]:
        with self._lock:
            found = self._db.execute(f"select {_COLUMNS} from record where {where}", values).fetchall()  # noqa: S608
        for kind, id, data, *rest, deleted in found:
            reference, number, version, updated, published, indexed = rest
            times = (updated, published, indexed)
            yield Row(kind, id, loads(data), reference, number, version, *times, bool(deleted))

    # ------------------------------------------------------------ everything else

    def ask(self, query: str, *values: Any) -> list[Any]:
        """Rows of another table."""
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def do(self, statement: str, *values: Any) -> int:
        """Change another table; gives the number of the row that was inserted."""
        return int(self._db.execute(statement, values).lastrowid or 0)

    def recall(self, name: str, otherwise: Any) -> Any:
        """What was remembered under a name."""
        found = self.ask("select value from memory where name = ?", name)
        return loads(found[0][0]) if found else otherwise

    def remember(self, name: str, value: Any) -> None:
        """Keep a JSON value under a name."""
        self.do("insert or replace into memory values (?, ?)", name, dumps(value))


def dumps(value: Any) -> str:
    """JSON text; Decimals as text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def canonical(value: Any) -> bytes:
    """The same bytes for the same content, however it was written."""
    return json.dumps(value, sort_keys=True, default=str).encode()


def loads(text: str | bytes) -> Any:
    """A JSON value; numbers with a point are Decimals.  Raises ValueError."""
    return json.loads(text, parse_float=Decimal)
