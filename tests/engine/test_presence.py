"""Who is at work: beats, the end of those that are silent, and that nobody comes back under an id that was given up."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import update

from billsync.engine import presence
from billsync.engine.exactly import Outlived, carried_out_once
from billsync.engine.presence import Presence
from billsync.engine.reaper import Reaper
from billsync.schedule import SystemClock
from billsync.store import IllegalMove, Store
from billsync.store.fleet_tables import workers
from billsync.store.presence import DEAD_AFTER_S


def _join(store: Store, id: str) -> None:
    with store.aside() as tx:
        tx.workers.join(id, "worker", host="h", pid=1, version="0", doc={})


def _silence(store: Store, id: str, *, dead: bool = False) -> None:
    """As if the last beat had been a minute ago; and where that is asked for, somebody has found out."""
    with store.aside() as tx:
        late = tx.workers.now() - timedelta(minutes=1)
        tx.workers._conn.execute(update(workers).where(workers.c.id == id).values(beat_at=late))
        if dead:
            assert tx.workers.declare_dead(id)


def _states(store: Store) -> dict[str, str]:
    with store.view() as tx:
        return {worker.id: worker.state for worker in tx.workers.list()}


def test_an_id_that_was_declared_dead_never_comes_back(store: Store) -> None:
    """Neither by a beat nor by joining, and what it does in a transaction of a flow does not count."""
    _join(store, "one")
    clock = SystemClock().now
    assert carried_out_once(store, "flow", "first", lambda _tx: 1, owner="one", now=clock) == 1
    with store.aside() as tx:
        assert not tx.workers.declare_dead("one")  # it beats
    _silence(store, "one", dead=True)
    with store.aside() as tx:
        assert not tx.workers.declare_dead("one")
        assert not tx.workers.beat("one")
        tx.workers.leave("one")
    assert _states(store) == {"one": "dead"}
    with pytest.raises(IllegalMove):
        _join(store, "one")
    with pytest.raises(Outlived):
        carried_out_once(store, "flow", "second", lambda _tx: 2, owner="one", now=clock)
    with store.view() as tx:
        assert tx.workers.alive() == frozenset()
        assert tx.flow_steps.output("flow", "second") is None


def test_nothing_of_a_process_counts_after_it_left(store: Store) -> None:
    """A run that did not end in time when it was stopped: others go on with it from then on."""
    _join(store, "one")
    with store.aside() as tx:
        tx.workers.leave("one")
    with pytest.raises(Outlived):
        carried_out_once(store, "flow", "first", lambda _tx: 1, owner="one", now=SystemClock().now)


def test_the_silent_are_declared_dead_by_one_that_saw_them_silent_for_a_while(store: Store) -> None:
    """After a pause that all had, each gets the time for its next beat; one that is not sure itself says nothing."""
    for id in ("me", "dead", "waking"):
        _join(store, id)
    rescued: list[dict[str, str]] = []
    sure = [True]

    def rescue() -> int:
        rescued.append(_states(store))
        return 1

    reaper = Reaper(store, "me", rescue, sure=lambda: sure[0])
    reaper.look(100)
    for id in ("dead", "waking"):
        _silence(store, id)
    reaper.look(101)
    reaper.look(3600)  # the machine was suspended meanwhile
    assert set(_states(store).values()) == {"at work"}
    with store.aside() as tx:
        assert tx.workers.beat("waking")
    sure[0] = False
    reaper.look(3602)
    reaper.look(3604)
    assert set(_states(store).values()) == {"at work"}
    sure[0] = True
    for second in range(int(DEAD_AFTER_S / 2) + 1):
        assert _states(store)["dead"] == "at work"
        reaper.look(3605 + second)
    assert _states(store) == {"me": "at work", "dead": "dead", "waking": "at work"}
    assert rescued[-1]["dead"] == "dead"


def test_what_others_failed_to_rescue_is_rescued_at_a_later_look(store: Store) -> None:
    """Who declared one dead may have died over it."""
    _join(store, "dead")
    _silence(store, "dead", dead=True)
    tries: list[str] = []

    def rescue() -> int:
        tries.append("")
        return 0

    reaper = Reaper(store, "me", rescue, sure=lambda: True)
    reaper.look(1000)
    reaper.look(1001)
    assert len(tries) == 1


def test_a_process_beats_on_though_its_connections_break_and_a_rescue_hangs(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ceases to be sure without a beat, is sure after the next, and is not sure any more once it left."""
    monkeypatch.setattr(presence, "BEAT_S", 0.02)
    hangs = threading.Event()
    store = Store.open(store_url, create=True, owner="one")
    other = Store.open(store_url, owner="other")
    _join(other, "gone")
    with other.aside() as tx:
        tx.workers.leave("gone")

    def rescue() -> int:
        hangs.wait(10)
        return 0

    with Presence(store, "one", "worker", version="0", rescue=rescue, lost=lambda: None) as present:
        assert present.sure()
        for _ in range(3):
            with other.aside() as tx:
                tx.workers.cut_off("one")
            _until(partial(_beat_since, other, _beat(other)))
        assert present.sure()
        hangs.set()
    assert not present.sure()
    assert _states(other)["one"] == "left"
    store.close()
    other.close()


def test_who_is_declared_dead_is_told_once_and_loses_locks_and_transactions(
    postgres_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Postgres: a process that is only paused holds nothing any more."""
    monkeypatch.setattr(presence, "BEAT_S", 0.05)
    told: list[str] = []
    store = Store.open(postgres_store_url, create=True, owner="one")
    other = Store.open(postgres_store_url, owner="other")

    def open_when_cut_off() -> None:
        with store.tx("open") as tx:
            tx.flow_steps.put("f", "s", 1, owner="one", at=tx.workers.now())
            with other.aside() as others:
                others.workers.cut_off("one")

    with contextlib.suppress(Exception), store.lock("pipeline", "one"):
        with pytest.raises(Exception, match="run the same again"):
            open_when_cut_off()
        with other.lock("pipeline", "other"):
            told.append("the lock is free")
    with other.view() as tx:
        assert tx.flow_steps.output("f", "s") is None
    with Presence(store, "one", "worker", version="0", rescue=lambda: 0, lost=lambda: told.append("lost")) as one:
        _silence(other, "one", dead=True)
        _until(lambda: one.dead)
        assert not one.sure()
    assert told == ["the lock is free", "lost"]
    assert _states(other) == {"one": "dead"}
    store.close()
    other.close()


def _beat(store: Store) -> datetime:
    with store.view() as tx:
        return next(worker.beat_at for worker in tx.workers.list() if worker.id == "one")


def _beat_since(store: Store, before: datetime) -> bool:
    return _beat(store) > before


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
