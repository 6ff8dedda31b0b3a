"""A copy of the ledger that only one session sees and that goes with it: where a run is tried out.  (shell)

SQLite: the backup API copies into a temporary database without a name, which ends with its connection, however that
ends.  Postgres: temporary tables of one session, and a search path on which the real ones are not.  Neither holds a
lock while the copy is worked with, so that real runs go on beside it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import Connection, Engine, MetaData, StaticPool, create_engine, event, insert, select

from billsync.store.errors import translated
from billsync.store.schema import audit, metadata


@contextmanager
def copied(engine: Engine, where: str) -> Iterator[Engine]:
    """An engine of one session on a copy of the database as it is at this moment.  Raises `StoreUnusable`."""
    with translated(where):
        copy = _sqlite(engine) if engine.dialect.name == "sqlite" else _postgres(engine)
    try:
        yield copy
    finally:
        copy.dispose()


def _sqlite(engine: Engine) -> Engine:
    copy = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    with closing(engine.raw_connection()) as source:
        driver = source.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise TypeError("expected a connection of SQLite's own driver")
        driver.backup(copy)
    for pragma in ("foreign_keys=ON", "synchronous=OFF", "journal_mode=MEMORY", "recursive_triggers=ON"):
        copy.execute(f"PRAGMA {pragma}")
    made = create_engine(engine.url, creator=lambda: copy, poolclass=StaticPool)

    @event.listens_for(made, "begin")
    def _begin(conn: Connection) -> None:
        conn.exec_driver_sql("BEGIN")  # the driver begins nothing by itself

    return made


def _postgres(engine: Engine) -> Engine:
    made = create_engine(engine.url, poolclass=StaticPool)
    try:
        with made.begin() as conn:
            _copy_tables(conn)
    except BaseException:
        made.dispose()
        raise
    return made


def _copy_tables(conn: Connection) -> None:
    """All tables, at one moment; of the audit chain only its end is needed to go on with it."""
    conn.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    schema = conn.exec_driver_sql("SELECT current_schema()").scalar_one()
    real = MetaData()
    for table in metadata.sorted_tables:
        quoted = conn.dialect.identifier_preparer.quote(schema)
        conn.exec_driver_sql(f"CREATE TEMPORARY TABLE {table.name} (LIKE {quoted}.{table.name} INCLUDING ALL)")
        if table is not audit:
            columns = [column.name for column in table.columns]
            theirs = select(*table.to_metadata(real, schema=schema).columns)
            conn.execute(insert(table).from_select(columns, theirs))
        conn.exec_driver_sql(f"ANALYZE pg_temp.{table.name}")
    conn.exec_driver_sql("SET search_path = pg_temp")  # nothing reaches the real tables from here on
