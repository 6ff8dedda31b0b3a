"""Lists: what is asked for, in which order, which page of it.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Final

from billsync_connectors.xero.server.asked import Request
from billsync_connectors.xero.server.books import IDS, Books
from billsync_connectors.xero.server.clock import read, written
from billsync_connectors.xero.server.denied import bad_query
from billsync_connectors.xero.server.showing import Showing
from billsync_connectors.xero.server.values import Row
from billsync_connectors.xero.server.where import parse

_PAGED: Final = ("Contact", "Invoice", "CreditNote", "Payment", "Overpayment", "BankTransaction")
_UNDATED: Final = ("TaxRate", "Currency")
"""Those that nobody can be asked what changed of."""
_SUMMED: Final = ("Invoice", "CreditNote", "Overpayment")
"""Those whose lines are only shown by page."""
_LISTS: Final = {"InvoiceNumbers": "InvoiceNumber", "ContactIDs": "ContactID", "Statuses": "Status"}
_SEARCHED: Final = ("Name", "FirstName", "LastName", "ContactNumber", "EmailAddress", "InvoiceNumber", "Reference")


class Reading:
    """Answers what is asked of one organisation's records."""

    def __init__(self, books: Books, showing: Showing) -> None:
        self._books, self._showing = books, showing
        self.short = 0
        """A page has no more records than that; 0: as many as are asked for."""

    def rows(self, object: str) -> list[Row]:
        """Every record of an object."""
        if object == "TaxRate":
            return list(self._books.rates().values())
        if object == "Currency":
            return [{"Code": code, "Description": code} for code in self._books.currencies()]
        return list(self._books.all(object))

    def answer(self, object: str, request: Request) -> Mapping[str, Any]:
        """The list under its name, with its pagination where there is one.  Raises `Denied`."""
        rows = self._ordered(object, request, self._chosen(object, request, self.rows(object)))
        page, plural = request.asked("page"), _plural(object)
        if not page or object not in _PAGED:
            most = self._books.settings.unpaged_max
            rows = rows[:most] if most else rows
            full = object not in _SUMMED
            return {plural: [self._showing.one(object, row, full=full) for row in rows]}
        size = min(_whole(request, "pageSize", 100), self._books.settings.page_max)
        first = (_whole(request, "page", 1) - 1) * size
        full = request.asked("summaryOnly").lower() != "true"
        own = rows[first : first + min(size, self.short or size)]
        told = {"page": first // size + 1, "pageSize": size, "pageCount": -(-len(rows) // size), "itemCount": len(rows)}
        return {"pagination": told, plural: [self._showing.one(object, row, full=full) for row in own]}

    # ------------------------------------------------------------ which

    def _chosen(self, object: str, request: Request, rows: list[Row]) -> list[Row]:
        since = self._since(request) if object not in _UNDATED else None
        lag = self._books.settings.list_lag_s
        seen = written(self._books.clock.now() - timedelta(seconds=lag)) if lag else ""
        if seen:
            rows = [row for row in rows if row.get("_made", "") <= seen]
        if since is not None:
            whole = self._books.settings.modified_since == "after"
            rows = [
                row for row in rows if _later(row, since, after=whole) and (not seen or row["UpdatedDateUTC"] <= seen)
            ]
        if object == "Contact" and request.asked("includeArchived").lower() != "true":
            asked = request.listed("IDs")
            rows = [row for row in rows if row["ContactStatus"] == "ACTIVE" or row["ContactID"] in asked]
        for name, field in {"IDs": IDS[object], **_LISTS}.items():
            asked = [each.casefold() for each in request.listed(name)]
            if asked:
                rows = [row for row in rows if str(row.get(field, "")).casefold() in asked]
        return self._filtered(request, rows)

    def _filtered(self, request: Request, rows: list[Row]) -> list[Row]:
        word, where = request.asked("searchTerm").casefold(), request.asked("where")
        if word:
            rows = [row for row in rows if any(word in str(row.get(name, "")).casefold() for name in _SEARCHED)]
        if where:
            test = parse(where)
            rows = [row for row in rows if test(self._joined(row))]
        return rows

    def _joined(self, row: Row) -> Row:
        """With the name of its contact and the code of its account, as filters may ask for them."""
        contact = self._books.get("Contact", row.get("ContactID", "")) if "Name" not in row else None
        account = self._books.get("Account", row.get("AccountID", "")) if "Code" not in row else None
        told = (
            {"Contact.Name": contact["Name"], "Contact.ContactNumber": contact.get("ContactNumber")} if contact else {}
        )
        invoice = self._books.get("Invoice", row["InvoiceID"]) if "PaymentID" in row and "InvoiceID" in row else None
        told |= {"Invoice.InvoiceNumber": invoice.get("InvoiceNumber")} if invoice else {}
        return {**row, **told, **({"Account.Code": account["Code"]} if account else {})}

    def _since(self, request: Request) -> datetime | None:
        """If-Modified-Since, to the second; without a zone it is UTC."""
        text = request.headers.get("if-modified-since")
        if not text:
            return None
        try:
            found = read(text.strip())
        except ValueError:
            try:
                found = parsedate_to_datetime(text)
            except (ValueError, TypeError):
                raise bad_query(f"If-Modified-Since could not be read: {text}") from None
        return found.replace(microsecond=0)

    # ------------------------------------------------------------ in which order

    def _ordered(self, object: str, request: Request, rows: list[Row]) -> list[Row]:
        """By `order`; else as they changed, oldest first.  Equal ones stay as they were made."""
        terms = [term.split() for term in (request.asked("order") or "UpdatedDateUTC ASC").split(",")]
        for term in reversed(terms):
            if not term or len(term) > 2 or term[-1].upper() not in ("ASC", "DESC", term[0].upper()):
                raise bad_query(f"The order could not be read: {request.asked('order')}")
            down = len(term) == 2 and term[1].upper() == "DESC"
            rows = sorted(rows, key=partial(_key, term[0]), reverse=down)
        return rows


def _key(name: str, row: Row) -> tuple[bool, Decimal, str]:
    value = row.get(name.rpartition(".")[2])
    number = value if isinstance(value, Decimal) else Decimal(0)
    return (value is not None, number, "" if isinstance(value, Decimal) else str(value or "").casefold())


def _later(row: Row, since: datetime, *, after: bool) -> bool:
    at = read(row["UpdatedDateUTC"]).replace(microsecond=0)
    return at > since if after else at >= since


def _whole(request: Request, name: str, otherwise: int) -> int:
    text = request.asked(name)
    if not text:
        return otherwise
    if not text.isdigit() or int(text) < 1:
        raise bad_query(f"{name} must be a number from 1")
    return int(text)


def _plural(object: str) -> str:
    return "Currencies" if object == "Currency" else f"{object}s"
