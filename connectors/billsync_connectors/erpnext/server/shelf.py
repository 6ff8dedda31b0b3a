"""Records in memory and on disk: whole turns or nothing, in one SQLite file that outlives a killed process.  (shell)"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from billsync_connectors.erpnext.server.values import Row

_TABLE: Final = (
    "create table if not exists record (object text, id text, data text, primary key (object, id)) without rowid"
)
_MEMORY: Final = "memory"


class Shelf:
    """One turn at a time; a turn is a transaction.  Rows are never changed, only replaced."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.executescript(f"pragma journal_mode=wal; pragma synchronous=off; {_TABLE};")
        self._rows: dict[str, dict[str, Row]] = {}
        self._undo: list[tuple[str, str, Row | None]] = []
        self._indexes: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
        self._deep = 0
        found = ((o, i, _loads(d)) for o, i, d in self._db.execute("select object, id, data from record"))
        for object, id, row in sorted(found, key=lambda each: each[2].get("_n", 0)):
            self._rows.setdefault(object, {})[id] = row

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
        touched = dict.fromkeys((object, id) for object, id, _ in self._undo)
        self._undo.clear()
        if not touched:
            return
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
        """The record, also a void one."""
        return self._rows.get(object, {}).get(id)

    def all(self, object: str) -> Iterable[Row]:
        """Every record of an object, in the order in which they were made."""
        return self._rows.get(object, {}).values()

    def put(self, object: str, id: str, row: Row) -> None:
        """Write a record, new or changed."""
        table = self._rows.setdefault(object, {})
        before = table.get(id)
        row["_n"] = before["_n"] if before else self.count("_n")
        self._undo.append((object, id, before))
        table[id] = row
        for (indexed, field), index in self._indexes.items():
            if indexed == object:
                _into(index, row, field, id)

    def by(self, object: str, field: str, value: str) -> list[Row]:
        """Records whose field has this text, in any case, in the order in which they were made."""
        index = self._indexes.get((object, field))
        if index is None:
            index = self._indexes[(object, field)] = {}
            for id, row in self._rows.get(object, {}).items():
                _into(index, row, field, id)
        asked = value.casefold()
        rows = (self.get(object, id) for id in index.get(asked, ()))
        found = [row for row in rows if row is not None and str(row.get(field, "")).casefold() == asked]
        return sorted(found, key=lambda row: int(row["_n"]))

    def purge(self, object: str, id: str) -> None:
        """Take a record away for good."""
        self._undo.append((object, id, self._rows[object].pop(id)))

    # ------------------------------------------------------------ everything else

    def recall(self, name: str, otherwise: Any) -> Any:
        """What was remembered under a name."""
        with self._lock:
            found = self.get(_MEMORY, name)
        return otherwise if found is None else found["value"]

    def remember(self, name: str, value: Any) -> None:
        """Keep a value under a name."""
        with self.turn():
            table = self._rows.setdefault(_MEMORY, {})
            self._undo.append((_MEMORY, name, table.get(name)))
            table[name] = {"value": value}

    def count(self, name: str) -> int:
        """The next number of a sequence, from 1; a number that was drawn in a turn that failed is free again."""
        number = int(self.recall(f"count {name}", 0)) + 1
        self.remember(f"count {name}", number)
        return number

    def empty(self) -> None:
        """Forget everything."""
        with self._lock:
            for object, table in self._rows.items():
                self._undo += [(object, id, row) for id, row in table.items()]
            self._rows = {object: {} for object in self._rows}
            self._indexes.clear()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()


def _into(index: dict[str, dict[str, None]], row: Row, field: str, id: str) -> None:
    """An index only grows: whoever looks into it checks what it says."""
    if row.get(field) is not None:
        index.setdefault(str(row[field]).casefold(), {})[id] = None


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=lambda number: {"$": str(number)})


def _loads(text: str) -> Any:
    return json.loads(text, object_hook=lambda found: Decimal(found["$"]) if found.keys() == {"$"} else found)
