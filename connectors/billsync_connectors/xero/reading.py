"""Reads what changed, in the order in which it changed, so that edits while paging lose nothing.  (shell)

Xero tells when a record changed to the millisecond and takes `If-Modified-Since` to the second.  A list is walked by
that time: each question begins where the answer before it ended, one second earlier, since it is not known whether the
second that is asked for counts.  Where one second fills a page, a larger page is asked for; a next page, whose records
move up when one before them is edited, only where the largest is not enough.  Each read begins some minutes before the
last one ended: lists may lag behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from billsync.connector import Checkpoint, Page, Record, Refused
from billsync.model.problem import Place as Spot
from billsync.model.problem import Problem
from billsync_connectors.xero import lookup
from billsync_connectors.xero.lookup import Place
from billsync_connectors.xero.session import Session
from billsync_connectors.xero.shown import is_ours_to_read
from billsync_connectors.xero.values import Row, day, id_of, inner, instant, rows

PLACES: Final = {
    "contact": lookup.CONTACTS,
    "item": lookup.ITEMS,
    "invoice": lookup.INVOICES,
    "credit_note": lookup.CREDIT_NOTES,
    "payment": lookup.PAYMENTS,
}
_OVERLAP: Final = timedelta(minutes=5)
_LARGEST: Final = 1000
_SECOND: Final = timedelta(seconds=1)
_HOUSEKEEPING: Final = frozenset(
    ("UpdatedDateUTC", "UpdatedDateUTCString", "HasErrors", "HasAttachments", "HasValidationErrors", "HasAccount",
     "Attachments", "ValidationErrors", "Warnings", "StatusAttributeString", "Balances", "DateString", "DueDateString")
)  # fmt: skip
"""Left out of what is read: it changes with every write, or says nothing of its own."""
_DAYS: Final = ("Date", "DueDate", "FullyPaidOnDate", "ExpectedPaymentDate", "PlannedPaymentDate")
_SALES: Final = frozenset({"ACCREC", "ACCRECCREDIT"})


class Reading:
    """The records of one organisation.  Raises `TryLater` and `Refused`, between pages too."""

    def __init__(self, session: Session, page_size: int) -> None:
        self._session, self._size = session, page_size

    def pages(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """Pages; a checkpoint holds `at`, the time of the latest change that was seen."""
        latest, start = _mark(since), None if since is None else _mark(since)
        for found, last in self.walk(PLACES[object], None if start is None else start - _OVERLAP):
            latest = max([latest, *(at for _row, at in found)])
            records, problems = self._records(object, [row for row, _at in found])
            yield Page(records, problems, checkpoint={"at": latest.isoformat()}, complete=last)

    def walk(self, place: Place, since: datetime | None) -> Iterator[tuple[list[tuple[Row, datetime]], bool]]:
        """Records with the time of their change, page by page, and whether it is the last one; some come twice."""
        at, page, size = since, 1, self._size
        while True:
            with self._session.reading():
                answer = self._session.ask(place.plural, self._params(place, page, size), since=_written(at))
                found = [(row, instant(row.get("UpdatedDateUTC"))) for row in rows(answer.get(place.plural))]
            over = not found or not place.paged or not (lookup.more(answer, page) or self._short(answer, page, found))
            yield found, over
            if over:
                return
            moved = found[-1][1].replace(microsecond=0) - _SECOND
            if at is None or moved > at:
                at, page, size = moved, 1, self._size
            elif size < _LARGEST:
                page, size = 1, min(size * 4, _LARGEST)
            else:
                page += 1

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These records as they are now."""
        with self._session.reading():
            found = lookup.by_id(self._session, PLACES[object], ids)
            records, _problems = self._records(object, list(found.values()))
        return [record for record in records if not record.deleted]

    # ------------------------------------------------------------ inside

    def _params(self, place: Place, page: int, size: int) -> dict[str, str]:
        told = {**place.params(size), "order": "UpdatedDateUTC ASC"}
        return {**told, "page": str(page)} if place.paged else told

    def _short(self, answer: Row, page: int, found: Sequence[Any]) -> bool:
        """Whether the page holds fewer records than Xero says that it should."""
        told = inner(answer, "pagination")
        count, size = told.get("itemCount"), told.get("pageSize")
        return isinstance(count, int) and isinstance(size, int) and len(found) < min(size, count - (page - 1) * size)

    def _records(self, object: str, found: Sequence[Row]) -> tuple[list[Record], list[Problem]]:
        """The records; what cannot be read as one is told."""
        records: list[Record] = []
        problems: list[Problem] = []
        for row in found:
            try:
                if (record := self._record(object, row)) is not None:
                    records.append(record)
            except ValueError as error:
                spot = Spot(system=self._session.system, object=object, id=str(row.get(PLACES[object].id) or ""))
                problems.append(Problem(code="READ-KEY-01", message=f"{object}: {error}", place=spot))
        return records, problems

    def _record(self, object: str, row: Row) -> Record | None:
        """None for what is none of ours to read: bills and their payments.  Raises ValueError."""
        id = id_of(row, PLACES[object].id)
        spot = Spot(system=self._session.system, object=object, id=id)
        if object == "payment" and not is_ours_to_read(row):
            return None
        if object in ("invoice", "credit_note") and row.get("Type") not in _SALES:
            return None
        gone = object == "payment" and row.get("Status") == "DELETED"
        return Record(object, id, {} if gone else {"id": id, **plain(row)}, spot, deleted=gone)


def plain(row: Row) -> dict[str, Any]:
    """A record by Xero's own names, days as ISO has them.  Raises ValueError."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if name in _HOUSEKEEPING:
            continue
        if name in _DAYS and value:
            found[name] = day(value)
        elif isinstance(value, Mapping):
            found[name] = plain(value)
        elif isinstance(value, list):
            found[name] = [plain(each) if isinstance(each, Mapping) else each for each in value]
        else:
            found[name] = value
    return found


def _written(at: datetime | None) -> str:
    return "" if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _mark(since: Checkpoint | None) -> datetime:
    """The time of a checkpoint, or of the beginning of Xero."""
    text = (since or {}).get("at", "2006-01-01T00:00:00+00:00")
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError as error:
        raise Refused("bad_checkpoint", f"the stored checkpoint is not one of Xero's: {error}") from None
