"""The records that the commands of `mapping` look at: stored ones, or what the source has now.  (shell)"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from billsync import workspace
from billsync.cli import show
from billsync.connector import Record
from billsync.mapping import record_of
from billsync.model.customer import Customer
from billsync.model.deal import Deal
from billsync.model.invoice import Invoice
from billsync.model.payment import Payment
from billsync.model.product import Product
from billsync.settings import Settings
from billsync.stage import gathered
from billsync.stage.gathered import Gathered
from billsync.stage.world import Progress
from billsync.store import Store, Tx
from billsync.workspace import Workspace


@contextmanager
def gather(
    opened: Workspace, connection: str, objects: Sequence[str], progress: Progress, *, live: bool
) -> Iterator[Gathered]:
    """Records of these kinds: as the inbox has them, or, where it has none or `live` is asked for, as they are now.

    Raises `BadSettings`, `TryLater`, `Refused` and `plugins.PluginProblem`.
    """
    stored = Gathered(opened.store, connection, systems_of(opened.settings))
    if not live and gathered.is_read(opened.store, connection, objects):
        yield stored
        return
    with (
        workspace.connected(opened, connection, progress=progress) as end,
        gathered.fresh(stored, end.connector, objects, opened.clock, progress) as found,
    ):
        yield found


def systems_of(loaded: Settings) -> dict[str, str]:
    """What mappings call a system -> its connection: its own name, or else its connector's."""
    by_kind = {item.connector: name for name, item in loaded.connections.items()}
    return by_kind | {name: name for name in loaded.connections}


def section(title: str, columns: Sequence[str], rows: Sequence[show.Row], *, most: int = 25) -> None:
    """A table with its title, also in a pipe; nothing where it has no rows, and at most `most` of them."""
    if not rows:
        return
    show.line()
    if not sys.stdout.isatty():
        show.line(title)
    show.rows(title, columns, rows[:most])
    if len(rows) > most:
        show.line(f"… and {len(rows) - most:,} more: --format json has all of them")


def documents(store: Store, kind: str) -> Iterator[Record]:
    """Every document of ours that an outbound mapping of this kind takes, as its record; a page at a time."""
    if kind in MODELS:
        yield from _facts(store, kind)
    elif kind == "invoice":
        yield from _pages(lambda tx, after: [item.invoice for item in tx.ledger.invoices(after=after)], kind, store)
    elif kind == "payment":
        yield from _pages(lambda tx, after: [item.payment for item in tx.ledger.payments(after=after)], kind, store)


MODELS: Final[dict[str, type[Customer | Product | Deal]]] = {"customer": Customer, "product": Product, "deal": Deal}


def _facts(store: Store, kind: str) -> Iterator[Record]:
    after = ""
    while True:
        with store.view() as tx:
            page = tx.facts.page(kind, after=after)
        if not page:
            return
        for fact in page:
            yield record_of(kind, MODELS[kind].model_validate_json(fact.doc), fact.id)
        after = page[-1].id


def _pages(read: Callable[[Tx, str], Sequence[Invoice | Payment]], kind: str, store: Store) -> Iterator[Record]:
    after = ""
    while True:
        with store.view() as tx:
            page = read(tx, after)
        if not page:
            return
        for noun in page:
            yield record_of(kind, noun, _id(noun))
        after = _id(page[-1])


def _id(noun: Invoice | Payment) -> str:
    return noun.number if isinstance(noun, Invoice) else noun.id
