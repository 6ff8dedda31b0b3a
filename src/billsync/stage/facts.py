"""Records -> facts: map what is new or changed in the inbox to canonical documents.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from billsync import pull
from billsync.connector import Record
from billsync.mapping import Mapped
from billsync.mapping import Mapping as FieldMapping
from billsync.model.customer import Customer
from billsync.model.deal import Deal
from billsync.model.product import Product
from billsync.model.ref import Link, Ref
from billsync.stage import bills
from billsync.stage.world import World
from billsync.store import InboxRow, Tx

PAGE = 500
Keep = Callable[[Tx, Sequence[tuple[InboxRow, Mapped]]], None]


def read(world: World, *, full: bool = False) -> None:
    """Pull every kind of record that an inbound mapping reads."""
    for mapping in world.inbound:
        object = mapping.source_object
        world.progress.stage(f"Read {object}")
        seen, fresh = pull.changed(
            world.store,
            world.source.connector,
            world.source.name,
            object,
            run=world.run,
            now=world.now,
            report=world.report,
            advance=world.progress.advance,
            full=full,
        )
        world.tally.add("records read", seen)
        world.tally.add("records new or changed", fresh)


def make(world: World) -> None:
    """Map what is pending, in the order in which mappings refer to each other."""
    for mapping in world.inbound:
        world.progress.stage(f"Map {mapping.source_object} to {mapping.target}")
        map_pending(world, world.source.name, mapping, partial(_keep, world, mapping))


def map_pending(world: World, connection: str, mapping: FieldMapping, keep: Keep) -> None:
    """Apply a mapping to the pending rows of its object, a page at a time; `keep` stores what came out of a page."""
    resolve = _resolver(world, connection)
    object, after = mapping.source_object, ""
    while True:
        with world.store.view() as tx:
            rows = tx.inbox.pending(connection, object, mapping.digest, after=after, limit=PAGE)
        if not rows:
            return
        mapped = [(row, Mapped.nothing() if row.deleted else mapping.apply(_record(row), resolve)) for row in rows]
        with world.store.tx("map-page") as tx:
            keep(tx, mapped)
            _settle(world, tx, connection, mapping, mapped)
        after = rows[-1].id
        world.progress.advance(len(rows))


def _record(row: InboxRow) -> Record:
    return Record(row.object, row.id, row.data, row.place)


def _resolver(world: World, connection: str) -> Callable[[str, str], str | None]:
    """Which record a reference means: one that is in the inbox counts, mapped or not, so that order does not matter."""
    known: dict[tuple[str, str], str | None] = {}

    def resolve(name: str, id: str) -> str | None:
        object = name.rpartition(".")[2]
        if (object, id) not in known:
            with world.store.view() as tx:
                known[object, id] = id if tx.inbox.has(connection, object, [id]) else None
        return known[object, id]

    return resolve


def _settle(
    world: World, tx: Tx, connection: str, mapping: FieldMapping, mapped: Sequence[tuple[InboxRow, Mapped]]
) -> None:
    """Note what became of each row, open its problems, and close those that are mended."""
    states = {row.id: _state(row, result) for row, result in mapped}
    tx.inbox.settle(connection, mapping.source_object, states, mapping=mapping.digest)
    problems = [problem for _, result in mapped for problem in result.problems]
    still = {problem.fingerprint for problem in problems}
    tx.problems.close(
        connection=connection,
        object=mapping.source_object,
        ids=states,
        except_=still,
        at=world.now(),
        codes_prefix="MAP-",
    )
    world.report(tx, problems)


def _state(row: InboxRow, result: Mapped) -> str:
    if row.deleted:
        return "gone"
    if result.noun is not None:
        return "mapped"
    return "problem" if result.problems else "skipped"


def _keep(world: World, mapping: FieldMapping, tx: Tx, rows: Sequence[tuple[InboxRow, Mapped]]) -> None:
    """Store the documents of a page, and take back those whose record is gone or no longer counts."""
    at, kind = world.now(), mapping.target
    source = {row.id: Ref(system=world.source.name, kind=row.object, id=row.id) for row, _ in rows}
    made = [
        (result.noun, source[row.id], mapping.digest)
        for row, result in rows
        if isinstance(result.noun, Customer | Product | Deal)
    ]
    changed = tx.facts.put(kind, made, run=world.run, at=at)
    world.tally.add(f"{kind}s mapped", changed)
    tx.links.put([Link(kind=kind, our_id=noun.id, ref=ref) for noun, ref, _ in made], at=at)
    lost = [row.id for row, result in rows if row.deleted or (result.noun is None and not result.problems)]
    known = tx.facts.by_source(world.source.name, mapping.source_object, lost)
    ids = [our_id for pairs in known.values() for found, our_id in pairs if found == kind]
    removed = tx.facts.remove(kind, ids, run=world.run, at=at)
    world.tally.add(f"{kind}s removed", len(removed))
    if kind == "deal":
        bills.withdraw(world, tx, removed)
