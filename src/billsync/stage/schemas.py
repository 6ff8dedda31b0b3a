"""Before a run: the fields of the outside systems, compared with those that the mappings were made for.  (shell)

What is concerned waits: of a kind of record whose fields are not what a mapping reads nothing is read, and of documents
none is sent that a changed field keeps from being written as it was meant.  All else goes on.  It ends when the fields
are as they were, or when a person has looked: `billsync connectors drift --accept`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from billsync.mapping import Mapping as FieldMapping
from billsync.mapping.shape import Change, ChangeKind, compare, unreadable, unwritable
from billsync.model.delivery import Delivery, DeliveryState
from billsync.model.problem import Place, Problem
from billsync.pull import DRIFT_CODE
from billsync.push import port
from billsync.push.decide import DRIFTED
from billsync.push.payload import holding
from billsync.stage.world import End, World
from billsync.store import Snapshot, Store, Tx

WRITE_CODE = "PUSH-DRIFT-01"
ACCEPT = "mend the mapping or give the field back; or take it as it is: `billsync connectors drift --accept`"


@dataclass(frozen=True, slots=True)
class Used:
    """One kind of record of a system, and the mappings that read it and that write it."""

    object: str
    readers: tuple[FieldMapping, ...] = ()
    writers: tuple[FieldMapping, ...] = ()


def used(world: World) -> Iterator[tuple[End, Used]]:
    """Every kind of record that the run reads or writes, by system."""
    status = () if world.status is None else (world.status,)
    yield from ((world.source, item) for item in by_object(world.inbound, status))
    if world.target is not None:
        returned = () if world.payments is None else (world.payments,)
        yield from ((world.target, item) for item in by_object(returned, tuple(world.outbound.values())))


def by_object(readers: Sequence[FieldMapping], writers: Sequence[FieldMapping]) -> Iterator[Used]:
    """What mappings of one system read and write, by kind of record."""
    objects = dict.fromkeys([*(item.source_object for item in readers), *(item.target_object for item in writers)])
    for object in objects:
        yield Used(
            object,
            tuple(item for item in readers if item.source_object == object),
            tuple(item for item in writers if item.target_object == object),
        )


def look(world: World, *, full: bool = False) -> None:
    """Compare the fields of every kind of record that the run uses, and tell what concerns it.

    With `full` what is read is taken as it is, whatever its fields are.  A system that does not say its fields, or not
    now, is not judged: what was seen last still counts.
    """
    with world.store.view() as tx:
        known = {(item.connection, item.object): item for item in tx.schemas.list()}
        told = [item.problem for item in tx.problems.list(code=WRITE_CODE) if item.problem.place.id is None]
    for end, item in used(world):
        snapshot = glance(world.store, end, item.object, known.get((end.name, item.object)), world.now())
        if snapshot is not None and snapshot.seen is not None and full and item.readers:
            with world.store.tx("schema-taken") as tx:
                tx.schemas.accept(snapshot, why="sync --full", at=world.now())
            snapshot = None
        changes = () if snapshot is None or snapshot.seen is None else tuple(compare(snapshot.known, snapshot.seen))
        world.shapes.changes[end.name, item.object] = changes
        _tell(world, end, item, changes, told)


def glance(store: Store, end: End, object: str, snapshot: Snapshot | None, at: datetime) -> Snapshot | None:
    """The snapshot of one kind of record, brought to what the system says now; None where it never said anything."""
    now = port.describe(end.connector, object)
    if now is None or (snapshot is not None and now == (snapshot.seen or snapshot.known)):
        return snapshot
    with store.tx("schema") as tx:
        if snapshot is None or all(change.kind is ChangeKind.ADDED for change in compare(snapshot.known, now)):
            tx.schemas.begin(end.name, now, at)  # new fields that nobody needs concern nothing
        else:
            tx.schemas.see(end.name, object, None if now == snapshot.known else now, at)
        return tx.schemas.get(end.name, object)


def _tell(world: World, end: End, item: Used, changes: Sequence[Change], told: Sequence[Problem]) -> None:
    """Open the problem of what waits for the fields, and close it where nothing does."""
    written = unwritable(changes, written_fields(end, item.object, item.writers)) if item.writers else []
    if written:
        with world.store.tx("schema-drift") as tx:
            world.report(
                tx, [_problem(WRITE_CODE, end, item.object, written, "what it keeps from being written waits")]
            )
    over = [problem.fingerprint for problem in told if _about(problem, end, item) and not written]
    if over:
        with world.store.tx("schema-healed") as tx:
            tx.problems.close_fingerprints(over, at=world.now())
    new = [change for change in changes if change.kind is ChangeKind.CHOICES_ADDED]
    for change in dict.fromkeys([*written, *reading(world, end, item), *new]):
        world.progress.note(f"{end.name}: {item.object}: {change}")


def _about(problem: Problem, end: End, item: Used) -> bool:
    return (problem.place.system, problem.place.object) == (end.name, item.object)


def written_fields(end: End, object: str, writers: Sequence[FieldMapping]) -> frozenset[str]:
    """The fields of the system's record that the mappings write."""
    sheet = end.connector.capabilities.writes.get(object)
    if sheet is not None and sheet.into:
        return frozenset({sheet.into})
    names = {facts.target.partition(".")[0] for mapping in writers for facts in mapping.fields}
    return frozenset(names | ({sheet.reference} if sheet is not None and sheet.reference else set()))


def reading(world: World, end: End, item: Used) -> list[Change]:
    """Changes after which nothing of this kind is read."""
    return unreadable(world.shapes.changes.get((end.name, item.object), ()), item.readers)


def may_read(world: World, end: End, object: str, mappings: Sequence[FieldMapping]) -> bool:
    """Whether records of this kind can be read as the mappings mean them; where not, that is told."""
    found = reading(world, end, Used(object, tuple(mappings)))
    if not found:
        return True
    with world.store.tx("schema-drift") as tx:
        problem = _problem(DRIFT_CODE, end, object, found, "nothing of it is read until that is mended")
        hint = f"{problem.hint}, or `billsync sync --full`"
        world.report(tx, [problem.model_copy(update={"hint": hint})])
    return False


def _problem(code: str, end: End, object: str, changes: Sequence[Change], effect: str) -> Problem:
    what = "; ".join(str(change) for change in changes)
    place = Place(system=end.name, object=object, field=changes[0].field)
    return Problem(
        code=code, message=f"the fields of {object} have changed: {what}: {effect}", hint=ACCEPT, place=place
    )


# ---------------------------------------------------------------- writes that wait


def release(world: World, end: End) -> None:
    """Let writes go that waited for the fields, where those are right for them again; only the last of each document.

    Those before it are of no use any more: they end when the last one takes effect.
    """
    with world.store.view() as tx:
        last = [row for row in _waiting(tx, end.name) if _is_last(tx, row)]
        free = [row for row in last if not _still_held(world, tx, end, row)]
    if not free:
        return
    with world.store.tx("schema-release") as tx:
        tx.outbox.move_many([(row, DeliveryState.READY, "", {}) for row in free], at=world.now())
        for object in {row.object for row in free}:
            ids = [row.our_id for row in free if row.object == object]
            tx.problems.close(connection=end.name, object=object, ids=ids, at=world.now(), codes_prefix=WRITE_CODE)


def _waiting(tx: Tx, connection: str) -> Iterator[Delivery]:
    after = ""
    while page := tx.outbox.list(connection=connection, states=(DeliveryState.REVIEW,), after=after):
        yield from (row for row in page if row.reason == DRIFTED)
        after = page[-1].key


def _is_last(tx: Tx, row: Delivery) -> bool:
    last = tx.outbox.latest(row.connection, row.kind, [row.our_id])[row.our_id]
    return last.key == row.key


def _still_held(world: World, tx: Tx, end: End, row: Delivery) -> bool:
    sheet = end.connector.capabilities.writes.get(row.object)
    into = sheet.into if sheet is not None else ""
    there = tx.outbox.remote_id(end.name, row.kind, row.our_id)
    changes = world.shapes.changes.get((end.name, row.object), ())
    return holding(row, changes, into=into, creates=there is None) is not None
