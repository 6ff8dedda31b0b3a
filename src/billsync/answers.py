"""What a person says about a write that is stuck, written down: it exists there, it does not, try it again.  (shell)"""

from __future__ import annotations

from datetime import datetime

from billsync.model.delivery import STUCK, Delivery, DeliveryState
from billsync.push import answer
from billsync.push.decide import EDITED, FOR_PERSONS, UNTIED
from billsync.store import StoredProblem, Tx


def delivery_of(tx: Tx, item: StoredProblem) -> Delivery | None:
    """The write that a PUSH problem is about; None for other problems.

    Of a record with several versions it is the one that waits for a person: later ones wait for that one.
    """
    place = item.problem.place
    if not item.problem.code.startswith("PUSH-") or not (place.system and place.object and place.id):
        return None
    stuck = tx.outbox.list(connection=place.system, our_id=place.id, states=STUCK)
    mine = [row for row in stuck if row.object == place.object]
    mine.sort(key=lambda row: row.state is not DeliveryState.REVIEW)
    return mine[0] if mine else tx.outbox.of_record(place.system, place.object, place.id)


def resolve(tx: Tx, item: StoredProblem, *, exists: str | None, reason: str = "", at: datetime) -> bool:
    """Take an answer to a write under review: `exists` is the record's id there, None means that there is none.

    The problem is closed with it.  False where the problem is not about a write that waits for an answer.  Raises
    `push.answer.Contradiction` where the books know better.
    """
    delivery = delivery_of(tx, item)
    if delivery is None or delivery.state is not DeliveryState.REVIEW:
        return False
    if exists is not None:
        answer.exists(tx, delivery, exists, reason=reason, at=at)
    else:
        answer.absent(tx, delivery, reason=reason, at=at)
    tx.problems.close_fingerprints([item.problem.fingerprint], at=at)
    return True


def release(tx: Tx, delivery: Delivery, *, named: bool = False, at: datetime) -> bool:
    """Let a refused write go out again, as a new generation.  False where it is not one that was refused.

    Where a person named it, also one that was held back since somebody changed the record there (ours goes over it), or
    since its tie was undone.
    """
    over = FOR_PERSONS | {EDITED, UNTIED} if named else FOR_PERSONS
    asked = delivery.state is DeliveryState.REVIEW and delivery.reason in over
    if delivery.state is not DeliveryState.DEAD and not asked:
        return False
    answer.again(tx, delivery, reason="retried_by_person", at=at, remote_id=delivery.remote_id)
    return True
