"""The frozen payload of a delivery: made once, kept as text, its references filled in when it is sent.  (pure)

The bytes are frozen when the delivery is planned; a mapping that changes later does not touch them.  References stay
names (`{"$ref": "customer/acme"}`) since the other system's id may not exist yet; a link, once made, never changes, so
that every attempt sends the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from billsync.connector import Data, Expectation
from billsync.mapping.ownership import without
from billsync.mapping.shape import Change, held
from billsync.model.base import canonical_json, digest_text
from billsync.model.delivery import Delivery, DeliveryState
from billsync.strict import json

Resolve = Callable[[str, str], str | None]


def plan(
    *,
    connection: str,
    object: str,
    kind: str,
    our_id: str,
    number: int,
    document: Data,
    mapping: str,
    rank: int,
    sequence: str,
    needs: tuple[str, ...],
    expect: Expectation | None = None,
    once: Sequence[str] = (),
) -> Delivery:
    """A delivery for the document, ready or waiting for what it needs.

    `number` counts the versions of one record: its business key is kind, id, connection and this number.  What stands
    at the dotted paths `once` is sent only where the record is made.
    """
    frozen: dict[str, Any] = {"document": document}
    if once:
        frozen["once"] = list(once)
    if expect is not None:
        frozen["expect"] = {
            "total": expect.total,
            "tax": expect.tax,
            "currency": expect.currency,
            "lines": expect.lines,
            "on": expect.on,
        }
    payload = canonical_json(frozen)
    name = key(kind, our_id, connection, number)
    return Delivery(
        id=hashlib.sha256(name.encode()).hexdigest()[:32],
        key=name,
        connection=connection,
        object=object,
        kind=kind,
        our_id=our_id,
        rank=rank,
        sequence=sequence,
        payload=payload,
        payload_digest=digest_text(payload),
        mapping=mapping,
        needs=needs,
        state=DeliveryState.WAITING if needs else DeliveryState.READY,
    )


VOID: Final = "void"
"""The kind of deliveries that take a record back."""


def plan_void(*, connection: str, object: str, our_id: str, remote_id: str, rank: int, reason: str) -> Delivery:
    """A delivery that takes one record of the other system back: once per record, however often it is planned.

    `our_id` is the document of ours that the record carries as its reference.
    """
    payload = canonical_json({"document": {}, "reference": our_id, "void": reason})
    name = f"{our_id}@{remote_id}"
    return Delivery(
        id=hashlib.sha256(key(VOID, name, connection, 1).encode()).hexdigest()[:32],
        key=key(VOID, name, connection, 1),
        connection=connection,
        object=object,
        kind=VOID,
        our_id=name,
        rank=rank,
        payload=payload,
        payload_digest=digest_text(payload),
        remote_id=remote_id,
    )


def is_void(delivery: Delivery) -> bool:
    """Whether the delivery takes a record back."""
    return delivery.kind == VOID


def reference_of(delivery: Delivery) -> str:
    """What the record carries there as our reference."""
    return str(_frozen(delivery.payload)["reference"]) if is_void(delivery) else delivery.our_id


def key(kind: str, our_id: str, connection: str, number: int) -> str:
    """The business key of one version of one record in one system."""
    return f"{kind}:{our_id}:{connection}:{number}"


def number_of(delivery: Delivery) -> int:
    """Which version of its record a delivery is, from 1."""
    return int(delivery.key.rpartition(":")[2])


def once(delivery: Delivery) -> tuple[str, ...]:
    """Dotted paths of what is sent only where the record is made."""
    return tuple(_frozen(delivery.payload).get("once", ()))


def brings_news(last: Delivery, new: Delivery) -> bool:
    """Whether a record that stands there as `last` said would be changed by the new delivery."""
    if last.payload_digest == new.payload_digest:
        return False
    before, after = json.loads(last.payload), json.loads(new.payload)
    paths = after.get("once", ())
    document = without(before["document"], paths) != without(after["document"], paths)
    return document or before.get("expect") != after.get("expect")


def expectation(delivery: Delivery) -> Expectation | None:
    """What the written document must show, as it was frozen with the payload."""
    frozen = _frozen(delivery.payload).get("expect")
    if frozen is None:
        return None
    on = frozen.get("on")  # older ones were frozen without
    return Expectation(
        total=_decimal(frozen["total"]),
        tax=_decimal(frozen["tax"]),
        currency=frozen["currency"],
        lines=frozen["lines"],
        on=None if on is None else date.fromisoformat(on),
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def references(delivery: Delivery) -> list[tuple[str, str]]:
    """(kind, our id) of every document that the payload refers to."""
    found: list[tuple[str, str]] = []

    def note(kind: str, our_id: str) -> str:
        found.append((kind, our_id))
        return ""

    if _REFERS in delivery.payload:
        _fill(_frozen(delivery.payload)["document"], note)
    return found


def resolved(delivery: Delivery, resolve: Resolve) -> Data:
    """The document with the other system's ids in place of our references.

    Raises LookupError for a reference that has no id there: deliveries that need it are not released before.
    """
    document: Data = _fill(_frozen(delivery.payload)["document"], resolve)
    return document


_REFERS: Final = '"$ref"'
"""Stands in every payload that refers to a document."""


@lru_cache(maxsize=64)
def _frozen(payload: str) -> Mapping[str, Any]:
    """What was frozen; a claim asks several times, and nobody changes it."""
    found: Mapping[str, Any] = json.loads(payload)
    return found


def _fill(value: Any, resolve: Resolve) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {"$ref"}:
            kind, _, our_id = value["$ref"].partition("/")
            remote = resolve(kind, our_id)
            if remote is None:
                raise LookupError(f"{value['$ref']} has no id there yet")
            return remote
        return {key: _fill(item, resolve) for key, item in value.items()}
    return [_fill(item, resolve) for item in value] if isinstance(value, list) else value


def holding(delivery: Delivery, changes: Sequence[Change], *, into: str, creates: bool) -> Change | None:
    """The change of the system's fields that keeps the delivery from being written as it was meant, or None.

    `into` is the field that holds all of it there, or ""; `creates` where no record stands for it there yet.
    """
    if not changes or is_void(delivery):
        return None
    document = resolved(delivery, lambda kind, our_id: f"{kind}/{our_id}")
    fresh = creates and delivery.remote_id is None and not into
    return held(changes, {into: document} if into else document, creates=fresh)


def idempotency_key(delivery: Delivery) -> str:
    """The same for every attempt of one generation, another for the next: 32 hexadecimal digits."""
    return hashlib.sha256(f"{delivery.id}:{delivery.gen}".encode()).hexdigest()[:32]
