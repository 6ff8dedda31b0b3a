"""Looks that came to their end, and what waits: on both kinds of database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from billsync.model.delivery import DeliveryState
from billsync.store import Store
from tests.store.made import delivery

AT = datetime(2026, 3, 1, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_look_that_brings_nothing_leaves_when_something_was_new(store: Store) -> None:
    with store.tx("t") as tx:
        tx.pulses.note("billing", "crm", "deals", began=AT, fresh=3, run="r1")
        tx.pulses.note("billing", "crm", "deals", began=AT + HOUR, fresh=0, run="r2")
        tx.pulses.note("billing", "crm", "accounts", began=AT, fresh=0, run="r1")
        tx.pulses.note("other", "crm", "deals", began=AT, fresh=1, run="r3")
    with store.view() as tx:
        found = {pulse.object: (pulse.looked_at, pulse.moved_at, pulse.run) for pulse in tx.pulses.list("billing")}
        assert found == {"deals": (AT + HOUR, AT, "r2"), "accounts": (AT, None, "r1")}
        assert tx.signals.looked() == {"billing": AT, "other": AT}


def test_what_is_looked_at_no_more_is_forgotten(store: Store) -> None:
    with store.tx("t") as tx:
        for object in ("deals", "accounts", "old"):
            tx.pulses.note("billing", "crm", object, began=AT, fresh=0, run="r")
        tx.pulses.note("other", "crm", "old", began=AT, fresh=0, run="r")
        tx.pulses.forget("billing", {("crm", "deals"), ("crm", "accounts")})
    with store.view() as tx:
        assert [(pulse.pipeline, pulse.object) for pulse in tx.pulses.list()] == [
            ("billing", "accounts"), ("billing", "deals"), ("other", "old"),
        ]  # fmt: skip


def test_the_backlog_is_what_has_not_taken_effect(store: Store) -> None:
    with store.tx("t") as tx:
        tx.outbox.plan([delivery("1"), delivery("2")], at=AT)
        tx.outbox.plan([delivery("3"), delivery("4")], at=AT + HOUR)
        for key, to in (("1", DeliveryState.CONFIRMED), ("2", DeliveryState.DEAD)):
            row = tx.outbox.get(delivery(key).key)
            assert row is not None
            sent = tx.outbox.move(row, DeliveryState.INFLIGHT, at=AT, fence=1)
            assert sent is not None
            tx.outbox.move(sent, to, at=AT)
    with store.view() as tx:
        (found,) = tx.pulses.backlog(["erp", "crm"]).values()
        assert found.states == {"DEAD": 1, "READY": 2}
        assert (found.moving, found.oldest) == (2, AT + HOUR)
        assert tx.pulses.backlog(["crm"]) == {}
