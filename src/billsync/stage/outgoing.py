"""Documents -> deliveries: map what shall stand in the other system and plan the writes.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from billsync.connector import Expectation
from billsync.mapping import Mapped, record_of
from billsync.mapping import Mapping as FieldMapping
from billsync.model.base import Noun
from billsync.model.customer import Customer
from billsync.model.delivery import Delivery
from billsync.model.problem import Problem
from billsync.model.product import Product
from billsync.push import payload
from billsync.stage.world import World
from billsync.store import Tx

PAGE = 500
RANKS = {"customer": 0, "product": 1, "invoice": 2, "status": 9}
MODELS: dict[str, type[Noun]] = {"customer": Customer, "product": Product}


def masters(world: World) -> None:
    """Plan the customers and products that the target does not have as they are now."""
    for kind, model in MODELS.items():
        if kind not in world.outbound or world.target is None:
            continue
        world.progress.stage(f"Plan {kind}s")
        for page in _pages(world, kind):
            with world.store.tx("plan") as tx:
                nouns = [(id, model.model_validate_json(doc)) for id, doc in page]
                plan(world, tx, kind, nouns)


def _pages(world: World, kind: str) -> Iterator[list[tuple[str, str]]]:
    after = ""
    while True:
        with world.store.view() as tx:
            facts = tx.facts.page(kind, after=after, limit=PAGE)
        if not facts:
            return
        yield [(fact.id, fact.doc) for fact in facts]
        after = facts[-1].id


def document(world: World, kind: str, our_id: str, noun: Noun) -> tuple[Mapped | None, list[Problem]]:
    """The noun as the target takes it, or the problems; (None, []) where the pipeline does not send this kind."""
    mapping = world.outbound.get(kind)
    if mapping is None or world.target is None:
        return None, []
    return _apply(mapping, kind, our_id, noun)


def _apply(mapping: FieldMapping, kind: str, our_id: str, noun: Noun) -> tuple[Mapped | None, list[Problem]]:
    mapped = mapping.apply(record_of(kind, noun, our_id), lambda _kind, id: id)
    problems = [
        Problem(code="PUSH-MAP-01", message=f"{p.code}: {p.message}", hint=p.hint, place=p.place, severity=p.severity)
        for p in mapped.problems
    ]
    return (None if problems else mapped), problems


def plan(
    world: World,
    tx: Tx,
    kind: str,
    nouns: Sequence[tuple[str, Noun]],
    *,
    sequence: str = "",
    expect: Expectation | None = None,
) -> int:
    """Plan a delivery for each noun whose mapped form is not what was planned last.  Gives how many are new."""
    end = world.source if kind == "status" else world.target
    mapping = world.status if kind == "status" else world.outbound.get(kind)
    if end is None or mapping is None:
        return 0
    latest = tx.outbox.latest(end.name, kind, [our_id for our_id, _ in nouns])
    planned: list[Delivery] = []
    for our_id, noun in nouns:
        mapped, problems = _apply(mapping, kind, our_id, noun)
        world.report(tx, problems)
        if mapped is None or mapped.doc is None:
            continue
        last = latest.get(our_id)
        delivery = payload.plan(
            connection=end.name,
            object=mapping.target_object,
            kind=kind,
            our_id=our_id,
            number=1 if last is None else _number(last) + 1,
            document=mapped.doc,
            mapping=mapping.digest,
            rank=RANKS[kind],
            sequence=sequence,
            needs=_needs(tx, end.name, mapped, last),
            expect=expect,
        )
        if last is None or last.payload_digest != delivery.payload_digest:
            planned.append(delivery)
    count = tx.outbox.plan(planned, at=world.now())
    world.tally.add(f"{kind} writes planned", count)
    return count


def _number(delivery: Delivery) -> int:
    return int(delivery.key.rpartition(":")[2])


def _needs(tx: Tx, connection: str, mapped: Mapped, last: Delivery | None) -> tuple[str, ...]:
    """Keys of the deliveries that have to take effect first: those referred to, and the last one of the same record."""
    keys: list[str] = [] if last is None else [last.key]
    by_kind: dict[str, list[str]] = {}
    for kind, our_id in mapped.refs:
        by_kind.setdefault(kind, []).append(our_id)
    for kind, ids in by_kind.items():
        latest = tx.outbox.latest(connection, kind, ids)
        keys += [latest[id].key if id in latest else f"{kind}:{id}:{connection}:1" for id in ids]
    return tuple(dict.fromkeys(keys))
