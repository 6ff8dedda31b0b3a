"""The same core under Hypothesis: small histories of single steps, each with its faults, shrunk where one fails."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from billsync.connector import Target
from billsync.model.delivery import DONE, Delivery, DeliveryState
from billsync.model.problem import Problem
from billsync.push import Options, deliver, payload
from billsync.store import Store, Tx
from billsync.verify import verify
from tests.push.fakes import Books, Fake, HandClock
from tests.simulation.bugs import BUGS
from tests.simulation.disk import disk

FAULTS = ("", "lost", "dropped", "late", "busy", "down")


class Killed(BaseException):
    """The process is no more."""


class Effects(RuleBasedStateMachine):
    """Invoices are planned, pushes run under faults and are killed at any commit, time passes."""

    kind = Target.SEARCH

    def __init__(self) -> None:
        super().__init__()
        disk().clear()
        self.clock, self.books = HandClock(), Books(self.kind)
        self.planned = 0
        self.until_death: int | None = None
        self.lives = 0
        self.store = self._born()

    def _born(self) -> Store:
        self.lives += 1
        return disk().store("hypothesis", self._point)

    def _point(self, _name: str) -> None:
        if self.until_death is not None:
            self.until_death -= 1
            if self.until_death < 0:
                self.until_death = None
                raise Killed

    @rule(count=st.integers(1, 3))
    def plan(self, count: int) -> None:
        made = [_planned(self.planned + n) for n in range(count)]
        self.planned += count
        with self.store.tx("plan") as tx:
            tx.outbox.plan(made, at=self.clock.now())

    @rule(faults=st.lists(st.sampled_from(FAULTS), max_size=4), dies=st.none() | st.integers(0, 12))
    def push(self, faults: list[str], dies: int | None) -> None:
        self.books.faults, self.until_death = deque(faults), dies
        try:
            self._deliver()
        except Killed:
            self.store = self._born()
        self.books.faults, self.until_death = deque(), None

    @rule(minutes=st.integers(1, 200))
    def wait(self, minutes: int) -> None:
        self.clock.sleep(60 * minutes)

    def _deliver(self, patience_s: float = 200) -> None:
        def report(tx: Tx, problems: Iterable[Problem]) -> None:
            tx.problems.report(list(problems), pipeline="p", run="r", at=self.clock.now())

        deliver(
            self.store,
            Fake.of(self.books, self.clock),
            "erp",
            owner=f"process {self.lives}",
            clock=self.clock,
            chance=Random(self.lives),
            options=Options(patience_s=patience_s),
            report=report,
        )

    @invariant()
    def nothing_is_doubled(self) -> None:
        names = [name for name, _ in self.books.documents]
        assert len(names) == len(set(names)), names

    def _open(self) -> list[str]:
        with self.store.view() as tx:
            rows = tx.outbox.list(limit=1000)
        return [row.key for row in rows if row.state not in DONE | {DeliveryState.REVIEW}]

    def teardown(self) -> None:
        for _ in range(8):
            self.clock.sleep(1800)
            self._deliver(patience_s=7200)
            if not self._open():
                break
        self.nothing_is_doubled()
        with self.store.view() as tx:
            states = {row.our_id: row.state for row in tx.outbox.list(limit=1000)}
        there = {name for name, _ in self.books.documents}
        for name, state in states.items():
            assert state in DONE or (self.kind is Target.NONE and state is DeliveryState.REVIEW), (name, state)
            assert (name in there) or state not in DONE, f"{name} is lost"
        assert verify(self.store, now=self.clock.now()).broken == []


def _planned(number: int) -> Delivery:
    return payload.plan(
        connection="erp",
        object="invoice",
        kind="invoice",
        our_id=f"invoice-{number}",
        number=1,
        document={"n": number},
        mapping="m",
        rank=2,
        sequence=f"{number:04}",
        needs=(),
    )


def _run(kind: Target, examples: int, *, shrink: bool = True) -> None:
    machine: type[RuleBasedStateMachine] = type(f"Effects{kind}", (Effects,), {"kind": kind})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=8,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("kind", list(Target))
def test_steps_in_any_order_have_one_effect_each(kind: Target, request: pytest.FixtureRequest) -> None:
    _run(kind, examples=25 * max(1, int(request.config.getoption("--soak")) // 2))


@pytest.mark.parametrize(("name", "kind"), [("key_per_attempt", Target.KEY), ("resend_blind", Target.NONE)])
def test_a_planted_bug_is_found(name: str, kind: Target) -> None:
    with BUGS[name].planted(), pytest.raises(AssertionError):
        _run(kind, examples=100, shrink=False)
