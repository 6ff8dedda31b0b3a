"""What the stand-in remembers: in memory for speed, and in one SQLite file that outlives a killed process.  (shell)"""

from __future__ import annotations

import json
import sqlite3
import threading
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

_TABLES: Final = """
create table if not exists record (kind text, id text, data text, created int, updated int, archived int, gone_to text,
    primary key (kind, id)) without rowid;
create table if not exists link (from_kind text, from_id text, to_kind text, to_id text, category text, type int,
    primary key (from_kind, from_id, to_kind, to_id, category, type)) without rowid;
create table if not exists past (kind text, id text, name text, at int, value text);
create index if not exists past_of on past (kind, id, name);
create table if not exists memory (name text primary key, value text);
create table if not exists count (name text primary key, value int) without rowid;
"""
Place = tuple[str, str]
"""An object's name and a record's id."""
Types = set[tuple[str, int]]
"""Kinds of association between two records: category and type id."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record; a change makes a new one.

    Attributes:
        properties: those that have a value.
        created, updated, archived: milliseconds; archived is 0 for a live one.
        into: the id of the record it was merged into.
    """

    kind: str
    id: str
    properties: Mapping[str, str]
    created: int
    updated: int
    archived: int = 0
    into: str = ""

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.kind, self.id

    @property
    def live(self) -> bool:
        """Neither archived nor merged away."""
        return not self.archived


class Shelf:
    """One turn at a time; each is all or nothing."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        self._deep, self._touched = 0, False
        self._afterwards: list[Callable[[], None]] = []
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.executescript(f"pragma journal_mode=wal; pragma synchronous=off; {_TABLES}")
        self._load()

    def _load(self) -> None:
        self.records: dict[str, dict[str, Record]] = {}
        self._order: dict[str, list[int]] = {}
        self._unique: dict[tuple[str, str], dict[str, str]] = {}
        self.links: dict[Place, dict[str, dict[str, Types]]] = {}
        for kind, id, data, created, updated, archived, into in self._db.execute("select * from record"):
            self._take(Record(kind, id, json.loads(data), created, updated, archived, into))
        for rows in self._order.values():
            rows.sort()
        for from_kind, from_id, to_kind, to_id, category, type in self._db.execute("select * from link"):
            self.linked((from_kind, from_id), to_kind).setdefault(to_id, set()).add((category, type))

    @contextmanager
    def turn(self) -> Iterator[None]:
        """All of it, or nothing where it raises; turns inside of a turn are part of it."""
        with self._lock:
            self._deep += 1
            mark, waiting = f"turn{self._deep}", len(self._afterwards)
            before, self._touched = self._touched, False
            self._db.execute("begin" if self._deep == 1 else f"savepoint {mark}")
            try:
                yield
            except BaseException:
                self._back(mark, waiting)
                raise
            else:
                self._db.execute("commit" if self._deep == 1 else f"release {mark}")
            finally:
                self._deep -= 1
                self._touched = self._touched or before
            if self._deep == 0:
                self._finish()

    def _back(self, mark: str, waiting: int) -> None:
        self._db.execute("rollback" if self._deep == 1 else f"rollback to {mark}")
        del self._afterwards[waiting:]
        if self._touched:  # rare: what can be refused is refused before anything is written
            self._load()

    def _finish(self) -> None:
        todo, self._afterwards = self._afterwards, []
        for do in todo:
            do()

    def afterwards(self, do: Callable[[], None]) -> None:
        """Do it once the turn is over, and only if it was not taken back."""
        self._afterwards.append(do)

    def empty(self) -> None:
        """Forget everything."""
        for table in ("record", "link", "past", "memory", "count"):
            self._db.execute(f"delete from {table}")  # noqa: S608  names of our own
        self._load()

    # ------------------------------------------------------------ records

    def get(self, kind: str, id: str) -> Record | None:
        """The record, also an archived one."""
        return self.records.get(kind, {}).get(id)

    def all(self, kind: str) -> Iterable[Record]:
        """Every record of an object, archived ones too."""
        return self.records.get(kind, {}).values()

    def after(self, kind: str, id: int) -> Iterator[Record]:
        """Records with a higher id, in the order of ids."""
        order, known = self._order.get(kind, []), self.records.get(kind, {})
        for place in range(bisect_right(order, id), len(order)):
            yield known[str(order[place])]

    def put(self, record: Record) -> None:
        """Write a record, new or changed."""
        self.put_all([record])

    def put_all(self, records: Iterable[Record]) -> None:
        """Write records."""
        rows = []
        for record in records:
            fresh = self._take(record)
            if fresh:  # the new id has its place in the order at once
                order = self._order[record.kind]
                insort(order, order.pop())
            times = (record.created, record.updated, record.archived)
            rows.append((record.kind, record.id, dumps(record.properties), *times, record.into))
        self._touched = True
        self._db.executemany("insert or replace into record values (?, ?, ?, ?, ?, ?, ?)", rows)

    def _take(self, record: Record) -> bool:
        """Into memory; whether it is new."""
        known = self.records.setdefault(record.kind, {})
        before = known.get(record.id)
        known[record.id] = record
        for (kind, name), values in self._unique.items():
            if kind == record.kind:
                _move(values, before, record, name)
        if before is None:
            self._order.setdefault(record.kind, []).append(int(record.id))
        return before is None

    def changed(self, before: Record, after: Record) -> None:
        """Keep what the properties of a record were, and since when; first values are kept with the first change."""
        for name in {*before.properties, *after.properties}:
            old, new = before.properties.get(name, ""), after.properties.get(name, "")
            if old == new:
                continue
            if old and not self.past(before, name):
                self._db.execute("insert into past values (?, ?, ?, ?, ?)", (*after.place, name, before.created, old))
            self._db.execute("insert into past values (?, ?, ?, ?, ?)", (*after.place, name, after.updated, new))

    def past(self, record: Record, name: str) -> list[tuple[int, str]]:
        """Since when a property had which value, the newest first; nothing of one that never changed."""
        query = "select at, value from past where kind = ? and id = ? and name = ? order by rowid desc"
        return self._db.execute(query, (*record.place, name)).fetchall()

    def with_value(self, kind: str, name: str, value: str) -> Record | None:
        """The live record with a value of a unique property."""
        values = self._unique.get((kind, name))
        if values is None:
            values = self._unique[kind, name] = {}
            for record in self.all(kind):
                _move(values, None, record, name)
        id = values.get(value.lower())
        return self.get(kind, id) if id else None

    # ------------------------------------------------------------ links

    def linked(self, place: Place, to_kind: str) -> dict[str, Types]:
        """What a record is associated with: id -> kinds of association."""
        return self.links.setdefault(place, {}).setdefault(to_kind, {})

    def link(self, rows: Iterable[tuple[Place, Place, str, int]]) -> None:
        """Add associations, one way each."""
        values = []
        for start, end, category, type in rows:
            self.linked(start, end[0]).setdefault(end[1], set()).add((category, type))
            values.append((*start, *end, category, type))
        self._touched = True
        self._db.executemany("insert or ignore into link values (?, ?, ?, ?, ?, ?)", values)

    def unlink(self, start: Place, end: Place, types: Types) -> None:
        """Take associations away, one way."""
        known = self.linked(start, end[0])
        left = known.get(end[1], set()) - types
        if left:
            known[end[1]] = left
        else:
            known.pop(end[1], None)
        self._touched = True
        for category, type in types:
            where = "from_kind=? and from_id=? and to_kind=? and to_id=? and category=? and type=?"
            self._db.execute(f"delete from link where {where}", (*start, *end, category, type))  # noqa: S608

    # ------------------------------------------------------------ everything else

    def next(self, name: str) -> int:
        """The next number of a series, from 1."""
        query = "insert into count values (?, 1) on conflict (name) do update set value = value + 1 returning value"
        found: int = self._db.execute(query, (name,)).fetchone()[0]
        return found

    def recall(self, name: str, otherwise: Any) -> Any:
        """What was remembered under a name."""
        found = self._db.execute("select value from memory where name = ?", (name,)).fetchone()
        return json.loads(found[0]) if found else otherwise

    def remember(self, name: str, value: Any) -> None:
        """Keep a JSON value under a name."""
        self._db.execute("insert or replace into memory values (?, ?)", (name, dumps(value)))


def _move(values: dict[str, str], before: Record | None, after: Record, name: str) -> None:
    """Keep an index of unique values right when a record changes; values are the same in any case."""
    old = before.properties.get(name, "").lower() if before else ""
    new = after.properties.get(name, "").lower() if after.live else ""
    if old and old != new and values.get(old) == after.id:
        del values[old]
    if new:
        values.setdefault(new, after.id)


def dumps(value: Any) -> str:
    """JSON text; Decimals as text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def loads(text: str | bytes) -> Any:
    """A JSON value; numbers with a point are Decimals.  Raises ValueError."""
    return json.loads(text, parse_float=Decimal)


def canonical(value: Any) -> str:
    """The same text for the same content, however it was written."""
    return json.dumps(value, sort_keys=True, default=str)
