"""The source's records for somebody who only looks: those of the inbox, or what the source has now.  (shell)

Nothing is kept: what is read goes into a copy of the store that is gone afterwards, by the same code that a run reads
with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

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
        systems: what mappings call a system -> its connection.
        unread: what could not be read as a record.
    """

    store: Store
    connection: str
    systems: Mapping[str, str] = field(default_factory=dict)
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
        """A reference is known where its record is there; ties and live tables answer as the last run left them.

        At most `MAX_KNOWN` answers are remembered.
        """

        def resolve(name: str, id: str) -> str | None:
            if (name, id) not in self._known:
                if len(self._known) >= MAX_KNOWN:
                    self._known.clear()
                with self.store.view() as tx:
                    self._known[name, id] = self._asked(tx, name, id)
            return self._known[name, id]

        return resolve

    def _asked(self, tx: Tx, name: str, id: str) -> str | None:
        what, _, how = name.partition(":")[2].partition("?")
        system, _, kind = what.partition(".")
        end = self.systems.get(system, system)
        if name.startswith("links:"):
            if how != "back":
                return tx.outbox.remote_id(end, kind, id)
            tie = tx.links.of_kind(end, kind, [id]).get(id)
            return None if tie is None else tie.our_id
        if name.startswith("live:"):
            asked = dict(parse_qsl(how))
            stored = tx.live_tables.get(end, kind, asked.get("key", ""), asked.get("value", ""))
            return id if stored is None else stored[0].get(id)  # a table that was never read says nothing yet
        return id if tx.inbox.has(self.connection, name.rpartition(".")[2], [id]) else None

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
    before: Gathered, connector: Connector, objects: Sequence[str], clock: Clock, progress: Progress
) -> Iterator[Gathered]:
    """What the source has now, in place of what was read before.  Raises the connector's `TryLater` and `Refused`."""
    connection = before.connection
    with before.store.rehearsal() as copy:
        found = Gathered(copy, connection, before.systems)

        def report(_tx: Tx, problems: Iterable[Problem]) -> None:
            found.unread += problems

        for object in objects:
            progress.stage(f"Read {object}")
            pull.changed(
                copy, connector, connection, object, run=_RUN, now=clock.now, report=report, advance=progress.advance
            )
        yield found
