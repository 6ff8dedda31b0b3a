"""Change data capture: what changed since an instant, deleted objects too.  (shell)"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from billsync_connectors.quickbooks.server.books import Books, shown, told_deleted
from billsync_connectors.quickbooks.server.denied import Denied, required
from billsync_connectors.quickbooks.server.kinds import BY_PATH, NO_CHANGES
from billsync_connectors.quickbooks.server.shelf import Row
from billsync_stand_in.clock import read, written


def changed(books: Books, entities: str, since: str) -> list[dict[str, Any]]:
    """The CDCResponse: an answer for each entity, in order, cut off at the cap without a word.  Raises `Denied`."""
    if not entities or not since:
        raise required("entities" if not entities else "changedSince")
    start, left = _start(books, since), books.settings.cdc_max
    until = written(books.clock.now() - timedelta(seconds=books.settings.index_lag_s))
    answers: list[dict[str, Any]] = []
    for entity in entities.split(","):
        kind = BY_PATH.get(entity.strip().lower())
        if kind is None or kind in NO_CHANGES:
            told = f"Invalid or unsupported object name : {entity}"
            raise Denied(2000, "Invalid or unsupported object name", told)
        rows = [row for row in books.shelf.all(kind) if start <= row["_updated"] <= until]
        rows = sorted(rows, key=lambda row: str(row["_updated"]))[:left]
        left -= len(rows)
        answers.append(_answer(kind, [_told(row) for row in rows]))
    return [{"QueryResponse": answers}]


def _start(books: Books, since: str) -> str:
    try:
        found = read(since.replace(" ", "+"), books.settings.zone)
    except ValueError:
        raise Denied(2070, "Invalid Date", f"Invalid Date : Supplied value:{since}", element="changedSince") from None
    if found < books.clock.now() - timedelta(days=books.settings.cdc_days):
        told = f"changedSince is more than {books.settings.cdc_days} days ago"
        raise Denied(2190, "Invalid Date Range", f"Invalid Date Range : {told}", element="changedSince")
    return written(found)


def _answer(kind: str, rows: list[Row]) -> dict[str, Any]:
    if not rows:
        return {}
    return {kind: rows, "startPosition": 1, "maxResults": len(rows), "totalCount": len(rows)}


def _told(row: Row) -> Row:
    if not row.get("_deleted"):
        return shown(row)
    at = {"LastUpdatedTime": row["MetaData"]["LastUpdatedTime"]}
    return {**told_deleted(row), "MetaData": at}
