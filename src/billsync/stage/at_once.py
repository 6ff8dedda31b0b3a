"""Records that are mapped in the transaction that stores them: written once, and never read back.  (shell)

Only what comes out whole is kept then.  All else stays in the inbox as new and is mapped after the read, as if this did
not exist: what refers to a record that has not come yet, what has a problem, what is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from billsync import pull
from billsync.mapping import Mapped, Resolve
from billsync.mapping import Mapping as FieldMapping
from billsync.mapping.tables import LIVE
from billsync.stage import ownership
from billsync.stage.references import References
from billsync.stage.world import World
from billsync.store import InboxRow, Tx

Page = Sequence[tuple[InboxRow, Mapped]]
Apply = Callable[[FieldMapping, InboxRow, Resolve, frozenset[str]], Mapped]
Keep = Callable[[Tx, Sequence[tuple[FieldMapping, Page]]], Mapping[str, str]]
"""Stores what mappings made of records; gives id -> state."""

_REMEMBERED: Final = 50_000
"""Records that others refer to, of which a read remembers that they are there."""


def taking(world: World, mappings: Sequence[FieldMapping], digest: str, apply: Apply, keep: Keep) -> pull.Take | None:
    """What maps one kind of record while it is read; None where mappings need more than what stands in the store."""
    if any(mapping.target in ("payment", "refund") or _asks(mapping) for mapping in mappings):
        return None
    connection, object, known = world.source.name, mappings[0].source_object, set[tuple[str, str]]()

    def take(tx: Tx, rows: Sequence[InboxRow]) -> pull.Made:
        rows = [row for row in rows if row.object == object and not row.deleted]
        if not rows:
            return pull.Made()
        resolve = References(world, _resolver(tx, connection, known), tx)
        pages: list[tuple[FieldMapping, Page]] = []
        for mapping in mappings:
            own = ownership.made_by_us(tx, connection, mapping, rows)
            page = [(row, apply(mapping, row, resolve, own)) for row in rows]
            pages.append((mapping, ownership.settle(world, tx, mapping, page)))
        whole = frozenset(row.id for row in rows) - {
            row.id for _, page in pages for row, result in page if not _whole(row, result)
        }
        kept = [(mapping, [pair for pair in page if pair[0].id in whole]) for mapping, page in pages]

        def store() -> dict[str, tuple[str, str]]:
            if not whole:
                return {}
            states = keep(tx, kept)
            tx.problems.close(connection=connection, object=object, ids=whole, at=world.now(), codes_prefix="MAP-")
            return {id: (state, digest) for id, state in states.items()}

        return pull.Made(whole, store)

    return take


def _asks(mapping: FieldMapping) -> bool:
    """Whether it looks into tables that may have to be read from their system."""
    return any(name.startswith(LIVE) for name in mapping.lookups)


def _whole(row: InboxRow, result: Mapped) -> bool:
    """Whether nothing is to be told of it, and nothing that was made of it before is to be taken back."""
    return not result.problems and (result.noun is not None or row.version == 1)


def _resolver(tx: Tx, connection: str, known: set[tuple[str, str]]) -> Resolve:
    """Which record a reference means, as `facts` has it; that one is not there yet is not remembered."""

    def resolve(name: str, id: str) -> str | None:
        object = name.rpartition(".")[2]
        if (object, id) in known:
            return id
        if not tx.inbox.has(connection, object, [id]):
            return None
        if len(known) >= _REMEMBERED:
            known.clear()
        known.add((object, id))
        return id

    return resolve
