"""Documents by SuiteQL: what they come to, what is open, what pays what.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final

from billsync.connector import Standing, TryLater
from billsync.model.scalar import read_decimal
from billsync_connectors.netsuite.books import Books
from billsync_connectors.netsuite.external import key_of, sought
from billsync_connectors.netsuite.kinds import INVOICE, PAYMENT, VOID_MEMO, Kind
from billsync_connectors.netsuite.session import Row, Session
from billsync_connectors.netsuite.wording import numbers, quoted, select

_CHUNK: Final = 200
_STAMP: Final = "TO_CHAR(t.lastmodifieddate, 'YYYY-MM-DD\"T\"HH24:MI:SS')"
_COLUMNS: Final = (
    "t.id, t.externalid, t.tranid, TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate, "
    "TO_CHAR(t.duedate, 'YYYY-MM-DD') AS duedate, t.entity, t.currency, t.foreigntotal, t.foreignamountunpaid, "
    f"t.voided, t.memo, {_STAMP} AS changed"
)
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Link:
    """A part of a payment on one invoice.

    Attributes:
        invoice: id of it there; reference: ours, "" where it is not ours.
    """

    invoice: str
    reference: str
    amount: Decimal


class Listing:
    """Looks documents up.  Raises `TryLater`, `Refused`."""

    def __init__(self, session: Session, books: Books) -> None:
        self._session, self._books = session, books

    # ------------------------------------------------------------ rows

    def changed(self, kind: Kind, since: str) -> Iterator[list[Row]]:
        """Documents changed at or after a time of the account's, all of them for ""; in the order of their changes."""
        first = (f"t.lastmodifieddate >= {_stamp(since)}",) if since else ()

        def query(last: Row | None) -> str:
            after = first
            if last is not None:
                at = _stamp(last["changed"])
                same = f"(t.lastmodifieddate = {at} AND t.id > {int(last['id'])})"
                after = (f"(t.lastmodifieddate > {at} OR {same})",)
            return _documents(kind, *after, order="t.lastmodifieddate, t.id")

        return self._session.pages(query)

    def deleted(self, since: str) -> list[tuple[str, str]]:
        """Ids that are no transaction any more, each with when it was deleted, in the account's time."""
        rows: list[Row] = []
        for page in self._session.pages(partial(_deleted, since)):
            rows += page
        there = {row["id"] for chunk in _chunks([row["recordid"] for row in rows]) for row in self._existing(chunk)}
        return [(row["recordid"], row["at"]) for row in rows if row["recordid"] not in there]

    def _existing(self, ids: Sequence[str]) -> list[Row]:
        return self._session.rows(select("t.id", "transaction t", f"t.id IN ({numbers(ids)})", order="t.id"))

    def by_ids(self, kind: Kind, ids: Sequence[str]) -> list[Row]:
        """Documents of these ids."""
        found: list[Row] = []
        for chunk in _chunks([id for id in ids if id.isascii() and id.isdigit()]):
            found += self._session.rows(_documents(kind, f"t.id IN ({numbers(chunk)})"))
        return found

    def by_keys(self, kind: Kind, keys: Sequence[str]) -> dict[str, list[Row]]:
        """Documents that carry these references of ours, by reference."""
        found: dict[str, list[Row]] = {}
        for chunk in _chunks([text for key in keys if (text := sought(kind.object, key))]):
            for row in self._session.rows(_documents(kind, f"t.externalid IN ({quoted(chunk)})")):
                found.setdefault(key_of(kind.object, row.get("externalid")), []).append(row)
        return found

    def all(self, kind: Kind) -> Iterator[list[Row]]:
        """All documents, in order of their ids."""

        def query(last: Row | None) -> str:
            return _documents(kind, *((f"t.id > {int(last['id'])}",) if last is not None else ()))

        return self._session.pages(query)

    # ------------------------------------------------------------ lines and links

    def figures(self, kind: Kind, ids: Sequence[str]) -> dict[str, tuple[int, Decimal]]:
        """Number of lines that sell something, and tax, of each."""
        found: dict[str, tuple[int, Decimal]] = {}
        for chunk in _chunks(ids):
            columns, by = "COUNT(*) AS n, SUM(l.foreignamount) AS amount", "l.transaction, l.taxline"
            where = ("l.mainline = 'F'", f"l.transaction IN ({numbers(chunk)})")
            query = select(f"{by}, {columns}", "transactionline l", *where, order=by, group=by)
            for row in self._session.rows(query):
                lines, tax = found.get(row["transaction"], (0, _ZERO))
                if row.get("taxline") == "T":
                    tax -= kind.sign * _amount(row, "amount")
                else:
                    lines += int(_amount(row, "n"))
                found[row["transaction"]] = lines, tax
        return found

    def links(self, payments: Sequence[str]) -> dict[str, list[Link]]:
        """What each payment pays, in the order of the invoices' ids."""
        found: dict[str, list[Link]] = {}
        for chunk in _chunks(payments, _CHUNK // 2):
            where = ("l.linktype = 'Payment'", f"t.type = '{INVOICE.type}'", f"l.nextdoc IN ({numbers(chunk)})")
            columns, by = "l.nextdoc, l.previousdoc, l.foreignamount, t.externalid", "l.nextdoc, l.previousdoc"
            table = "nexttransactionlinelink l JOIN transaction t ON t.id = l.previousdoc"
            for row in self._session.rows(select(columns, table, *where, order=by)):
                reference = key_of("invoice", row.get("externalid"))
                link = Link(row["previousdoc"], reference, _amount(row, "foreignamount"))
                found.setdefault(row["nextdoc"], []).append(link)
        return found

    def known_customers(self, ids: Sequence[str]) -> frozenset[str]:
        """Those that carry a reference of ours."""
        found: set[str] = set()
        for chunk in _chunks([id for id in ids if id]):
            where = ("c.externalid IS NOT NULL", f"c.id IN ({numbers(chunk)})")
            found |= {row["id"] for row in self._session.rows(select("c.id", "customer c", *where, order="c.id"))}
        return frozenset(found)

    # ------------------------------------------------------------ in our words

    def standing(self, kind: Kind, rows: Sequence[Row]) -> list[Standing]:
        """Documents in the engine's words."""
        figures = {} if kind is PAYMENT or not rows else self.figures(kind, [row["id"] for row in rows])
        return [self.told(kind, row, figures.get(row["id"])) for row in rows]

    def told(self, kind: Kind, row: Row, figures: tuple[int, Decimal] | None = None) -> Standing:
        """One document; a credit or a payment is told with positive amounts."""
        total, void = kind.sign * _amount(row, "foreigntotal"), is_void(row)
        left = _ZERO if void else _amount(row, "foreignamountunpaid")
        return Standing(
            id=row["id"],
            reference=key_of(kind.object, row.get("externalid")),
            currency=self._books.symbol(row.get("currency")) or "",
            total=total,
            number=row.get("tranid"),
            customer=row.get("entity"),
            tax=None if figures is None else figures[1],
            open=left,
            on=_day(row.get("trandate")),
            due_on=_day(row.get("duedate")),
            lines=None if figures is None else figures[0],
            state=_state(kind, total, left, void=void),
        )


def echo(standing: Standing) -> dict[str, Any]:
    """What a document shows, by the names of `Expectation`, and its number and state."""
    names = ("total", "tax", "currency", "lines", "on", "number", "state")
    return {name: getattr(standing, name) for name in names}


def is_void(row: Row) -> bool:
    """Whether a document counts for nothing: by NetSuite's own mark, or zeroed by us."""
    return row.get("voided") == "T" or (row.get("memo") == VOID_MEMO and not _amount(row, "foreigntotal"))


def _state(kind: Kind, total: Decimal, left: Decimal, *, void: bool) -> str:
    if void:
        return "void"
    if kind is PAYMENT:
        return "booked"
    if not left:
        return "paid"
    return "sent" if left == total else "partly_paid"


def _amount(row: Row, name: str) -> Decimal:
    """A number of a row; NetSuite leaves out what is null.  Raises `TryLater` for what is none."""
    try:
        return read_decimal(row.get(name, "0"))
    except ValueError:
        raise TryLater("unreadable", f"NetSuite shows no number as {name} of {row.get('id')}", offline=True) from None


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text[:10])


def _stamp(text: str) -> str:
    return f"TO_TIMESTAMP({quoted([text])}, 'YYYY-MM-DD\"T\"HH24:MI:SS')"


def _documents(kind: Kind, *where: str, order: str = "t.id") -> str:
    return select(_COLUMNS, "transaction t", f"t.type = '{kind.type}'", *where, order=order)


def _deleted(since: str, last: Row | None) -> str:
    where = [f"d.deleteddate >= {_stamp(since)}"]
    if last is not None:
        at = _stamp(last["at"])
        same = f"(d.deleteddate = {at} AND d.recordid > {int(last['recordid'])})"
        where.append(f"(d.deleteddate > {at} OR {same})")
    shown = "TO_CHAR(d.deleteddate, 'YYYY-MM-DD\"T\"HH24:MI:SS') AS at"
    return select(f"d.recordid, {shown}", "deletedrecord d", *where, order="d.deleteddate, d.recordid")


def _chunks(items: Sequence[str], size: int = _CHUNK) -> Iterator[list[str]]:
    listed: Iterable[str] = dict.fromkeys(items)
    whole = list(listed)
    for start in range(0, len(whole), size):
        yield whole[start : start + size]
