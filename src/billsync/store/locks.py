"""Locks between processes that end with the process, however it ends.  (shell)"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from billsync.store.errors import Held, unusable
from billsync.store.opening import lock_key

_HOLDER = text(
    "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted "
    "AND objsubid = 1 AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (classid::bigint << 32) + objid::bigint = :key"
)


@contextmanager
def file_lock(database: Path, name: str, owner: str, *, wait: bool = False) -> Iterator[None]:
    """Hold `<database>.<name>.lock`.  Raises `Held`, or with `wait` waits.  The file stays: only its lock counts."""
    path = database.with_name(f"{database.name}.{quote(name, safe='')}.lock")
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise unusable("store_readonly", f"the lock file {path}", error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        os.ftruncate(handle, 0)
        os.pwrite(handle, owner.encode(), 0)
        yield
    except BlockingIOError:
        raise Held(name, os.pread(handle, 1000, 0).decode(errors="replace")) from None
    finally:
        os.close(handle)


@contextmanager
def server_lock(engine: Engine, name: str, owner: str) -> Iterator[None]:
    """Hold an advisory lock of a Postgres session of its own.  Raises `Held`."""
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as conn:
        conn.detach()  # the session ends with the lock, and never serves anything else
        key = lock_key(name, conn.execute(text("SELECT current_schema()")).scalar_one())
        conn.execute(text("SELECT set_config('application_name', :owner, false)"), {"owner": owner[:60]})
        if not conn.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar_one():
            raise Held(name, _holder(conn, key))
        try:
            yield
        finally:
            with suppress(DBAPIError):  # the end of the session frees it as well, only a moment later
                conn.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})


def _holder(conn: Connection, key: int) -> str:
    found = conn.execute(_HOLDER, {"key": key}).scalars().first()
    return found or ""
