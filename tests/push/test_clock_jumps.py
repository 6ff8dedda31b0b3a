"""F12: the machine's clock jumps, back by an hour or forward by a day, at every place where time is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from billsync.connector import Intent, Outcome, Target
from billsync.model.delivery import DONE, DeliveryState
from billsync.store import Store
from billsync.verify import verify
from tests.push.conftest import copied
from tests.push.fakes import Books, Fake, HandClock
from tests.push.test_machine import plan, planned, push, state

S = DeliveryState
JUMPS = [timedelta(hours=-1), timedelta(days=1)]


class Jumping(HandClock):
    """Jumps once, after so many questions."""

    def __init__(self, after: int, by: timedelta) -> None:
        super().__init__()
        self.left, self.by = after, by

    def now(self) -> datetime:
        self.left -= 1
        if self.left == 0:
            self.at += self.by
        return self.at


@pytest.mark.parametrize("by", JUMPS, ids=["back", "forward"])
@pytest.mark.parametrize("target", [Target.KEY, Target.UPSERT, Target.SEARCH])
def test_f12_a_jump_makes_no_second_document_and_loses_none(empty_file: Path, by: timedelta, target: Target) -> None:
    for after in (1, 3, 5, 8):
        clock, books = Jumping(after, by), Books(target)
        books.faults.extend(["lost"] if after % 2 else [])
        with copied(empty_file) as store:
            plan(store, [planned(1)], clock)
            for _ in range(4):
                push(store, Fake.of(books, clock), clock)
                clock.at += timedelta(hours=2)
            assert (after, state(store, 1) in DONE) == (after, True)
            assert (after, books.count("invoice-1")) == (after, 1)
            assert verify(store, now=clock.at).broken == []


def test_f12_a_claim_that_a_jump_has_outlived_is_not_sent(fast_store: Store) -> None:
    """Forward between the claim and the request: the lease is over, so that another run may have taken over."""
    sent: list[int] = []

    class Counting(Fake):
        def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
            sent.append(len(intents))
            return super().write(object, intents)

    clock, books = HandClock(), Books(Target.NONE)
    plan(fast_store, [planned(1)], clock)

    def jump(name: str) -> None:
        if name == "claim:after-commit" and not sent:
            clock.at += timedelta(days=1)
            fast_store._point = lambda _name: None

    fast_store._point = jump
    push(fast_store, Counting.of(books, clock), clock, patience_s=0)
    assert (sent, state(fast_store, 1)) == ([], S.RETRY)
    clock.at += timedelta(hours=7)
    push(fast_store, Counting.of(books, clock), clock)
    assert (sent, state(fast_store, 1), books.count("invoice-1")) == ([1], S.CONFIRMED, 1)
