"""Documents -> deliveries: map what shall stand in the other system and plan the writes.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from billsync.connector import Data, Expectation
from billsync.mapping import Mapped, Resolve, record_of
from billsync.mapping import Mapping as FieldMapping
from billsync.mapping.ownership import once
from billsync.model.base import Noun
from billsync.model.customer import Customer
from billsync.model.delivery import Delivery, DeliveryState
from billsync.model.invoice import CreditNote, Invoice
from billsync.model.problem import Problem
from billsync.model.product import Product
from billsync.push import payload
from billsync.push.decide import DRIFTED
from billsync.stage import parity
from billsync.stage.references import References
from billsync.stage.world import World
from billsync.store import Tx

D = TypeVar("D", Invoice, CreditNote)

PAGE = 500
RANKS = {"customer": 0, "product": 1, "invoice": 2, "credit_note": 2, "payment": 3, "refund": 4, "status": 9}
MODELS: dict[str, type[Noun]] = {"customer": Customer, "product": Product}


def masters(world: World) -> None:
    """Plan the customers and products that the target does not have as they are now."""
    for kind, model in MODELS.items():
        if kind not in world.outbound or world.target is None:
            continue
        world.progress.stage(f"Plan {kind}s")
        for page in _pages(world, kind):
            with world.store.tx("plan") as tx:
                plan(world, tx, kind, [Wanted(id, model.model_validate_json(doc)) for id, doc in page])


def _pages(world: World, kind: str) -> Iterator[list[tuple[str, str]]]:
    after = ""
    while True:
        with world.store.view() as tx:
            facts = tx.facts.page(kind, source=world.source.name, after=after, limit=PAGE)
        if not facts:
            return
        yield [(fact.id, fact.doc) for fact in facts]
        after = facts[-1].id


def document(world: World, kind: str, our_id: str, noun: Noun) -> tuple[Mapped | None, list[Problem]]:
    """The noun as the target takes it, or the problems; (None, []) where the pipeline does not send this kind."""
    mapping = world.outbound.get(kind)
    if mapping is None or world.target is None:
        return None, []
    return _apply(world, mapping, kind, our_id, noun, References(world, _itself))


def _apply(
    world: World, mapping: FieldMapping, kind: str, our_id: str, noun: Noun, resolve: Resolve
) -> tuple[Mapped | None, list[Problem]]:
    mapped = mapping.apply(record_of(kind, noun, our_id), resolve)
    problems = [
        Problem(code="PUSH-MAP-01", message=f"{p.code}: {p.message}", hint=p.hint, place=p.place, severity=p.severity)
        for p in mapped.problems
    ]
    if not problems and mapped.doc is not None:
        mapped, problems = parity.held_to(world, mapping.target_object, kind, our_id, noun, mapped)
    return (None if problems else mapped), problems


def _itself(_kind: str, id: str) -> str:
    """A reference to one of ours stays a name until it is sent."""
    return id


def of_source(tx: Tx, documents: Sequence[D], source: str) -> list[D]:
    """Those whose deals and contracts come from this source, or are gone: another pipeline sends the others."""
    names = {line.deal for item in documents for line in item.lines}
    facts = {id: fact for kind in ("agreed", "deal", "contract") for id, fact in tx.facts.many(kind, names).items()}
    elsewhere = {id for id, fact in facts.items() if fact.source.system != source}
    return [item for item in documents if not any(line.deal in elsewhere for line in item.lines)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One document that shall stand in the other system.

    Attributes:
        sequence: its place in the order of its kind, "" where order does not matter.
        expect: what it must show there, or None.
        needs: keys of writes that have to take effect first, beside those of what the document refers to.
        remote_id: the record that stands for it there already, where that is known; else None.
    """

    our_id: str
    noun: Noun
    sequence: str = ""
    expect: Expectation | None = None
    needs: tuple[str, ...] = ()
    remote_id: str | None = None


def plan(world: World, tx: Tx, kind: str, items: Sequence[Wanted]) -> int:
    """Plan a delivery for each document whose mapped form is not what was planned last.  Gives how many are new.

    It waits for the version before it, so that an older one never overwrites a newer; but not for one that was refused.
    """
    end = world.source if kind == "status" else world.target
    mapping = world.status if kind == "status" else world.outbound.get(kind)
    if end is None or mapping is None:
        return 0
    latest = tx.outbox.latest(end.name, kind, [item.our_id for item in items])
    resolve = References(world, _itself, tx)
    mapped: list[tuple[Wanted, Mapped]] = []
    problems: list[Problem] = []
    for item in items:
        result, found = _apply(world, mapping, kind, item.our_id, item.noun, resolve)
        problems += found
        if result is not None and result.doc is not None:
            mapped.append((item, result))
    tell(world, tx, kind, [item.our_id for item in items], problems)
    keys = _keys_of_references(tx, end.name, [result for _, result in mapped])
    planned: list[Delivery] = []
    for item, result in mapped:
        last = latest.get(item.our_id)
        before = () if last is None or _never_sent(last) else (last.key,)
        delivery = payload.plan(
            connection=end.name,
            object=mapping.target_object,
            kind=kind,
            our_id=item.our_id,
            number=1 if last is None else payload.number_of(last) + 1,
            document=result.doc or {},
            mapping=mapping.digest,
            rank=RANKS[kind],
            sequence=item.sequence,
            needs=tuple(dict.fromkeys((*before, *item.needs, *(keys[reference] for reference in result.refs)))),
            expect=_expected(world, mapping.target_object, item.expect, result.doc or {}),
            once=once(mapping, "crm" if kind == "status" else "erp"),
        )
        if last is None or _differs(last, delivery):
            planned.append(delivery.model_copy(update={"remote_id": item.remote_id}) if item.remote_id else delivery)
    count = tx.outbox.plan(planned, at=world.now())
    world.tally.add(f"{kind} writes planned", count)
    return count


def _differs(last: Delivery, new: Delivery) -> bool:
    """Whether something is left to be sent; what is only said when a record is made is none where it was made."""
    if _never_sent(last):
        return last.payload_digest != new.payload_digest
    return payload.brings_news(last, new)


def _never_sent(last: Delivery) -> bool:
    """Whether nothing needs to wait for that version: it was refused, or held back before it was sent."""
    return last.state is DeliveryState.DEAD or last.reason == DRIFTED


def tell(world: World, tx: Tx, kind: str, ids: Sequence[str], problems: Sequence[Problem]) -> None:
    """Keep what cannot be mapped, and close what can by now."""
    still = {problem.fingerprint for problem in problems}
    tx.problems.close(
        connection="billsync", object=kind, ids=ids, except_=still, at=world.now(), codes_prefix="PUSH-MAP-"
    )
    tx.problems.close(
        connection="billsync", object=kind, ids=ids, except_=still, at=world.now(), codes_prefix="BILL-PARITY-"
    )
    world.report(tx, problems)


def _expected(world: World, object: str, expect: Expectation | None, document: Data) -> Expectation | None:
    """What must be read back, with as many lines as the document has as it is sent."""
    lines = parity.lines_of(world, object, document)
    return expect if expect is None or lines is None else replace(expect, lines=len(lines))


def _keys_of_references(tx: Tx, connection: str, results: Sequence[Mapped]) -> dict[tuple[str, str], str]:
    """(kind, our id) -> key of the delivery that has to take effect before what refers to it."""
    by_kind: dict[str, set[str]] = {}
    for result in results:
        for kind, our_id in result.refs:
            by_kind.setdefault(kind, set()).add(our_id)
    keys: dict[tuple[str, str], str] = {}
    for kind, ids in by_kind.items():
        latest = tx.outbox.latest(connection, kind, ids)
        for id in ids:
            keys[kind, id] = latest[id].key if id in latest else payload.key(kind, id, connection, 1)
    return keys
