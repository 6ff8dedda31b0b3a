"""One store file in memory for all histories of this interpreter, and the engines that processes reach it by.

An engine is only the way to connections and holds compiled statements: it is kept, since making one for every restart
would cost more than everything else.  Its connections die with their process, and each life gets a `Store` of its own.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event

from billsync.store import Store
from tests.simulation.scheduler import Crash, running

MEMORY: Final = Path("/dev/shm")


class Disk:
    """A folder with the store's file."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self._file = self.folder / "store.db"
        self.url = f"sqlite:///{self._file}"
        Store.open(self.url, create=True).close()
        self._empty = self._file.read_bytes()
        self._first: dict[str, Store] = {}

    def clear(self) -> None:
        """A store that has its tables and nothing in them."""
        for store in self._first.values():
            store.close()
        for path in self.folder.iterdir():
            path.unlink()
        self._file.write_bytes(self._empty)

    def store(self, name: str, point: Callable[[str], None]) -> Store:
        """A store as a process finds it that has just started."""
        if name not in self._first:
            self._first[name] = Store.open(self.url)
            event.listen(self._first[name]._engine, "begin", _must_live)
        engine = self._first[name]._engine
        engine.dispose()
        return Store(self.url, engine, point)


@cache
def disk() -> Disk:
    """The interpreter's own."""
    return Disk()


def open_transactions(store: Store) -> int:
    """How many connections are in use."""
    pool: Any = store._engine.pool
    count: int = pool.checkedout()
    return count


def _must_live(_conn: object) -> None:
    """What a killed process would do in its `finally` never happens."""
    process = running()
    if process is not None and process.dead:
        raise Crash
