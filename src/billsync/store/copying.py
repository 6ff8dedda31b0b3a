"""Backups: a whole copy while the store is in use, and the way back from one.  (shell)"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL

from billsync.store.errors import Held, StoreUnusable, translated, unusable
from billsync.store.opening import describe, read_url
from billsync.store.schema import VERSION_TABLE

_PAGES: Final = 2_000
"""Pages of SQLite that are copied before others get a turn."""


def backup(url: str, file: Path) -> None:
    """Copy the store at the URL into a new file, whole and as of one moment, while others go on working in it.

    Raises FileExistsError for a file that is there, OSError where it cannot be written, and `StoreUnusable`.
    """
    read = read_url(url)
    if file.exists():
        raise FileExistsError(17, "there is a file of that name already", str(file))
    unfinished = file.with_name(f"{file.name}.part")
    os.close(os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
    try:
        if read.get_backend_name() == "sqlite":
            _copy(_database(read), unfinished, describe(read))
            _one_file(unfinished)
            check(unfinished)
        else:
            _dump(read, unfinished)
        _on_disk(unfinished)
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)


def restore(url: str, file: Path, keep: Path) -> None:
    """Put a backup in the place of the SQLite store; what was there is kept as `keep`.

    A store that can still be read is overwritten in one transaction of its own, so that other processes which have it
    open see the restored one.  Raises `Held` where a process works in it, `StoreUnusable` for a file that is no whole
    backup and for Postgres, which is restored by its own tools.
    """
    there = file_of(url)
    check(file)
    with _nobody_at_work(there):
        if there.exists():
            _keep(there, keep)
        there.parent.mkdir(parents=True, exist_ok=True)
        _copy(file, there, f"the store {there}")
    there.chmod(0o600)


def file_of(url: str) -> Path:
    """The file of an SQLite store.  Raises `StoreUnusable` for Postgres, whose store is no file."""
    read = read_url(url)
    if read.get_backend_name() != "sqlite":
        message = f"{describe(read)} is restored by the server's own tools: pg_restore, then `billsync db recovered`"
        raise StoreUnusable("store_unsuitable", message)
    return _database(read)


def check(file: Path) -> None:
    """Raises `StoreUnusable` where the file is not a whole SQLite store of billsync."""
    where = f"the backup {file}"
    if not file.is_file():
        raise StoreUnusable("store_missing", f"{where} is not there")
    with translated(where), closing(_reading(file)) as conn:
        found = conn.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise unusable("store_corrupt", where, found)
        named = conn.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", (VERSION_TABLE,)).fetchone()[0]
        if not named:
            raise StoreUnusable("store_unsuitable", f"{where} is a database of something else")


def _database(url: URL) -> Path:
    return Path(url.database or "")


def _reading(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)


def _copy(source: Path, target: Path, where: str) -> None:
    """All pages of one file into the other, in one transaction of the other."""
    with translated(where), closing(_reading(source)) as old, closing(sqlite3.connect(target, timeout=30)) as new:
        new.execute("PRAGMA synchronous=FULL")
        old.backup(new, pages=_PAGES)


def _one_file(file: Path) -> None:
    """A copy that needs no companion files, and can be read where nothing can be written."""
    with closing(sqlite3.connect(file, isolation_level=None)) as conn:
        conn.execute("PRAGMA journal_mode=DELETE")


def _keep(there: Path, keep: Path) -> None:
    """Keep what is there; a damaged file is moved away as it is, with what belongs to it."""
    if _is_whole(there):
        _copy(there, keep, f"the store {there}")
        return
    for ending in ("", "-wal", "-shm"):
        piece = there.with_name(f"{there.name}{ending}")
        if piece.exists():
            piece.rename(keep.with_name(f"{keep.name}{ending}"))


def _is_whole(file: Path) -> bool:
    try:
        check(file)
    except StoreUnusable:
        return False
    return True


@contextmanager
def _nobody_at_work(database: Path) -> Iterator[None]:
    """Hold every lock that a process may hold while it works in the store.  Raises `Held`."""
    with ExitStack() as stack:
        for path in sorted(database.parent.glob(f"{database.name}.*.lock")):
            handle = os.open(path, os.O_RDWR)
            stack.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Held("the store", os.pread(handle, 1000, 0).decode(errors="replace")) from None
        yield


def _dump(url: URL, file: Path) -> None:
    """Postgres' own tool: a consistent dump, which pg_restore reads."""
    tool = shutil.which("pg_dump")
    where = describe(url)
    if tool is None:
        message = f"{where} is backed up with Postgres' pg_dump, which is not installed here: install postgresql-client"
        raise StoreUnusable("store_unsuitable", message)
    plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    secret = {} if url.password is None else {"PGPASSWORD": str(url.password)}  # never on the command line
    command = [tool, "--format=custom", f"--file={file}", f"--dbname={plain}"]
    done = subprocess.run(command, env=os.environ | secret, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise unusable("store_unreachable", where, done.stderr)


def _on_disk(file: Path) -> None:
    """The copy outlives a power failure from here on."""
    handle = os.open(file, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
