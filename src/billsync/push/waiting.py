"""Deliveries that wait for others: let go when those took effect, told when they never can.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from billsync.model.delivery import DONE, Delivery, DeliveryState
from billsync.model.problem import Place, Problem
from billsync.push.session import Push
from billsync.store import Tx
from billsync.store.outbox import Wait
from billsync.store.sql import chunks

_S = DeliveryState
_MOVING: Final = frozenset({_S.READY, _S.RETRY, _S.INFLIGHT, _S.UNKNOWN})


_REST: Final = 10
"""Times as long as a look took, until the next one: thousands may wait while there is enough to send."""


@dataclass(slots=True)
class Waits:
    """What waits, looked at as often as that is worth it.

    Attributes:
        first: what `release` gave when it was looked last; fresh: whether that was just now.
    """

    push: Push
    first: dict[str, str] = field(default_factory=dict)
    fresh: bool = False
    _again: datetime | None = None

    def look(self, *, idle: bool) -> dict[str, str]:
        """Let go what is free; at once where there is nothing else to do (`idle`)."""
        began = self.push.clock.now()
        self.fresh = idle or self._again is None or began >= self._again
        if self.fresh:
            self.first = release(self.push)
            ended = self.push.clock.now()
            self._again = ended + _REST * (ended - began)
        return self.first


def release(push: Push) -> dict[str, str]:
    """Let go what waited for others that have taken effect by now.

    Gives, by kind of record, the first place in its order that still waits for something which is on its way.
    """
    with push.store.view() as tx:
        waiting = tx.outbox.waiting(push.connection)
        needed = tx.outbox.states({key for wait in waiting for key in wait.needs})
    open_ = [(wait, {needed.get(key) for key in wait.needs} - DONE) for wait in waiting]
    for free in chunks(wait.key for wait, states in open_ if not states):
        with push.store.tx("release") as tx:
            found = [row for row in tx.outbox.many(free).values() if row.state is _S.WAITING]
            tx.outbox.move_many([(row, _S.READY, "", {}) for row in found], at=push.clock.now())
            _no_longer_wait(push, tx, found)
    _tell_of_nothing(push, [(w, key) for w, states in open_ if None in states for key in w.needs if key not in needed])
    first: dict[str, str] = {}
    for wait, states in open_:
        if states and states <= _MOVING:
            first[wait.object] = min(wait.sequence, first.get(wait.object, wait.sequence))
    return first


def _tell_of_nothing(push: Push, waits: Sequence[tuple[Wait, str]]) -> None:
    """Say once a push what waits for something that was never planned, and so would wait for ever."""
    if not waits or push.told_waits:
        return
    push.told_waits = True
    hint = "see whether it has a problem of its own, and whether the pipeline has an outbound mapping for it"
    with push.store.tx("waits") as tx:
        push.report(
            tx,
            [
                Problem(
                    code="PUSH-WAIT-01",
                    message=f"waits for {key.rpartition(':')[0]}, which nothing has planned to send",
                    hint=hint,
                    place=Place(system=push.connection, object=wait.object, id=wait.our_id),
                )
                for wait, key in waits
            ],
        )


def _no_longer_wait(push: Push, tx: Tx, deliveries: Sequence[Delivery]) -> None:
    by_object: dict[str, list[str]] = {}
    for delivery in deliveries:
        by_object.setdefault(delivery.object, []).append(delivery.our_id)
    for object, ids in by_object.items():
        at, connection = push.clock.now(), push.connection
        tx.problems.close(connection=connection, object=object, ids=ids, at=at, codes_prefix="PUSH-WAIT")
