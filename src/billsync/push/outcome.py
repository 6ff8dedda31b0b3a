"""Outcomes into the store: rows moved, links kept, people told; too late or impossible ones kept as well.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from billsync.model.delivery import STUCK, Delivery, DeliveryState
from billsync.model.problem import Place, Problem
from billsync.model.ref import Link, Ref
from billsync.push import decide, telling
from billsync.push.payload import number_of
from billsync.push.session import OFFLINE_TRIES, Push
from billsync.store import Tx

_S = DeliveryState
_ENDS: Final = STUCK | {_S.CONFIRMED}
_DIFFERS: Final = frozenset(
    {
        "readback_mismatch",
        "duplicate_found",
        "edited_there",
        "remote_missing",
        "remote_replaced",
        "voided_there",
    }
)


Moves = Sequence[tuple[Delivery, decide.Move]]


def apply(push: Push, name: str, moves: Moves, *, attempted: bool = False) -> None:
    """Write outcomes down in one transaction; one that came too late is kept as an observation."""
    made = push.store.run(name, lambda tx: note(push, tx, moves, attempted=attempted))
    count(push, made, attempted=attempted)


def note(push: Push, tx: Tx, moves: Moves, *, attempted: bool) -> Moves:
    """Write outcomes down.  Gives the moves that were made: not those of rows that another run has taken over."""
    now = push.clock.now()
    moves = [(delivery, _swept(push, delivery, move)) for delivery, move in _each_its_own(push, tx, moves)]
    if attempted:
        tx.outbox.end([(d, str(move.to or ""), move.note or move.reason) for d, move in moves], at=now)
    rows = _write_moves(tx, moves, now)
    for (delivery, move), row in zip(moves, rows, strict=True):
        if row is None:
            tx.outbox.observe(
                delivery.key, at=now, note=f"{move.to}: {move.note} {move.columns.get('remote_id') or ''}"
            )
    confirmed = [row for row in rows if row is not None and row.state is _S.CONFIRMED]
    tx.links.put([_link(row, push.connection) for row in confirmed], now)
    _supersede(tx, push.connection, confirmed, now)
    made = [pair for pair, row in zip(moves, rows, strict=True) if row is not None]
    _tell(push, tx, made, now)
    return made


def _swept(push: Push, delivery: Delivery, move: decide.Move) -> decide.Move:
    """A success is looked at again later, where the system can be searched."""
    if move.to is not _S.CONFIRMED or not push.sheet(delivery.object).reference:
        return move
    return replace(move, columns={**move.columns, **decide.first_sweep(push.clock.now())})


def _each_its_own(push: Push, tx: Tx, moves: Moves) -> Moves:
    """The moves, with a review in place of each success that names a record of another document."""
    owners: dict[tuple[str, str], dict[str, str]] = {}
    for delivery, move in moves:
        if move.to is _S.CONFIRMED:
            ids = owners.setdefault((delivery.kind, delivery.object), {})
            ids.setdefault(move.columns["remote_id"], delivery.our_id)
    for (kind, object), ids in owners.items():
        links = tx.links.by_ref(push.connection, object, ids)
        ids.update((remote_id, link.our_id) for remote_id, link in links.items() if link.kind == kind)
    return [(delivery, _checked(move, delivery, owners)) for delivery, move in moves]


def _checked(move: decide.Move, delivery: Delivery, owners: Mapping[tuple[str, str], Mapping[str, str]]) -> decide.Move:
    if move.to is not _S.CONFIRMED:
        return move
    remote_id = move.columns["remote_id"]
    owner = owners[delivery.kind, delivery.object][remote_id]
    return move if owner == delivery.our_id else decide.taken(remote_id, f"{delivery.kind}/{owner}")


def _supersede(tx: Tx, connection: str, confirmed: Sequence[Delivery], now: datetime) -> None:
    """Versions that were refused, or waited for other fields, end where a later one took effect."""
    later = {(row.kind, row.our_id): row for row in confirmed if number_of(row) > 1}
    if not later:
        return
    dead = [row for page in _useless(tx, connection) for row in page if (row.kind, row.our_id) in later]
    steps = [(row, later[row.kind, row.our_id]) for row in dead]
    tx.outbox.move_many(
        [
            (row, _S.CONFIRMED, f"superseded by {number_of(by)}", {"remote_id": by.remote_id})
            for row, by in steps
            if number_of(row) < number_of(by)
        ],
        at=now,
    )


def _useless(tx: Tx, connection: str) -> Iterator[list[Delivery]]:
    after = ""
    while page := tx.outbox.list(connection=connection, states=STUCK, after=after):
        yield [row for row in page if row.state is _S.DEAD or row.reason == decide.DRIFTED]
        after = page[-1].key


def _write_moves(tx: Tx, moves: Moves, now: datetime) -> list[Delivery | None]:
    """The rows as they are afterwards, in the order of the moves; None where another was faster."""
    steps = [(delivery, move.to, move.reason, move.columns) for delivery, move in moves if move.to is not None]
    moved = iter(tx.outbox.move_many(steps, at=now))
    return [
        tx.outbox.touch(delivery, reason=move.reason, **move.columns) if move.to is None else next(moved)
        for delivery, move in moves
    ]


def _link(delivery: Delivery, connection: str) -> Link:
    ref = Ref(system=connection, kind=delivery.object, id=delivery.remote_id or "")
    return Link(kind=delivery.kind, our_id=delivery.our_id, ref=ref, sent=delivery.payload_digest)


def _tell(push: Push, tx: Tx, moves: Moves, now: datetime) -> None:
    """What a person has to do stands among the problems, and goes from there when the write took effect after all."""
    mended: dict[str, list[str]] = {}
    for delivery, move in moves:
        if move.to in STUCK:
            push.report(tx, [_problem(delivery, move)])
        elif move.to is _S.CONFIRMED and delivery.attempt + delivery.gen + number_of(delivery) > 3:
            mended.setdefault(delivery.object, []).append(delivery.our_id)
    for object, ids in mended.items():
        tx.problems.close(connection=push.connection, object=object, ids=ids, at=now, codes_prefix="PUSH-")


def _problem(delivery: Delivery, move: decide.Move) -> Problem:
    place = Place(system=delivery.connection, object=delivery.object, id=delivery.our_id)
    if move.to is _S.DEAD:
        hint = "mend the cause, then `billsync errors retry`"
        return Problem(code="PUSH-REFUSED-01", message=f"{move.reason}: {move.note}", hint=hint, place=place)
    if move.reason == decide.DRIFTED:
        hint = "mend the mapping or give the field back; or take it as it is: `billsync connectors drift --accept`"
        return Problem(code="PUSH-DRIFT-01", message=f"it waits: {move.note}", hint=hint, place=place)
    differs = move.reason in _DIFFERS
    return Problem(
        code="PUSH-REVIEW-02" if differs else "PUSH-REVIEW-01",
        message=f"{move.reason}: {move.note}",
        hint="look at it there, then answer with `billsync errors resolve`",
        place=place,
    )


def count(push: Push, moves: Moves, *, attempted: bool) -> None:
    """Count what became of deliveries, and how often in a row the system was not reached."""
    offline = [move for _, move in moves if move.offline]
    if offline:
        push.offline_tries += 1
        push.offline_reason = offline[0].reason
        push.result.offline = offline[0].note if push.offline_tries >= OFFLINE_TRIES else ""
    elif moves:
        push.offline_tries = 0
    for delivery, move in moves:
        push.advanced += move.to in _ENDS or (attempted and delivery.attempt == 1)
        if move.to is _S.CONFIRMED:
            push.result.sent[delivery.kind] = push.result.sent.get(delivery.kind, 0) + 1
        push.result.refused += move.to is _S.DEAD
        push.result.review += move.to is _S.REVIEW
    telling.moved(push.connection, moves)
