"""Outside to inbox: the records that changed since the checkpoint, page by page.  (shell)

A page's records and its checkpoint are stored in one transaction: a process that dies between pages goes on after the
last one that was stored, and nothing that lies before a stored checkpoint is ever missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final

from billsync import observe
from billsync.connector import Connector, Page, Record
from billsync.model.problem import Place, Problem
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

Judge = Callable[[Sequence[InboxRow]], Problem | None]
"""New and changed records of a page -> a problem that too many of them have, or None."""


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
    full: bool = False,
    ended: Callable[[], None] = lambda: None,
) -> tuple[int, int]:
    """Read one kind of record into the inbox.  Gives how many records were read, and how many were new or changed.

    A page whose records `judge` finds changed in form is not taken: the read ends before it, with a problem, and goes
    on there with the next run.  `full` forgets the checkpoint and takes everything again as it is; what has not changed
    stays as it is.  `ended` is called where the read came to its end.  Raises the connector's `TryLater` and `Refused`.
    """
    with store.view() as tx:
        since = None if full else tx.inbox.cursor(connection, object)
        drifting = [item for item in tx.problems.list(code=DRIFT_CODE) if _of(item.problem, connection, object)]
        was_sound = _was_sound(tx, connection, object)
    read, fresh, spoilt = 0, 0, False
    seen: set[str] = set()
    complained: set[str] = set()
    for page in connector.read(object, since):
        try:
            with _shown(connection, object, page), store.tx("pull-page") as tx:
                at = now()
                good, bad = _sifted(connection, object, page)
                absorbed = tx.inbox.absorb(connection, good, run=run, at=at)
                if judge is not None and was_sound and not full:
                    _check_form(tx, connection, object, good, judge)
                report(tx, [*page.problems, *bad])
                tx.inbox.set_cursor(connection, object, page.checkpoint, at=at)
                ids = [record.id for record in good]
                seen.update(ids)
                complained.update(problem.fingerprint for problem in (*page.problems, *bad))
                spoilt = spoilt or bool(bad)
                fresh += absorbed.new + absorbed.changed
                tx.problems.close(
                    connection=connection, object=object, ids=ids, except_=complained, at=at, codes_prefix="READ-"
                )
                if page.snapshot and not spoilt:
                    gone, doubt = _forget(tx, connection, object, seen, run, at)
                    report(tx, doubt)
                    complained.update(problem.fingerprint for problem in doubt)
                    fresh += gone
                if page.snapshot or page.complete:
                    tx.problems.close_file(connection, object, except_=complained, at=at)
        except _Drifted as drifted:
            with store.tx("pull-drift") as tx:
                report(tx, [drifted.problem])
            return read, fresh
        read += len(page.records)
        advance(len(page.records))
    if drifting:
        with store.tx("pull-end") as tx:
            tx.problems.close_file(connection, object, at=now(), codes_prefix=DRIFT_CODE)
    ended()
    return read, fresh


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
            good, bad = _sifted(connection, object, Page([*found, *_missing(connection, object, named, found)]))
            absorbed = tx.inbox.absorb(connection, good, run=run, at=now())
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


def _sifted(connection: str, object: str, page: Page) -> tuple[list[Record], list[Problem]]:
    """The page's records that can be kept, and what is wrong with the others."""
    good: list[Record] = []
    bad: list[Problem] = []
    for record in page.records:
        fault = unfit(record.id, record.data)
        if fault is None:
            good.append(record)
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
    return good, bad


def _of(problem: Problem, connection: str, object: str) -> bool:
    return (problem.place.system, problem.place.object) == (connection, object)


def _was_sound(tx: Tx, connection: str, object: str) -> bool:
    """Whether records of this kind were taken before, and most of them were good."""
    states = tx.inbox.states(connection, object)
    sound, bad = states.get("mapped", 0), states.get("problem", 0)
    return sound > 0 and bad * DRIFT_SHARE <= sound + bad


def _check_form(tx: Tx, connection: str, object: str, records: Sequence[Record], judge: Judge) -> None:
    """Raises `_Drifted` where too many of the page's new and changed records are bad in the same way."""
    rows = tx.inbox.fresh(connection, object, [record.id for record in records])
    found = judge(rows) if rows else None
    if found is None:
        return
    field = found.place.field or ""
    problem = Problem(
        code=DRIFT_CODE,
        message=f"none of {len(rows)} new or changed {object} was taken: too many fail at {field} ({found.message})",
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
