"""The bench: one connector, one kind of record, and what rules do with them.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from billsync import pull
from billsync.conformance.broken import Broken
from billsync.conformance.copy import Copy, differences
from billsync.conformance.subject import Ability, Kind, Subject
from billsync.conformance.watched import Watched
from billsync.connector import Context, Data, Fault, Keep, Memory, Refused
from billsync.model.problem import Problem
from billsync.store import Store, Tx

CONNECTION: Final = "conformance"
_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""When the store says that it read: nothing hangs on it."""


def _nothing(_page: int) -> None:
    """Between pages."""


@dataclass
class Bench:
    """What a rule works with.

    Attributes:
        folder: for stores.
        keep: what the connectors keep, over all of them: rotated tokens go from one to the next.
        heard: every message so far.
    """

    subject: Subject
    kind: Kind
    folder: Path
    keep: Keep = field(default_factory=Memory)
    heard: list[str] = field(default_factory=list)
    _closing: ExitStack = field(default_factory=ExitStack)
    _made: int = 0

    @property
    def object(self) -> str:
        """The kind of record."""
        return self.kind.object

    @property
    def page(self) -> int:
        """Records on a page."""
        return self.subject.page

    def can(self, ability: Ability) -> bool:
        """Whether system and kind have this ability."""
        lacks = {**self.subject.lacks, **self.kind.lacks}
        return ability not in lacks and (ability is not Ability.NUMBER or bool(self.kind.number))

    def close(self) -> None:
        """Close every connector that was opened."""
        self._closing.close()

    # ------------------------------------------------------------ connectors

    def open(self, *, locked_out: bool = False) -> Watched:
        """A new connector."""
        context = Context(CONNECTION, self.folder, self.keep)
        made = self.subject.locked_out(context) if locked_out else self.subject.open(context)
        watched = Watched(made, self.heard)
        self._closing.callback(partial(_quietly, watched))
        return watched

    def read(self, copy: Copy, connector: Watched | None = None, *, between: Callable[[int], None] = _nothing) -> int:
        """Read from the copy's checkpoint to the end; how many pages.  `between` is called after each, from 1.

        Raises the connector's faults, and `Broken` where the read has no end.
        """
        connector = connector or self.open()
        copy.begin()
        most, number = self.most_pages(), 0
        for number, page in enumerate(connector.read(self.object, copy.checkpoint), 1):
            if number > most:
                raise Broken(f"a read of {len(self.subject.truth(self.object))} records has no end: {number} pages")
            copy.take(page)
            between(number)
        return number

    def most_pages(self) -> int:
        """Pages beyond which a read has no end."""
        return 100 + 10 * len(self.subject.truth(self.object))

    def sound(self, copy: Copy, connector: Watched | None = None, *, between: Callable[[int], None] = _nothing) -> int:
        """As `read`, where nothing is wrong.  Raises `Broken` for faults and problems too."""
        before = len(copy.problems)
        try:
            pages = self.read(copy, connector, between=between)
        except Fault as fault:
            raise Broken(f"a read stopped with {fault!r} though nothing is wrong there") from fault
        if len(copy.problems) > before:
            raise Broken(f"a read complains though nothing is wrong there: {copy.problems[before]}")
        return pages

    def compare(self, copy: Copy, when: str) -> None:
        """Raises `Broken` where the copy is not what is true."""
        shown = {id: record.data for id, record in copy.live.items()}
        found = differences(self.subject.truth(self.object), shown)
        if found:
            raise Broken(f"{when}: {found}")

    # ------------------------------------------------------------ people

    def fields(self, text: str = "") -> Data:
        """Content of a record, other than that of any record before."""
        self._made += 1
        number = {self.kind.number: Decimal(self._made * 100 + 1) / 100} if self.can(Ability.NUMBER) else {}
        return {self.kind.text: text or f"record {self._made}", **number}

    def fill(self, count: int) -> list[str]:
        """Make records that everybody sees; their ids."""
        made = [self.subject.create(self.object, self.fields()) for _ in range(count)]
        self.subject.settle()
        return made

    def age(self) -> None:
        """Let the lag pass, so that going back by it does not show again what is lost now."""
        if self.subject.lag_s:
            self.subject.pass_time(self.subject.lag_s + 1)
        self.subject.settle()

    def edit(self, id: str) -> None:
        """Change a record."""
        self.subject.edit(self.object, id, self.fields())

    # ------------------------------------------------------------ billsync's own store

    def pull(self, store: Store, connection: str, *, step: Callable[[], None] = lambda: None) -> list[Problem]:
        """Read as billsync does, into its store; the problems.

        `step` is called in the transaction of each page before it is stored, and after it was.  Raises faults.
        """
        problems: list[Problem] = []

        def report(_tx: Tx, found: Iterable[Problem]) -> None:
            problems.extend(found)
            step()

        pages = iter(range(self.most_pages()))

        def advance(_records: int) -> None:
            if next(pages, None) is None:
                raise Broken("a read has no end")
            step()

        connector = self.open()
        try:
            pull.changed(
                store, connector, connection, self.object, run="run", now=lambda: _AT, report=report, advance=advance
            )
        finally:
            _quietly(connector)
        return problems

    def stored(self, store: Store, connection: str) -> dict[str, Data]:
        """Id -> what the store holds of it."""
        with store.view() as tx:
            return {row.id: row.data for row in tx.inbox.page(connection, self.object, limit=100_000)}

    @contextmanager
    def store(self) -> Iterator[Store]:
        """A real store, for this rule."""
        file = self.folder / f"{self.object}-{len(list(self.folder.iterdir()))}.db"
        opened = Store.open(f"sqlite:///{file}", create=True)
        try:
            yield opened
        finally:
            opened.close()


def _quietly(connector: Watched) -> None:
    """Close once more, whatever was done to it before."""
    with suppress(Broken, Refused):
        connector.close()
