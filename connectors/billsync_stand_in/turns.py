"""Records in memory and on disk: whole turns or nothing, in one SQLite file that outlives a killed process.  (shell)"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from billsync_stand_in.packing import dumps

Row = dict[str, Any]
"""One record: its fields by name, amounts as Decimals; what begins with `_` is the stand-in's own."""
RECORDS: Final = (
    "create table if not exists record (object text, id text, data text, primary key (object, id)) without rowid;"
)
MEMORY: Final = "create table if not exists memory (name text primary key, value text);"


class Turns:
    """One turn at a time; a turn is a transaction.  Rows are never changed, only replaced.

    How records are laid out in the file is a matter of the class below it, which reads them when it begins.
    """

    def __init__(self, file: Path, tables: str) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.executescript(f"pragma journal_mode=wal; pragma synchronous=off; {tables}")
        self._rows: dict[str, dict[str, Any]] = {}
        self._undo: list[tuple[str, str, Any]] = []
        self._indexes: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
        self._deep = 0

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
                self.withdraw(start)
                raise
            finally:
                self._deep -= 1
            if not self._deep:
                self._keep()

    def mark(self) -> int:
        """A place in the turn to which `withdraw` goes back."""
        return len(self._undo)

    def since(self, start: int) -> dict[tuple[str, str], Row | None]:
        """What was written since a mark: object and id, and the record as it was before."""
        found: dict[tuple[str, str], Row | None] = {}
        for object, id, before in self._undo[start:]:
            found.setdefault((object, id), before)
        return found

    def withdraw(self, start: int) -> None:
        """Take back what was written since a mark."""
        while len(self._undo) > start:
            object, id, before = self._undo.pop()
            if before is None:
                self._rows[object].pop(id, None)
            else:
                self._rows[object][id] = before

    def _keep(self) -> None:
        """Write what the turn has touched."""
        touched = dict.fromkeys((object, id) for object, id, _ in self._undo)
        self._undo.clear()
        if not touched:
            return
        found = [(object, id, self._rows[object].get(id)) for object, id in touched]
        self._db.execute("begin")
        self._db.executemany(
            "insert or replace into record values (?, ?, ?)",
            [(object, id, dumps(row)) for object, id, row in found if row is not None],
        )
        gone = [(object, id) for object, id, row in found if row is None]
        self._db.executemany("delete from record where object = ? and id = ?", gone)
        self._db.execute("commit")

    # ------------------------------------------------------------ records

    def get(self, object: str, id: str) -> Row | None:
        """The record, also a void or deleted one."""
        return self._rows.get(object, {}).get(id)

    def all(self, object: str) -> Iterable[Row]:
        """Every record of an object, deleted ones too, in the order in which they were made."""
        return self._rows.get(object, {}).values()

    def by(self, object: str, field: str, value: str) -> list[Row]:
        """Records whose field has this text, in any case, in their order; deleted ones too."""
        index = self._indexes.get((object, field))
        if index is None:
            index = self._indexes[(object, field)] = {}
            for id, row in self._rows.get(object, {}).items():
                _into(index, row, field, id)
        asked = value.casefold()
        rows = (self.get(object, id) for id in index.get(asked, ()))
        found = [row for row in rows if row is not None and str(row.get(field, "")).casefold() == asked]
        return sorted(found, key=self._place)

    def purge(self, object: str, id: str) -> None:
        """Take a record away for good."""
        self._undo.append((object, id, self._rows[object].pop(id)))

    def _place(self, _row: Row) -> Any:
        """By what `by` sorts."""
        return 0

    def _set(self, object: str, id: str, value: Any) -> None:
        """Write a record, or whatever else is kept like one, new or changed."""
        table = self._rows.setdefault(object, {})
        self._undo.append((object, id, table.get(id)))
        table[id] = value
        for (indexed, field), index in self._indexes.items():
            if indexed == object:
                _into(index, value, field, id)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()


def _into(index: dict[str, dict[str, None]], row: Row, field: str, id: str) -> None:
    """An index only grows: whoever looks into it checks what it says."""
    if row.get(field) is not None:
        index.setdefault(str(row[field]).casefold(), {})[id] = None
