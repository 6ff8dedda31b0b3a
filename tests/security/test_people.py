"""A45: a person who is wrong about a write doubles nothing where the target can be asked."""

from __future__ import annotations

import pytest

from billsync.connector import Target
from billsync.model.delivery import DeliveryState
from billsync.push import answer
from billsync.store import Store
from tests.cli.place import Place
from tests.push.test_sweeps import DAYS, HOURS, Desk


@pytest.mark.parametrize("target", [Target.UPSERT, Target.SEARCH], ids=["B", "C"])
def test_a45_absent_is_looked_up_once_more_before_it_is_sent_again(store: Store, target: Target) -> None:
    desk = Desk(store, target)
    desk.push()
    hidden, desk.books.documents[:] = list(desk.books.documents), []
    desk.push(after=2 * HOURS)
    assert desk.row().state is DeliveryState.REVIEW
    desk.books.documents[:] = hidden  # it was there all the time
    with store.tx("answer") as tx:
        answer.absent(tx, desk.row(), reason="I saw none", at=desk.clock.now())
    desk.push(after=2 * HOURS)
    desk.push(after=2 * DAYS)
    assert desk.books.count("INV-1") == 1
    with store.view() as tx:
        assert any("I saw none" in str(entry) for entry in tx.audit.tail())


def test_a45_an_answer_to_what_is_no_write_is_refused(ready: Place) -> None:
    said = ready.billsync("errors", "resolve", "1", "--absent", "INV-2026-000001")
    assert said.code == 2
    assert "not about a write" in said.err
