"""Many new rows at once, the way each driver takes them fastest: tuples in one executemany, or COPY.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from billsync.store.types import DayText, Key, Moment, fold, moment_text

Row = tuple[Any, ...]


def insert_rows(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that have a value for each column.  Raises what an INSERT raises: IntegrityError and its like."""
    if not rows:
        return
    form = _form(table)
    stored = form.stored(rows)
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(form.insert, stored)
    else:
        copy_rows(conn, form.copy, stored)


def upsert_rows(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]], update: Sequence[str]) -> None:
    """Insert rows; where the primary key is there already, set the columns `update`.  No key comes twice."""
    if not rows:
        return
    form = _form(table)
    stored = form.stored(rows)
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in update)
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    otherwise = f" ON CONFLICT ({keys}) DO UPDATE SET {changes}"
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(form.insert + otherwise, stored)
        return
    passing = f'"passing_{table.name}"'
    like = f'(LIKE "{table.name}") ON COMMIT DROP'
    conn.exec_driver_sql(f"CREATE TEMPORARY TABLE {passing} {like}")
    copy_rows(conn, form.copy.replace(f'"{table.name}"', passing, 1), stored)
    conn.exec_driver_sql(" ".join(("INSERT INTO", f'"{table.name}"', "SELECT * FROM", passing)) + otherwise)
    conn.exec_driver_sql(f"DROP TABLE {passing}")


def copy_rows(conn: Connection, statement: str, rows: Sequence[Row]) -> None:
    """Run a COPY ... FROM STDIN of Postgres.  Raises what an INSERT raises."""
    driver: Any = conn.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except conn.dialect.loaded_dbapi.Error as error:
        raise _translated(conn, statement, error) from error


def _translated(conn: Connection, statement: str, error: Exception) -> DBAPIError:
    """The error as SQLAlchemy raises it for what goes through it."""
    dialect, driver = conn.dialect, conn.connection.driver_connection
    lost = driver is None or bool(driver.closed)
    base = dialect.loaded_dbapi.Error
    made = DBAPIError.instance(statement, None, error, base, connection_invalidated=lost, dialect=dialect)
    assert isinstance(made, DBAPIError)
    return made


@dataclass(frozen=True, slots=True)
class _Form:
    """How rows of one table are written.

    Attributes:
        insert: statement of SQLite; copy: of Postgres.
        pick: a row's values, in the order of the columns.
        change: for each column, how its values are stored; None where they are that already.
    """

    insert: str
    copy: str
    pick: Callable[[Mapping[str, Any]], Row]
    change: tuple[Callable[[Any], Any] | None, ...]

    def stored(self, rows: Iterable[Mapping[str, Any]]) -> list[Row]:
        """The rows as the driver takes them; worked out column by column, which costs the least."""
        columns = zip(*map(self.pick, rows), strict=True)
        changed = [
            column if change is None else map(change, column)
            for column, change in zip(columns, self.change, strict=True)
        ]
        return list(zip(*changed, strict=True))


@cache
def _form(table: Table) -> _Form:
    names = [column.name for column in table.columns]
    quoted = ", ".join(f'"{name}"' for name in names)
    return _Form(
        insert=str(insert(table).compile(dialect=sqlite.dialect())),
        copy=f'COPY "{table.name}" ({quoted}) FROM STDIN',
        pick=itemgetter(*names),
        change=tuple(_stored(column.type) for column in table.columns),
    )


def _stored(type: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """How a value of the column becomes the driver's; None where it is that already."""
    for kind, change in ((Key, _key), (Moment, _moment), (DayText, _day)):
        if isinstance(type, kind):
            return change
    return None


def _key(text: str | None) -> str | None:
    return None if text is None else fold(text)


def _moment(at: datetime | None) -> str | None:
    return None if at is None else moment_text(at)


@lru_cache(maxsize=1024)
def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
