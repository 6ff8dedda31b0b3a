"""Looking again at what took effect: doubled, changed and vanished documents are told, never silent.  (shell)

A request that takes effect after it was given up doubles a document on targets that can only be searched.  Nothing can
prevent that from here; the sweeps after two hours, a day and a week find it.  They find what people changed or deleted
there as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from billsync.connector import Target
from billsync.model.delivery import DONE, Delivery, DeliveryState
from billsync.push import decide, echo, port
from billsync.push.outcome import apply
from billsync.push.payload import expectation, is_void
from billsync.push.session import Push

PAGE: Final = 200
MOST: Final = 5_000
"""Documents that one push looks at: what is left is due in the next one."""

_S = DeliveryState


def sweep(push: Push) -> None:
    """Look at the documents that are due for it."""
    seen = 0
    while seen < MOST and not push.stopped and not push.held():
        now = push.clock.now()
        with push.store.view() as tx:
            due = tx.outbox.due(push.connection, now, states=tuple(DONE), limit=PAGE, moved_on=True)
            latest = _latest(push, due)
        if not due:
            return
        seen += len(due)
        due = _unchanged(push, due, latest)
        _leave(push, [row for row in due if row.key not in latest or not _told_by_look(push, row)])
        for object in sorted({row.object for row in due}):
            _look(push, object, [row for row in due if row.object == object and row.key in latest])


def _unchanged(push: Push, due: Sequence[Delivery], latest: set[str]) -> list[Delivery]:
    """Those of which nobody changed a field there; the others are told, or written again, by the field's policy."""
    moves: list[tuple[Delivery, decide.Move]] = []
    again: list[Delivery] = []
    for object in {row.object for row in due}:
        watch = push.options.watched.get(object)
        mine = {row.remote_id: row for row in due if row.object == object and row.key in latest and not is_void(row)}
        if watch is None or not watch.policies:
            continue
        for id, edits in echo.edited(push, push.connector, object, {id: {} for id in mine if id is not None}).items():
            if edits.report or edits.ours:
                moves.append((mine[id], decide.Move(_S.REVIEW, decide.EDITED, echo.said(object, id, edits))))
            if edits.ours and not edits.report:
                again.append(mine[id])
    apply(push, "sweep", moves)
    _overwrite(push, again)
    moved = {row.key for row, _ in moves}
    return [row for row in due if row.key not in moved]


def _latest(push: Push, due: Sequence[Delivery]) -> set[str]:
    """Keys of those that are the last version of their document."""
    found: set[str] = set()
    with push.store.view() as tx:
        for kind in {row.kind for row in due}:
            last = tx.outbox.latest(push.connection, kind, [row.our_id for row in due if row.kind == kind])
            found.update(row.key for row in last.values())
    return found


def _told_by_look(push: Push, delivery: Delivery) -> bool:
    """Whether a look can tell anything: records that are written by our id can't double, and may show no content."""
    sheet = push.sheet(delivery.object)
    if not sheet.reference or is_void(delivery):
        return False
    return sheet.target is not Target.UPSERT or expectation(delivery) is not None


def _leave(push: Push, deliveries: Sequence[Delivery]) -> None:
    """No further looks at these."""
    apply(push, "sweep", [(row, decide.Move(None, row.reason, "", {"next_at": None})) for row in deliveries])


def _look(push: Push, object: str, deliveries: Sequence[Delivery]) -> None:
    deliveries = [row for row in deliveries if _told_by_look(push, row)]
    if not deliveries:
        return
    push.pace(len(deliveries))
    probes = port.probe(push.connector, object, [row.our_id for row in deliveries])
    now, policy = push.clock.now(), push.options.edited
    moves = [
        (
            row,
            decide.after_sweep(row, probe, expectation(row), adopts=policy == "adopt", now=now, chance=push.chance),
        )
        for row, probe in zip(deliveries, probes, strict=True)
    ]
    apply(push, "sweep", moves)
    if policy == "overwrite":
        _overwrite(push, [row for row, move in moves if move.reason == "edited_there"])


def _overwrite(push: Push, deliveries: Sequence[Delivery]) -> None:
    """Write again what a person changed there."""
    at = push.clock.now()
    if not deliveries:
        return
    with push.store.tx("overwrite") as tx:
        seen = tx.outbox.many(row.key for row in deliveries)
        again = [row for row in seen.values() if row.state is _S.REVIEW]
        columns = {"next_at": None, "first_sent_at": None, "probes": 0}
        tx.outbox.move_many(
            [(row, _S.READY, "overwrites_edit", {**columns, "gen": row.gen + 1}) for row in again], at=at
        )
        for object in {row.object for row in again}:
            ids = [row.our_id for row in again if row.object == object]
            tx.problems.close(connection=push.connection, object=object, ids=ids, at=at, codes_prefix="PUSH-REVIEW")
