"""The org's records, those of transactions that are not committed yet beside them.  (shell)"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from billsync_connectors.salesforce.server.values import Row
from billsync_stand_in.packing import dumps, loads
from billsync_stand_in.turns import MEMORY, RECORDS, Turns

_LATE: Final = "create table if not exists late (n integer primary key, due text, object text, id text, data text);"


@dataclass(frozen=True, slots=True)
class Late:
    """A record of a transaction that is not committed yet: nobody sees it, and nobody else may write it."""

    due: str
    object: str
    row: Row


class Shelf(Turns):
    """A turn is a transaction; what is remembered is kept at once, whatever becomes of the turn."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, RECORDS + _LATE + MEMORY)
        self.late: list[Late] = []
        for object, id, data in self._db.execute("select object, id, data from record order by object, id"):
            self._rows.setdefault(object, {})[id] = loads(data)
        for due, object, data in self._db.execute("select due, object, data from late order by n"):
            self.late.append(Late(due, object, loads(data)))

    def put(self, object: str, row: Row) -> None:
        """Write a record, new or changed."""
        self._set(object, row["Id"], row)

    def _place(self, row: Row) -> str:
        return str(row["Id"])

    # ------------------------------------------------------------ late ones

    def delay(self, due: str, since: int) -> None:
        """Take back what was written since a mark, and keep it until its transaction is committed."""
        touched = dict.fromkeys((object, id) for object, id, _ in self._undo[since:])
        written = [(object, self._rows[object][id]) for object, id in touched]
        self.withdraw(since)
        for object, row in written:
            self.late.append(Late(due, object, row))
            self._db.execute(
                "insert into late (due, object, id, data) values (?, ?, ?, ?)", (due, object, row["Id"], dumps(row))
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
        return loads(found[0]) if found else otherwise

    def remember(self, name: str, value: Any) -> None:
        """Keep a value under a name."""
        with self._lock:
            self._db.execute("insert or replace into memory values (?, ?)", (name, dumps(value)))

    def empty(self) -> None:
        """Forget everything, at once."""
        self._undo.clear()
        self._rows.clear()
        self._indexes.clear()
        self.late.clear()
        self._db.executescript("delete from record; delete from late; delete from memory;")
