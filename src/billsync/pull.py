"""Outside to inbox: the records that changed since the checkpoint, page by page.  (shell)

A page's records and its checkpoint are stored in one transaction: a process that dies between pages goes on after the
last one that was stored, and nothing that lies before a stored checkpoint is ever missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from billsync import observe
from billsync.connector import Checkpoint, Connector, Page, Record
from billsync.local.ahead import ahead
from billsync.model.problem import Place, Problem
from billsync.model.simple import simple_texts
from billsync.store import InboxRow, Store, StoredHint, Tx
from billsync.strict.record import unfit

GONE_SHARE: Final = 2
GONE_FREE: Final = 10
"""More than one record in `GONE_SHARE` vanishing at once, beyond `GONE_FREE` of them, is taken for a broken export."""
DRIFT_CODE: Final = "READ-DRIFT-01"
DRIFT_SHARE: Final = 5
"""Where more than one record in `DRIFT_SHARE` was bad before, bad ones are no news."""

_SHOWN: Final = 200
_NAMED: Final = 200
"""Records that are asked for at one time."""

Judge = Callable[[Sequence[InboxRow], int], Problem | None]
"""New and changed records of a page, and how many more are sound -> a problem that too many have, or None."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of new and changed records of a page before they are stored.

    Attributes:
        ids: those that came out whole; the others stay as new, and are looked at after the read.
        keep: stores it, and gives state and mapping digest of each of them.
    """

    ids: frozenset[str] = frozenset()
    keep: Callable[[], Mapping[str, tuple[str, str]]] = dict


Take = Callable[[Tx, Sequence[InboxRow]], Made]
"""New and changed records of a page, as they will be stored -> what comes of them, in the page's own transaction."""


class _Drifted(Exception):
    """A page is not taken: it takes its transaction back."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def changed(
    store: Store,
    connector: Connector,
    connection: str,
    object: str,
    *,
    run: str,
    now: Callable[[], datetime],
    report: Callable[[Tx, Iterable[Problem]], None],
    advance: Callable[[int], None] = lambda _n: None,
    judge: Judge | None = None,
    take: Take | None = None,
    full: bool = False,
    ended: Callable[[], object] = lambda: None,
    expected: Callable[[int], None] = lambda _n: None,
    fetch_ahead: bool = False,
) -> tuple[int, int]:
    """Read one kind of record into the inbox.  Gives how many records were read, and how many were new or changed.

    A page whose records `judge` finds changed in form is not taken: the read ends before it, with a problem, and goes
    on there with the next run.  `full` forgets the checkpoint and takes everything again as it is; what has not changed
    stays as it is.  `take` may map records before they are stored.  `ended` is called where the read came to its end,
    `expected` with how many records it will bring, where the system says so.

    With `fetch_ahead` the connector reads in a thread of its own while pages are stored; nothing else uses it until the
    read is over.  Raises the connector's `TryLater` and `Refused`.
    """
    with store.view() as tx:
        since = None if full else tx.inbox.cursor(connection, object)
        drifting = [item for item in tx.problems.list(code=DRIFT_CODE) if _of(item.problem, connection, object)]
        was_sound = _was_sound(tx, connection, object)
    reading = _Reading(store, connection, object, run, now, report, judge if was_sound and not full else None, take)
    with _pages(connector, object, since, fetch_ahead=fetch_ahead) as pages:
        for page in pages:
            try:
                reading.absorb(page)
            except _Drifted as drifted:
                with store.tx("pull-drift") as tx:
                    report(tx, [drifted.problem])
                return reading.read, reading.fresh
            advance(len(page.records))
            if page.total is not None:
                expected(page.total)
    if drifting:
        with store.tx("pull-end") as tx:
            tx.problems.close_file(connection, object, at=now(), codes_prefix=DRIFT_CODE)
    ended()
    return reading.read, reading.fresh


@dataclass(slots=True)
class _Reading:
    """The read of one kind of record.

    Attributes:
        read, fresh: how many records came, and how many of them were new or changed.
        seen: ids of those that can be kept; spoilt: whether others came.
        complained: fingerprints of what was wrong.
    """

    store: Store
    connection: str
    object: str
    run: str
    now: Callable[[], datetime]
    report: Callable[[Tx, Iterable[Problem]], None]
    judge: Judge | None
    take: Take | None
    read: int = 0
    fresh: int = 0
    spoilt: bool = False
    seen: set[str] = field(default_factory=set)
    complained: set[str] = field(default_factory=set)

    def absorb(self, page: Page) -> None:
        """Store a page with its checkpoint.  Raises `_Drifted` where it is not taken."""
        good, texts, bad = _sifted(self.connection, self.object, page)
        with _shown(self.connection, self.object, page), self.store.tx("pull-page") as tx:
            at = self.now()
            settle = partial(_settled, tx, self.connection, self.object, good, self.judge, self.take)
            absorbed = tx.inbox.absorb(self.connection, good, run=self.run, at=at, texts=texts, take=settle)
            self.report(tx, [*page.problems, *bad])
            tx.inbox.set_cursor(self.connection, self.object, page.checkpoint, at=at)
            self.complained.update(problem.fingerprint for problem in (*page.problems, *bad))
            self.spoilt = self.spoilt or bool(bad)
            self.fresh += absorbed.new + absorbed.changed
            self._close(tx, page, [record.id for record in good], at)
        self.read += len(page.records)
        facts = {"object": self.object, "records": len(page.records), "fresh": absorbed.new + absorbed.changed}
        observe.event("page_stored", level="debug", connection=self.connection, **facts)

    def _close(self, tx: Tx, page: Page, ids: Sequence[str], at: datetime) -> None:
        """Resolve what is mended; at the end of a read of everything, what is gone and what was not told again."""
        connection, object = self.connection, self.object
        self.seen.update(ids)
        tx.problems.close(
            connection=connection, object=object, ids=ids, except_=self.complained, at=at, codes_prefix="READ-"
        )
        if page.snapshot and not self.spoilt:
            gone, doubt = _forget(tx, connection, object, self.seen, self.run, at)
            self.report(tx, doubt)
            self.complained.update(problem.fingerprint for problem in doubt)
            self.fresh += gone
        if page.snapshot or page.complete:
            tx.problems.close_file(connection, object, except_=self.complained, at=at)


def _pages(
    connector: Connector, object: str, since: Checkpoint | None, *, fetch_ahead: bool
) -> AbstractContextManager[Iterator[Page]]:
    read = partial(connector.read, object, since)
    return closing(ahead(read)) if fetch_ahead else nullcontext(read())


def _shown(connection: str, object: str, page: Page) -> AbstractContextManager[observe.Mark]:
    return observe.span("page", connection=connection, object=object, records=len(page.records))


def hinted(
    store: Store,
    connector: Connector,
    connection: str,
    object: str,
    *,
    run: str,
    now: Callable[[], datetime],
    report: Callable[[Tx, Iterable[Problem]], None],
    advance: Callable[[int], None] = lambda _n: None,
) -> tuple[int, int]:
    """Read the records that the system named by itself into the inbox, as they are there now.

    Gives how many were read, and how many were new or changed.  One that is not there any more is deleted; one that is
    named again meanwhile is read again by the next run.  Raises the connector's `TryLater` and `Refused`.
    """
    after, read, fresh = "", 0, 0
    while True:
        with store.view() as tx:
            named = tx.hints.waiting(connection, object, after=after, limit=_NAMED)
        if not named:
            return read, fresh
        found = connector.fetch(object, [hint.id for hint in named])
        with store.tx("pull-hints") as tx:
            good, texts, bad = _sifted(connection, object, Page([*found, *_missing(connection, object, named, found)]))
            absorbed = tx.inbox.absorb(connection, good, run=run, at=now(), texts=texts)
            report(tx, bad)
            tx.problems.close(
                connection=connection,
                object=object,
                ids=[record.id for record in good],
                except_={problem.fingerprint for problem in bad},
                at=now(),
                codes_prefix="READ-",
            )
            tx.hints.done(named)
        after = named[-1].id
        read += len(named)
        fresh += absorbed.new + absorbed.changed
        advance(len(named))


def _missing(connection: str, object: str, named: Sequence[StoredHint], found: Sequence[Record]) -> list[Record]:
    """Those that the system does not have any more."""
    there = {record.id for record in found}
    return [
        Record(object, hint.id, {}, Place(system=connection, object=object, id=hint.id), deleted=True)
        for hint in named
        if hint.id not in there
    ]


def _sifted(connection: str, object: str, page: Page) -> tuple[list[Record], list[str | None], list[Problem]]:
    """The page's records that can be kept, their canonical texts where known, and what is wrong with the others."""
    good: list[Record] = []
    kept: list[str | None] = []
    bad: list[Problem] = []
    for record, text in zip(page.records, simple_texts([record.data for record in page.records]), strict=True):
        fault = unfit(record.id, record.data, text)
        if fault is None:
            good.append(record)
            kept.append(text)
            continue
        place = Place(system=connection, object=object) if fault.code == "READ-KEY-01" else record.place
        bad.append(
            Problem(
                code=fault.code,
                message=f"the record was not taken: {fault.message}",
                hint="correct it in the source; a record that was taken before stays as it was",
                place=place.at(fault.field[:_SHOWN]) if fault.field else place,
            )
        )
    return good, kept, bad


def _of(problem: Problem, connection: str, object: str) -> bool:
    return (problem.place.system, problem.place.object) == (connection, object)


def _was_sound(tx: Tx, connection: str, object: str) -> bool:
    """Whether records of this kind were taken before, and most of them were good."""
    return tx.inbox.mostly_sound(connection, object, DRIFT_SHARE)


def _settled(
    tx: Tx,
    connection: str,
    object: str,
    records: Sequence[Record],
    judge: Judge | None,
    take: Take | None,
    rows: Sequence[InboxRow],
) -> Mapping[str, tuple[str, str]]:
    """Take what comes out whole of a page's new and changed records.  Raises `_Drifted` before anything is kept."""
    made = Made() if take is None else take(tx, rows)
    if judge is not None:
        ids = {record.id for record in records if not record.deleted} - {row.id for row in rows}
        waiting = [*tx.inbox.fresh(connection, object, ids), *(row for row in rows if row.id not in made.ids)]
        _check_form(connection, object, waiting, len(made.ids), judge)
    return made.keep()


def _check_form(connection: str, object: str, rows: Sequence[InboxRow], sound: int, judge: Judge) -> None:
    """Raises `_Drifted` where too many of the page's new and changed records are bad in the same way."""
    found = judge(rows, sound) if rows else None
    if found is None:
        return
    field, count = found.place.field or "", len(rows) + sound
    problem = Problem(
        code=DRIFT_CODE,
        message=f"none of {count} new or changed {object} was taken: too many fail at {field} ({found.message})",
        hint=(
            "was the field renamed, or may the log-in not see it any more? Give it back or mend the mapping, and the "
            "next run goes on; or take the records as they are: billsync sync --full"
        ),
        place=Place(system=connection, object=object, field=field or None),
    )
    raise _Drifted(problem)


def _forget(
    tx: Tx,
    connection: str,
    object: str,
    seen: set[str],
    run: str,
    at: datetime,
) -> tuple[int, list[Problem]]:
    """Mark as deleted what a full read did not show; where that is suspiciously much, delete nothing and say so."""
    known = tx.inbox.live_ids(connection, object)
    gone = known - seen
    if len(gone) > GONE_FREE and len(gone) * GONE_SHARE > len(known):
        problem = Problem(
            code="READ-GONE-01",
            message=f"{len(gone)} of {len(known)} records of {object} are not in the export any more: none was deleted",
            hint="check the export; if they are really gone, delete them in smaller steps",
            place=Place(system=connection, object=object),
        )
        return 0, [problem]
    return tx.inbox.mark_deleted(connection, object, gone, run=run, at=at), []
