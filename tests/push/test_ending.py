"""When a push may end: never while something is free to go, however long ago it looked, and whoever set it free."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from billsync.connector import Target
from billsync.model.delivery import DONE, Delivery, DeliveryState
from billsync.model.ref import Link, Ref
from billsync.push import Options, deliver, waiting
from billsync.push.session import Push
from billsync.store import Store
from tests.push.fakes import Books, Fake, HandClock
from tests.push.test_machine import plan, planned, state

S = DeliveryState


def after_each_look(monkeypatch: pytest.MonkeyPatch, then: Callable[[Push], None]) -> None:
    """Have something happen whenever the push has looked what waits."""
    look = waiting.release

    def looked(push: Push) -> dict[str, str]:
        found = look(push)
        then(push)
        return found

    monkeypatch.setattr(waiting, "release", looked)


def send(store: Store, clock: HandClock, options: Options) -> None:
    fake = Fake.of(Books(Target.UPSERT), clock)
    deliver(
        store, fake, "erp", owner="me", clock=clock, chance=Random(1), options=options, report=lambda _tx, _found: None
    )


def family() -> list[Delivery]:
    """A customer, and the invoice that waits for it."""
    customer = planned(1, kind="customer")
    return [customer, planned(1, needs=(customer.key,))]


def test_what_was_set_free_since_a_slow_look_goes_out_in_the_same_push(
    fast_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks that take long are seldom; the customer takes effect between two of them, and then nothing is due."""
    clock = HandClock()
    plan(fast_store, family(), clock)
    after_each_look(monkeypatch, lambda _push: clock.sleep(60))
    send(fast_store, clock, Options(patience_s=3600))
    assert state(fast_store, 1) in DONE


def test_what_another_process_set_free_since_the_look_goes_out_in_the_same_push(
    fast_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A helper is writing the customer while the push looks, and has ended before it asks what is left."""
    clock = HandClock()
    customer, invoice = family()
    plan(fast_store, [customer, invoice], clock)
    with fast_store.tx("claim") as tx:
        lease = clock.now().replace(year=9999)
        claimed = tx.outbox.move(
            customer, S.INFLIGHT, at=clock.now(), owner="helper", fence=1, attempt=1, lease_until=lease
        )
    open_ = [claimed]

    def end(_push: Push) -> None:
        while open_ and (row := open_.pop()):
            with fast_store.tx("outcome") as tx:
                tx.outbox.move(row, S.CONFIRMED, at=clock.now(), remote_id="C1")
                ref = Ref(system="erp", kind="customer", id="C1")
                tx.links.put([Link(kind="customer", our_id=row.our_id, ref=ref)], clock.now())

    after_each_look(monkeypatch, end)
    send(fast_store, clock, Options(patience_s=3600, alive=lambda _tx: frozenset({"me", "helper"})))
    assert state(fast_store, 1) in DONE
