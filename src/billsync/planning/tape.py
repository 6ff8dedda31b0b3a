"""Pages as they were read once, to be read again: nothing can move between two passes over them.  (shell)

A line of canonical JSON per page in a temporary file without a name; only where each page lies is kept in memory.  The
inbox stores the same canonical text, so that a page from the tape is to it the page itself.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from billsync.connector import Checkpoint, Page, Record
from billsync.model.base import canonical_json
from billsync.model.problem import Place, Problem
from billsync.planning.refusal import Moved
from billsync.strict import json

_Read = tuple[str, str, str]
"""Connection, object and checkpoint that a read began from."""


class Tape:
    """A recording of reads on an open file, which it starts to fill where that ends."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._spots: dict[_Read, list[tuple[int, int]]] = {}

    def record(self, connection: str, object: str, since: Checkpoint | None, pages: Iterator[Page]) -> Iterator[Page]:
        """The pages, each kept before it is given on."""
        spots = self._spots.setdefault(_read(connection, object, since), [])
        spots.clear()
        for page in pages:
            line = canonical_json(_plain(page)).encode()
            self._file.seek(0, 2)
            spots.append((self._file.tell(), len(line)))
            self._file.write(line)
            yield page

    def play(self, connection: str, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """The pages of that read as they were recorded.  Raises `Moved` for a read that was not."""
        spots = self._spots.get(_read(connection, object, since))
        if spots is None:
            raise Moved(f"another run has read {object} of {connection} meanwhile")
        for start, length in spots:
            self._file.seek(start)
            yield _page(json.loads(self._file.read(length)))


@contextmanager
def fresh() -> Iterator[Tape]:
    """A tape that is gone at the end of the block, or of the process."""
    with tempfile.TemporaryFile() as file:
        yield Tape(file)


def _read(connection: str, object: str, since: Checkpoint | None) -> _Read:
    return connection, object, canonical_json(since)


def _plain(page: Page) -> dict[str, Any]:
    return {
        "records": [
            [record.object, record.id, record.data, record.place.model_dump(exclude_none=True), record.deleted]
            for record in page.records
        ],
        "problems": [problem.model_dump(mode="json") for problem in page.problems],
        "checkpoint": page.checkpoint,
        "snapshot": page.snapshot,
        "complete": page.complete,
    }


def _page(plain: dict[str, Any]) -> Page:
    return Page(
        records=[
            Record(object, id, data, Place(**place), deleted) for object, id, data, place, deleted in plain["records"]
        ],
        problems=[Problem.model_validate(problem) for problem in plain["problems"]],
        checkpoint=plain["checkpoint"],
        snapshot=plain["snapshot"],
        complete=plain["complete"],
    )
