"""Several hands at one outbox, in one process: each document once, in its order, never two writes of one at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from threading import get_ident

import pytest

from billsync.connector import Intent, Outcome, TryLater
from billsync.model.delivery import DONE, Delivery, DeliveryState
from billsync.model.problem import Problem
from billsync.push import Options, Pushed, answer, deliver, payload
from billsync.schedule import SystemClock
from billsync.store import Store, Tx
from billsync.verify import verify
from tests.push.crowd import HANDS, Crowded, There

S = DeliveryState
RANKS = {"customer": 0, "product": 1, "invoice": 2, "credit_note": 2}


def planned(kind: str, number: int, *, version: int = 1, needs: Sequence[str] = ()) -> Delivery:
    before = (payload.key(kind, f"{kind}-{number}", "erp", version - 1),) if version > 1 else ()
    return payload.plan(
        connection="erp", object=kind, kind=kind, our_id=f"{kind}-{number}", number=version,
        document={"n": number, "version": version}, mapping="m", rank=RANKS[kind], sequence=f"{number:04}",
        needs=(*needs, *before),
    )  # fmt: skip


def everything(count: int) -> list[Delivery]:
    """Customers in two versions, products, invoices that wait for them, and credit notes whose order matters."""
    rows: list[Delivery] = []
    for n in range(count):
        customer = planned("customer", n)
        rows += [customer, planned("customer", n, version=2), planned("invoice", n, needs=(customer.key,))]
        rows += [planned("product", n), planned("credit_note", n)] if n % 4 == 0 else []
    return rows


def plan(store: Store, rows: Iterable[Delivery]) -> None:
    with store.tx("plan") as tx:
        tx.outbox.plan(list(rows), at=SystemClock().now())


def report(tx: Tx, problems: Iterable[Problem]) -> None:
    tx.problems.report(list(problems), pipeline="p", run="r", at=SystemClock().now())


def push(store: Store, there: There, *, kind: type[Crowded] = Crowded, patience_s: float = 20) -> Pushed:
    return deliver(
        store, kind.of(there), "erp", owner="me", clock=SystemClock(), chance=Random(1),
        options=Options(patience_s=patience_s), report=report, more=lambda: kind.of(there),
    )  # fmt: skip


def rows(store: Store) -> list[Delivery]:
    with store.view() as tx:
        return tx.outbox.list(limit=10_000)


def check(store: Store, there: There, planned_rows: Sequence[Delivery]) -> None:
    """Each delivery was written once, in the order that it has, and the books are sound."""
    assert {row.state for row in rows(store)} <= DONE
    wanted = Counter((row.object, row.our_id) for row in planned_rows)
    assert Counter((kind, key) for event, kind, key in there.events() if event == "ends") == wanted
    assert there.wrong() == []
    notes = there.written("credit_note")
    assert notes == sorted(notes, key=lambda key: int(key.rpartition("-")[2]))
    place = {(kind, key): n for n, (event, kind, key) in enumerate(there.events()) if event == "begins"}
    ends = {(kind, key): n for n, (event, kind, key) in reversed(list(enumerate(there.events()))) if event == "ends"}
    for row in planned_rows:
        if row.kind == "invoice":
            assert ends["customer", row.our_id.replace("invoice", "customer")] < place["invoice", row.our_id]
    assert verify(store, now=SystemClock().now()).broken == []


def test_many_hands_write_each_document_once_and_in_its_order(store: Store, tmp_path: Path) -> None:
    there, wanted = There(tmp_path / "there"), everything(16)
    plan(store, wanted)
    pushed = push(store, there)
    check(store, there, wanted)
    assert there.most_at_once() > 1
    assert sum(pushed.sent.values()) == len(wanted)


def test_for_one_write_no_second_connection_is_opened(fast_store: Store, tmp_path: Path) -> None:
    there = There(tmp_path / "there")
    plan(fast_store, [planned("invoice", 1)])
    deliver(
        fast_store, Crowded.of(there), "erp", owner="me", clock=SystemClock(), chance=Random(1),
        options=Options(patience_s=5), report=report, more=lambda: pytest.fail("opened"),
    )  # fmt: skip
    assert there.written("invoice") == ["invoice-1"]


class Closing(Crowded):
    """Notes in which thread each instance is opened, used and closed."""

    opened: list[int] = []
    closed: list[int] = []

    def one(self, intent: Intent) -> Outcome:
        if not self.opened or get_ident() not in self.opened:
            self.opened.append(get_ident())
        return super().one(intent)

    def close(self) -> None:
        self.closed.append(get_ident())


def test_each_hand_has_a_connector_of_its_own_and_closes_it(fast_store: Store, tmp_path: Path) -> None:
    there = There(tmp_path / "there")
    plan(fast_store, [planned("invoice", n) for n in range(30)])
    push(fast_store, there, kind=Closing)
    assert sorted(Closing.opened) == sorted(Closing.closed)
    assert 1 < len(Closing.opened) <= HANDS


class Busy(Crowded):
    """Asks for a pause once."""

    asked: list[str] = []

    def one(self, intent: Intent) -> Outcome:
        if not self.asked:
            self.asked.append(intent.key)
            return TryLater("rate_limited", "too many calls", after_s=3600)
        return super().one(intent)


def test_a_pause_that_one_hand_is_asked_for_holds_all(fast_store: Store, tmp_path: Path) -> None:
    there = There(tmp_path / "there")
    plan(fast_store, [planned("invoice", n) for n in range(60)])
    pushed = push(fast_store, there, kind=Busy, patience_s=1)
    assert len(there.written("invoice")) <= HANDS  # those that were under way
    assert {row.state for row in rows(fast_store)} <= {S.READY, S.RETRY, S.CONFIRMED}
    assert pushed.waiting_until is not None


class Offline(Crowded):
    """Is not reached."""

    def one(self, intent: Intent) -> Outcome:
        self.there.note("begins", intent.object, intent.key)
        self.there.note("ends", intent.object, intent.key)
        return TryLater("not_sent", "no connection", offline=True)


def test_a_system_that_is_not_reached_ends_the_push_and_nothing_is_lost(fast_store: Store, tmp_path: Path) -> None:
    there = There(tmp_path / "there")
    plan(fast_store, [planned("invoice", n) for n in range(60)])
    assert push(fast_store, there, kind=Offline).offline == "no connection"
    assert len(there.written("invoice")) <= 4 * HANDS
    assert {row.state for row in rows(fast_store)} <= {S.READY, S.RETRY}


class Parking(Crowded):
    """While it writes the third document, a person closes the gate."""

    def one(self, intent: Intent) -> Outcome:
        if intent.key == "invoice-3":
            with self.store.tx("gate") as tx:
                answer.close_gate(tx, "erp", reason="wait", at=SystemClock().now())
        return super().one(intent)

    store: Store


def test_a_gate_that_is_closed_meanwhile_stops_all_hands(store: Store, tmp_path: Path) -> None:
    there = There(tmp_path / "there")
    Parking.store = store
    plan(store, [planned("invoice", n) for n in range(80)])
    assert "wait" in push(store, there, kind=Parking).parked
    assert len(there.written("invoice")) <= 4 + 4 * HANDS  # what was claimed before
    assert S.INFLIGHT not in {row.state for row in rows(store)}


class Breaking(Crowded):
    """The seventh write ends its thread."""

    class Killed(BaseException):
        """As if the interpreter ended."""

    def one(self, intent: Intent) -> Outcome:
        done = super().one(intent)
        if intent.key == "invoice-7":
            raise self.Killed
        return done


def test_what_ends_a_hand_ends_the_push_and_the_others_are_noted(fast_store: Store, tmp_path: Path) -> None:
    there = There(tmp_path / "there")
    wanted = [planned("invoice", n) for n in range(40)]
    plan(fast_store, wanted)
    with pytest.raises(Breaking.Killed):
        push(fast_store, there, kind=Breaking)
    inflight = [row.our_id for row in rows(fast_store) if row.state is S.INFLIGHT]
    assert inflight == ["invoice-7"]
    push(fast_store, there)
    written = Counter(there.written("invoice"))
    assert written.pop("invoice-7") == 2  # the same write again, of a target that makes one record of both
    assert set(written.values()) == {1}
    assert {row.state for row in rows(fast_store)} <= DONE
