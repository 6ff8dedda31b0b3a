"""Intended writes move along the table, one winner per move, and every move is on record."""

from __future__ import annotations

from typing import Any

import pytest

from billsync.model.delivery import Delivery, DeliveryState
from billsync.model.ref import Link, Ref
from billsync.store import IllegalMove, Store, Tx
from tests.store.made import AT, LONG, delivery, later

S = DeliveryState


def planned(tx: Tx, *items: Delivery) -> None:
    assert tx.outbox.plan(items, at=AT) == len(items)


def claim(tx: Tx, item: Delivery, **columns: Any) -> Delivery:
    claimed = tx.outbox.move(
        item,
        S.INFLIGHT,
        at=AT,
        attempt=item.attempt + 1,
        fence=item.fence + 1,
        owner="me",
        lease_until=later(60),
        **columns,
    )
    assert claimed is not None
    return claimed


def test_a_delivery_is_planned_once(store: Store) -> None:
    first = delivery(needs=("customer:acme:erp:1",), sequence="2026", rank=3)
    with store.tx("t") as tx:
        planned(tx, first)
        assert tx.outbox.plan([first, delivery("b"), delivery("b")], at=AT) == 1
        assert tx.outbox.get(first.key) == first
        assert set(tx.outbox.many([first.key, "b", "c"])) == {first.key, "b"}
        assert [row["after"] for row in tx.audit.tail(f"delivery/{first.key}")] == ["READY"]


def test_an_outcome_that_comes_after_a_newer_claim_loses(store: Store) -> None:
    with store.tx("t") as tx:
        planned(tx, delivery())
        slow = claim(tx, delivery())
        lost = tx.outbox.move(slow, S.UNKNOWN, at=AT, reason="lease_expired")
        assert lost is not None
        quick = claim(tx, lost)
        assert tx.outbox.move(slow, S.CONFIRMED, at=AT, remote_id="7") is None
        assert tx.outbox.touch(slow, probes=3) is None
        done = tx.outbox.move(quick, S.CONFIRMED, at=AT, remote_id="8")
        assert done is not None
        assert tx.outbox.get(done.key) == done
        assert (done.remote_id, done.attempt, done.fence) == ("8", 2, 2)


def test_moves_outside_the_table_are_refused_and_change_nothing(store: Store) -> None:
    with store.tx("t") as tx:
        planned(tx, delivery())
        with pytest.raises(IllegalMove, match="cannot go from READY to CONFIRMED"):
            tx.outbox.move(delivery(), S.CONFIRMED, at=AT)
        with pytest.raises(IllegalMove):
            tx.outbox.move_many([(delivery(), S.INFLIGHT, "", {}), (delivery(), S.SETTLED, "", {})], at=AT)
        with pytest.raises(TypeError, match="payload"):
            tx.outbox.move(delivery(), S.INFLIGHT, at=AT, payload="{}")
        row = tx.outbox.get(delivery().key)
    assert row == delivery()


def test_many_moves_at_once_have_an_answer_each(store: Store) -> None:
    a, b, c = delivery("a"), delivery("b"), delivery("c")
    with store.tx("t") as tx:
        planned(tx, a, b, c)
        claim(tx, b)
        moves: list[Any] = [(a, S.INFLIGHT, "go", {"fence": 1}), (b, S.INFLIGHT, "go", {"fence": 1})]
        moves += [(c, S.REVIEW, "odd", {}), (delivery("nobody"), S.REVIEW, "", {}), (a, S.REVIEW, "twice", {})]
        rows = tx.outbox.move_many(moves, at=AT)
        assert [row.state if row else None for row in rows] == [S.INFLIGHT, None, S.REVIEW, None, None]
        assert tx.outbox.counts() == {"erp": {S.INFLIGHT: 2, S.REVIEW: 1}}
        assert tx.outbox.counts("crm") == {}
        assert [row["after"] for row in tx.audit.tail("delivery/a")] == ["INFLIGHT", "READY"]
        assert tx.audit.verify() == []


def test_a_touch_sets_columns_without_a_move(store: Store) -> None:
    with store.tx("t") as tx:
        planned(tx, delivery())
        touched = tx.outbox.touch(delivery(), probes=1, next_at=later(5), reason="absent")
        assert touched is not None
        assert tx.outbox.get(touched.key) == touched
        assert (touched.probes, touched.next_at, touched.state) == (1, later(5), S.READY)
        assert len(tx.audit.tail(f"delivery/{touched.key}")) == 1


def test_due_rows_come_in_order_and_in_time(store: Store) -> None:
    items = [
        delivery("late", rank=1, next_at=later(10)),
        delivery("second", rank=1, sequence="2"),
        delivery("first", rank=1, sequence="1", state=S.RETRY, next_at=later(0)),
        delivery("before", rank=0, state=S.UNKNOWN),
        delivery("waits", state=S.WAITING),
        delivery("elsewhere", connection="crm"),
    ]
    with store.tx("t") as tx:
        planned(tx, *items)

        def due(at: int, *states: DeliveryState, limit: int = 10) -> list[str]:
            return [row.key for row in tx.outbox.due("erp", later(at), states=states, limit=limit)]

        assert due(0, S.READY, S.RETRY, S.UNKNOWN) == ["before", "first", "second"]
        assert due(10, S.READY) == ["late", "second"]
        assert due(10, S.READY, S.RETRY, S.UNKNOWN, limit=2) == ["before", "late"]
        assert [row.key for row in tx.outbox.waiting("erp")] == ["waits"]
        assert tx.outbox.next_at("erp") == later(0)
        assert tx.outbox.next_at("erp", after=later(0)) == later(10)
        assert tx.outbox.next_at("erp", after=later(10)) is None
        assert tx.outbox.next_at("crm") is None


def test_claims_go_stale_when_their_lease_is_over_or_their_owner_is_another(store: Store) -> None:
    with store.tx("t") as tx:
        planned(tx, delivery("a"), delivery("b"))
        claim(tx, delivery("a"))
        assert tx.outbox.next_at("erp") == later(60)
        assert tx.outbox.stale("erp", later(59), "me") == []
        assert [row.key for row in tx.outbox.stale("erp", later(60), "me")] == ["a"]
        assert [row.key for row in tx.outbox.stale("erp", later(0), "you")] == ["a"]


def test_each_send_is_on_record_and_what_came_too_late_too(store: Store) -> None:
    with store.tx("t") as tx:
        planned(tx, delivery())
        claimed = claim(tx, delivery())
        tx.outbox.attempt(claimed, at=AT)
        assert tx.outbox.attempts(claimed.key)[0]["ended_at"] is None
        tx.outbox.outcome(claimed, at=later(3), outcome="CONFIRMED", note="as 8")
        tx.outbox.outcome(claimed, at=later(9), outcome="UNKNOWN", note="late")
        tx.outbox.observe(claimed.key, at=later(10), note="as 9")
        assert tx.outbox.attempts(claimed.key) == [
            {
                "gen": 1, "n": 1, "started_at": AT, "sent_digest": delivery().payload_digest,
                "ended_at": later(3), "outcome": "CONFIRMED", "note": "as 8",
            }
        ]  # fmt: skip
        assert [row["note"] for row in tx.outbox.observations(claimed.key)] == ["UNKNOWN: late", "as 9"]


def test_the_same_attempt_cannot_start_twice(store: Store) -> None:
    with store.tx("t") as tx:
        planned(tx, delivery())
        tx.outbox.attempt(delivery(), at=AT)
    with pytest.raises(IllegalMove), store.tx("t") as tx:
        tx.outbox.attempt(delivery(), at=AT)


def test_the_newest_delivery_of_a_document_and_its_id_there(store: Store) -> None:
    one, two = (delivery(f"status:D-1:crm:{n}", kind="status", our_id="D-1") for n in (1, 2))
    with store.tx("t") as tx:
        planned(tx, one)
        planned(tx, two)
        assert tx.outbox.latest("erp", "status", ["D-1", "D-2"]) == {"D-1": two}
        assert tx.outbox.remote_id("erp", "status", "D-1") is None
        ref = Ref(system="erp", kind="x", id="41")
        tx.links.put([Link(kind="status", our_id="D-1", ref=ref)], at=AT)
        assert tx.outbox.remote_id("erp", "status", "D-1") == "41"
        tx.outbox.move(claim(tx, one), S.CONFIRMED, at=AT, remote_id="41")
        tx.links.remove("status", "D-1", "erp", at=AT)
        assert tx.outbox.remote_id("erp", "status", "D-1") is None
        assert [row.key for row in tx.outbox.list(kind="status", states=(S.READY,))] == [two.key]
        assert [row.key for row in tx.outbox.list(connection="erp", after=one.key, limit=1)] == [two.key]


def test_keys_too_long_for_an_index_work_like_short_ones(store: Store) -> None:
    items = [delivery(f"{LONG}{n}", id=f"{LONG}id{n}", sequence=LONG) for n in (1, 2)]
    with store.tx("t") as tx:
        planned(tx, *items)
        assert tx.outbox.plan(items, at=AT) == 0
        moved = claim(tx, items[1])
        tx.outbox.attempt(moved, at=AT)
        tx.outbox.outcome(moved, at=AT, outcome="UNKNOWN", note="")
        tx.outbox.observe(moved.key, at=AT, note="n")
        assert len(tx.outbox.observations(moved.key)) == 1
        assert tx.outbox.get(items[1].key) == moved
        assert tx.outbox.get(items[0].key) == items[0]
        assert len(tx.outbox.attempts(moved.key)) == 1
        assert tx.audit.tail(f"delivery/{moved.key}")[0]["after"] == "INFLIGHT"
        assert tx.audit.verify() == []
