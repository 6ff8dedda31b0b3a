"""The source's records for somebody who only looks: those of the inbox, or what the source has now.  (shell)

Nothing is kept: what is read goes into a copy of the store that is gone afterwards, by the same code that a run reads
with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from billsync import pull
from billsync.connector import Connector, Record
from billsync.mapping import Resolve
from billsync.model.problem import Problem
from billsync.push import Clock
from billsync.stage.world import Progress
from billsync.store import InboxRow, Store, Tx

PAGE = 500
_RUN = "look"


@dataclass(slots=True)
class Gathered:
    """Records of one connection.

    Attributes:
        unread: what could not be read as a record.
    """

    store: Store
    connection: str
    unread: list[Problem] = field(default_factory=list)
    _known: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def records(self, object: str) -> Iterator[Record]:
        """Every record of a kind that is not deleted, by id, a page at a time."""
        after = ""
        while True:
            with self.store.view() as tx:
                rows = tx.inbox.page(self.connection, object, after=after, limit=PAGE)
            if not rows:
                return
            yield from (record_of(row) for row in rows)
            after = rows[-1].id

    def count(self, object: str) -> int:
        """How many records of a kind there are, deleted ones too."""
        with self.store.view() as tx:
            return sum(tx.inbox.states(self.connection, object).values())

    def resolver(self) -> Resolve:
        """A reference is known where its record is there; at most `MAX_KNOWN` answers are remembered."""

        def resolve(name: str, id: str) -> str | None:
            key = (name.rpartition(".")[2], id)
            if key not in self._known:
                if len(self._known) >= MAX_KNOWN:
                    self._known.clear()
                with self.store.view() as tx:
                    self._known[key] = id if tx.inbox.has(self.connection, key[0], [id]) else None
            return self._known[key]

        return resolve

    def some_ids(self, object: str, limit: int) -> list[str]:
        """Ids of a kind of record, to find a near one among; none where there are more than `limit`."""
        if self.count(object) > limit:
            return []
        with self.store.view() as tx:
            return sorted(tx.inbox.live_ids(self.connection, object))


MAX_KNOWN = 100_000


def record_of(row: InboxRow) -> Record:
    """A row of the inbox as the connector gave it."""
    return Record(row.object, row.id, row.data, row.place)


def is_read(store: Store, connection: str, objects: Iterable[str]) -> bool:
    """Whether the inbox has something of every one of these kinds."""
    with store.view() as tx:
        counts = tx.inbox.counts()
    return all((connection, object) in counts for object in objects)


@contextmanager
def fresh(
    store: Store, connector: Connector, connection: str, objects: Sequence[str], clock: Clock, progress: Progress
) -> Iterator[Gathered]:
    """What the source has now.  Raises the connector's `TryLater` and `Refused`."""
    with store.rehearsal() as copy:
        found = Gathered(copy, connection)

        def report(_tx: Tx, problems: Iterable[Problem]) -> None:
            found.unread += problems

        for object in objects:
            progress.stage(f"Read {object}")
            pull.changed(
                copy, connector, connection, object, run=_RUN, now=clock.now, report=report, advance=progress.advance
            )
        yield found
