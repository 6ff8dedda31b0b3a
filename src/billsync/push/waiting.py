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

    def freed_by_others(self) -> bool:
        """Whether something is free now: what others were sending may have taken effect since the look.

        Asked before a push ends; where nobody else can be sending, nothing can have changed.
        """
        if self.push.options.alive is None:
            return False
        with self.push.store.view() as tx:
            return any(not needs for _, needs in _open(self.push, tx))


def release(push: Push) -> dict[str, str]:
    """Let go what waited for others that have taken effect by now.

    Gives, by kind of record, the first place in its order that still waits for something which is on its way.
    """
    with push.store.view() as tx:
        open_ = _open(push, tx)
    for free in chunks(wait.key for wait, needs in open_ if not needs):
        with push.store.tx("release") as tx:
            found = [row for row in tx.outbox.many(free).values() if row.state is _S.WAITING]
            tx.outbox.move_many([(row, _S.READY, "", {}) for row in found], at=push.clock.now())
            _no_longer_wait(push, tx, found)
    _tell_of_nothing(push, [(wait, key) for wait, needs in open_ for key, state in needs.items() if state is None])
    first: dict[str, str] = {}
    for wait, needs in open_:
        if needs and _MOVING.issuperset(needs.values()):
            first[wait.object] = min(wait.sequence, first.get(wait.object, wait.sequence))
    return first


def _open(push: Push, tx: Tx) -> list[tuple[Wait, dict[str, DeliveryState | None]]]:
    """What waits, each with the state of what it still waits for, by key; None for what was never planned."""
    waiting = tx.outbox.waiting(push.connection)
    states = tx.outbox.states({key for wait in waiting for key in wait.needs})
    return [(wait, {key: states.get(key) for key in wait.needs if states.get(key) not in DONE}) for wait in waiting]


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
