"""What becomes of flows whose database goes away, and of those that a process left behind long ago."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from billsync.engine import durable, tables
from billsync.engine.durable import DurableEngine
from billsync.engine.port import Flow, Queue
from billsync.engine.presence import Presence, new_id
from billsync.schedule import SystemClock
from billsync.store import Store
from billsync.store.fleet_tables import workers
from tests.store.away import close, reopen


@contextmanager
def at_work(url: str) -> Iterator[tuple[Store, DurableEngine]]:
    """An engine of a process that is at work."""
    id = new_id()
    store = Store.open(url, owner=id)
    engine = DurableEngine(store, id, SystemClock().now)
    engine.declare(Queue("narrow", partition=1))
    with Presence(store, id, "worker", version="0", rescue=lambda: 0, lost=lambda: None):
        yield store, engine
        engine.close()
    store.close()


def test_postgres_goes_away_in_the_middle_of_a_flow_and_who_waits_for_it_gets_its_result(
    postgres_store_url: str, postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is restarted: every session ends, and for a while there is no new one."""
    for module in (durable, tables):
        monkeypatch.setattr(module, "AGAIN_S", 0.05)
    shut, calls = threading.Event(), list[str]()

    def names() -> set[str]:
        with store.view() as tx:
            found = tx.conn.execute(text("SELECT application_name FROM pg_stat_activity WHERE datname IS NOT NULL"))
            return set(found.scalars())

    def body(_flow: Flow, _asked: dict[str, Any]) -> int:
        calls.append("")
        if len(calls) == 1:
            close(postgres_server, postgres_store_url)
            shut.set()
            with store.tx("note") as tx:
                tx.workers.now()
        return len(calls)

    with at_work(postgres_store_url) as (store, engine):
        engine.register("count", body)
        engine.launch()
        engine.enqueue("narrow", "count", "one", {}, partition="p")
        assert engine.state("one") is not None
        strangers = {name for name in names() if "dbos" in name.lower()}
        assert shut.wait(20)
        timer = threading.Timer(0.5, reopen, [postgres_server, postgres_store_url])
        timer.start()
        assert engine.result("one", 20) == 2
        timer.join()
    assert strangers == set(), "sessions that nobody could end together with their process"


def test_a_run_that_was_left_behind_long_ago_is_gone_on_with(tmp_path: Path, sqlite_template: Path) -> None:
    """A daemon that was stopped on Friday, its run not at its end, and started on Monday: else nothing of its partition
    would ever run again."""
    shutil.copy(sqlite_template, tmp_path / "store.db")
    held, calls = threading.Event(), list[str]()

    def body(_flow: Flow, _asked: dict[str, Any]) -> int:
        calls.append("")
        if len(calls) == 1:
            held.wait(20)
        return len(calls)

    with at_work(f"sqlite:///{tmp_path / 'store.db'}") as (store, engine):
        engine.register("count", body)
        engine.launch()
        engine.enqueue("narrow", "count", "friday", {}, partition="p")
        _until(lambda: bool(calls))
        assert engine.rescue() == 0, "its process is at work"
        with store.aside() as tx:
            friday = tx.workers.now() - timedelta(days=3)
            tx.conn.execute(update(workers).values(state="left", ended_at=friday))
        assert engine.rescue() == 1
        engine.enqueue("narrow", "count", "monday", {}, partition="p")
        assert sorted([engine.result("friday", 20), engine.result("monday", 20)]) == [2, 3]
        held.set()


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_engine_that_closes_over_a_step_leaves_the_flow_to_others(sqlite_template: Path, tmp_path: Path) -> None:
    """What fails from then on is no end of it, and nobody is told of a failure."""
    shutil.copy(sqlite_template, tmp_path / "store.db")
    url = f"sqlite:///{tmp_path / 'store.db'}"
    begun, closed, ended = threading.Event(), threading.Event(), list[BaseException]()

    def step() -> None:
        begun.set()
        closed.wait(20)
        raise ValueError("nothing works any more")

    def body(flow: Flow, _asked: dict[str, Any]) -> None:
        try:
            flow.step("long", step)
        except BaseException as error:
            ended.append(error)
            raise

    with at_work(url) as (_store, engine):
        engine.register("run", body)
        engine.launch()
        engine.start("one", "run", {})
        assert begun.wait(20)
        engine.close()
        closed.set()
        until = time.monotonic() + 20
        while not ended and time.monotonic() < until:
            time.sleep(0.01)
    assert [isinstance(error, Exception) for error in ended] == [False]
    with at_work(url) as (_store, engine):
        assert engine.state("one") == "running"
