"""Records -> facts: map what is new or changed in the inbox to canonical documents.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from billsync import pull
from billsync.connector import Record
from billsync.mapping import Mapped, Resolve
from billsync.mapping import Mapping as FieldMapping
from billsync.mapping.shape import Change, unknown_choice
from billsync.model.base import digest_text
from billsync.model.contract import Contract
from billsync.model.customer import Customer
from billsync.model.deal import Deal
from billsync.model.problem import Problem
from billsync.model.product import Product
from billsync.model.ref import Link, Ref
from billsync.model.usage import CustomerUsage
from billsync.stage import at_once, backfill, bills, drift, looking, money, ownership, schemas
from billsync.stage.references import References
from billsync.stage.world import World
from billsync.store import InboxRow, Tx

PAGE = 500
Page = Sequence[tuple[InboxRow, Mapped]]
Keep = Callable[[Tx, FieldMapping, Page], Mapping[str, str]]
"""Stores what a mapping made of a page; gives the states of rows that did not come out as the mapping says."""

_FIRST: Final = ("problem", "new", "mapped", "skipped", "gone")


def read(world: World, *, full: bool = False, only: str | None = None) -> None:
    """Pull every kind of record that an inbound mapping reads: what changed, and what the system named by itself.

    With `only` no other kind of record.
    """
    for object, mappings in by_object(world.inbound).items():
        if only not in (None, object):
            continue
        world.progress.stage(f"Read {object}")
        if schemas.may_read(world, world.source, object, mappings):
            _read(world, object, mappings, full=full)


def _read(world: World, object: str, mappings: Sequence[FieldMapping], *, full: bool) -> None:
    look = looking.begin(world, world.source.name, object)
    filling = backfill.begin(world, world.source, object, full=full)

    def ended() -> None:
        look.ended()
        filling.ended()

    seen, fresh = pull.changed(
        world.store,
        world.source.connector,
        world.source.name,
        object,
        run=world.run,
        now=world.now,
        report=world.report,
        advance=filling.advance,
        expected=filling.expected,
        judge=partial(_suspect, mappings),
        take=_taking(world, mappings),
        full=full,
        ended=ended,
        fetch_ahead=world.fetch_ahead,
    )
    named, changed = pull.hinted(
        world.store,
        world.source.connector,
        world.source.name,
        object,
        run=world.run,
        now=world.now,
        report=world.report,
        advance=world.progress.advance,
    )
    look.found(seen + named, fresh + changed)
    world.tally.add("records read", seen + named)
    world.tally.add("records new or changed", fresh + changed)


def by_object(mappings: Sequence[FieldMapping]) -> dict[str, list[FieldMapping]]:
    """The mappings of each kind of record: one may make several documents of it, such as payments and refunds."""
    found: dict[str, list[FieldMapping]] = {}
    for mapping in mappings:
        found.setdefault(mapping.source_object, []).append(mapping)
    return found


def _suspect(mappings: Sequence[FieldMapping], rows: Sequence[InboxRow], sound: int) -> Problem | None:
    """What too many of these records, and so many sound ones, have in common.

    Other records that they refer to are taken to be there.
    """
    made = ([mapping.apply(_record(row), lambda _name, id: id) for row in rows] for mapping in mappings)
    return next((problem for one in made if (problem := drift.suspect(one, sound)) is not None), None)


def _taking(world: World, mappings: Sequence[FieldMapping]) -> pull.Take | None:
    """Maps records while they are read, where that is enough."""

    def apply(mapping: FieldMapping, row: InboxRow, resolve: Resolve, own: frozenset[str]) -> Mapped:
        changes = world.shapes.changes.get((world.source.name, row.object), ())
        return _apply(mapping, row, resolve, changes, own)

    def keep(tx: Tx, pages: Sequence[tuple[FieldMapping, Page]]) -> Mapping[str, str]:
        return _merged([_states(page, _keep(world, tx, mapping, page)) for mapping, page in pages])

    return at_once.taking(world, mappings, _digest(mappings), apply, keep)


def make(world: World) -> None:
    """Map what is pending, in the order in which mappings refer to each other."""
    for object, mappings in by_object(world.inbound).items():
        world.progress.stage(f"Map {object} to {' and '.join(mapping.target for mapping in mappings)}")
        map_pending(world, world.source.name, mappings, partial(_keep, world))


def map_pending(world: World, connection: str, mappings: Sequence[FieldMapping], keep: Keep) -> None:
    """Apply mappings of one kind of record to its pending rows, a page at a time.

    `keep` stores what one of the mappings made of a page.
    """
    resolve = References(world, _resolver(world, connection))
    object, after, digest = mappings[0].source_object, "", _digest(mappings)
    while True:
        with world.store.view() as tx:
            rows = tx.inbox.pending(connection, object, digest, after=after, limit=PAGE)
            own = {mapping.name: ownership.made_by_us(tx, connection, mapping, rows) for mapping in mappings}
        if not rows:
            return
        changes = world.shapes.changes.get((connection, object), ())
        made = [
            (mapping, [(row, _apply(mapping, row, resolve, changes, own[mapping.name])) for row in rows])
            for mapping in mappings
        ]
        with world.store.tx("map-page") as tx:
            mapped = [(mapping, ownership.settle(world, tx, mapping, page)) for mapping, page in made]
            states = _merged([_states(page, keep(tx, mapping, page)) for mapping, page in mapped])
            tx.inbox.settle(connection, object, states, mapping=digest)
            _tell(world, tx, (connection, object), states, [result for _, page in mapped for _, result in page])
        after = rows[-1].id
        world.progress.advance(len(rows))


def _digest(mappings: Sequence[FieldMapping]) -> str:
    digests = [mapping.digest for mapping in mappings]
    return digests[0] if len(digests) == 1 else digest_text(" ".join(digests))


def _apply(
    mapping: FieldMapping, row: InboxRow, resolve: Resolve, changes: Sequence[Change], own: frozenset[str]
) -> Mapped:
    """What the mapping makes of a row: nothing of one that we made there; one with a value that is new waits."""
    if row.deleted or row.id in own:
        return Mapped.nothing()
    new = unknown_choice(changes, mapping, row.data)
    return mapping.apply(_record(row), resolve) if new is None else Mapped("", problems=(_unknown(row, new),))


def _unknown(row: InboxRow, change: Change) -> Problem:
    return Problem(
        code="MAP-DRIFT-01",
        message=f"{change}: nobody has looked yet what it means for the mapping",
        hint="give it a place in the mapping, then `billsync connectors drift --accept`",
        place=row.place.at(change.field),
    )


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


def _tell(world: World, tx: Tx, place: tuple[str, str], ids: Iterable[str], results: Sequence[Mapped]) -> None:
    """Open the problems of these records, and close those that are mended."""
    problems = [problem for result in results for problem in result.problems]
    still = {problem.fingerprint for problem in problems}
    connection, object = place
    tx.problems.close(connection=connection, object=object, ids=ids, except_=still, at=world.now(), codes_prefix="MAP-")
    world.report(tx, problems)


def _states(page: Page, otherwise: Mapping[str, str]) -> dict[str, str]:
    """What became of each row under one mapping; what `keep` says counts."""
    return {row.id: otherwise.get(row.id, _state(row, result)) for row, result in page}


def _merged(found: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What became of each row under all mappings: a fault in one is a fault, and one that made something is enough."""
    return {id: min((states[id] for states in found), key=_FIRST.index) for id in found[0]}


def _state(row: InboxRow, result: Mapped) -> str:
    if row.deleted:
        return "gone"
    if result.noun is not None:
        return "mapped"
    return "problem" if result.problems else "skipped"


def _keep(world: World, tx: Tx, mapping: FieldMapping, rows: Page) -> Mapping[str, str]:
    if mapping.target in ("payment", "refund"):
        return money.book(world, tx, mapping.target, world.source.name, rows)
    _keep_facts(world, mapping, tx, rows)
    return {}


def _keep_facts(world: World, mapping: FieldMapping, tx: Tx, rows: Page) -> None:
    """Store the documents of a page, and take back those whose record is gone or no longer counts."""
    at, kind = world.now(), mapping.target
    source = {row.id: Ref(system=world.source.name, kind=row.object, id=row.id) for row, _ in rows}
    made = [
        (result.noun, source[row.id], mapping.digest)
        for row, result in rows
        if isinstance(result.noun, Customer | Product | Deal | Contract | CustomerUsage)
    ]
    were = users(tx, [noun.id for noun, _, _ in made]) if kind == "usage" else set()
    changed = tx.facts.put(kind, made, run=world.run, at=at)
    world.tally.add(f"{kind}s mapped", changed)
    tx.links.put([Link(kind=kind, our_id=noun.id, ref=ref) for noun, ref, _ in made], at=at)
    if kind == "usage" and changed:
        tx.facts.bill_again({noun.customer for noun, _, _ in made if isinstance(noun, CustomerUsage)} | were)
    lost = [row.id for row, result in rows if row.deleted or (result.noun is None and not result.problems)]
    known = tx.facts.by_source(world.source.name, mapping.source_object, lost)
    ids = [our_id for pairs in known.values() for found, our_id in pairs if found == kind]
    if kind == "usage":
        tx.facts.bill_again(users(tx, ids))
    removed = tx.facts.remove(kind, ids, run=world.run, at=at)
    world.tally.add(f"{kind}s removed", len(removed))
    if kind == "contract" or (kind == "deal" and world.changes is None):
        bills.withdraw(world, tx, kind, removed)


def users(tx: Tx, ids: Iterable[str]) -> set[str]:
    """Whose usage these events are, as they stand."""
    return {CustomerUsage.reread(fact.doc).customer for fact in tx.facts.many("usage", ids).values()}
