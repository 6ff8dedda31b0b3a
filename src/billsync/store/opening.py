"""How a database is opened: drivers, pragmas, transactions, and the checks before anything is trusted to it.  (shell)

Write transactions take their turn at their start, on both databases: `BEGIN IMMEDIATE` on SQLite, an advisory lock on
Postgres.  The audit chain has one end, so that they would wait for each other anyway; this way they never deadlock, and
what a transaction has read is still so when it writes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from billsync.store import disk
from billsync.store.errors import StoreUnusable, reason_of, translated, unusable
from billsync.store.statements import COMPILED

WAIT_S: Final = 30
"""Seconds that a transaction waits for its turn before the store counts as locked."""

_IDLE_S: Final = 120
"""Seconds after which Postgres ends a transaction of a process that was stopped, so that others get their turn."""

_MODE: Final = "billsync_mode"

_ANYWHERE: Final = "network_disk"
"""In the URL of an SQLite store: `yes` where it may lie on a network file system."""

_CREATE_HINT: Final = "make it with `billsync db upgrade`"


def read_url(text: str) -> URL:
    """The database URL.  Raises `StoreUnusable` for one that no store can be at."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise StoreUnusable(
            "store_unsuitable",
            "the store's URL is not one: expected sqlite:////folder/file.db or postgresql://host/name",
        ) from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise StoreUnusable("store_unsuitable", f"the store cannot be in {backend}: use sqlite or postgresql")
    if not url.database or url.database == ":memory:" or "mode=memory" in text:
        raise StoreUnusable("store_unsuitable", "the store has to outlive this process: name a file after sqlite:///")
    _check_disk(url)
    return url.set(drivername="sqlite+pysqlite").difference_update_query([_ANYWHERE])


def named(url: URL, owner: str) -> URL:
    """The URL whose sessions the server knows by the name of their process; SQLite has none."""
    if not owner or url.get_backend_name() == "sqlite":
        return url
    return url.update_query_dict({"application_name": owner[:60]})


def _check_disk(url: URL) -> None:
    """Raises `StoreUnusable` for a network file system, unless the URL says that it may be one."""
    kind = disk.network_of(Path(url.database or "").parent)
    if kind and url.query.get(_ANYWHERE) != "yes":
        message = (
            f"{describe(url)} lies on {kind}, where two hosts can damage it: use a local disk or Postgres; if no other "
            f"host ever opens it and its locks are known to work, write {url.database}?{_ANYWHERE}=yes"
        )
        raise StoreUnusable("store_unsuitable", message)


def describe(url: URL) -> str:
    """The store in messages, without its password."""
    if url.get_backend_name() == "sqlite":
        return f"the store {url.database}"
    return f"the store {url.set(drivername='postgresql').render_as_string(hide_password=True)}"


def open_engine(url: URL, *, create: bool) -> Engine:
    """An engine for the store.  Raises `StoreUnusable`; makes the folder and file of SQLite where `create`."""
    where = describe(url)
    if url.get_backend_name() == "sqlite":
        _check_file(Path(url.database or ""), where, create=create)
        return _sqlite_engine(url)
    try:
        return _postgres_engine(url)
    except (ModuleNotFoundError, NoSuchModuleError):
        raise StoreUnusable(
            "store_unsuitable", f"{where} needs the Postgres driver: install billsync[postgres]"
        ) from None


def _check_file(path: Path, where: str, *, create: bool) -> None:
    try:
        if path.is_dir():
            raise StoreUnusable("store_unsuitable", f"{where} is a folder: name a file in it")
        if path.exists():
            return
        if not create:
            raise StoreUnusable("store_missing", f"{where} is not there: {_CREATE_HINT}")
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # money facts: for this user alone
    except OSError as error:
        raise unusable("store_unreachable", where, error) from error


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(
        url, connect_args={"timeout": WAIT_S}, pool_size=5, max_overflow=20, execution_options=COMPILED
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `_begin` does
        for pragma in ("foreign_keys=ON", "synchronous=FULL", "cache_size=-16000", "recursive_triggers=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        writes = conn.get_execution_options().get(_MODE) == "write"
        conn.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
        conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres_engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=20,
        execution_options=COMPILED,
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        for setting, value in (("lock_timeout", WAIT_S), ("idle_in_transaction_session_timeout", _IDLE_S)):
            connection.execute(f"SET {setting} = '{value}s'")
        connection.execute(  # a claim must be on disk before it is acted on
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        connection.autocommit = False

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        mode = conn.get_execution_options().get(_MODE)
        if mode == "write":
            conn.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended('billsync/' || current_schema(), 0))")
        elif mode == "read":
            conn.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    return engine


def writing(engine: Engine) -> Engine:
    """The engine whose transactions write, one after the other."""
    return engine.execution_options(**{_MODE: "write"})


def reading(engine: Engine) -> Engine:
    """The engine whose transactions see one moment and cannot write."""
    return engine.execution_options(**{_MODE: "read"})


def check_server(engine: Engine, where: str) -> None:
    """Look before anything is trusted to the database.  Raises `StoreUnusable`."""
    with translated(where):
        try:
            with reading(engine).connect() as conn:
                (_check_sqlite if engine.dialect.name == "sqlite" else _check_postgres)(conn, where)
        except DBAPIError as error:
            if reason_of(error) == "lost":
                raise unusable("store_unreachable", where, error.orig) from error
            raise
        if engine.dialect.name == "sqlite":
            _use_wal(engine, where)


def _check_sqlite(conn: Connection, where: str) -> None:
    found = conn.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if found != "ok":
        raise unusable("store_corrupt", where, found)


def _use_wal(engine: Engine, where: str) -> None:
    """Readers and the writer do not wait for each other in this mode; it stays with the file."""
    with outside(engine) as cursor:
        mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
        if mode != "wal":
            mode = cursor.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise StoreUnusable(
            "store_unsuitable", f"{where} lies on a file system without shared memory: use a local disk"
        )


@contextmanager
def outside(engine: Engine) -> Iterator[Any]:
    """A cursor of SQLite's driver outside of any transaction, for what cannot be done inside of one."""
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA query_only=OFF")
        yield cursor


def _check_postgres(conn: Connection, where: str) -> None:
    query = "SELECT pg_is_in_recovery(), current_setting('server_encoding'), current_schema()"
    replica, encoding, schema = conn.exec_driver_sql(query).one()
    if replica:
        message = f"{where} is a read replica, which may lag behind: name the primary server"
        raise StoreUnusable("store_readonly", message)
    if encoding != "UTF8":
        raise StoreUnusable("store_unsuitable", f"{where} keeps text as {encoding}: make a database with UTF8")
    if schema is None:
        raise StoreUnusable("store_unsuitable", f"{where} has no schema on its search_path: create one")


def lock_key(name: str, schema: str) -> int:
    """The number of an advisory lock of Postgres: 64 bits, signed."""
    raw = hashlib.sha256(f"billsync/{schema}/{name}".encode()).digest()
    return int.from_bytes(raw[:8], "big", signed=True)


def remarks(conn: Connection, where: str) -> list[str]:
    """What a person should know about the database.  Raises `StoreUnusable` where a thorough look finds damage."""
    if conn.dialect.name == "postgresql":
        query = "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'"
        off = conn.exec_driver_sql(query).scalars().all()
        return [f"{where}: the server runs with {name} off: a power failure may damage it" for name in off]
    damage = [row[0] for row in conn.exec_driver_sql("PRAGMA integrity_check(5)") if row[0] != "ok"]
    damage += [
        f"a row of {row[0]} refers to nothing in {row[2]}" for row in conn.exec_driver_sql("PRAGMA foreign_key_check")
    ]
    if damage:
        raise unusable("store_corrupt", where, "; ".join(damage))
    return []
