"""Gates: nothing goes out through one that is not open, and only what is meant to opens it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from billsync.connector import Applied, Expectation, Refused, Target, TryLater, Unclear
from billsync.model.delivery import Delivery, DeliveryState
from billsync.model.gate import Gate, GateState
from billsync.model.problem import Problem
from billsync.push import Options, Pushed, answer, decide, deliver, payload
from billsync.push.bucket import Bucket
from billsync.settings.shape import Bounds
from billsync.store import Store, Tx
from tests.push.fakes import Books, Fake, HandClock
from tests.push.test_decide import NOW, delivery, sheet

S, G = DeliveryState, GateState
MINUTE = timedelta(minutes=1)


def invoice(number: int, total: str = "10.00", currency: str = "EUR") -> Delivery:
    return payload.plan(
        connection="erp", object="invoice", kind="invoice", our_id=f"INV-{number}", number=1, document={"n": number},
        mapping="m", rank=2, sequence=f"{number:04}", needs=(),
        expect=Expectation(total=Decimal(total), currency=currency),
    )  # fmt: skip


class Desk:
    """Pushes on a clock that is moved by hand, as a daemon makes them: nobody insists."""

    def __init__(self, store: Store, *faults: str, target: Target = Target.UPSERT) -> None:
        self.store, self.clock, self.books = store, HandClock(), Books(target, faults=deque(faults))

    def plan(self, *items: Delivery) -> None:
        with self.store.tx("plan") as tx:
            tx.outbox.plan(list(items), at=self.clock.now())

    def push(self, *, after: timedelta = timedelta(0), insists: bool = False, **options: Any) -> Pushed:
        def report(tx: Tx, problems: Iterable[Problem]) -> None:
            tx.problems.report(list(problems), pipeline="p", run="r", at=self.clock.now())

        self.clock.at += after
        chosen = Options(**{"patience_s": 100, "insists": insists, **options})
        fake = Fake.of(self.books, self.clock)
        return deliver(
            self.store, fake, "erp", owner="me", clock=self.clock, chance=Random(1), options=chosen, report=report
        )

    def gate(self) -> Gate:
        with self.store.view() as tx:
            found = tx.gates.get("erp")
        assert found is not None
        return found

    def codes(self) -> list[str]:
        with self.store.view() as tx:
            return [item.problem.code for item in tx.problems.list()]

    def attempts(self) -> int:
        with self.store.view() as tx:
            return sum(row.attempt for row in tx.outbox.list())

    def open(self, reason: str = "seen") -> None:
        with self.store.tx("gate") as tx:
            answer.open_gate(tx, "erp", reason=reason, at=self.clock.now())


def test_a_system_that_is_down_for_40_hours_is_looked_at_once_a_minute_and_costs_no_attempts(store: Store) -> None:
    desk = Desk(store)
    desk.plan(*(invoice(n) for n in range(1, 6)))
    desk.books.down = True
    assert desk.push().offline == "no connection"
    assert desk.gate().state is G.OFFLINE
    spent, asked = desk.attempts(), desk.books.requests
    for _ in range(30):
        desk.push(after=MINUTE / 2)
        assert desk.push(after=MINUTE / 2).offline == "no connection"
    assert desk.books.checks == 30
    for _ in range(40):
        desk.push(after=60 * MINUTE)
    assert (desk.attempts(), desk.books.requests) == (spent, asked)
    desk.books.down = False
    desk.push(after=MINUTE)
    desk.push(after=10 * MINUTE)
    assert desk.gate().state is G.OPEN
    assert len(desk.books.documents) == 5


def test_runs_without_patience_count_their_failures_together(store: Store) -> None:
    """F52: each run tries once; after three of them it is only looked at."""
    desk = Desk(store)
    desk.plan(invoice(1))
    desk.books.down = True
    for _ in range(10):
        desk.push(after=MINUTE, patience_s=0)
    assert (desk.gate().state, desk.attempts()) == (G.OFFLINE, 3)
    desk.books.down = False
    desk.push(after=MINUTE)
    assert (desk.gate().state, desk.gate().failures) == (G.OPEN, 0)
    assert len(desk.books.documents) == 1


def test_a_person_who_runs_it_by_hand_does_not_wait_for_the_minute(store: Store) -> None:
    desk = Desk(store)
    desk.plan(invoice(1))
    desk.books.down = True
    desk.push()
    desk.books.down = False
    assert desk.push().offline == "no connection"
    assert desk.push(insists=True).offline == ""
    assert len(desk.books.documents) == 1


def test_a_system_that_asks_to_be_left_alone_is_by_every_record_and_the_next_run(store: Store) -> None:
    """F34: 429 with Retry-After: 120; the patience of this run is shorter."""
    desk = Desk(store, "busy")
    desk.plan(*(invoice(n) for n in range(1, 4)))
    result = desk.push()
    assert desk.books.requests == 1
    assert result.waiting_until == desk.clock.now() + timedelta(seconds=120)
    desk.push(after=timedelta(seconds=10))
    assert desk.books.requests == 1, "a new run keeps to it too"
    desk.push(after=timedelta(seconds=111))
    assert len(desk.books.documents) == 3


@pytest.mark.parametrize(
    ("items", "bound", "says"),
    [
        ([invoice(n) for n in range(1, 12)], {"creates": 10}, "11 new documents"),
        ([invoice(1, "1000000000.00")], {}, "one document over 1000000000"),
        ([invoice(1, "60.00"), invoice(2, "60.00")], {"total": Decimal(100)}, "120.00 EUR in one run"),
        ([invoice(1, "60"), invoice(2, "60"), invoice(3, "60", "JPY")], {"total": Decimal(100)}, "120 EUR in one run"),
    ],
)
def test_beyond_a_bound_nothing_goes_out_until_a_person_has_looked(
    store: Store, items: list[Delivery], bound: dict[str, Any], says: str
) -> None:
    """F94, A41: ten times the usual volume or amount."""
    desk, bounds = Desk(store), Bounds(**bound)
    desk.plan(*items)
    for _ in range(2):
        assert says in desk.push(after=MINUTE, bounds=bounds).parked
    assert (desk.books.requests, desk.gate().state, desk.codes()) == (0, G.PARKED, ["PUSH-PARKED-01"])
    desk.open()
    assert desk.codes() == []
    assert desk.push(bounds=bounds).parked == ""
    assert len(desk.books.documents) == len(items)


def test_what_a_person_let_pass_covers_that_volume_and_no_more(store: Store) -> None:
    desk, bounds = Desk(store), Bounds(creates=2)
    desk.plan(*(invoice(n) for n in range(1, 4)))
    desk.push(bounds=bounds)
    desk.open()
    desk.plan(invoice(4))
    assert "4 new documents" in desk.push(bounds=bounds).parked
    desk.open()
    desk.push(bounds=bounds)
    desk.push(bounds=bounds)
    assert desk.gate().allowance == "{}", "the next volume is measured by the bounds again"
    desk.plan(*(invoice(n) for n in range(5, 8)))
    assert "3 new documents" in desk.push(bounds=bounds).parked


def test_two_different_currencies_are_not_one_sum(store: Store) -> None:
    desk = Desk(store)
    desk.plan(invoice(1, "60.00"), invoice(2, "60", "JPY"))
    assert desk.push(bounds=Bounds(total=Decimal(100))).parked == ""


def test_documents_taken_back_have_a_bound_of_their_own(store: Store) -> None:
    desk = Desk(store)
    desk.plan(
        *(
            payload.plan_void(
                connection="erp", object="invoice", our_id=f"I{n}", remote_id=f"R{n}", rank=8, reason="double"
            )
            for n in range(3)
        )
    )
    assert "3 documents to take back" in desk.push(bounds=Bounds(voids=2)).parked
    assert desk.books.voided == []


def test_a_frozen_payload_that_was_changed_stops_the_flow_before_anything_leaves(store: Store) -> None:
    desk = Desk(store)
    desk.plan(invoice(1), invoice(2))
    with store.tx("tamper") as tx:
        tx.conn.execute(text("UPDATE deliveries SET payload = replace(payload, '1', '7') WHERE our_id = 'INV-1'"))
    assert "I9" in desk.push().parked
    assert (desk.books.requests, desk.gate().state) == (0, G.PARKED)


def test_nothing_is_sent_while_a_store_recovers_or_a_person_holds_it_back(store: Store) -> None:
    desk = Desk(store)
    desk.plan(invoice(1))
    for state in (G.RECOVERING, G.PARKED):
        with store.tx("gate") as tx:
            tx.gates.put(Gate(connection="erp", state=state, reason="x", detail="y", at=desk.clock.now()))
        assert desk.push().parked == "x: y"
    assert desk.books.requests + desk.books.probes + desk.books.checks == 0


def test_every_move_of_a_gate_is_in_the_audit(store: Store) -> None:
    desk = Desk(store)
    desk.plan(invoice(1, "99999999"))
    desk.push()
    desk.open("checked with finance")
    with store.view() as tx:
        moves = [(before, after) for subject, before, after in tx.audit.changes() if subject == "gate/erp"]
    assert moves == [("open", "parked"), ("parked", "open")]


# ---------------------------------------------------------------- keys


def test_a_refused_resend_says_nothing_of_the_attempt_before(store: Store) -> None:
    """The first attempt's reply was lost; the second is refused (a closed period): the first may stand there."""
    desk = Desk(store, "lost", "refused", target=Target.KEY)
    desk.plan(invoice(1))
    desk.push()
    with store.view() as tx:
        (row,) = tx.outbox.list()
    assert row.state is S.REVIEW


@given(st.sampled_from([TryLater("rate_limited", after_s=30), TryLater("not_sent", offline=True), Unclear("timeout")]))
def test_a_resend_that_was_not_executed_leaves_the_outcome_unknown(outcome: TryLater | Unclear) -> None:
    move = decide.after_write(delivery(), outcome, sheet(Target.KEY), now=NOW, chance=Random(1), unclear=True)
    assert move.to is S.UNKNOWN


def test_a_success_is_one_only_if_it_shows_what_was_sent() -> None:
    expect = Expectation(total=Decimal("10.00"))
    wrong = Applied("R1", {"total": Decimal("10.01")})
    move = decide.after_write(delivery(), wrong, sheet(Target.KEY), now=NOW, chance=Random(1), expect=expect)
    assert (move.to, move.reason) == (S.REVIEW, "readback_mismatch")


def test_a_refusal_without_doubt_is_final() -> None:
    move = decide.after_write(delivery(), Refused("bad"), sheet(Target.KEY), now=NOW, chance=Random(1))
    assert move.to is S.DEAD


def test_a_key_that_expired_is_searched_for_where_that_can_be(store: Store) -> None:
    """F40: the reply was lost, then the system was away for 30 hours."""
    desk = Desk(store, "lost", target=Target.KEY)
    desk.plan(invoice(1))
    desk.push(patience_s=0)
    desk.books.keys.clear()
    desk.push(after=timedelta(hours=30), patience_s=600)
    with store.view() as tx:
        (row,) = tx.outbox.list()
    assert (row.state, desk.books.count("INV-1")) == (S.CONFIRMED, 1)


# ---------------------------------------------------------------- pace


@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(0, 5000)), min_size=1, max_size=50),
    st.sampled_from([0.5, 1.0, 7.0]),
    st.integers(1, 30),
)
def test_a_bucket_never_lets_more_through_than_its_burst_and_rate(
    calls: list[tuple[int, int]], rate: float, burst: int
) -> None:
    bucket, now = Bucket(rate, burst), NOW
    made: list[tuple[datetime, int]] = []
    for count, pause_ms in calls:
        now += timedelta(milliseconds=pause_ms)
        now += timedelta(seconds=bucket.take(count, now))
        made.append((now, count))
    for start in range(len(made)):
        for end in range(start, len(made)):
            seconds = (made[end][0] - made[start][0]).total_seconds()
            passed = sum(count for _, count in made[start : end + 1])
            assert passed <= max(burst, made[start][1]) + rate * seconds + made[start][1] + 0.001


def test_a_push_keeps_to_the_pace(store: Store) -> None:
    desk = Desk(store)
    desk.plan(*(invoice(n) for n in range(1, 31)))
    before = desk.clock.now()
    desk.push(calls_per_s=Decimal(2), burst=1)
    assert len(desk.books.documents) == 30
    assert 14 <= (desk.clock.now() - before).total_seconds() <= 16


def test_a_number_that_stands_there_for_something_else_stops_the_flow_until_the_books_recovered(store: Store) -> None:
    """The store of yesterday was copied back by hand: it draws numbers again that were given away since."""
    desk = Desk(store, target=Target.SEARCH)
    desk.books.documents.append(("INV-1", "R1"))
    desk.books.shows["R1"] = {"total": Decimal("77.00")}
    desk.plan(invoice(1), invoice(2))
    result = desk.push()
    assert result.parked == "reference_taken: R1 carries the reference already: total is 77.00 there, 10.00 here"
    assert (desk.gate().state, desk.books.requests) == (G.RECOVERING, 0)
