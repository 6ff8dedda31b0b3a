"""The port's contract: the same stories on every engine."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from billsync.engine import durable
from billsync.engine.durable import DurableEngine
from billsync.engine.memory import MemoryEngine
from billsync.engine.port import Engine, Flow, FlowFailed, NotYet, Queue
from billsync.engine.presence import new_id
from billsync.schedule import SystemClock
from billsync.store import Conflict, Store

GROUNDS = ("memory", "DBOS on SQLite", "DBOS on Postgres")


@pytest.fixture(params=GROUNDS)
def ground(request: pytest.FixtureRequest) -> str:
    """Where flows are carried out."""
    return str(request.param)


@pytest.fixture
def store(ground: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A new store on that ground."""
    if ground == "DBOS on Postgres":
        url = request.getfixturevalue("postgres_store_url")
    else:
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "store.db")
        url = f"sqlite:///{tmp_path / 'store.db'}"
    opened = Store.open(url)
    yield opened
    opened.close()


@pytest.fixture
def engine(ground: str, store: Store) -> Iterator[Engine]:
    """An engine that is not launched yet."""
    now = SystemClock().now
    made: Engine = MemoryEngine(store, "me", now) if ground == "memory" else DurableEngine(store, new_id(), now)
    yield made
    made.close()


def test_a_flow_is_carried_out_once_for_its_id(engine: Engine) -> None:
    seen: list[int] = []

    def body(_flow: Flow, asked: dict[str, Any]) -> int:
        seen.append(asked["n"])
        return int(asked["n"]) * 2

    engine.register("double", body)
    engine.declare(Queue("many"))
    engine.launch()
    assert engine.start("one", "double", {"n": 4}) is True
    assert engine.result("one", 20) == 8
    assert engine.start("one", "double", {"n": 5}) is False
    assert engine.enqueue("many", "double", "one", {"n": 6}) is False
    assert engine.enqueue("many", "double", "two", {"n": 7}) is True
    assert engine.result("two", 20) == 14
    assert seen == [4, 7]
    assert (engine.state("two"), engine.state("three")) == ("done", None)


def test_an_error_is_told_and_stays_with_its_flow(engine: Engine) -> None:
    """Without what it says of people; it stands in a table."""

    def body(_flow: Flow, _asked: dict[str, Any]) -> None:
        raise ValueError("the thirteenth month of ada@example.com")

    engine.register("bad", body)
    engine.launch()
    engine.start("bad", "bad", {})
    with pytest.raises(FlowFailed, match=r"thirteenth month of \*\*\*"):
        engine.result("bad", 20)
    assert engine.state("bad") == "failed"


def test_a_flow_whose_store_is_away_is_called_again_but_not_for_ever(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "AGAIN_S", 0.01)
    calls: dict[str, int] = {"once": 0, "always": 0}

    def body(flow: Flow, asked: dict[str, Any]) -> list[int]:
        calls[flow.id] += 1
        first = flow.step("first", lambda: calls[flow.id])
        if calls[flow.id] <= asked["times"]:
            raise Conflict("the server was restarted")
        return [first, calls[flow.id]]

    engine.register("troubled", body)
    engine.declare(Queue("narrow", partition=1))
    engine.launch()
    engine.enqueue("narrow", "troubled", "once", {"times": 1}, partition="p")
    engine.enqueue("narrow", "troubled", "always", {"times": 99}, partition="p")
    assert engine.result("once", 20) == [1, 2], "a step that was carried out is not again"
    with pytest.raises(FlowFailed, match="restarted"):
        engine.result("always", 20)
    assert calls["always"] == 6


def test_a_flow_that_waits_is_woken_by_a_signal(engine: Engine) -> None:
    engine.register("wait", lambda flow, _asked: [flow.wait("go", 20), flow.wait("stop", 0.1)])
    engine.launch()
    engine.start("one", "wait", {})
    with pytest.raises(NotYet):
        engine.result("one", 0.1)
    engine.signal("one", "go", {"n": 1})
    assert engine.result("one", 20) == [{"n": 1}, None]


def test_a_step_in_a_transaction_is_undone_with_it_and_done_once(engine: Engine, store: Store) -> None:
    """What it did and that it was done are one: carried out twice under one flow and name it is done once."""
    tries: list[str] = []

    def noted(tx: Any) -> int:
        tries.append("")
        tx.flow_steps.put("effect", f"{len(tries)}", {}, owner="", at=tx.workers.now())
        if len(tries) == 1:
            raise RuntimeError("before the commit")
        return len(tries)

    def body(flow: Flow, _asked: dict[str, Any]) -> list[int]:
        with contextlib.suppress(RuntimeError):
            flow.transaction("first", noted)
        return [flow.transaction("second", noted), flow.transaction("second", noted)]

    engine.register("effects", body)
    engine.launch()
    engine.start("one", "effects", {})
    assert engine.result("one", 20) == [2, 2]
    with store.view() as tx:
        assert tx.flow_steps.output("effect", "1") is None
        assert tx.flow_steps.output("effect", "2") == ({},)
        assert tx.flow_steps.output("effect", "3") is None


def test_what_is_enqueued_with_a_transaction_shares_its_fate(engine: Engine, store: Store) -> None:
    engine.register("echo", lambda _flow, asked: asked)
    engine.declare(Queue("many", partition=1))
    engine.launch()

    def rolled_back() -> None:
        with store.tx("no") as tx:
            engine.enqueue_with(tx, "many", "echo", "never", {"n": 1})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        rolled_back()
    with store.tx("yes") as tx:
        engine.enqueue_with(tx, "many", "echo", "once", {"n": 2}, partition="p")
        engine.enqueue_with(tx, "many", "echo", "once", {"n": 3}, partition="p")
    assert engine.state("once") is None
    assert (engine.pump(), engine.pump()) == (1, 0)
    assert engine.result("once", 20) == {"n": 2}
    assert engine.state("never") is None


def test_of_one_partition_one_flow_at_a_time_and_of_a_queue_so_many(engine: Engine) -> None:
    now: list[str] = []
    most: list[tuple[int, int]] = []
    lock = threading.Lock()

    def body(_flow: Flow, asked: dict[str, Any]) -> None:
        with lock:
            now.append(asked["part"])
            most.append((max(now.count(part) for part in now), len(now)))
        time.sleep(0.05)
        with lock:
            now.remove(asked["part"])

    engine.register("busy", body)
    engine.declare(Queue("narrow", each=2, partition=1))
    engine.launch()
    names = [f"{part}{n}" for part in "abc" for n in range(2)]
    for name in names:
        engine.enqueue("narrow", "busy", name, {"part": name[0]}, partition=name[0])
    for name in names:
        engine.result(name, 30)
    assert max(part for part, _ in most) == 1
    assert max(all for _, all in most) == 2


def test_what_ended_long_ago_is_forgotten(engine: Engine, store: Store) -> None:
    """Steps and flows; what runs, and what ended since, stays."""
    engine.register("note", lambda flow, _asked: flow.transaction("noted", lambda _tx: 1))
    engine.launch()
    engine.start("old", "note", {})
    engine.result("old", 20)
    with store.view() as tx:
        now = tx.workers.now()
    engine.tidy(now - timedelta(hours=1))
    assert engine.state("old") == "done"
    with store.view() as tx:
        assert tx.flow_steps.output("old", "noted") == (1,)
    engine.tidy(now + timedelta(minutes=5))
    with store.view() as tx:
        assert tx.flow_steps.output("old", "noted") is None
