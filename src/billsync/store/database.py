"""The store: opened once, then worked with in short transactions.  (shell)"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError

from billsync.store import disk, locks, migrating, opening, rehearsing
from billsync.store.alerts import Alerts
from billsync.store.audit import Audit
from billsync.store.budgets import Budgets
from billsync.store.changes import Changes
from billsync.store.echoes import Echoes
from billsync.store.errors import Conflict, StoreUnusable, reason_of, translated, unusable
from billsync.store.facts import Facts
from billsync.store.flow_steps import FlowSteps
from billsync.store.foremen import Foremen
from billsync.store.gates import Gates
from billsync.store.hints import Hints
from billsync.store.inbox import Inbox
from billsync.store.kept import Kept
from billsync.store.ledger import Ledger
from billsync.store.links import Links
from billsync.store.orphans import Orphans
from billsync.store.outbox import Outbox
from billsync.store.outside import LiveTables, Schemas
from billsync.store.presence import Workers
from billsync.store.problems import Problems
from billsync.store.pulses import Pulses
from billsync.store.rings import Rings
from billsync.store.runs import Runs
from billsync.store.signals import Signals
from billsync.store.traces import Traces

T = TypeVar("T")

_PAUSE_S: Final = 0.05


class Tx:
    """One transaction: the areas of the store on one connection."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.audit = Audit(conn)
        self.inbox = Inbox(conn)
        self.facts = Facts(conn)
        self.ledger = Ledger(conn, self.audit)
        self.changes = Changes(conn, self.audit)
        self.links = Links(conn)
        self.echoes = Echoes(conn)
        self.schemas = Schemas(conn, self.audit)
        self.live_tables = LiveTables(conn)
        self.kept = Kept(conn, self.audit)
        self.hints = Hints(conn)
        self.outbox = Outbox(conn, self.audit, self.links)
        self.gates = Gates(conn, self.audit)
        self.foremen = Foremen(conn)
        self.orphans = Orphans(conn, self.audit)
        self.problems = Problems(conn)
        self.runs = Runs(conn)
        self.rings = Rings(conn)
        self.pulses = Pulses(conn)
        self.alerts = Alerts(conn)
        self.signals = Signals(conn)
        self.traces = Traces(conn, self.outbox)
        self.workers = Workers(conn)
        self.budgets = Budgets(conn)
        self.flow_steps = FlowSteps(conn)


class Store:
    """The ledger database.  Made by `Store.open`; may be used from many threads.

    Attributes:
        url: as it was given.
    """

    def __init__(self, url: str, engine: Engine, point: Callable[[str], None]) -> None:
        self.url = url
        self._url = engine.url
        self._where = opening.describe(engine.url)
        self._engine = engine
        self._writer = opening.writing(engine)
        self._reader = opening.reading(engine)
        self._point = point
        self._turn = threading.Lock()
        self._turn_of: int | None = None
        self._stamp: str | None = None

    def __repr__(self) -> str:
        return f"<Store {self._where}>"

    @classmethod
    def open(
        cls, url: str, *, create: bool = False, point: Callable[[str], None] | None = None, owner: str = ""
    ) -> Store:
        """Open the store at an SQLAlchemy URL: `sqlite:////folder/file.db` or `postgresql://host/name`.

        With `create` the database gets its tables or the newest schema; without, `StoreUnusable` is raised unless it
        has exactly that.  `point` is called as `<tx>:before-commit` and `<tx>:after-commit` around each commit: tests
        crash there.  `owner` is what the server calls the sessions of this process.  Raises `StoreUnusable`.
        """
        read = opening.named(opening.read_url(url), owner)
        where, crash_point = opening.describe(read), point or _nowhere
        engine = opening.open_engine(read, create=create)
        try:
            with _creating(read, create=create):
                opening.check_server(engine, where)
                if create:
                    migrating.upgrade(engine, where, crash_point)
            migrating.check_schema(engine, where)
        except BaseException:
            engine.dispose()
            raise
        if read.get_backend_name() == "sqlite":
            disk.keep_reserve(_file(read))
        return cls(url, engine, crash_point)

    @contextmanager
    def tx(self, name: str) -> Iterator[Tx]:
        """One write transaction: committed at the end of the block, rolled back where it raises.

        Raises `Conflict` where it was rolled back and may be run again, `IllegalMove` for what the books refuse,
        `StoreUnusable`, and RuntimeError inside of another one of the same thread.
        """
        with self._my_turn(), translated(self._where), self._writer.connect() as conn, conn.begin() as transaction:
            self._stamp = migrating.still_ours(conn, self._where, self._stamp)
            yield Tx(conn)
            self._point(f"{name}:before-commit")
            try:
                transaction.commit()
            except DBAPIError as error:
                if reason_of(error) == "lost":
                    detail = "the connection broke during the commit: run the same again, it goes on from what is there"
                    raise unusable("store_unreachable", self._where, detail) from error
                raise
            self._point(f"{name}:after-commit")

    def run(self, name: str, fn: Callable[[Tx], T], tries: int = 5) -> T:
        """What `fn` gives in a write transaction; after a `Conflict` it is run again, in a new one.

        On a full disk it is run once more in the room of the reserve: what is done through here must be noted.

        Raises what `tx` raises, and `StoreUnusable` where all tries end in a conflict.
        """
        for attempt in range(1, tries + 1):
            try:
                with self.tx(name) as tx:
                    return fn(tx)
            except Conflict as error:
                last = error
            except StoreUnusable as error:
                if error.reason != "store_full" or not self._make_room():
                    raise
                last = Conflict(str(error))
            time.sleep(_PAUSE_S * attempt)
        raise unusable("store_unreachable", self._where, f"{tries} tries: {last}") from last

    def _make_room(self) -> bool:
        return self._url.get_backend_name() == "sqlite" and disk.give_up_reserve(_file(self._url))

    @contextmanager
    def view(self) -> Iterator[Tx]:
        """One read transaction: all of it sees the same moment, and it cannot write."""
        try:
            with translated(self._where), self._reader.connect() as conn, conn.begin() as transaction:
                yield Tx(conn)
                transaction.rollback()
        except DBAPIError:  # a defect of ours, unless a newer billsync has changed the tables
            migrating.check_schema(self._engine, self._where)
            raise

    @contextmanager
    def aside(self) -> Iterator[Tx]:
        """A write transaction that takes no turn on Postgres: for what no other row depends on, such as a beat."""
        engine = self._writer if self._url.get_backend_name() == "sqlite" else self._engine
        with translated(self._where), engine.connect() as conn, conn.begin():
            migrating.still_ours(conn, self._where, self._stamp)
            yield Tx(conn)

    @property
    def in_transaction(self) -> bool:
        """Whether this thread has a write transaction open."""
        return self._turn_of == threading.get_ident()

    def lock(self, name: str, owner: str) -> AbstractContextManager[None]:
        """Hold a lock that no other process or thread has, until the block or the process ends.

        Raises `Held` with the holder's `owner` (its first 60 characters on Postgres).
        """
        if self._url.get_backend_name() == "sqlite":
            return locks.file_lock(_file(self._url), name, owner)
        return self._server_lock(name, owner)

    @contextmanager
    def _server_lock(self, name: str, owner: str) -> Iterator[None]:
        with translated(self._where), locks.server_lock(self._engine, name, owner):
            yield

    @contextmanager
    def rehearsal(self) -> Iterator[Store]:
        """A store that begins as this one stands now and is gone at the end of the block: a run is tried out in it.

        For one thread; this store and its other users are not held up.  Raises `StoreUnusable`.
        """
        with rehearsing.copied(self._engine, self._where) as engine:
            yield _Rehearsal(self.url, engine, _nowhere)

    def check(self) -> list[str]:
        """Look at the database itself, thoroughly.  Gives remarks for people; raises `StoreUnusable`."""
        opening.check_server(self._engine, self._where)
        migrating.check_schema(self._engine, self._where)
        with translated(self._where), self._reader.connect() as conn:
            return opening.remarks(conn, self._where)

    def check_writable(self, now: datetime) -> None:
        """Look whether the database has the right schema and takes a write.  Raises `StoreUnusable`, `Conflict`."""
        migrating.check_schema(self._engine, self._where)
        with self.tx("ready") as tx:
            tx.pulses.ready(now)

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        """Threads of one process wait here, in order, instead of polling the database's lock."""
        if self._turn_of == threading.get_ident():
            raise RuntimeError("a write transaction is open in this thread: use its Tx")
        if not self._turn.acquire(timeout=opening.WAIT_S):
            raise unusable("store_locked", self._where, "another thread does not end its transaction")
        self._turn_of = threading.get_ident()
        try:
            yield
        finally:
            self._turn_of = None
            self._turn.release()


class _Rehearsal(Store):
    """A copy of one session: views stand in each other, and nobody else is there to be locked out."""

    _seen: Tx | None = None

    @contextmanager
    def view(self) -> Iterator[Tx]:
        """One read transaction; one inside of another is the same."""
        if self._seen is not None:
            yield self._seen
            return
        with super().view() as tx:
            self._seen = tx
            try:
                yield tx
            finally:
                self._seen = None

    def lock(self, name: str, owner: str) -> AbstractContextManager[None]:
        """Nothing to hold."""
        return nullcontext()


def _nowhere(_name: str) -> None:
    """No crash point."""


def _file(url: URL) -> Path:
    return Path(url.database or "")


def _creating(url: URL, *, create: bool) -> AbstractContextManager[None]:
    """Two processes that make the same SQLite file do so one after the other."""
    wanted = create and url.get_backend_name() == "sqlite"
    return locks.file_lock(_file(url), "create", "", wait=True) if wanted else _open_to_all()


@contextmanager
def _open_to_all() -> Iterator[None]:
    yield
