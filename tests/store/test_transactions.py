"""Transactions: all or nothing, one writer at a time, whatever dies in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from billsync.store import Conflict, Held, IllegalMove, Store, StoreUnusable, Tx
from tests.store.made import AT, charge, delivery, invoice, other, problem, told
from tests.store.test_ledger import billed


def test_what_raises_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.tx("t") as tx:
        assert tx.outbox.plan([delivery()], at=AT) / 0
    with store.view() as tx:
        assert tx.outbox.counts() == {}
        assert tx.audit.head()[0] == 0


def test_a_view_sees_one_moment_and_cannot_write(store: Store) -> None:
    with store.view() as before:
        assert before.outbox.counts() == {}
        with store.tx("t") as tx:
            tx.outbox.plan([delivery()], at=AT)
        assert before.outbox.counts() == {}
    with pytest.raises(StoreUnusable) as caught, store.view() as tx:
        tx.outbox.plan([delivery("b")], at=AT)
    assert caught.value.reason == "store_readonly"
    with store.tx("t") as tx:
        assert tx.outbox.plan([delivery("c")], at=AT) == 1


def test_a_transaction_inside_of_another_is_a_mistake_not_a_deadlock(store: Store) -> None:
    with store.tx("outer"), pytest.raises(RuntimeError, match="use its Tx"), store.tx("inner"):
        pass
    with store.tx("after"):
        pass


def test_points_are_passed_around_each_commit(store_url: str) -> None:
    seen: list[str] = []
    store = Store.open(store_url, create=True)
    store.close()
    store = Store.open(store_url, point=seen.append)
    with store.tx("claim"):
        pass
    store.close()
    assert seen == ["claim:before-commit", "claim:after-commit"]


# ---------------------------------------------------------------- many writers


def test_f19_threads_that_read_then_write_never_find_the_database_locked(store: Store) -> None:
    def work(n: int) -> list[int]:
        numbers = []
        for k in range(5):
            with store.tx("t") as tx:
                tx.outbox.counts()
                numbers.append(tx.ledger.draw("INV"))
                tx.outbox.plan([delivery(f"{n}/{k}")], at=AT)
        return numbers

    with ThreadPoolExecutor(6) as pool:
        drawn = [number for numbers in pool.map(work, range(6)) for number in numbers]
    assert sorted(drawn) == list(range(1, 31))
    with store.view() as tx:
        assert tx.audit.verify() == []


def test_what_a_transaction_has_read_is_still_so_when_it_writes_although_another_program_is_waiting(
    store: Store,
) -> None:
    second = Store.open(store.url)

    def report_another() -> None:
        with second.tx("t") as tx:
            tx.problems.report([problem("A-2")], pipeline="p", run="r", at=AT)

    with ThreadPoolExecutor(1) as pool:
        with store.tx("t") as tx:
            assert tx.problems.count_open() == 0
            waiting = pool.submit(report_another)
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
            tx.problems.report([problem("A-1")], pipeline="p", run="r", at=AT)
        waiting.result(20)
    with store.view() as tx:
        assert [(item.number, item.problem.place.id) for item in tx.problems.list()] == [(1, "A-1"), (2, "A-2")]
    second.close()


def test_numbers_have_no_gap_when_two_processes_draw_and_one_fails_and_one_is_killed(store: Store) -> None:
    draw = """
store = Store.open(url)
for n in range(30):
    try:
        with store.tx("t") as tx:
            number = tx.ledger.draw("INV")
            item = charge(f"{sys.argv[2]}/{n}")
            tx.ledger.add_charges([item], run="r", at=AT)
            tx.ledger.add_invoice(invoice(f"INV-{number:06}", item), run="r", at=AT)
            if sys.argv[2] == "a" and n == 20: die()
            if n % 7 == 3: raise KeyError
    except KeyError:
        pass
"""
    children = [other(draw, store.url, name) for name in ("a", "b")]
    assert [child.wait(60) for child in children] == [-9, 0]
    for child in children:
        told(child)
    with store.view() as tx:
        numbers = [item.invoice.number for item in tx.ledger.invoices()]
        assert tx.audit.verify() == tx.ledger.verify() == []
    assert numbers == [f"INV-{n:06}" for n in range(1, len(numbers) + 1)]
    assert len(numbers) == (20 - 3) + (30 - 4)


@pytest.mark.parametrize(("point", "there"), [("work:before-commit", False), ("work:after-commit", True)])
def test_a_process_killed_at_a_commit_leaves_all_or_nothing(store: Store, point: str, there: bool) -> None:
    code = """
store = Store.open(url, point=lambda name: die() if name == sys.argv[2] else None)
with store.tx("work") as tx:
    tx.ledger.draw("INV")
    tx.ledger.add_charges([charge()], run="r", at=AT)
    tx.outbox.plan([delivery()], at=AT)
"""
    child = other(code, store.url, point)
    assert child.wait(60) == -9
    told(child)
    again = Store.open(store.url)
    with again.tx("t") as tx:
        assert (tx.outbox.get(delivery().key) is not None) is there
        assert (tx.ledger.charges_of("D-1") != {}) is there
        assert tx.ledger.draw("INV") == (2 if there else 1)
        assert tx.audit.verify() == []
    again.close()


# ---------------------------------------------------------------- conflicts


@pytest.fixture
def postgres_store(postgres_store_url: str) -> Iterator[Store]:
    opened = Store.open(postgres_store_url)
    yield opened
    opened.close()


def _fails_once(tries: list[int], state: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION 'made' USING ERRCODE = '{state}'; END $$" if len(tries) == 1 else "SELECT 1"


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_f26_a_transaction_that_loses_to_another_is_run_again(postgres_store: Store, state: str) -> None:
    tries: list[int] = []

    def work(tx: Tx) -> int:
        tries.append(1)
        number = tx.ledger.draw("INV")
        tx.conn.execute(text(_fails_once(tries, state)))
        return number

    assert postgres_store.run("t", work) == 1
    assert len(tries) == 2


def _until_somebody_waits(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        for _ in range(600):
            waiting = conn.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
            if waiting.fetchone() != (0,):
                return
            time.sleep(0.05)
    raise AssertionError("the stranger never came to wait for us")


def test_f26_a_real_deadlock_with_another_program_is_run_again(postgres_store: Store, postgres_store_url: str) -> None:
    with postgres_store.tx("t") as tx:
        for name in ("a", "b"):
            tx.ledger.draw(name)
    holds_a, holds_b, tries = threading.Event(), threading.Event(), []

    def work(tx: Tx) -> int:
        tries.append(1)
        tx.conn.execute(text("SET LOCAL deadlock_timeout = '100ms'"))
        tx.ledger.draw("b")
        holds_b.set()
        assert holds_a.wait(30)
        if len(tries) == 1:
            _until_somebody_waits(postgres_store_url)  # who closes the circle is the one to lose
        return tx.ledger.draw("a")

    def stranger() -> None:
        with psycopg.connect(postgres_store_url) as conn:
            conn.execute("SET deadlock_timeout = '60s'")
            conn.execute("UPDATE series SET last = last WHERE name = 'a'")
            holds_a.set()
            assert holds_b.wait(30)
            conn.execute("UPDATE series SET last = last WHERE name = 'b'")

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(stranger)
        assert postgres_store.run("t", work) == 2
        done.result(30)
    assert len(tries) == 2


def test_f24_a_lost_connection_before_the_commit_is_a_conflict_and_the_next_one_is_new(
    postgres_store: Store, postgres_store_url: str
) -> None:
    def cut(tx: Tx) -> str:
        tx.ledger.draw("INV")
        pid = tx.conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with psycopg.connect(postgres_store_url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        return "INV"

    with pytest.raises(Conflict), postgres_store.tx("t") as tx:
        tx.ledger.draw(cut(tx))
    with pytest.raises(StoreUnusable, match="during the commit") as caught, postgres_store.tx("t") as tx:
        cut(tx)
    assert caught.value.reason == "store_unreachable"
    with postgres_store.tx("t") as tx:
        assert tx.ledger.draw("INV") == 1


def test_conflicts_without_end_become_a_store_that_cannot_be_used(store: Store) -> None:
    def lose(_: Tx) -> None:
        raise Conflict("again")

    with pytest.raises(StoreUnusable, match="2 tries: again"):
        store.run("t", lose, tries=2)


def test_a_defect_in_our_sql_stays_what_it_is(store: Store) -> None:
    with pytest.raises(DBAPIError), store.tx("t") as tx:
        tx.conn.execute(text("SELECT nothing FROM nowhere"))


def test_what_a_unique_key_refuses_is_an_illegal_move(store: Store) -> None:
    with store.tx("t") as tx:
        billed(tx)
        tx.ledger.add_charges([charge("D-2/1"), charge("D-3/1")], run="r", at=AT)
    twice = [invoice("INV-2", charge("D-2/1"), id="x"), invoice("INV-3", charge("D-3/1"), id="x")]
    with pytest.raises(IllegalMove), store.tx("t") as tx:
        tx.ledger.add_invoices(twice, run="r", at=AT)


# ---------------------------------------------------------------- locks


_HOLD = """
store = Store.open(url)
with store.lock(sys.argv[2], "host-1/42"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_processes_cannot_hold_one_lock_and_a_killed_holder_frees_it(store: Store) -> None:
    child = other(_HOLD, store.url, "pipeline/a b")
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(Held, match="host-1/42") as caught, store.lock("pipeline/a b", "me"):
        pass
    assert caught.value.owner == "host-1/42"
    with store.lock("another", "me"):
        pass
    child.kill()
    told(child)
    for _ in range(100):  # the server needs a moment to see that its client is gone
        try:
            with store.lock("pipeline/a b", "me"):
                return
        except Held:
            threading.Event().wait(0.05)
    pytest.fail("the lock of a dead process was not freed")


def test_a_lock_is_free_again_after_its_block_and_excludes_threads_too(store: Store) -> None:
    for _ in range(2):
        with store.lock("push-erp", "me"), pytest.raises(Held), store.lock("push-erp", "me too"):
            pass
    with pytest.raises(ZeroDivisionError), store.lock("push-erp", "me"):
        raise ZeroDivisionError
    with store.lock("push-erp", "me"):
        pass
