"""Sweeps: what took effect is looked at again, and what is doubled, changed or gone there is told to a person."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from billsync.connector import Expectation, Target
from billsync.model.delivery import Delivery, DeliveryState
from billsync.model.problem import Problem
from billsync.push import Options, Pushed, answer, deliver, payload
from billsync.store import Store, Tx
from tests.push.fakes import Books, Fake, HandClock

S = DeliveryState
KEY = "invoice:INV-1:erp:1"
EQUAL = {"total": Decimal("10.00")}
EDITED = {"total": Decimal("9.99")}


def invoice() -> Delivery:
    return payload.plan(
        connection="erp", object="invoice", kind="invoice", our_id="INV-1", number=1, document={"n": 1}, mapping="m",
        rank=2, sequence="1", needs=(), expect=Expectation(total=Decimal("10.00"), currency="EUR"),
    )  # fmt: skip


class Desk:
    """A store with one invoice, a target, and pushes on a clock that is moved by hand."""

    def __init__(self, store: Store, target: Target = Target.SEARCH, *faults: str) -> None:
        self.store, self.clock = store, HandClock()
        self.books = Books(target, faults=deque(faults))
        self.books.shows["R1"] = EQUAL
        with store.tx("plan") as tx:
            tx.outbox.plan([invoice()], at=self.clock.now())

    def push(self, *, after: timedelta = timedelta(0), edited: str = "report") -> Pushed:
        def report(tx: Tx, problems: Iterable[Problem]) -> None:
            tx.problems.report(list(problems), pipeline="p", run="r", at=self.clock.now())

        self.clock.at += after
        options = Options(patience_s=3600, edited=edited)
        fake = Fake.of(self.books, self.clock)
        return deliver(
            self.store, fake, "erp", owner="me", clock=self.clock, chance=Random(1), options=options, report=report
        )

    def row(self) -> Delivery:
        with self.store.view() as tx:
            found = tx.outbox.get(KEY)
        assert found is not None
        return found

    def codes(self) -> list[str]:
        with self.store.view() as tx:
            return [item.problem.code for item in tx.problems.list()]


HOURS = timedelta(hours=1)
DAYS = timedelta(days=1)


def test_what_stands_there_as_it_was_sent_settles_and_is_looked_at_three_times(store: Store) -> None:
    desk = Desk(store)
    desk.push()
    assert desk.row().state is S.CONFIRMED
    looks = []
    for after in (1 * HOURS, 1 * HOURS, 21 * HOURS, 1 * HOURS, 5 * DAYS, 1 * DAYS, 30 * DAYS):
        before = desk.books.probes
        desk.push(after=after)
        looks.append(desk.books.probes - before)
    assert looks == [0, 1, 0, 1, 0, 1, 0]
    assert (desk.row().state, desk.row().next_at) == (S.SETTLED, None)
    assert desk.codes() == []


@pytest.mark.parametrize("late", [120, 3600])
def test_a_request_that_takes_effect_after_its_settle_time_is_told_by_the_sweep(store: Store, late: int) -> None:
    """Sent, given up, looked up twice, not there: sent again.  Then the first one arrives after all."""
    desk = Desk(store, Target.SEARCH, "late")
    desk.books.late_s = late
    desk.push()
    desk.push(after=3 * HOURS)
    assert desk.books.count("INV-1") == (1 if late < 121 else 2)
    assert desk.row().state is (S.SETTLED if late < 121 else S.REVIEW)
    assert desk.codes() == ([] if late < 121 else ["PUSH-REVIEW-02"])


@pytest.mark.parametrize(("shows", "reason"), [(EDITED, "edited_there"), ({**EQUAL, "state": "void"}, "voided_there")])
@pytest.mark.parametrize("target", [Target.SEARCH, Target.UPSERT, Target.KEY])
def test_what_a_person_changed_there_is_told_and_left(
    store: Store, target: Target, shows: dict[str, object], reason: str
) -> None:
    desk = Desk(store, target)
    desk.push()
    desk.books.shows["R1"] = shows
    desk.push(after=2 * HOURS)
    assert (desk.row().state, desk.row().reason) == (S.REVIEW, reason)
    assert desk.books.requests == 1
    with store.tx("answer") as tx:
        answer.exists(tx, desk.row(), "R1", reason="agreed", at=desk.clock.now())
    desk.push(after=30 * DAYS)
    assert desk.row().state is S.CONFIRMED, "what a person accepted is not asked again"


def test_what_was_deleted_there_is_never_made_again_by_itself(store: Store) -> None:
    desk = Desk(store)
    desk.push()
    desk.books.documents.clear()
    desk.push(after=2 * HOURS)
    desk.push(after=30 * DAYS)
    assert (desk.row().state, desk.row().reason) == (S.REVIEW, "remote_missing")
    assert desk.books.documents == []
    with store.tx("answer") as tx:
        answer.absent(tx, desk.row(), reason="send again", at=desk.clock.now())
    desk.push()
    assert (desk.row().state, desk.books.count("INV-1")) == (S.CONFIRMED, 1)


def test_a_record_that_took_the_others_place_is_told(store: Store) -> None:
    desk = Desk(store)
    desk.push()
    desk.books.documents[:] = [("INV-1", "R9")]
    desk.push(after=2 * HOURS)
    assert desk.row().reason == "remote_replaced"


def test_an_edit_may_be_adopted_by_policy(store: Store) -> None:
    desk = Desk(store)
    desk.push()
    desk.books.shows["R1"] = EDITED
    desk.push(after=2 * HOURS, edited="adopt")
    assert (desk.row().state, desk.codes()) == (S.SETTLED, [])
    assert desk.row().reason == "adopted: total is 9.99 there, 10.00 here"


def test_an_edit_may_be_overwritten_by_policy(store: Store) -> None:
    desk = Desk(store)
    desk.push()
    desk.books.shows["R1"] = EDITED
    desk.push(after=2 * HOURS, edited="overwrite")
    assert (desk.books.requests, desk.books.count("INV-1")) == (2, 1)
    assert desk.row().gen == 2
    assert desk.codes() == [] or desk.row().state is S.REVIEW


def test_a_look_that_does_not_work_is_repeated_later(store: Store) -> None:
    desk = Desk(store)
    desk.push()
    desk.books.faults.append("blind")
    desk.push(after=2 * HOURS)
    assert desk.row().state is S.CONFIRMED
    desk.push(after=1 * HOURS)
    assert desk.row().state is S.SETTLED


def test_an_answer_that_names_another_documents_record_is_refused(store: Store) -> None:
    desk = Desk(store)
    desk.push()
    other = payload.plan(
        connection="erp", object="invoice", kind="invoice", our_id="INV-2", number=1, document={"n": 2}, mapping="m",
        rank=2, sequence="2", needs=(),
    )  # fmt: skip
    with store.tx("plan") as tx:
        tx.outbox.plan([other], at=desk.clock.now())
        waits = tx.outbox.move(other, S.REVIEW, at=desk.clock.now(), reason="unknown_outcome")
        assert waits is not None
        with pytest.raises(answer.Contradiction, match="stands for invoice/INV-1"):
            answer.exists(tx, waits, "R1", reason="", at=desk.clock.now())


def test_a_surplus_record_is_taken_back_once(store: Store) -> None:
    desk = Desk(store)
    desk.push()
    void = payload.plan_void(
        connection="erp", object="invoice", our_id="INV-1", remote_id="R2", rank=8, reason="double"
    )
    for _ in range(2):
        with store.tx("plan") as tx:
            tx.outbox.plan([void], at=desk.clock.now())
        desk.push(after=1 * HOURS)
    assert desk.books.voided == ["R2"]
    desk.push(after=30 * DAYS)
    with store.view() as tx:
        found = tx.outbox.get(void.key)
    assert found is not None
    assert found.state is S.CONFIRMED
