"""Attempts to break the effect machine: connectors that break the port, endless outcomes, changes that get lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from billsync.connector import Applied, Found, Intent, Outcome, Probe, Target, TryLater, Unclear, Unfinished, Unsure
from billsync.model.delivery import Delivery, DeliveryState
from billsync.push import payload
from billsync.store import Store
from billsync.verify import verify
from tests.push.fakes import Books, Fake, HandClock
from tests.push.test_machine import plan, planned, push, state

S = DeliveryState


@pytest.fixture
def store(fast_store: Store) -> Store:
    """What a connector does is the same on either database; `test_machine.py` is run on both."""
    return fast_store


def version(number: int, name: str, *, needs: tuple[str, ...] = (), object: str = "customer") -> Delivery:
    return payload.plan(
        connection="erp", object=object, kind=object, our_id=f"{object}-1", number=number, document={"name": name},
        mapping="m", rank=0, sequence="", needs=needs,
    )  # fmt: skip


def codes(store: Store) -> list[str]:
    with store.view() as tx:
        return [item.problem.code for item in tx.problems.list()]


class Odd(Fake):
    """Writes as `answer` says, after the work was done."""

    answer: Callable[[list[Outcome]], Any] = staticmethod(lambda outcomes: outcomes)
    look: Callable[[list[Probe]], Any] = staticmethod(lambda probes: probes)

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        given: list[Outcome] = self.answer(super().write(object, intents))
        return given

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        given: list[Probe] = self.look(super().probe(object, keys))
        return given


def odd(books: Books, clock: HandClock, **parts: Any) -> Fake:
    fake = Odd.of(books, clock, batch_max=3)
    fake.__dict__.update(parts)
    return fake


def fail(*_: Any) -> Any:
    raise ZeroDivisionError


def try_later(*_: Any) -> Any:
    raise TryLater("not_sent", "no connection")


BREAKS: dict[str, Callable[[Any], Any]] = {
    "raises": fail,
    "raises a fault of the port": try_later,
    "forgets one": lambda outcomes: outcomes[1:],
    "gives too many": lambda outcomes: [*outcomes, outcomes[0]],
    "gives nothing": lambda _: None,
    "gives no outcome": lambda outcomes: [None] * len(outcomes),
    "names no id": lambda outcomes: [Applied("")] * len(outcomes),
}


@pytest.mark.parametrize("target", [Target.SEARCH, Target.UPSERT, Target.KEY])
@pytest.mark.parametrize("broken", BREAKS, ids=str)
def test_a_connector_that_breaks_the_port_doubles_nothing_and_stops_nobody(
    store: Store, broken: str, target: Target
) -> None:
    clock, books = HandClock(), Books(target)
    plan(store, [planned(1), planned(2)], clock)
    push(store, odd(books, clock, answer=BREAKS[broken]), clock, patience_s=100)
    assert {state(store, 1), state(store, 2)} <= {S.UNKNOWN, S.CONFIRMED, S.RETRY, S.INFLIGHT}
    clock.sleep(3600)
    push(store, Fake.of(books, clock), clock)
    assert (state(store, 1), state(store, 2)) == (S.CONFIRMED, S.CONFIRMED)
    assert sorted(key for key, _ in books.documents) == ["invoice-1", "invoice-2"]


LOOKS: dict[str, Callable[[Any], Any]] = {
    "raises": fail,
    "forgets one": lambda probes: probes[1:],
    "finds nothing by name": lambda probes: [Found(())] * len(probes),
}


@pytest.mark.parametrize("broken", LOOKS, ids=str)
def test_a_look_up_that_breaks_the_port_is_asked_again(store: Store, broken: str) -> None:
    clock, books = HandClock(), Books(Target.SEARCH)
    plan(store, [planned(1), planned(2)], clock)
    push(store, odd(books, clock, look=LOOKS[broken]), clock, patience_s=100)
    assert books.documents == []
    clock.sleep(3600)
    push(store, Fake.of(books, clock), clock)
    assert sorted(key for key, _ in books.documents) == ["invoice-1", "invoice-2"]


def test_a_kind_of_record_that_the_connector_does_not_take_stops_no_other(store: Store) -> None:
    clock, books = HandClock(), Books(Target.SEARCH)
    fake = Fake.of(books, clock)
    del fake.capabilities.writes["customer"]
    plan(store, [planned(1, kind="customer"), planned(2)], clock)
    fake.write = lambda object, intents: (  # type: ignore[method-assign]
        super(Fake, fake).write(object, intents) if object == "customer" else Fake.write(fake, object, intents)
    )
    push(store, fake, clock)
    assert (state(store, 1, "customer"), state(store, 2)) == (S.DEAD, S.CONFIRMED)


# ---------------------------------------------------------------- changes


@pytest.mark.parametrize("target", [Target.SEARCH, Target.UPSERT, Target.KEY])
@pytest.mark.parametrize("fault", ["lost", "dropped", "late"])
def test_a_change_whose_outcome_was_lost_arrives_all_the_same(store: Store, target: Target, fault: str) -> None:
    """The look-up finds the record as it was before the change: that proves nothing."""
    clock, books = HandClock(), Books(target)
    first = version(1, "Acme")
    plan(store, [first], clock)
    push(store, Fake.of(books, clock), clock)
    books.faults.append(fault)
    plan(store, [version(2, "Acme AG", needs=(first.key,))], clock)
    push(store, Fake.of(books, clock), clock)
    assert books.documents == [("customer-1", "R1")]
    assert books.content["R1"] == {"name": "Acme AG"}


def test_what_is_sent_after_a_refusal_takes_its_place(store: Store) -> None:
    """The record is mended at its source: the new version goes out, and what waits for the refused one goes on."""
    clock, books = HandClock(), Books(Target.SEARCH, faults=deque(["refused"]))
    first = version(1, "Acme with a bad tax number")
    plan(store, [first, planned(7, needs=(first.key,))], clock)
    push(store, Fake.of(books, clock), clock)
    assert (state(store, 1, "customer"), state(store, 7)) == (S.DEAD, S.WAITING)
    plan(store, [version(2, "Acme")], clock)
    push(store, Fake.of(books, clock), clock)
    assert [key for key, _ in books.documents] == ["customer-1", "invoice-7"]
    assert books.content["R1"] == {"name": "Acme"}
    with store.view() as tx:
        old = tx.outbox.get(first.key)
    assert old is not None
    assert (old.state, old.reason, old.remote_id) == (S.CONFIRMED, "superseded by 2", "R1")
    assert codes(store) == []
    assert verify(store, now=clock.now()).broken == []


def test_one_record_there_never_stands_for_two_of_ours(store: Store) -> None:
    """A search that ignores case finds the other customer: told to a person, and nobody else is held up."""
    clock, books = HandClock(), Books(Target.SEARCH)
    plan(store, [planned(1), planned(2), planned(3)], clock)

    def mixed_up(outcomes: list[Outcome]) -> list[Outcome]:
        return [Applied("R1") if n == 1 else outcome for n, outcome in enumerate(outcomes)]

    push(store, odd(books, clock, answer=mixed_up), clock)
    assert [state(store, n) for n in (1, 2, 3)] == [S.CONFIRMED, S.REVIEW, S.CONFIRMED]
    assert codes(store) == ["PUSH-REVIEW-01"]
    assert verify(store, now=clock.now()).broken == []


def test_a_reference_that_has_no_id_there_is_told_and_holds_up_nobody(store: Store) -> None:
    clock, books = HandClock(), Books(Target.UPSERT)
    lost = payload.plan(
        connection="erp", object="invoice", kind="invoice", our_id="invoice-0", number=1,
        document={"party": {"$ref": "customer/nobody"}}, mapping="m", rank=2, sequence="0", needs=(),
    )  # fmt: skip
    plan(store, [lost, planned(1)], clock)
    push(store, Fake.of(books, clock), clock)
    assert (state(store, 0), state(store, 1)) == (S.REVIEW, S.CONFIRMED)


# ---------------------------------------------------------------- runs that must end


class Ticking(HandClock):
    """Stops a run that sleeps for more than a day."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        assert self.slept < 86_400, "this push does not end"


@pytest.mark.parametrize("target", [Target.SEARCH, Target.UPSERT])
@pytest.mark.parametrize(
    "outcome", [Unclear("http_500"), Unfinished("R1", "not_posted"), TryLater("rate_limited", after_s=0)], ids=repr
)
def test_a_record_that_never_gets_through_ends_the_run_and_goes_to_a_person_at_last(
    store: Store, target: Target, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, books = Ticking(), Books(target)
    fake = odd(books, clock, answer=lambda outcomes: [outcome] * len(outcomes))
    monkeypatch.setattr(Books, "commit", lambda _books, _intent: "R1")
    plan(store, [planned(1)], clock)
    result = push(store, fake, clock, patience_s=300)
    assert result.waiting_until is not None
    after_the_end = 0
    for _ in range(200):
        clock.slept = 0
        clock.sleep(6.1 * 3600)
        push(store, fake, clock, patience_s=0)
        after_the_end += state(store, 1) is S.REVIEW
        if after_the_end == 5:
            break
    assert state(store, 1) is S.REVIEW
    assert books.requests < 150


def test_a_look_up_that_never_works_ends_the_run(store: Store) -> None:
    clock, books = Ticking(), Books(Target.SEARCH, faults=deque(["lost"]))
    plan(store, [planned(1)], clock)
    fake = odd(books, clock)
    asked: list[int] = []

    def look(probes: list[Probe]) -> list[Probe]:
        asked.append(1)
        return probes if len(asked) == 1 else [Unsure("http_500")]

    fake.__dict__["look"] = look
    result = push(store, fake, clock, patience_s=300)
    assert result.waiting_until is not None
    assert state(store, 1) is S.UNKNOWN


def test_held_up_between_claim_and_send_nothing_leaves_and_the_same_run_goes_on(store: Store) -> None:
    clock, books = HandClock(), Books(Target.SEARCH)
    plan(store, [planned(1)], clock)
    slow: list[float] = [20 * 60, 0, 0]

    def look(probes: list[Probe]) -> list[Probe]:
        clock.sleep(slow.pop(0))
        return probes

    push(store, odd(books, clock, look=look), clock)
    assert (state(store, 1), books.count("invoice-1"), books.requests) == (S.CONFIRMED, 1, 1)
    with store.view() as tx:
        notes = [attempt["note"] for attempt in tx.outbox.attempts(planned(1).key)]
    assert notes[0].startswith("held up")


def test_what_an_earlier_run_of_this_process_left_in_flight_is_taken_over_at_once(store: Store) -> None:
    """A daemon lives on after a run of it failed: it must not wait for its own lease."""
    clock, books = HandClock(), Books(Target.SEARCH)
    plan(store, [planned(1)], clock)

    class Died(BaseException):
        pass

    def die(*_: Any) -> Any:
        raise Died

    with pytest.raises(Died):
        push(store, odd(books, clock, answer=die), clock)
    push(store, Fake.of(books, clock), clock, patience_s=300)
    assert (state(store, 1), books.count("invoice-1")) == (S.CONFIRMED, 1)


# ---------------------------------------------------------------- order


def test_an_ordered_invoice_waits_for_an_earlier_one_whose_customer_is_on_its_way(store: Store) -> None:
    clock, books = HandClock(), Books(Target.SEARCH, faults=deque(["busy"]))
    customer = planned(1, kind="customer")
    plan(store, [customer, planned(1, needs=(customer.key,)), planned(2)], clock)
    push(store, Fake.of(books, clock, ordered=True), clock)
    assert [key for key, _ in books.documents] == ["customer-1", "invoice-1", "invoice-2"]


def test_an_ordered_invoice_does_not_wait_for_one_that_a_person_has_to_release(store: Store) -> None:
    clock, books = HandClock(), Books(Target.SEARCH, faults=deque(["refused"]))
    customer = planned(1, kind="customer")
    plan(store, [customer, planned(1, needs=(customer.key,)), planned(2)], clock)
    push(store, Fake.of(books, clock, ordered=True), clock)
    assert [key for key, _ in books.documents] == ["invoice-2"]


def test_order_is_kept_however_many_wait(store: Store) -> None:
    """More open outcomes than one page of rows: the earliest is still seen."""
    clock, books = HandClock(), Books(Target.SEARCH, faults=deque(["busy"] * 520))
    rows = [planned(n).model_copy(update={"key": f"invoice:z{9999 - n}:erp:1"}) for n in range(520)]
    plan(store, [row.model_copy(update={"id": row.key}) for row in rows], clock)
    push(store, Fake.of(books, clock, batch_max=600, ordered=True), clock, patience_s=0)
    plan(store, [planned(3).model_copy(update={"id": "late", "key": "invoice:late:erp:1", "sequence": "0001a"})], clock)
    push(store, Fake.of(books, clock, ordered=True), clock, patience_s=0)
    assert books.documents == []
