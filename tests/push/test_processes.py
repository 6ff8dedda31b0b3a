"""Several processes at one outbox on a real Postgres: each document once, whoever sends it and whoever is killed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from billsync.model.delivery import DONE, DeliveryState
from billsync.schedule import SystemClock
from billsync.store import Store
from tests.crash.forks import FORKS
from tests.push import worker
from tests.push.crowd import HANDS, There
from tests.push.test_hands import check, everything, plan, planned, rows

S = DeliveryState


@pytest.fixture
def shared(postgres_store_url: str) -> Iterator[Store]:
    store = Store.open(postgres_store_url)
    yield store
    store.close()


@contextmanager
def process(body: Callable[..., None], *arguments: object) -> Iterator[BaseProcess]:
    started = FORKS.Process(target=body, args=arguments)
    started.start()
    try:
        yield started
    finally:
        started.join(60)
        assert started.exitcode is not None, "it does not end"


def pids(there: There) -> set[str]:
    return {line.split()[3] for line in there.path.read_text(encoding="utf-8").splitlines()}


def test_two_processes_send_from_one_outbox(shared: Store, tmp_path: Path) -> None:
    there, wanted = There(tmp_path / "there"), everything(100)
    plan(shared, wanted)
    with process(worker.help_along, shared.url, str(there.path), 1.5) as helper:
        while not there.path.with_name("there.ready").exists():
            time.sleep(0.02)
        pushed = worker.lead(shared, there)
        check(shared, there, wanted)
    assert helper.exitcode == 0
    assert len(pids(there)) == 2
    assert pushed.sent == Counter(row.kind for row in wanted)  # what the helper sent as well


def test_nobody_helps_where_nobody_leads(shared: Store, tmp_path: Path) -> None:
    """Bounds were not looked at: nothing leaves, though it is ready."""
    there = There(tmp_path / "there")
    plan(shared, [planned("invoice", n) for n in range(3)])
    worker.help_along(shared.url, str(there.path), 0.1)
    with shared.tx("dead") as tx:
        tx.foremen.put("erp", "worker:999999999", at=tx.outbox.list()[0].next_at or SystemClock().now())
    worker.help_along(shared.url, str(there.path), 0.1)
    assert there.events() == []


def test_killed_with_all_hands_at_work_each_document_is_there_once(shared: Store, tmp_path: Path) -> None:
    there, wanted = There(tmp_path / "there"), [planned("invoice", n) for n in range(60)]
    plan(shared, wanted)
    with process(worker.lead_and_die, shared.url, str(there.path)) as killed:
        pass
    assert killed.exitcode == -9
    left = [row for row in rows(shared) if row.state is S.INFLIGHT]
    assert 1 <= len(left) <= 4 * HANDS
    worker.lead(shared, there)
    assert {row.state for row in rows(shared)} <= DONE
    standing = Counter(there.written("invoice"))
    assert set(standing) == {row.our_id for row in wanted}
    again = {row.our_id for row in left}  # what may have been written is written again: one record of both
    assert {key for key, times in standing.items() if times > 1} <= again


def test_what_the_living_are_sending_is_left_to_them(shared: Store, tmp_path: Path) -> None:
    there = There(tmp_path / "there")
    mine, dead = planned("invoice", 1), planned("invoice", 2)
    plan(shared, [mine, dead])
    now = SystemClock().now()
    with shared.tx("claims") as tx:
        for row, owner in ((mine, worker.owner()), (dead, "worker:999999999")):
            tx.outbox.move(
                row, S.INFLIGHT, at=now, owner=owner, fence=1, attempt=1, lease_until=now.replace(year=9999),
            )  # fmt: skip
    worker.lead(shared, there, patience_s=0)
    states = {row.our_id: (row.state, row.reason) for row in rows(shared)}
    assert states["invoice-1"] == (S.INFLIGHT, "")
    assert states["invoice-2"][0] in DONE | {S.UNKNOWN}
    assert states["invoice-2"] != (S.UNKNOWN, "lease_expired")


def test_a_process_that_may_count_as_dead_sends_nothing_more(shared: Store, tmp_path: Path) -> None:
    there = There(tmp_path / "there")
    plan(shared, [planned("invoice", n) for n in range(30)])
    worker.lead(shared, there, sure=lambda: len(there.written("invoice")) < 3)
    assert len(there.written("invoice")) < 3 + HANDS
    assert {row.state for row in rows(shared)} <= {S.READY, S.RETRY, S.CONFIRMED}
