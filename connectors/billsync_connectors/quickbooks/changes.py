"""What changed in QuickBooks, deleted and voided records too.  (shell)

Change data capture tells what was deleted, but goes back thirty days only, shows a thousand records at most without a
word about the others, and has no pages.  Where it cannot have shown everything, every record is read instead.  Only
QuickBooks' own times are compared, and each read starts some minutes before the last one ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from billsync.connector import Checkpoint, Page, Record, Refused
from billsync.model.problem import Place
from billsync.model.scalar import read_instant
from billsync_connectors.quickbooks import shown
from billsync_connectors.quickbooks.session import Session, listed

_OVERLAP: Final = timedelta(minutes=10)
_LOOK_BACK: Final = timedelta(days=29)
_FLEETING: Final = frozenset({"MetaData", "SyncToken", "sparse", "domain"})
"""Properties that change with every write, and say nothing of the record."""


class Changes:
    """Records of one company, page by page.

    Args:
        kinds: QuickBooks' own name by ours; most: records after which a list of changes is cut off.
    """

    def __init__(self, session: Session, kinds: Mapping[str, str], most: int, system: str) -> None:
        self._session, self._kinds, self._most, self._system = session, kinds, most, system

    def pages(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """Raises `TryLater`, `Refused`.  A checkpoint holds `since`, in QuickBooks' own time."""
        kind = self._kinds[object]
        start = (since or {}).get("since")
        rows = self._told(kind, _instant(start)) if start else None
        if rows is not None:
            yield Page(self._records(object, rows), checkpoint={"since": self._session.time or start}, complete=False)
            return
        yield from self._everything(object, kind, since or {})

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These as they are now.  Raises `TryLater`, `Refused`."""
        rows = self._session.those(self._kinds[object], "Id", list(ids)) if ids else []
        wanted = set(ids)
        return [row for row in self._records(object, rows) if row.id in wanted and not row.deleted]

    # ------------------------------------------------------------ asking

    def _told(self, kind: str, since: datetime) -> list[dict[str, Any]] | None:
        """What changed since then; None where it may not be everything."""
        start = since - _OVERLAP
        try:
            value = self._session.ask("cdc", {"entities": kind, "changedSince": start.isoformat()})
        except Refused:
            return None  # too long ago for it, by QuickBooks' own clock
        if _instant(self._session.time) - start > _LOOK_BACK:
            return None
        answers = value.get("CDCResponse")
        first = answers[0] if isinstance(answers, list) and answers and isinstance(answers[0], Mapping) else {}
        rows = [row for each in first.get("QueryResponse") or [{}] for row in listed(each, kind, self._system)]
        return rows if len(rows) < self._most else None

    def _everything(self, object: str, kind: str, before: Checkpoint) -> Iterator[Page]:
        """Every record; only the last page tells how far the read came, so that one that is cut off begins anew."""
        self._session.ask("preferences")  # for QuickBooks' own time, before anything is read
        until, held = self._session.time, list[Record]()
        for rows in self._session.every(kind):
            if held:
                yield Page(held, checkpoint=dict(before))
            held = self._records(object, rows)
        yield Page(held, checkpoint={"since": until}, snapshot=True, complete=True)

    # ------------------------------------------------------------ records

    def _records(self, object: str, rows: Sequence[dict[str, Any]]) -> list[Record]:
        with self._session.reading():
            if object != "payment":
                return [self._record(object, row, _plain(row)) for row in rows]
            own = [row for row in rows if _gone(row) or not shown.applies_credit(row)]
            numbers = self.numbers(own)
            return [self._record(object, row, _payment(row, numbers)) for row in own]

    def numbers(self, payments: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """The numbers of the invoices that these are for, by their ids.  Raises `TryLater`, `Refused`."""
        ids = [id for row in payments if not _gone(row) for id in shown.paid_by(row)]
        rows = self._session.those("Invoice", "Id", ids) if ids else []
        return {row["Id"]: str(row.get("DocNumber") or "") for row in rows}

    def _record(self, object: str, row: Mapping[str, Any], data: dict[str, Any]) -> Record:
        place = Place(system=self._system, object=object, id=str(row["Id"]))
        gone = _gone(row) or (object == "payment" and shown.void(row))
        return Record(object, str(row["Id"]), {} if gone else data, place, deleted=gone)


def _gone(row: Mapping[str, Any]) -> bool:
    return row.get("status") == "Deleted"


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in row.items() if name not in _FLEETING}
    return {**found, "void": shown.void(row)} if "TxnDate" in row else found


def _payment(row: Mapping[str, Any], numbers: Mapping[str, str]) -> dict[str, Any]:
    """A payment with the number of the one invoice that it is for, and our own id where billsync booked it."""
    if _gone(row):
        return {}
    paid = [numbers[id] for id in shown.paid_by(row) if numbers.get(id)]
    names = {"invoice_number": paid[0] if len(paid) == 1 else None, "invoice_numbers": paid}
    return {**_plain(row), **names, "reference": shown.payment_reference(row)}


def _instant(value: object) -> datetime:
    try:
        return read_instant(value)
    except ValueError as error:
        raise Refused("bad_checkpoint", f"{value!r} is no time of QuickBooks': {error}") from None
