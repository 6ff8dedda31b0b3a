"""A database in the hands of the conformance kit: SQLite, with a clock of its own for people's stamps.  (shell)"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from billsync.conformance.subject import Ability, Kind, Subject
from billsync.connector import Connector, Context, Data
from billsync_connectors.sql.connector import Sql
from billsync_connectors.sql.settings import SqlSettings

_NO_WIRE: Final = "a database in a file has no connection that could fail; tests/sql kills those of Postgres"
_NO_USER: Final = "nobody logs in to a database in a file"
_LONG: Final = 10_000_000
_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_TABLES: Final = """
    CREATE TABLE deals (id TEXT PRIMARY KEY, note TEXT, amount TEXT, changed TEXT NOT NULL, gone INTEGER NOT NULL);
    CREATE TABLE lines (id INTEGER PRIMARY KEY, deal TEXT NOT NULL, quantity INTEGER, changed TEXT NOT NULL);
    CREATE TABLE products (id TEXT PRIMARY KEY, note TEXT, amount TEXT);
"""
_SETTINGS: Final[dict[str, Any]] = {
    "deals": {
        "table": "deals",
        "key": "id",
        "columns": ["note", "amount"],
        "deleted": "gone",
        "related": {
            "lines": {"table": "lines", "key": "id", "parent": "deal", "columns": ["quantity"]},
        },
    },
    "products": {"table": "products", "key": "id"},
}


class SqlSubject(Subject):
    """Deals with a cursor, a mark of deletion and lines; products that are simply there or not."""

    connector = "sql"
    kinds = (
        Kind("deals", text="note", number="amount"),
        Kind(
            "products",
            text="note",
            number="amount",
            lacks={
                Ability.RELATE: "a product shows nothing of other tables",
                Ability.LATE: "without a cursor a late row is a new one",
            },
        ),
    )
    lacks = {
        Ability.MERGE: "a database merges no rows: one is changed, the other deleted",
        Ability.LINK: "a change that leaves no stamp in any table is found by `billsync sync --full`",
        Ability.SESSION: _NO_USER,
        Ability.LOCKED_OUT: _NO_USER,
        Ability.COUNT: "a database in a file counts no statements",
        Ability.BUSY: _NO_WIRE,
        Ability.LIMIT: _NO_WIRE,
        Ability.ERROR: _NO_WIRE,
        Ability.CUT: _NO_WIRE,
        Ability.TRUNCATED: _NO_WIRE,
        Ability.LOGIN_PAGE: _NO_WIRE,
        Ability.WRONG_TYPES: "rows have the columns that the catalogue tells",
    }
    lag_s = 60

    # ------------------------------------------------------------ the system

    def reset(self) -> None:
        """Empty tables."""
        self._file = self.folder / "crm.db"
        self._file.unlink(missing_ok=True)
        self._clock, self._made = _BEGIN, 0
        self._late: list[tuple[datetime, str, tuple[Any, ...]]] = []
        self._gone: dict[str, tuple[Any, ...]] = {}
        with self._people() as conn:
            conn.executescript(_TABLES)

    def open(self, context: Context) -> Connector:
        """A connector to the file."""
        cursor = {"column": "changed", "lag_s": self.lag_s}
        objects = {name: {**one, "page_size": self.page} for name, one in _SETTINGS.items()}
        lines = {**_SETTINGS["deals"]["related"]["lines"], "cursor": cursor}
        objects["deals"] = {**objects["deals"], "cursor": cursor, "related": {"lines": lines}}
        return Sql(context, SqlSettings.model_validate({"url": f"sqlite:///{self._file}", "objects": objects}))

    # ------------------------------------------------------------ what is true

    def truth(self, object: str) -> Mapping[str, Data]:
        """The rows that are not marked as gone, with their lines; those that are committed later, too."""
        live = " WHERE gone = 0" if object == "deals" else ""
        with self._people() as conn:
            rows = conn.execute(f"SELECT id, note, amount FROM {object}{live}").fetchall()  # noqa: S608  our own names
            lines = conn.execute("SELECT deal, id, quantity FROM lines ORDER BY id").fetchall()
        rows += [values[:3] for _, kind, values in self._late if kind == object]
        nested: dict[str, list[dict[str, Any]]] = {}
        for deal, id, quantity in lines:
            nested.setdefault(deal, []).append({"id": id, "quantity": quantity})
        found: dict[str, Data] = {}
        for id, note, amount in rows:
            own = {"lines": nested.get(id, [])} if object == "deals" else {}
            found[id] = {"id": id, "note": note, "amount": amount, **own}
        return found

    # ------------------------------------------------------------ what people do

    def create(self, object: str, fields: Data) -> str:
        """One more row."""
        (id,) = self.burst(object, [fields])
        return id

    def burst(self, object: str, rows: Sequence[Data]) -> list[str]:
        """Several rows of one stamp."""
        made = [self._row(object, fields) for fields in rows]
        with self._people() as conn:
            for values in made:
                self._insert(conn, object, values)
        return [values[0] for values in made]

    def edit(self, object: str, id: str, fields: Data) -> None:
        """Other values, and a new stamp."""
        stamp = {"changed": self._now()} if object == "deals" else {}
        values = {name: _plain(value) for name, value in fields.items()} | stamp
        if not values:
            return
        names = ", ".join(f"{name} = ?" for name in values)
        with self._people() as conn:
            conn.execute(f"UPDATE {object} SET {names} WHERE id = ?", (*values.values(), id))  # noqa: S608

    def delete(self, object: str, id: str) -> None:
        """A deal is marked, a product is gone."""
        if object == "deals":
            self._mark(id, gone=1)
            return
        with self._people() as conn:
            row = conn.execute("SELECT * FROM products WHERE id = ?", (id,)).fetchone()
            conn.execute("DELETE FROM products WHERE id = ?", (id,))
        self._gone[id] = row

    def restore(self, object: str, id: str) -> None:
        """The mark is taken off, or the row made again."""
        if object == "deals":
            self._mark(id, gone=0)
            return
        with self._people() as conn:
            self._insert(conn, object, self._gone.pop(id))

    def _mark(self, id: str, *, gone: int) -> None:
        with self._people() as conn:
            conn.execute("UPDATE deals SET gone = ?, changed = ? WHERE id = ?", (gone, self._now(), id))

    def relate(self, object: str, id: str) -> None:
        """A deal gets a line, or its last one another quantity; the deal itself is not touched."""
        self._made += 1
        with self._people() as conn:
            last = conn.execute("SELECT max(id) FROM lines WHERE deal = ?", (id,)).fetchone()[0]
            if last is None or self._made % 2:
                conn.execute("INSERT INTO lines (deal, quantity, changed) VALUES (?, 1, ?)", (id, self._now()))
            else:
                change = "UPDATE lines SET quantity = quantity + 1, changed = ? WHERE id = ?"
                conn.execute(change, (self._now(), last))

    def commit_late(self, object: str, fields: Data, after_s: int) -> None:
        """A row whose stamp is of now, and which is committed later."""
        self._late.append((self._clock + timedelta(seconds=after_s), object, self._row(object, fields)))

    # ------------------------------------------------------------ time, and what goes wrong

    def pass_time(self, seconds: int) -> None:
        """The clock that rows are stamped by goes forward; what was to be committed meanwhile is."""
        self._clock += timedelta(seconds=seconds)
        due = [one for one in self._late if one[0] <= self._clock]
        self._late = [one for one in self._late if one[0] > self._clock]
        with self._people() as conn:
            for _, object, values in due:
                self._insert(conn, object, values)

    def settle(self) -> None:
        """All that is late is committed."""
        if self._late:
            self.pass_time(max(0, int((max(at for at, _, _ in self._late) - self._clock).total_seconds())))

    def strike(self, fault: Ability, *, after_s: int = 1) -> None:
        """A row with a long text, which stays."""
        self.create("deals", {"note": "x" * _LONG})

    # ------------------------------------------------------------ inside

    def _row(self, object: str, fields: Data) -> tuple[Any, ...]:
        self._made += 1
        plain = {name: _plain(value) for name, value in fields.items()}
        values = (f"{object[0]}{self._made:05}", plain.get("note"), plain.get("amount"))
        return (*values, self._now(), 0) if object == "deals" else values

    def _insert(self, conn: sqlite3.Connection, object: str, values: Sequence[Any]) -> None:
        marks = ", ".join("?" * len(values))
        conn.execute(f"INSERT INTO {object} VALUES ({marks})", values)  # noqa: S608  our own names

    def _now(self) -> str:
        """Stamps rise with every second of the clock alone: many rows share one."""
        return self._clock.strftime("%Y-%m-%d %H:%M:%S")

    @contextmanager
    def _people(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file, timeout=10)) as conn, conn:
            yield conn


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else str(value)
