"""The account's records: in memory for reading, in one SQLite file that outlives a killed process.  (shell)"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

Row = dict[str, Any]
"""One object: its properties by name, amounts as Decimals; what begins with `_` is the stand-in's own."""
_TABLES: Final = """
create table if not exists record (n integer primary key, object text, id text, data text, unique (object, id));
create table if not exists memory (name text primary key, value text);
"""
_WRITE: Final = """
insert into record (object, id, data) values (?, ?, ?) on conflict (object, id) do update set data = excluded.data
"""
_MEMORY: Final = "(memory)"


class Shelf:
    """One turn at a time; a turn is a transaction.  Rows are never changed, only replaced."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.executescript(f"pragma journal_mode=wal; pragma synchronous=off; {_TABLES}")
        self._rows: dict[str, dict[str, Any]] = {}
        self._undo: list[tuple[str, str, Any]] = []
        self._deep = 0
        for object, id, data in self._db.execute("select object, id, data from record order by n"):
            self._rows.setdefault(object, {})[id] = _loads(data)
        for name, value in self._db.execute("select name, value from memory"):
            self._rows.setdefault(_MEMORY, {})[name] = _loads(value)

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
        if not touched:
            return
        self._db.execute("begin")
        for object, id in touched:
            data = _dumps(self._rows[object][id])
            if object == _MEMORY:
                self._db.execute("insert or replace into memory values (?, ?)", (id, data))
            else:
                self._db.execute(_WRITE, (object, id, data))
        self._db.execute("commit")

    # ------------------------------------------------------------ records

    def get(self, object: str, id: str) -> Row | None:
        """The object, also a deleted one."""
        return self._rows.get(object, {}).get(id)

    def all(self, object: str) -> Iterable[Row]:
        """Every one of its kind, deleted ones too, in the order in which they were made."""
        return list(self._rows.get(object, {}).values())

    def put(self, object: str, row: Row) -> None:
        """Write an object, new or changed."""
        self._set(object, row["id"], row)

    def _set(self, object: str, id: str, value: Any) -> None:
        table = self._rows.setdefault(object, {})
        self._undo.append((object, id, table.get(id)))
        table[id] = value

    # ------------------------------------------------------------ everything else

    def recall(self, name: str, otherwise: Any) -> Any:
        """What was remembered under a name."""
        with self._lock:
            found = self._rows.get(_MEMORY, {}).get(name)
        return otherwise if found is None else found

    def remember(self, name: str, value: Any) -> None:
        """Keep a value under a name, as part of the turn."""
        with self.turn():
            self._set(_MEMORY, name, value)

    def empty(self) -> None:
        """Forget everything."""
        with self._lock:
            self._undo.clear()
            self._rows.clear()
            self._db.executescript("delete from record; delete from memory;")


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=lambda number: {"$": str(number)})


def _loads(text: str) -> Any:
    return json.loads(text, object_hook=_hook)


def _hook(found: dict[str, Any]) -> Any:
    return Decimal(found["$"]) if found.keys() == {"$"} else found
