"""Records that change under a reader's eyes, and how a connector reads them without missing any."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from billsync.connector import Checkpoint, Page, Record
from billsync.model.problem import Place
from tests.simulation.network import Failed, Network
from tests.simulation.scheduler import SEC, Sim

PAGE: Final = 4
PUBLISH_MS: Final = 15 * SEC
"""A change becomes visible at most this long after its stamp; the reader knows it."""


@dataclass
class Row:
    """One record there; `updated` in whole seconds, as such systems keep it."""

    id: str
    data: dict[str, Any]
    updated: int
    deleted: bool = False


Key = tuple[int, str]


@dataclass
class Feed:
    """One kind of record on the server.

    Attributes:
        busy: called before each page is served: what others do at this very moment.
    """

    sim: Sim
    object: str
    rows: dict[str, Row] = field(default_factory=dict)
    busy: Callable[[], None] = lambda: None

    def change(self, id: str, data: Mapping[str, Any], *, late: int = 0, deleted: bool = False) -> None:
        """A change stamped now that others see `late` milliseconds from now."""
        stamp = self.sim.t // SEC

        def publish() -> None:
            self.sim.changes += 1
            row = self.rows.setdefault(id, Row(id, {}, stamp))
            row.data |= {"id": id, **data}
            row.updated = max(row.updated, stamp)
            row.deleted = deleted

        if late:
            self.sim.faults["late_publish"] += 1
            self.sim.after(late, publish)
        else:
            publish()

    def after(self, key: Key) -> tuple[list[Row], int]:
        """The next page after a key, and the server's time."""
        self.busy()
        found = sorted((row.updated, row.id) for row in self.rows.values())
        page = [self._copy(id) for updated, id in found if (updated, id) > key][:PAGE]
        return page, self.sim.t // SEC

    def from_offset(self, since: int, offset: int) -> tuple[list[Row], int]:
        """The same by offset: only a planted bug asks like this."""
        self.busy()
        found = sorted((row.updated, row.id) for row in self.rows.values() if row.updated >= since)
        return [self._copy(id) for _, id in found[offset : offset + PAGE]], self.sim.t // SEC

    def _copy(self, id: str) -> Row:
        row = self.rows[id]
        return Row(id, dict(row.data), row.updated, row.deleted)


def pages(network: Network, system: str, feed: Feed, since: Checkpoint | None) -> Iterator[Page]:
    """A connector's `read`: by keyset, its checkpoint never past what may still be published behind it."""
    start: Key = (since["updated"], since["id"]) if since else (-1, "")
    after, ceiling, seen = start, None, 0
    while True:
        try:
            rows, now = network.call(system, f"read {feed.object} {after}", partial(ask, feed, start, after, seen))
        except Failed as failed:
            raise failed.as_read() from None
        ceiling = now - PUBLISH_MS // SEC if ceiling is None else ceiling
        if not rows:
            return
        seen += len(rows)
        after = (rows[-1].updated, rows[-1].id)
        updated, id = checkpoint(start, after, ceiling)
        yield Page(_records(system, feed, rows), checkpoint={"updated": updated, "id": id})


def ask(feed: Feed, start: Key, after: Key, seen: int) -> tuple[list[Row], int]:
    """The request for the next page."""
    return feed.after(after)


def checkpoint(start: Key, last: Key, ceiling: int) -> Key:
    """What may be stored after a page: the last key, but not past the server's time at the start, less its lag."""
    return max(start, min(last, (ceiling, "")))


def _records(system: str, feed: Feed, rows: Sequence[Row]) -> list[Record]:
    return [
        Record(
            feed.object,
            row.id,
            {} if row.deleted else dict(row.data),
            Place(system=system, object=feed.object, id=row.id),
            deleted=row.deleted,
        )
        for row in rows
    ]
