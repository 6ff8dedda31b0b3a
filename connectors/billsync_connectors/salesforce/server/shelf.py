"""The org's records: in memory for reading, in one SQLite file that outlives a killed process.  (shell)"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from billsync_connectors.salesforce.server.values import Row

_TABLES: Final = """
create table if not exists record (object text, id text, data text, primary key (object, id)) without rowid;
create table if not exists late (n integer primary key, due text, object text, id text, data text);
create table if not exists memory (name text primary key, value text);
"""


@dataclass(frozen=True, slots=True)
class Late:
    """A record of a transaction that is not committed yet: nobody sees it, and nobody else may write it."""

    due: str
    object: str
    row: Row


class Shelf:
    """One turn at a time; a turn is a transaction.  Rows are never changed, only replaced."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.executescript(f"pragma journal_mode=wal; pragma synchronous=off; {_TABLES}")
        self._rows: dict[str, dict[str, Row]] = {}
        self._undo: list[tuple[str, str, Row | None]] = []
        self._indexes: dict[str, dict[str, dict[str, set[str]]]] = {}
        self._deep = 0
        self.late: list[Late] = []
        self._load()

    def _load(self) -> None:
        for object, id, data in self._db.execute("select object, id, data from record order by object, id"):
            self._rows.setdefault(object, {})[id] = _loads(data)
        for due, object, data in self._db.execute("select due, object, data from late order by n"):
            self.late.append(Late(due, object, _loads(data)))

    # ------------------------------------------------------------ turns

    @contextmanager
    def turn(self) -> Iterator[None]:
        """All of it, or nothing where it raises; turns inside of a turn are part of it."""
        with self._lock:
            start = len(self._undo)
            self._deep += 1
            try:
                yield
            except BaseException:
                self._back(start)
                raise
            finally:
                self._deep -= 1
            if not self._deep:
                self._keep()

    def mark(self) -> int:
        """A place in the turn to which `withdraw` goes back."""
        return len(self._undo)

    def withdraw(self, start: int) -> list[tuple[str, Row]]:
        """Take back what was written since a mark; gives it as it would have stood."""
        touched = dict.fromkeys((object, id) for object, id, _ in self._undo[start:])
        written = [(object, self._rows[object][id]) for object, id in touched]
        self._back(start)
        return written

    def _back(self, start: int) -> None:
        while len(self._undo) > start:
            object, id, before = self._undo.pop()
            if before is None:
                del self._rows[object][id]
            else:
                self._rows[object][id] = before

    def _keep(self) -> None:
        touched = dict.fromkeys((object, id) for object, id, _ in self._undo)
        self._undo.clear()
        if touched:
            found = [(object, id, self._rows[object].get(id)) for object, id in touched]
            self._db.execute("begin")
            self._db.executemany(
                "insert or replace into record values (?, ?, ?)",
                [(object, id, _dumps(row)) for object, id, row in found if row is not None],
            )
            gone = [(object, id) for object, id, row in found if row is None]
            self._db.executemany("delete from record where object = ? and id = ?", gone)
            self._db.execute("commit")

    # ------------------------------------------------------------ records

    def get(self, object: str, id: str) -> Row | None:
        """The record, also a deleted one."""
        return self._rows.get(object, {}).get(id)

    def all(self, object: str) -> Iterable[Row]:
        """Every record of an object, deleted ones too, in the order in which they were made."""
        return self._rows.get(object, {}).values()

    def put(self, object: str, row: Row) -> None:
        """Write a record, new or changed."""
        table = self._rows.setdefault(object, {})
        self._undo.append((object, row["Id"], table.get(row["Id"])))
        table[row["Id"]] = row
        for field, index in self._indexes.get(object, {}).items():
            _into(index, row, field)

    def by(self, object: str, field: str, value: str) -> list[Row]:
        """Records whose field has this text, in any case; deleted ones too."""
        indexes = self._indexes.setdefault(object, {})
        if field not in indexes:
            indexes[field] = {}
            for row in self.all(object):
                _into(indexes[field], row, field)
        asked = value.casefold()
        found = (self.get(object, id) for id in sorted(indexes[field].get(asked, ())))
        return [row for row in found if row is not None and str(row.get(field, "")).casefold() == asked]

    def purge(self, object: str, id: str) -> None:
        """Take a record away for good."""
        self._undo.append((object, id, self._rows[object].pop(id)))

    # ------------------------------------------------------------ late ones

    def delay(self, due: str, written: Iterable[tuple[str, Row]]) -> None:
        """Keep what a transaction wrote until it is committed."""
        for object, row in written:
            self.late.append(Late(due, object, row))
            self._db.execute(
                "insert into late (due, object, id, data) values (?, ?, ?, ?)", (due, object, row["Id"], _dumps(row))
            )

    def arrive(self, now: str) -> None:
        """Commit what is due; in a turn."""
        if not any(late.due <= now for late in self.late):
            return
        for late in [late for late in self.late if late.due <= now]:
            self.put(late.object, late.row)
        self.late = [late for late in self.late if late.due > now]
        self._db.execute("delete from late where due <= ?", (now,))

    # ------------------------------------------------------------ everything else

    def recall(self, name: str, otherwise: Any) -> Any:
        """What was remembered under a name."""
        with self._lock:
            found = self._db.execute("select value from memory where name = ?", (name,)).fetchone()
        return _loads(found[0]) if found else otherwise

    def remember(self, name: str, value: Any) -> None:
        """Keep a value under a name."""
        with self._lock:
            self._db.execute("insert or replace into memory values (?, ?)", (name, _dumps(value)))

    def empty(self) -> None:
        """Forget everything."""
        self._undo.clear()
        self._rows.clear()
        self._indexes.clear()
        self.late.clear()
        self._db.executescript("delete from record; delete from late; delete from memory;")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()


def _into(index: dict[str, set[str]], row: Row, field: str) -> None:
    """An index only grows: whoever looks into it checks what it says."""
    if row.get(field) is not None:
        index.setdefault(str(row[field]).casefold(), set()).add(row["Id"])


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=lambda number: {"$": str(number)})


def _loads(text: str) -> Any:
    return json.loads(text, object_hook=_hook)


def _hook(found: dict[str, Any]) -> Any:
    return Decimal(found["$"]) if found.keys() == {"$"} else found
