"""Whatever is tried in whatever order: deliveries move along the table, attempts are counted, the chain holds."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from billsync.model.delivery import MOVES, Delivery, DeliveryState
from billsync.store import IllegalMove, Store
from tests.store.made import AT, delivery

KEYS = ["a", "b", "c"]
S = DeliveryState


@cache
def _empty() -> bytes:
    """The file of a store that has its tables and nothing in them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        Store.open(f"sqlite:///{file}", create=True).close()
        return file.read_bytes()


class Outbox(RuleBasedStateMachine):
    """Callers that hold old and new views of the same rows, against a model in memory."""

    seen = Bundle("seen")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        file = Path(self.folder.name) / "store.db"
        file.write_bytes(_empty())
        self.store = Store.open(f"sqlite:///{file}")
        self.rows: dict[str, Delivery] = {}
        self.trail: dict[str, list[str]] = {}

    @rule(target=seen, key=st.sampled_from(KEYS), state=st.sampled_from([S.READY, S.WAITING]))
    def plan(self, key: str, state: DeliveryState) -> Delivery:
        item = delivery(key, state=state)
        with self.store.tx("plan") as tx:
            assert tx.outbox.plan([item], at=AT) == (key not in self.rows)
        if key not in self.rows:
            self.rows[key], self.trail[key] = item, [str(state)]
        return self.rows[key]

    @rule(target=seen, view=seen, to=st.sampled_from(list(S)))
    def move(self, view: Delivery, to: DeliveryState) -> Delivery:
        sends = to is S.INFLIGHT
        columns: dict[str, Any] = {"attempt": view.attempt + sends, "fence": view.fence + sends}
        with self.store.tx("move") as tx:
            if to not in MOVES[view.state]:
                with pytest.raises(IllegalMove):
                    tx.outbox.move(view, to, at=AT, **columns)
                return view
            moved = tx.outbox.move(view, to, at=AT, reason="r", **columns)
            now = self.rows[view.key]
            if (now.state, now.fence) != (view.state, view.fence):
                assert moved is None
                return view
            assert moved is not None
            if sends:
                tx.outbox.attempt(moved, at=AT)
        self.rows[view.key] = moved
        self.trail[view.key].append(str(to))
        return moved

    @rule(target=seen, view=seen, probes=st.integers(0, 5))
    def touch(self, view: Delivery, probes: int) -> Delivery:
        now = self.rows[view.key]
        with self.store.tx("touch") as tx:
            touched = tx.outbox.touch(view, probes=probes)
        assert (touched is not None) == ((now.state, now.fence) == (view.state, view.fence))
        if touched is None:
            return view
        self.rows[view.key] = touched
        return touched

    @invariant()
    def rows_are_what_was_written_and_the_trail_tells_how(self) -> None:
        with self.store.view() as tx:
            assert tx.outbox.many(KEYS) == self.rows
            for key, trail in self.trail.items():
                told = [(row["before"], row["after"]) for row in reversed(tx.audit.tail(f"delivery/{key}", 1000))]
                assert told == list(zip(["", *trail], trail, strict=False))
                assert len(tx.outbox.attempts(key)) == self.rows[key].attempt == trail.count("INFLIGHT")
            assert tx.audit.verify() == []

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()


TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(max_examples=10, stateful_step_count=15, deadline=None)
