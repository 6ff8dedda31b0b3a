"""Two ways to keep records in a file: told apart by who says what a record's id is.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Final

from billsync_stand_in.packing import dumps, loads
from billsync_stand_in.turns import MEMORY, RECORDS, Row, Turns

_NUMBERED: Final = (
    "create table if not exists record (n integer primary key, object text, id text, data text, unique (object, id));"
)
_WRITE: Final = """
insert into record (object, id, data) values (?, ?, ?) on conflict (object, id) do update set data = excluded.data
"""


class Shelf(Turns):
    """Ids are told apart from records; what is remembered is a record of its own, and part of the turn."""

    _REMEMBERED: Final = "memory"

    def __init__(self, file: Path) -> None:
        super().__init__(file, RECORDS)
        found = ((o, i, loads(d)) for o, i, d in self._db.execute("select object, id, data from record"))
        for object, id, row in sorted(found, key=lambda each: each[2].get("_n", 0)):
            self._rows.setdefault(object, {})[id] = row

    def put(self, object: str, id: str, row: Row) -> None:
        """Write a record, new or changed; its place in the order of all goes into it."""
        before = self.get(object, id)
        row["_n"] = before["_n"] if before else self.count("_n")
        self._set(object, id, row)

    def _place(self, row: Row) -> int:
        return int(row["_n"])

    def recall(self, name: str, otherwise: Any) -> Any:
        """What was remembered under a name."""
        with self._lock:
            found = self.get(self._REMEMBERED, name)
        return otherwise if found is None else found["value"]

    def remember(self, name: str, value: Any) -> None:
        """Keep a value under a name, as part of the turn."""
        with self.turn():
            self._set(self._REMEMBERED, name, {"value": value})

    def count(self, name: str) -> int:
        """The next number of a sequence, from 1; a number that was drawn in a turn that failed is free again."""
        number = int(self.recall(f"count {name}", 0)) + 1
        self.remember(f"count {name}", number)
        return number

    def empty(self) -> None:
        """Forget everything, as part of the turn."""
        with self._lock:
            for object, table in self._rows.items():
                self._undo += [(object, id, row) for id, row in table.items()]
            self._rows = {object: {} for object in self._rows}
            self._indexes.clear()


class NumberedShelf(Turns):
    """A record has its id in it, and its place in the file; what is remembered has a table of its own.

    Attributes:
        key: under what name a record has its id.
    """

    key: ClassVar[str] = "id"
    _REMEMBERED: Final = "(memory)"

    def __init__(self, file: Path) -> None:
        super().__init__(file, _NUMBERED + MEMORY)
        for object, id, data in self._db.execute("select object, id, data from record order by n"):
            self._rows.setdefault(object, {})[id] = loads(data)
        for name, value in self._db.execute("select name, value from memory"):
            self._rows.setdefault(self._REMEMBERED, {})[name] = loads(value)

    def _keep(self) -> None:
        touched = dict.fromkeys((object, id) for object, id, _ in self._undo)
        self._undo.clear()
        if not touched:
            return
        self._db.execute("begin")
        for object, id in touched:
            data = dumps(self._rows[object][id])
            if object == self._REMEMBERED:
                self._db.execute("insert or replace into memory values (?, ?)", (id, data))
            else:
                self._db.execute(_WRITE, (object, id, data))
        self._db.execute("commit")

    def all(self, object: str) -> Iterable[Row]:
        """Every one of its kind, deleted ones too, in the order in which they were made, as they are now."""
        return list(super().all(object))

    def put(self, object: str, row: Row) -> None:
        """Write a record, new or changed."""
        self._set(object, row[self.key], row)

    def recall(self, name: str, otherwise: Any) -> Any:
        """What was remembered under a name."""
        with self._lock:
            found = self._rows.get(self._REMEMBERED, {}).get(name)
        return otherwise if found is None else found

    def remember(self, name: str, value: Any) -> None:
        """Keep a value under a name, as part of the turn."""
        with self.turn():
            self._set(self._REMEMBERED, name, value)

    def empty(self) -> None:
        """Forget everything, at once."""
        with self._lock:
            self._undo.clear()
            self._rows.clear()
            self._indexes.clear()
            self._db.executescript("delete from record; delete from memory;")
