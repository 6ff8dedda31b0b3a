"""The effect machine on a real store: whatever becomes of a reply, one intent has one effect or waits for a person."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billsync.connector import Target
from billsync.model.delivery import Delivery, DeliveryState
from billsync.model.problem import Problem
from billsync.push import Options, Pushed, deliver, payload
from billsync.store import Store, Tx
from billsync.verify import verify
from tests.push.conftest import copied
from tests.push.fakes import Books, Fake, HandClock

S = DeliveryState


def planned(number: int, *, needs: tuple[str, ...] = (), kind: str = "invoice") -> Delivery:
    return payload.plan(
        connection="erp", object=kind, kind=kind, our_id=f"{kind}-{number}", number=1, document={"n": number},
        mapping="m", rank=0 if kind == "customer" else 2, sequence=f"{number:04}", needs=needs,
    )  # fmt: skip


def plan(store: Store, deliveries: Iterable[Delivery], clock: HandClock) -> None:
    with store.tx("plan") as tx:
        tx.outbox.plan(list(deliveries), at=clock.now())


def push(store: Store, fake: Fake, clock: HandClock, *, owner: str = "me", patience_s: float = 3600) -> Pushed:
    def report(tx: Tx, problems: Iterable[Problem]) -> None:
        tx.problems.report(list(problems), pipeline="p", run="r", at=clock.now())

    return deliver(
        store, fake, "erp", owner=owner, clock=clock, chance=Random(1), options=Options(patience_s=patience_s),
        report=report,
    )  # fmt: skip


def state(store: Store, number: int, kind: str = "invoice") -> DeliveryState:
    with store.view() as tx:
        row = tx.outbox.get(f"{kind}:{kind}-{number}:erp:1")
    assert row is not None
    return row.state


KEEPING = [Target.KEY, Target.UPSERT, Target.SEARCH]


@pytest.mark.parametrize("target", KEEPING)
@pytest.mark.parametrize("fault", ["lost", "dropped", "late", "busy"])
def test_a_lost_reply_makes_one_document(store: Store, target: Target, fault: str) -> None:
    clock, books = HandClock(), Books(target, faults=deque([fault]))
    plan(store, [planned(1)], clock)
    push(store, Fake.of(books, clock), clock)
    assert state(store, 1) is S.CONFIRMED
    assert books.count("invoice-1") == 1


@pytest.mark.parametrize("fault", ["lost", "dropped"])
def test_without_key_or_search_a_person_is_asked(store: Store, fault: str) -> None:
    clock, books = HandClock(), Books(Target.NONE, faults=deque([fault]))
    plan(store, [planned(1)], clock)
    result = push(store, Fake.of(books, clock), clock)
    assert state(store, 1) is S.REVIEW
    assert (books.requests, result.review) == (1, 1)
    with store.view() as tx:
        assert [item.problem.code for item in tx.problems.list()] == ["PUSH-REVIEW-01"]


def test_what_stands_there_already_is_adopted(store: Store) -> None:
    """A store restored from a backup knows nothing of what it had sent: the look before the first creation does."""
    clock, books = HandClock(), Books(Target.SEARCH, documents=[("invoice-1", "R1")])
    plan(store, [planned(1)], clock)
    push(store, Fake.of(books, clock), clock)
    assert state(store, 1) is S.CONFIRMED
    assert books.documents == [("invoice-1", "R1")]


def test_a_refusal_stops_its_record_and_no_other(store: Store) -> None:
    clock, books = HandClock(), Books(Target.UPSERT, faults=deque(["refused"]))
    plan(store, [planned(1), planned(2)], clock)
    result = push(store, Fake.of(books, clock), clock)
    assert (state(store, 1), state(store, 2)) == (S.DEAD, S.CONFIRMED)
    assert result.refused == 1
    with store.view() as tx:
        (item,) = tx.problems.list()
    assert item.problem.code == "PUSH-REFUSED-01"
    assert "no such customer" in item.problem.message


def test_an_invoice_waits_for_its_customer(store: Store) -> None:
    clock, books = HandClock(), Books(Target.UPSERT, faults=deque(["busy"]))
    customer = planned(1, kind="customer")
    plan(store, [customer, planned(1, needs=(customer.key,))], clock)
    push(store, Fake.of(books, clock), clock)
    assert [key for key, _ in books.documents] == ["customer-1", "invoice-1"]


def test_nothing_overtakes_an_open_outcome_where_order_matters(store: Store) -> None:
    clock, books = HandClock(), Books(Target.SEARCH, faults=deque(["dropped"]))
    plan(store, [planned(1), planned(2), planned(3)], clock)
    push(store, Fake.of(books, clock, ordered=True), clock)
    assert [key for key, _ in books.documents] == ["invoice-1", "invoice-2", "invoice-3"]


def test_what_waits_for_an_open_outcome_is_slept_through(store: Store) -> None:
    """Not looked for twenty times a second: on a busy store that is a core for as long as a request settles."""
    clock, books = HandClock(), Books(Target.SEARCH, faults=deque(["dropped", "busy"]))
    plan(store, [planned(1), planned(2)], clock)
    push(store, Fake.of(books, clock, batch_max=2, ordered=True), clock)
    assert [key for key, _ in books.documents] == ["invoice-1", "invoice-2"]
    assert clock.naps <= 5


def test_an_offline_system_ends_the_push_soon_and_loses_nothing(store: Store) -> None:
    clock, books = HandClock(), Books(Target.SEARCH, faults=deque(["down"] * 50))
    plan(store, [planned(1), planned(2)], clock)
    result = push(store, Fake.of(books, clock), clock)
    assert result.offline == "no connection"
    assert clock.slept < 60
    books.faults.clear()
    clock.sleep(60)
    push(store, Fake.of(books, clock), clock)
    assert books.count("invoice-1") == books.count("invoice-2") == 1


def test_what_a_killed_process_left_in_flight_is_looked_up(store: Store) -> None:
    clock, books = HandClock(), Books(Target.SEARCH)
    plan(store, [planned(1)], clock)

    class Killed(BaseException):
        pass

    class Dying(Fake):
        def write(self, object: str, intents):  # type: ignore[no-untyped-def]
            super().write(object, intents)
            raise Killed

    dying = Dying.of(books, clock)
    with pytest.raises(Killed):
        push(store, dying, clock, owner="first")
    assert state(store, 1) is S.INFLIGHT
    push(store, Fake.of(books, clock), clock, owner="second")
    assert (state(store, 1), books.count("invoice-1")) == (S.CONFIRMED, 1)


def test_a_late_outcome_does_not_overwrite_a_newer_one(store: Store) -> None:
    clock = HandClock()
    plan(store, [planned(1)], clock)
    with store.tx("claim") as tx:
        row = tx.outbox.get(planned(1).key)
        assert row is not None
        lease = clock.now() + timedelta(seconds=5)
        old = tx.outbox.move(row, S.INFLIGHT, at=clock.now(), fence=1, attempt=1, lease_until=lease, owner="old")
        assert old is not None
    clock.sleep(10)
    push(store, Fake.of(Books(Target.UPSERT), clock), clock, owner="new")
    with store.tx("late") as tx:
        assert tx.outbox.move(old, S.DEAD, at=clock.now(), reason="late") is None
    assert state(store, 1) is S.CONFIRMED


def test_what_is_due_beyond_the_patience_is_told(store: Store) -> None:
    clock, books = HandClock(), Books(Target.UPSERT, faults=deque(["busy"]))
    plan(store, [planned(1)], clock)
    result = push(store, Fake.of(books, clock), clock, patience_s=10)
    assert result.waiting_until == clock.now() + timedelta(seconds=120)


FAULTS = st.lists(st.sampled_from(["", "lost", "dropped", "late", "busy", "blind", "down"]), max_size=12)


@pytest.mark.parametrize("target", KEEPING)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(faults=FAULTS, count=st.integers(1, 4), batch=st.integers(1, 4), ordered=st.booleans())
def test_any_storm_of_faults_ends_with_one_document_each(
    empty_file: Path, target: Target, faults: list[str], count: int, batch: int, ordered: bool
) -> None:
    with copied(empty_file) as store:
        clock, books = HandClock(), Books(target, faults=deque(faults))
        plan(store, [planned(n) for n in range(count)], clock)
        for _ in range(len(faults) + 2):
            push(store, Fake.of(books, clock, batch_max=batch, ordered=ordered), clock)
            clock.sleep(600)
            if {state(store, n) for n in range(count)} == {S.CONFIRMED}:
                break
        assert [books.count(f"invoice-{n}") for n in range(count)] == [1] * count
        assert {state(store, n) for n in range(count)} == {S.CONFIRMED}
        assert verify(store, now=clock.now()).broken == []


def test_what_waits_for_something_that_nobody_planned_is_told_until_somebody_does(store: Store) -> None:
    clock, books = HandClock(), Books(Target.UPSERT)
    customer = planned(1, kind="customer")
    plan(store, [planned(1, needs=(customer.key,))], clock)
    for _ in range(2):
        push(store, Fake.of(books, clock), clock)
    with store.view() as tx:
        (item,) = tx.problems.list()
    assert item.problem.code == "PUSH-WAIT-01"
    assert item.problem.message == "waits for customer:customer-1:erp, which nothing has planned to send"
    plan(store, [customer], clock)
    push(store, Fake.of(books, clock), clock)
    with store.view() as tx:
        assert tx.problems.list() == []
    assert [key for key, _ in books.documents] == ["customer-1", "invoice-1"]
