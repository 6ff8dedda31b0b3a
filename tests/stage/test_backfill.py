"""Reads of everything: told how far they are and when they end, gone on with where they were cut off."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from billsync.cli.budget import backfills
from billsync.connector import Free, Urgency
from billsync.stage import backfill
from billsync.store import Store
from tests.stage.office import Office


class Slow(Free):
    """A budget of one call a second."""

    made = 0
    urgency = Urgency.READ

    def press(self, urgency: Urgency) -> None:
        """Keep it."""
        self.urgency = urgency

    def lasts_s(self, count: int) -> float:
        """One call a second."""
        return float(count)


def test_a_first_read_is_a_backfill_until_it_has_ended(store: Store, tmp_path: Path) -> None:
    office, calls = Office(tmp_path, store), Slow()
    office.save()
    world = office.world(date(2017, 12, 31))
    world.source.connector.calls = calls
    reading = backfill.begin(world, world.source, "accounts")
    assert calls.urgency is Urgency.BACKFILL
    reading.expected(1_000)
    calls.made = 10
    office.clock.at += timedelta(seconds=4)
    reading.advance(100)
    left_s = 90  # 900 records at ten of each call; the budget is slower than the system was so far
    assert reading.ends_at(office.clock.at) == office.clock.at + timedelta(seconds=left_s)
    assert "100 records of about 1,000; at this budget the backfill ends about" in reading.said(office.clock.at)
    with store.view() as tx:
        (row,) = backfills(tx.budgets.list())
    assert (row["object"], row["records"], row["of about"]) == ("accounts", 100, 1_000)


def test_after_a_whole_run_nothing_is_under_way_and_changes_are_no_backfill(store: Store, tmp_path: Path) -> None:
    office, calls = Office(tmp_path, store), Slow()
    office.run()
    with store.view() as tx:
        assert backfills(tx.budgets.list()) == []
        assert {row.pool for row in tx.budgets.list("crm")} >= {"read accounts", "read sales_pipeline"}
    world = office.world(date(2017, 12, 31))
    world.source.connector.calls = calls
    backfill.begin(world, world.source, "accounts")
    assert calls.urgency is Urgency.READ
    full = backfill.begin(world, world.source, "accounts", full=True)
    assert (calls.urgency, full.total) == (Urgency.BACKFILL, 2)
