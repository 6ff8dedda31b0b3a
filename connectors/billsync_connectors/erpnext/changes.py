"""Reads what changed in ERPNext: invoices and credit notes with a reference of ours, and their payments.  (shell)

Stamps are of the site's own time, without a zone: they are compared as they are, and each read starts some minutes
before the newest one of the last, and an hour more where the site's clock may go back.  What is owed on an invoice
changes without a new stamp: it is the payments that tell of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from billsync.connector import Checkpoint, Page, Record, Refused
from billsync.model.problem import Place
from billsync.model.scalar import plain
from billsync_connectors.erpnext.encoding import amount
from billsync_connectors.erpnext.payments import DOCTYPE as PAYMENT
from billsync_connectors.erpnext.sales import DOCTYPE as INVOICE
from billsync_connectors.erpnext.sales import SHOWN, owed, state
from billsync_connectors.erpnext.session import Row, Session
from billsync_connectors.erpnext.site import Site

_OVERLAP: Final = timedelta(minutes=10)
_FOLD: Final = timedelta(hours=1)
_STAMP: Final = "%Y-%m-%d %H:%M:%S.%f"
_BETWEEN: Final = "#"
"""Between the payment and the invoice, in the id of a payment of several invoices."""
_DOCTYPES: Final = {"invoice": INVOICE, "credit_note": INVOICE, "payment": PAYMENT}


class Changes:
    """Invoices, credit notes and payments, page by page."""

    def __init__(self, session: Session, site: Site) -> None:
        self._session, self._site, self._settings = session, site, site.settings
        self._field, self._size = site.settings.reference_field, site.settings.page_size

    def pages(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """Pages by stamp and name; a checkpoint holds `since`, and inside a read also `at` and `name`.

        Raises `TryLater`, `Refused`.
        """
        mark = dict(since or {})
        if object != "payment" and not self._carried(INVOICE):
            return  # before the set-up no document is ours
        start = self._start(mark["since"]) if mark.get("since") else ""
        at, name = str(mark.get("at") or ""), str(mark.get("name") or "")
        while rows := self._next(object, start, at, name):
            at, name = str(rows[-1]["modified"]), str(rows[-1]["name"])
            resume = {"since": mark.get("since"), "at": at, "name": name}
            yield Page(self._records(object, rows), checkpoint=resume)
        gone = self._deleted(object, start) if start else []
        newest = max(at, str(mark.get("since") or ""))
        yield Page(gone, checkpoint={"since": newest} if newest else {}, complete=not start)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These as they are now.  Raises `TryLater`, `Refused`."""
        names = sorted({id.partition(_BETWEEN)[0] if object == "payment" else id for id in ids})
        found: list[Record] = []
        for start in range(0, len(names), self._size):
            wanted = [["name", "in", names[start : start + self._size]]]
            rows = self._session.rows(_DOCTYPES[object], self._shown(object), [*self._of(object), *wanted])
            found += self._records(object, rows)
        return [record for record in found if record.id in set(ids) and not record.deleted]

    # ------------------------------------------------------------ asking

    def _start(self, since: object) -> str:
        """Where a read begins: before the newest stamp of the last."""
        try:
            newest = datetime.strptime(str(since), _STAMP).replace(tzinfo=UTC)  # for the sum alone
        except ValueError:
            what = f"the stored checkpoint is not one of ERPNext's: {since}"
            raise Refused("bad_checkpoint", what) from None
        back = _OVERLAP + (_FOLD if _goes_back(self._settings.time_zone, newest.year) else timedelta())
        return (newest - back).strftime(_STAMP)

    def _next(self, object: str, start: str, at: str, name: str) -> list[Row]:
        """The documents after this stamp and name: first those of the same stamp, then later ones."""
        doctype, shown, of = _DOCTYPES[object], self._shown(object), self._of(object)
        if at:
            same = [*of, ["modified", "=", at], ["name", ">", name]]
            if rows := self._session.rows(doctype, shown, same):
                return rows
        later = [["modified", ">", at]] if at else [["modified", ">=", start]] if start else []
        return self._session.rows(doctype, shown, [*of, *later], "modified asc, name asc")

    def _of(self, object: str) -> list[list[Any]]:
        if object == "payment":
            return [["party_type", "=", "Customer"], ["payment_type", "=", "Receive"], ["docstatus", "!=", 0]]
        return [["is_return", "=", int(object == "credit_note")], [self._field, "is", "set"]]

    def _shown(self, object: str) -> list[str]:
        own = () if object == "payment" else (self._field, *SHOWN)
        return ["modified", "docstatus", *own]

    def _carried(self, doctype: str) -> bool:
        return self._field in self._site.fields(doctype)

    def _deleted(self, object: str, start: str) -> list[Record]:
        if not start:
            return []
        gone = [["deleted_doctype", "=", _DOCTYPES[object]], ["creation", ">=", start]]
        pages = self._session.all("Deleted Document", ["deleted_name"], gone)
        return [self._gone(object, str(row["deleted_name"])) for page in pages for row in page]

    # ------------------------------------------------------------ records

    def _records(self, object: str, rows: Sequence[Row]) -> list[Record]:
        if object == "payment":
            return self._payments(rows)
        sign = -1 if object == "credit_note" else 1
        return [self._record(object, str(row["name"]), self._document(row, sign)) for row in rows]

    def _document(self, row: Row, sign: int) -> dict[str, Any]:
        """A document in positive amounts, as texts that show every digit; `final` once it counts."""
        money = {
            "total": owed(row),
            "tax": amount(row.get("total_taxes_and_charges")),
            "open": amount(row.get("outstanding_amount")),
        }
        return {
            "id": str(row["name"]),
            "reference": row[self._field],
            **{name: row.get(name) for name in ("currency", "posting_date", "due_date", "customer", "status")},
            **{name: plain(sign * value) for name, value in money.items()},
            "state": state(row),
            "final": row["docstatus"] == 1,
        }

    def _payments(self, rows: Sequence[Row]) -> list[Record]:
        """What these payments pay, invoice by invoice; lists do not show that."""
        whole = [found for row in rows if (found := self._session.get(PAYMENT, str(row["name"]))) is not None]
        names = {str(part["reference_name"]) for row in whole for part in _parts(row)}
        invoices = referred(self._session, self._field, sorted(names)) if self._carried(INVOICE) else {}
        return [record for row in whole for record in self._payment(row, invoices)]

    def _payment(self, row: Row, invoices: Mapping[str, Row]) -> list[Record]:
        name, parts = str(row["name"]), _parts(row)
        single = len(parts) < 2
        ids = [name] if single else [f"{name}{_BETWEEN}{part['reference_name']}" for part in parts]
        if row["docstatus"] == 2:
            return [self._gone("payment", id) for id in {name, *ids}]
        told = [] if single else [self._gone("payment", name)]
        whole: list[Row | None] = [*parts] or [None]
        for id, part in zip(ids, whole, strict=True):
            told.append(self._record("payment", id, self._paid(id, row, part, invoices)))
        return told

    def _paid(self, id: str, row: Row, part: Row | None, invoices: Mapping[str, Row]) -> dict[str, Any]:
        invoice = invoices.get(str(part["reference_name"])) if part is not None else None
        currency = invoice["currency"] if invoice is not None else row.get("paid_from_account_currency")
        paid = row.get("paid_amount") if part is None else part.get("allocated_amount")
        return {
            "id": id,
            "invoice_reference": invoice[self._field] if invoice is not None else None,
            "amount": plain(amount(paid)),
            "currency": currency,
            "date": row.get("posting_date"),
            "description": row.get(self._field) or row.get("reference_no") or "",
        }

    def _gone(self, object: str, id: str) -> Record:
        return Record(object, id, {}, Place(system=self._session.system, object=object, id=id), deleted=True)

    def _record(self, object: str, id: str, data: dict[str, Any]) -> Record:
        return Record(object, id, data, Place(system=self._session.system, object=object, id=id))


def referred(session: Session, field: str, names: Sequence[str]) -> dict[str, Row]:
    """Invoices by name, with currency and our reference.  Raises `TryLater`, `Refused`."""
    found: dict[str, Row] = {}
    for start in range(0, len(names), 100):
        wanted = [["name", "in", list(names[start : start + 100])]]
        for page in session.all(INVOICE, [field, "currency"], wanted):
            found.update((str(row["name"]), row) for row in page)
    return found


def _parts(row: Row) -> list[Row]:
    """Which invoices a payment settles."""
    return [part for part in row.get("references", []) if part.get("reference_doctype") == INVOICE]


def _goes_back(zone: str | None, year: int) -> bool:
    """Whether the site's clock may have gone back; where its zone is not known, it may."""
    if zone is None:
        return True
    offsets = {datetime(year, month, 1, tzinfo=ZoneInfo(zone)).utcoffset() for month in (1, 4, 7, 10)}
    return len(offsets) > 1
