"""A rehearsal is the store as it stands, for one session: what is done in it is nowhere else and never was."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from billsync.model.problem import Place, Problem
from billsync.store import Store
from tests.plan.dumps import dump

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _complain(store: Store, id: str) -> None:
    problem = Problem(code="MAP-VALUE-01", message="no", place=Place(system="crm", object="deal", id=id))
    with store.tx("complain") as tx:
        tx.problems.report([problem], pipeline="billing", run="r", at=NOW)


def test_what_is_done_in_it_is_seen_in_it_and_nowhere_else(store: Store) -> None:
    _complain(store, "before")
    before = dump(store)
    with store.rehearsal() as tried:
        _complain(tried, "in it")
        with tried.view() as tx, tried.view() as again:
            assert tx.problems.count_open() == again.problems.count_open() == 2
        with store.view() as tx:
            assert tx.problems.count_open() == 1
    assert dump(store) == before


def test_the_store_goes_on_meanwhile_and_the_rehearsal_does_not_see_it(store: Store) -> None:
    with store.rehearsal() as tried:
        _complain(tried, "in it")
        _complain(store, "meanwhile")
        with tried.view() as tx:
            assert [item.problem.place.id for item in tx.problems.list()] == ["in it"]
    with store.view() as tx:
        assert [item.problem.place.id for item in tx.problems.list()] == ["meanwhile"]


def test_numbers_that_are_drawn_in_it_are_not_used_up(store: Store) -> None:
    with store.rehearsal() as tried, tried.tx("draw") as tx:
        assert tx.ledger.draw("INV", 3) == 1
    with store.tx("draw") as tx:
        assert tx.ledger.draw("INV") == 1


def _draw_and_fail(store: Store) -> None:
    with store.tx("half") as tx:
        tx.ledger.draw("INV")
        raise ZeroDivisionError


def test_a_block_that_raises_is_rolled_back_in_it_too(store: Store) -> None:
    with store.rehearsal() as tried:
        with pytest.raises(ZeroDivisionError):
            _draw_and_fail(tried)
        with tried.tx("whole") as tx:
            assert tx.ledger.draw("INV") == 1


def test_it_needs_no_locks_since_nobody_else_is_there(store: Store) -> None:
    with store.lock("push-erp", "a run"), store.rehearsal() as tried, tried.lock("push-erp", "the rehearsal"):
        pass
