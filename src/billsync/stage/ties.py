"""Ties to records of other systems, made and undone by people, and proposed where there is none.  (shell)

A tie decides whether a document is made there or changed: one that is made by mistake writes over a stranger's record,
one that is undone may make a second one.  Each is checked with the other system where that can tell, and goes into the
history with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from billsync.connector import Connector, Refused
from billsync.mapping import KINDS, record_of
from billsync.mapping import Mapping as FieldMapping
from billsync.model.delivery import DeliveryState
from billsync.model.ref import Link
from billsync.reconcile.likeness import Match, Traits, matches, traits
from billsync.stage.world import End
from billsync.store import Fact, Store, Tx
from billsync.store.links import UNLINKED
from billsync.strict import json

PAGE: Final = 500
KINDS_OF_FACTS: Final = ("customer", "product")
"""Kinds whose records may stand there before we write any."""

_TOLD: Final = {
    "name": "name", "legal_name": "name", "country": "country", "billing_address.country": "country",
    "tax_ids": "tax", "contacts": "mail", "sku": "code", "id": "code",
}  # fmt: skip
"""Field of ours -> what it tells."""

_OPEN: Final = frozenset({DeliveryState.INFLIGHT, DeliveryState.UNKNOWN, DeliveryState.RETRY})


class Refusal(ValueError):
    """Why a tie cannot be made or undone; `str()` says it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, why, and when."""

    who: str
    why: str
    at: datetime


# ---------------------------------------------------------------- by hand


def there(connector: Connector, object: str, id: str) -> bool | None:
    """Whether the record stands in the other system; None where that cannot tell.  Raises `TryLater`."""
    try:
        return any(record.id == id and not record.deleted for record in connector.fetch(object, [id]))
    except Refused:
        return None


def link(tx: Tx, tie: Link, person: Person) -> None:
    """Tie one of ours to a record there.  Raises `Refusal` where either has another tie, or ours is not known."""
    if not known(tx, tie.kind, tie.our_id):
        raise Refusal(f"there is no {tie.kind} {tie.our_id} here")
    mine = tx.links.get(tie.kind, tie.our_id, tie.ref.system)
    if mine is not None:
        raise Refusal(f"{tie.kind} {tie.our_id} is tied to {mine.ref} already: `billsync links unlink` undoes that")
    other = tx.links.by_ref(tie.ref.system, tie.ref.kind, [tie.ref.id]).get(tie.ref.id)
    if other is not None and other.kind == tie.kind:
        raise Refusal(f"{tie.ref} is tied to {other.kind} {other.our_id} already")
    tx.links.put([tie], person.at, who=person.who, why=person.why)
    _audit(tx, tie, "", str(tie.ref), person)


def known(tx: Tx, kind: str, our_id: str) -> bool:
    """Whether there is such a document of ours."""
    if kind == "invoice":
        return tx.ledger.invoice(our_id) is not None
    if kind == "payment":
        return tx.ledger.payment(our_id) is not None
    return tx.facts.get("deal" if kind == "status" else kind, our_id) is not None


def unlink(tx: Tx, kind: str, our_id: str, system: str, person: Person) -> Link:
    """Undo a tie.  Raises `Refusal` where there is none, or where a write to the record may be under way.

    The next write of the document looks whether the record is there after all, and asks where it cannot tell.
    """
    open_ = [row for row in tx.outbox.list(connection=system, kind=kind, our_id=our_id) if row.state in _OPEN]
    if open_:
        raise Refusal(f"the write {open_[0].key} is under way ({open_[0].state}): wait for its outcome")
    tie = tx.links.remove(kind, our_id, system, at=person.at, act=UNLINKED, who=person.who, why=person.why)
    if tie is None:
        raise Refusal(f"{kind} {our_id} has no tie to {system}")
    _audit(tx, tie, str(tie.ref), "", person)
    return tie


def _audit(tx: Tx, tie: Link, before: str, after: str, person: Person) -> None:
    subject = f"link/{tie.kind}/{tie.our_id}/{tie.ref.system}"
    tx.audit.append([(subject, before, after, f"{person.who}: {person.why}")], at=person.at)


# ---------------------------------------------------------------- proposals


def rematch(store: Store, end: End, mapping: FieldMapping) -> list[Match]:
    """Records there that may be those of ours which have no tie.  Reads all of them.  Raises `TryLater`, `Refused`."""
    object = mapping.target_object
    with store.view() as tx:
        ours = [mine for page in _untied(tx, end.name, mapping) for mine in page]
    if not ours:
        return []
    theirs = list(_theirs(store, end, mapping, object))
    return matches(ours, theirs)


def untied(tx: Tx, system: str, kind: str) -> Iterator[Fact]:
    """Documents of ours that have no tie to a system, by id."""
    for page in pages(tx, kind):
        tied = tx.links.many(kind, [fact.id for fact in page], system)
        yield from (fact for fact in page if fact.id not in tied)


def pages(tx: Tx, kind: str) -> Iterator[list[Fact]]:
    """Our documents of a kind, by id."""
    after = ""
    while page := tx.facts.page(kind, after=after, limit=PAGE):
        yield page
        after = page[-1].id


def _untied(tx: Tx, system: str, mapping: FieldMapping) -> Iterator[list[Traits]]:
    kind = mapping.source_object
    yield [told(mapping, fact) for fact in untied(tx, system, kind)]


def told(mapping: FieldMapping, fact: Fact) -> Traits:
    """What one of ours tells, in the form in which it would be written there."""
    noun = KINDS[fact.kind].model_validate_json(fact.doc)
    document = mapping.apply(record_of(fact.kind, noun, fact.id), lambda _kind, id: id).doc
    made = traits(fact.id, _values(mapping, document or {}))
    own = own_traits(fact)
    return Traits(fact.id, made.name or own.name, made.country or own.country, made.tax | own.tax,
                  made.mail | own.mail, made.code)  # fmt: skip


def own_traits(fact: Fact) -> Traits:
    """What one of ours tells by itself."""
    doc = json.loads(fact.doc)
    values = {
        "name": [doc.get("legal_name") or doc.get("name")],
        "country": [doc.get("country")],
        "tax": [item["value"] for item in doc.get("tax_ids", ())],
        "mail": [item["email"] for item in doc.get("contacts", ())],
        "code": [doc.get("sku")],
    }
    return traits(fact.id, values)


def _theirs(store: Store, end: End, mapping: FieldMapping, object: str) -> Iterator[Traits]:
    """The records there that stand for nothing of ours yet."""
    sheet = end.connector.capabilities.writes.get(object)
    reference = sheet.reference if sheet is not None else ""
    for page in end.connector.read(object, None):
        with store.view() as tx:
            tied = tx.links.by_ref(end.name, object, [record.id for record in page.records])
        for record in page.records:
            if not record.deleted and record.id not in tied:
                carried = str(record.data.get(reference) or "")
                yield traits(record.id, _values(mapping, record.data), reference=carried)


def _values(mapping: FieldMapping, data: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What a record of the other system tells, by the mapping: its field, what of ours is written there, its value."""
    found: dict[str, list[Any]] = {}
    for facts in mapping.fields:
        about = [_TOLD[source] for source in _sources(facts.sources) if source in _TOLD]
        value = data.get(facts.target)
        if about and isinstance(value, str | int) and value != "":
            found.setdefault(about[0], []).append(value)
    return found


def _sources(sources: Sequence[str]) -> Iterator[str]:
    for source in sources:
        yield source
        yield source.partition(".")[0]
