"""Outside to inbox: the records that changed since the checkpoint, page by page.  (shell)

A page's records and its checkpoint are stored in one transaction: a process that dies between pages goes on after the
last one that was stored, and nothing that lies before a stored checkpoint is ever missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from billsync.connector import Connector
from billsync.model.problem import Place, Problem
from billsync.store import Store, Tx

GONE_SHARE: Final = 2
GONE_FREE: Final = 10
"""More than one record in `GONE_SHARE` vanishing at once, beyond `GONE_FREE` of them, is taken for a broken export."""


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
    full: bool = False,
) -> tuple[int, int]:
    """Read one kind of record into the inbox.  Gives how many records were read, and how many were new or changed.

    `full` forgets the checkpoint and reads everything again; what has not changed stays as it is.  Raises the
    connector's `TryLater` and `Refused`.
    """
    with store.view() as tx:
        since = None if full else tx.inbox.cursor(connection, object)
    read = fresh = 0
    seen: set[str] = set()
    complained: set[str] = set()
    for page in connector.read(object, since):
        with store.tx("pull-page") as tx:
            at = now()
            absorbed = tx.inbox.absorb(connection, page.records, run=run, at=at)
            report(tx, page.problems)
            tx.inbox.set_cursor(connection, object, page.checkpoint, at=at)
            seen.update(record.id for record in page.records)
            complained.update(problem.fingerprint for problem in page.problems)
            fresh += absorbed.new + absorbed.changed
            if page.snapshot:
                gone, doubt = _forget(tx, connection, object, seen, run, at)
                report(tx, doubt)
                complained.update(problem.fingerprint for problem in doubt)
                fresh += gone
            if page.snapshot or page.complete:
                tx.problems.close_file(connection, object, except_=complained, at=at)
        read += len(page.records)
        advance(len(page.records))
    return read, fresh


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
