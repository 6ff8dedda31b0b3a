"""SuiteQL: queries over the ledger as tables, executed by SQLite, answered the way NetSuite does.  (shell)

Tables are made anew where the ledger has changed.  Days and instants are texts behind a mark, so that they sort, and
that a column which is selected as it is comes out in the user's format, in the account's time zone.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.netsuite.server.denied import Denied
from billsync_connectors.netsuite.server.kinds import ITEMS, KINDS, TRANSACTIONS
from billsync_connectors.netsuite.server.ledger import Ledger, named
from billsync_connectors.netsuite.server.sales import shown_day
from billsync_connectors.netsuite.server.shelf import Row
from billsync_connectors.netsuite.server.values import plain
from billsync_stand_in.clock import read, written

_MARK: Final = "\x01"
_TABLES: Final = {
    "transaction": "id tranid trandate type entity currency exchangerate foreigntotal foreignamountunpaid "
                   "foreignamountpaid total status duedate externalid memo postingperiod subsidiary voided createddate "
                   "lastmodifieddate otherrefnum",
    "transactionline": "transaction id linesequencenumber mainline taxline item quantity rate foreignamount netamount "
                       "memo subsidiary",
    "nexttransactionlinelink": "previousdoc nextdoc linktype foreignamount previoustype nexttype",
    "previoustransactionlinelink": "previousdoc nextdoc linktype foreignamount previoustype nexttype",
    "customer": "id entityid companyname externalid email phone subsidiary currency terms isinactive isperson balance "
                "datecreated lastmodifieddate",
    "item": "id itemid externalid itemtype displayname isinactive incomeaccount lastmodifieddate",
    "currency": "id symbol name exchangerate isinactive",
    "subsidiary": "id name country currency isinactive",
    "account": "id acctnumber acctname accttype isinactive",
    "term": "id name dateduedays isinactive",
    "salestaxitem": "id itemid name rate isinactive",
    "accountingperiod": "id periodname startdate enddate closed arlocked alllocked isquarter isyear",
    "deletedrecord": "recordid recordtypeid name deleteddate",
}  # fmt: skip
_IDS: Final = [
    "id",
    "transaction",
    "item",
    "entity",
    "currency",
    "subsidiary",
    "terms",
    "previousdoc",
    "nextdoc",
    "recordid",
]
_YEARS: Final = 12
"""How far back there are accounting periods."""
_LETTERS: Final = {"Open": "A", "Paid In Full": "B", "Voided": "V", "Fully Applied": "B", "Deposited": "C"}
_FORMATS: Final = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH24": "%H", "MI": "%M", "SS": "%S"}
_DENY: Final = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
_FETCH: Final = re.compile(
    r"(?:\bOFFSET\s+(\d+)\s+ROWS?\s+)?\bFETCH\s+(?:FIRST|NEXT)\s+(\d+)\s+ROWS?\s+ONLY", re.IGNORECASE
)


class SuiteQL:
    """Answers queries; `answer` raises `Denied`.

    Attributes:
        short: how many rows the next page has at most, where a fault says so.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._db: sqlite3.Connection | None = None
        self._made: tuple[Any, ...] = ()
        self.short = 0

    def answer(self, query: str, limit: int, offset: int, base: str) -> dict[str, Any]:
        """One page: scalars as text, nulls left out."""
        settings = self._ledger.settings
        if not 0 < limit <= settings.page_max or offset % limit:
            raise Denied(400, "INVALID_PARAMETER", "Invalid value for the query parameter: limit or offset. The offset "
                         f"is a multiple of the limit, the limit at most {settings.page_max}.")  # fmt: skip
        names, rows = self._rows(query, settings.rows_max)
        size = min(limit, self.short or limit)
        page = rows[offset : offset + size]
        items = [{"links": [], **self._shown(names, row)} for row in page]
        more = offset + len(page) < len(rows)
        links = [{"rel": "self", "href": f"{base}?limit={limit}&offset={offset}"}]
        if more:
            links.append({"rel": "next", "href": f"{base}?limit={limit}&offset={offset + limit}"})
        found = {"links": links, "count": len(page), "hasMore": more, "items": items}
        return {**found, "offset": offset, "totalResults": len(rows)}

    def _rows(self, query: str, most: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        connection = self._connection()
        try:
            cursor = connection.execute(translated(query))
            return [name[0].lower() for name in cursor.description], cursor.fetchmany(most)
        except (sqlite3.Error, TypeError, ValueError) as error:
            told = f"Invalid search query. Detailed unprocessed description follows. Search error occurred: {error}."
            raise Denied(400, "INVALID_PARAMETER", told) from None

    def _shown(self, names: Sequence[str], row: Sequence[Any]) -> dict[str, str]:
        pairs = zip(names, row, strict=True)
        return {name: self._text(value) for name, value in pairs if value is not None}

    def _text(self, value: Any) -> str:
        if not isinstance(value, str):
            # SQLite adds binary numbers; to eight decimals they are what was meant
            return plain(Decimal(repr(value)).quantize(Decimal("1e-8")))
        return shown_day(value[1:], self._ledger.settings.date_format) if value.startswith(_MARK) else value

    # ------------------------------------------------------------ tables

    def _connection(self) -> sqlite3.Connection:
        settings = self._ledger.settings
        until = written(self._ledger.clock.now() - timedelta(seconds=settings.index_lag_s))
        mark = (self._ledger.version, settings.zone, until if settings.index_lag_s else "")
        if self._db is None or self._made != mark:
            if self._db is not None:
                self._db.close()
            self._db, self._made = self._filled(until), mark
        return self._db

    def _filled(self, until: str) -> sqlite3.Connection:
        db = sqlite3.connect(":memory:", check_same_thread=False)
        for name, function, count in (
            ("TO_CHAR", _to_char, 2),
            ("TO_DATE", _to_date, 2),
            ("TO_TIMESTAMP", _to_date, 2),
        ):
            db.create_function(name, count, function, deterministic=True)
        db.create_function("NVL", 2, lambda one, two: two if one is None else one, deterministic=True)
        db.create_function("BUILTIN_DF", 1, self._displayed)
        for name, columns in _TABLES.items():
            db.execute(f'create table "{name}" ({", ".join(f"{column}" for column in _quoted(columns))})')
        for name, rows in self._content(until):
            marks = ", ".join("?" for _ in _TABLES[name].split())
            db.executemany(f'insert into "{name}" values ({marks})', rows)  # noqa: S608  own names
        db.set_authorizer(lambda action, *_rest: sqlite3.SQLITE_OK if action in _DENY else sqlite3.SQLITE_DENY)
        return db

    def _content(self, until: str) -> Iterable[tuple[str, list[list[Any]]]]:
        seen = [row for kind in TRANSACTIONS for row in self._ledger.every(kind) if row["_made"] <= until]
        yield "transaction", [self._transaction(row) for row in seen]
        yield "transactionline", [line for row in seen for line in _lines(row)]
        links = [link for row in seen for link in _links(row)]
        yield "nexttransactionlinelink", links
        yield "previoustransactionlinelink", links
        yield "customer", [self._customer(row) for row in self._ledger.every("customer") if row["_made"] <= until]
        yield "item", [self._item(kind, row) for kind in ITEMS for row in self._ledger.every(kind)]
        for kind in ("currency", "subsidiary", "account", "term", "salesTaxItem"):
            yield kind.lower(), [_master(kind.lower(), row) for row in self._ledger.every(kind)]
        yield "accountingperiod", list(self._periods())
        gone = (row for kind in KINDS for row in self._ledger.shelf.all(kind) if row.get("_deleted"))
        yield (
            "deletedrecord",
            [[row["id"], row["_kind"].lower(), named(row), self._time(row["_updated"])] for row in gone],
        )

    def _periods(self) -> Iterable[list[Any]]:
        """The months around today; one is closed once a day of it is."""
        closed, year = self._ledger.settings.closed_through, int(self._ledger.today()[:4])
        for number in range((year - _YEARS) * 12, (year + 2) * 12):
            start, after = date(number // 12, number % 12 + 1, 1), date((number + 1) // 12, (number + 1) % 12 + 1, 1)
            shut = "T" if start.isoformat() <= closed else "F"
            days = [_day(start.isoformat()), _day((after - timedelta(days=1)).isoformat())]
            yield [number, f"{start:%Y-%m}", *days, shut, shut, shut, "F", "F"]

    def _time(self, text: str) -> str:
        """An instant in the account's zone, to the second."""
        return _MARK + self._ledger.local(read(text)).replace(tzinfo=None).isoformat(timespec="seconds")

    def _transaction(self, row: Row) -> list[Any]:
        total = row["total"]
        unpaid = Decimal(row.get("amountRemaining") or row.get("unapplied") or 0)
        sign = -1 if row["_kind"] in ("creditMemo", "customerPayment") else 1
        whose = (row.get("entity") or row.get("customer") or {})["id"]
        return [
            row["id"], row["tranId"], _day(row["tranDate"]), KINDS[row["_kind"]].code, whose, row["currency"]["id"],
            _number(row["exchangeRate"]), _number(sign * total), _number(unpaid), _number(total - unpaid),
            _number(sign * total * row["exchangeRate"]), _LETTERS.get(row["status"]["id"], "A"),
            _day(row["dueDate"]) if row.get("dueDate") else None, row.get("externalId"), row.get("memo"),
            row["postingPeriod"]["id"], (row.get("subsidiary") or {}).get("id"), "T" if row.get("_void") else "F",
            self._time(row["_made"]), self._time(row["_updated"]), row.get("otherRefNum"),
        ]  # fmt: skip

    def _customer(self, row: Row) -> list[Any]:
        refs = [(row.get(name) or {}).get("id") for name in ("subsidiary", "currency", "terms")]
        flags = ["T" if row.get(name) else "F" for name in ("isInactive", "isPerson")]
        texts = [row.get(name) for name in ("id", "entityId", "companyName", "externalId", "email", "phone")]
        times = [self._time(row["_made"]), self._time(row["_updated"])]
        return [*texts, *refs, *flags, _number(row["balance"]), *times]

    def _item(self, kind: str, row: Row) -> list[Any]:
        sort = {"serviceSaleItem": "Service", "nonInventorySaleItem": "NonInvtPart", "inventoryItem": "InvtPart"}
        own = [row["id"], row["itemId"], row.get("externalId"), sort.get(kind, "Discount"), row.get("displayName")]
        account = (row.get("incomeAccount") or {}).get("id")
        return [*own, "T" if row.get("isInactive") else "F", account, self._time(row["_updated"])]

    def _displayed(self, value: Any) -> Any:
        """BUILTIN.DF: what people call what an id leads to; here of customers and currencies only."""
        for kind in ("customer", "currency"):
            row = self._ledger.live(kind, str(value))
            if row is not None:
                return named(row)
        return value


# ---------------------------------------------------------------- rows


def _lines(row: Row) -> Iterable[list[Any]]:
    """The main line with the receivable, then each item's with the opposite sign, then the tax."""
    own, where = row["id"], (row.get("subsidiary") or {}).get("id")
    sign = -1 if row["_kind"] in ("creditMemo", "customerPayment") else 1
    yield [
        own,
        "0",
        0,
        "T",
        "F",
        None,
        None,
        None,
        _number(sign * row["total"]),
        _number(sign * row["total"]),
        None,
        where,
    ]
    for line in row.get("item", []):
        amount, quantity = _number(-sign * line["amount"]), line.get("quantity")
        number = int(line["line"])
        sold = None if quantity is None else _number(-sign * quantity)
        rate = _number(line["rate"]) if "rate" in line else None
        head = [own, str(number), number, "F", "F", line["item"]["id"], sold, rate]
        yield [*head, amount, amount, line.get("description"), where]
    if row.get("taxTotal"):
        tax, number = _number(-sign * row["taxTotal"]), len(row["item"]) + 1
        yield [own, str(number), number, "F", "T", None, None, None, tax, tax, None, where]


def _links(row: Row) -> Iterable[list[Any]]:
    for line in row.get("apply", []):
        code = KINDS[row["_kind"]].code
        yield [line["doc"]["id"], row["id"], "Payment", _number(line["amount"]), "CustInvc", code]


def _master(table: str, row: Row) -> list[Any]:
    found = {name.lower(): value for name, value in row.items()}
    found |= {"dateduedays": row.get("dateDue"), "isinactive": "T" if row.get("isInactive") else "F"}
    values = (found.get(column) for column in _TABLES[table].split())
    return [_number(v) if isinstance(v, Decimal) else v["id"] if isinstance(v, dict) else v for v in values]


def _day(text: str) -> str:
    return _MARK + text


def _number(value: Decimal) -> Any:
    """As SQLite counts: whole numbers exactly, others as text that it takes for a number."""
    return int(value) if value == value.to_integral_value() else plain(value)


def _quoted(columns: str) -> list[str]:
    """Ids are numbers too: they are asked for as 647 and as '647'."""
    counted = ("foreign", "net", "total", "rate", "quantity", "exchange", "balance", "line")
    numeric = [name for name in columns.split() if name.startswith(counted) or name in _IDS]
    return [f'"{name}" numeric' if name in numeric else f'"{name}"' for name in columns.split()]


# ---------------------------------------------------------------- dialect


def translated(query: str) -> str:
    """Oracle's words in SQLite's, outside of texts."""
    parts = re.split(r"('(?:[^']|'')*')", query.strip().rstrip(";"))
    if not re.match(r"(select|with)\b", parts[0].lstrip(), re.IGNORECASE):
        raise ValueError("a query begins with SELECT")
    parts[::2] = [_words(part) for part in parts[::2]]
    return "".join(parts)


def _words(part: str) -> str:
    part = re.sub(r"\bBUILTIN\.DF\b", "BUILTIN_DF", part, flags=re.IGNORECASE)
    part = re.sub(r"(?<![.\w\"])transaction\b(?!\s*\()", '"transaction"', part, flags=re.IGNORECASE)
    part = re.sub(r"(?<=\.)transaction\b", '"transaction"', part, flags=re.IGNORECASE)
    return _FETCH.sub(lambda match: f"LIMIT {match[2]} OFFSET {match[1] or 0}", part)


def _to_date(text: str | None, form: str) -> str | None:
    """A day or an instant behind the mark."""
    if text is None:
        return None
    names = re.findall(r"YYYY|MM|DD|HH24|MI|SS", form)
    pattern = re.sub(r"YYYY|MM|DD|HH24|MI|SS", lambda _found: r"(\d+)", re.sub(r'"([^"]*)"', r"\1", form))
    match = re.fullmatch(pattern, text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not of the form {form!r}")
    got = dict(zip(names, map(int, match.groups()), strict=True))
    day = f"{got.get('YYYY', 1):04}-{got.get('MM', 1):02}-{got.get('DD', 1):02}"
    time = f"T{got.get('HH24', 0):02}:{got.get('MI', 0):02}:{got.get('SS', 0):02}"
    return _MARK + day + (time if "HH24" in names else "")


def _to_char(value: Any, form: str) -> str | None:
    """A day or an instant in a form; literal letters stand between double quotes."""
    if value is None:
        return None
    text = str(value).removeprefix(_MARK)
    instant = read(text)
    plain_form = re.sub(r'"([^"]*)"', lambda found: found[1].replace("%", "%%"), form)
    return instant.strftime(re.sub(r"YYYY|MM|DD|HH24|MI|SS", lambda found: _FORMATS[found[0]], plain_form))
