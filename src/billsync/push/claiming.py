"""What goes out next, chosen and claimed in one transaction, so that many may claim from one outbox.  (shell)

Write transactions take turns, on both databases: what one has chosen nobody else has chosen, and nobody gets it twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from billsync.connector import Intent, Target, WriteSheet
from billsync.mapping.ownership import without
from billsync.model.base import digest_text
from billsync.model.delivery import Delivery, DeliveryState
from billsync.model.gate import Gate
from billsync.model.ref import Ref
from billsync.push import decide
from billsync.push.payload import (
    VOID,
    expectation,
    holding,
    idempotency_key,
    is_void,
    once,
    reference_of,
    references,
    resolved,
)
from billsync.push.session import Push
from billsync.store import Tx

_S = DeliveryState
_OPEN: Final = (_S.READY, _S.RETRY)
_MOST: Final = 1000
"""Rows that one claim looks at."""

Batch = list[Delivery]
There = Mapping[tuple[str, str], str]
"""(kind, our id) -> the id there, of what stands there."""


@dataclass(frozen=True, slots=True)
class Job:
    """Deliveries of one kind of record that one `write` carries, as they were claimed.

    Attributes:
        intents: one per delivery; who sends them may put adopted ones in their place.
        untied: (kind, our id) -> the record that a person untied it from.
        unclear: True where an earlier attempt of each may have taken effect.
    """

    claimed: list[Delivery]
    intents: list[Intent]
    untied: Mapping[tuple[str, str], Ref]
    unclear: bool = False

    @property
    def object(self) -> str:
        """The kind of record."""
        return self.claimed[0].object


@dataclass(frozen=True, slots=True)
class Room:
    """How many batches a claim may hold: one for each hand that is free, and small ones to be ready for the next."""

    free: int = 1
    ahead: int = 0


ONE: Final = Room()
NONE: Final = Room(free=0)


@dataclass(slots=True)
class Taken:
    """What came of a claim.

    Attributes:
        seen: how many deliveries were chosen; unfit: those of them that cannot be sent as they are, and why.
        changed: key of one whose frozen payload was changed in the store, or "": nothing is claimed then.
        gate: the gate that keeps everything back, or None.
    """

    jobs: list[Job] = field(default_factory=list)
    seen: int = 0
    unfit: list[tuple[Delivery, decide.Move]] = field(default_factory=list)
    changed: str = ""
    gate: Gate | None = None


# ---------------------------------------------------------------- what is next


def choose(push: Push, tx: Tx, waiting: Mapping[str, str], room: Room) -> list[Batch]:
    """The first deliveries that are due, in batches of one kind of record.

    Where order matters there, none before an earlier one that waits (`waiting` and what is begun and not due); where
    two writes at once are not safe, none of a kind of which one is under way; never two of one document.
    """
    now, sheets = push.clock.now(), push.connector.capabilities.writes
    ordered = {object for object, sheet in sheets.items() if sheet.ordered}
    begun = tx.outbox.first_open(push.connection, now) if ordered else {}
    before = {o: min(m[o] for m in (begun, waiting) if o in m) for o in ordered if o in begun or o in waiting}
    busy = _under_way(push, tx)
    most = max((sheet.batch_max for sheet in sheets.values()), default=1)
    due = tx.outbox.due(
        push.connection, now, states=_OPEN, limit=min(_MOST, (room.free + room.ahead) * most + len(busy.documents)),
        without=busy.objects | push.leaves, before=before,
    )  # fmt: skip
    return _batches(push, due, busy, room)


@dataclass(slots=True)
class _Busy:
    """What is under way: kinds of record that bear no second write at once, and documents."""

    objects: set[str] = field(default_factory=set)
    documents: set[tuple[str, str]] = field(default_factory=set)

    def bars(self, delivery: Delivery) -> bool:
        names = _names(delivery.object, delivery.kind, delivery.our_id, delivery.remote_id)
        return delivery.object in self.objects or not names.isdisjoint(self.documents)


def _under_way(push: Push, tx: Tx) -> _Busy:
    busy = _Busy()
    for object, kind, our_id, remote_id in tx.outbox.under_way(push.connection):
        busy.documents |= _names(object, kind, our_id, remote_id)
        if _alone(push.sheet(object)):
            busy.objects.add(object)
    return busy


def _alone(sheet: WriteSheet) -> bool:
    return sheet.serial or sheet.ordered


def _names(object: str, kind: str, our_id: str, remote_id: str | None) -> set[tuple[str, str]]:
    """What a document is known by: two writes that share a name are never under way at once."""
    if kind == VOID:  # which names the document and its record there
        our_id = our_id.rpartition("@")[0]
    return {(f"ours/{object}", our_id)} | ({(f"theirs/{object}", remote_id)} if remote_id else set())


def _batches(push: Push, due: Sequence[Delivery], busy: _Busy, room: Room) -> list[Batch]:
    batches: list[Batch] = []
    full: set[str] = set()
    for delivery in due:
        sheet, last = push.sheet(delivery.object), batches[-1] if batches else []
        if delivery.object in full or busy.bars(delivery):
            continue
        if not last or last[0].object != delivery.object or len(last) >= sheet.batch_max:
            full.update(batch[0].object for batch in batches if _alone(push.sheet(batch[0].object)))
            if delivery.object in full:
                continue
            if not _fits(sheet, len(batches), room):
                break
            batches.append([])
        batches[-1].append(delivery)
        busy.documents |= _names(delivery.object, delivery.kind, delivery.our_id, delivery.remote_id)
    return batches


_SMALL: Final = 5
"""Largest batch that is claimed before a hand is free for it."""


def _fits(sheet: WriteSheet, batches: int, room: Room) -> bool:
    """Whether one more batch may be claimed: what is claimed and not sent is unknown where the process dies."""
    waits = sheet.target is not Target.NONE and sheet.batch_max <= _SMALL
    return batches < room.free + (room.ahead if waits else 0)


# ---------------------------------------------------------------- claiming


def claim(push: Push, tx: Tx, batches: Sequence[Batch], *, unclear: bool = False) -> Taken:
    """Note the intention to send these before anything leaves; the caller commits it.

    They were read in this transaction; those that are `unclear` may have been read before.
    """
    rows = [delivery for batch in batches for delivery in batch]
    taken = Taken(seen=len(rows))
    if not rows:
        return taken
    taken.changed = next((row.key for row in rows if digest_text(row.payload) != row.payload_digest), "")
    if taken.changed:
        return taken
    there = _ids_there(push, tx, rows)
    taken.unfit = _unfit(push, rows, there)
    unfit = {delivery.id for delivery, _ in taken.unfit}
    claimed = _begun(push, tx, [row for row in rows if row.id not in unfit], fresh=not unclear)
    untied = _untied(push, tx, [row for row in claimed.values() if _creates(row, there)])
    for batch in batches:
        mine = [claimed[row.id] for row in batch if row.id in claimed]
        if mine:
            taken.jobs.append(Job(mine, [_intent(row, there) for row in mine], untied, unclear))
    return taken


def may_go(push: Push, tx: Tx, batch: Batch) -> Batch:
    """Those of a batch that was chosen before that may go out now: nothing of the kind or document is under way."""
    busy = _under_way(push, tx)
    return [delivery for delivery in batch if not busy.bars(delivery)]


def _begun(push: Push, tx: Tx, rows: Sequence[Delivery], *, fresh: bool) -> dict[str, Delivery]:
    """The rows as claimed, by id: those that nobody has moved since they were read, in this transaction if `fresh`."""
    now = push.clock.now()
    lease = now + timedelta(seconds=push.options.lease_s)
    moves = [
        (
            row,
            _S.INFLIGHT,
            f"attempt {row.attempt + 1}",
            {
                "attempt": row.attempt + 1,
                "fence": row.fence + 1,
                "owner": push.owner,
                "lease_until": lease,
                "first_sent_at": row.first_sent_at or now,
                "last_sent_at": now,
            },
        )
        for row in rows
    ]
    claimed = [row for row in tx.outbox.move_many(moves, at=now, fresh=fresh) if row is not None]
    tx.outbox.begin(claimed, at=now)
    return {row.id: row for row in claimed}


def _untied(push: Push, tx: Tx, rows: Sequence[Delivery]) -> dict[tuple[str, str], Ref]:
    """The records that a person untied documents from."""
    found: dict[tuple[str, str], Ref] = {}
    for kind in {row.kind for row in rows}:
        refs = tx.links.unlinked(push.connection, kind, [row.our_id for row in rows if row.kind == kind])
        found |= {(kind, our_id): ref for our_id, ref in refs.items()}
    return found


def _creates(row: Delivery, there: There) -> bool:
    """Whether a record is about to be made, and no person has said so."""
    return row.gen == 1 and row.remote_id is None and (row.kind, row.our_id) not in there


def _ids_there(push: Push, tx: Tx, rows: Sequence[Delivery]) -> There:
    documents = {(row.kind, row.our_id) for row in rows}
    documents.update(reference for row in rows for reference in references(row))
    return tx.outbox.remote_ids(push.connection, documents)


def _unfit(push: Push, rows: Sequence[Delivery], there: There) -> list[tuple[Delivery, decide.Move]]:
    """Those that refer to what has no id there, and those that a change of the system's fields holds back."""
    found = []
    for row in rows:
        if name := _missing(row, there):
            found.append((row, decide.unresolved(name)))
            continue
        changes, into = push.options.changes.get(row.object, ()), push.sheet(row.object).into
        change = holding(row, changes, into=into, creates=(row.kind, row.our_id) not in there)
        if change is not None:
            found.append((row, decide.drifted(str(change))))
    return found


def _missing(row: Delivery, there: There) -> str:
    """What the payload refers to and has no id there, or ""."""
    return next((f"{kind}/{our_id}" for kind, our_id in references(row) if (kind, our_id) not in there), "")


def _intent(row: Delivery, there: There) -> Intent:
    """What is sent; of a record that is there already without what is only said when it is made."""
    remote_id = row.remote_id or there.get((row.kind, row.our_id))
    whole = resolved(row, lambda kind, our_id: there.get((kind, our_id)))
    return Intent(
        key=reference_of(row),
        object=row.object,
        payload=whole if remote_id is None else without(whole, once(row)),
        remote_id=remote_id,
        idempotency_key=idempotency_key(row),
        expect=expectation(row),
        void=is_void(row),
    )
