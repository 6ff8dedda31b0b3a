"""Answers to queries: which objects, in which order, which page.  (shell)"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cmp_to_key
from typing import Any, Final

from billsync_connectors.quickbooks.server.books import Books, is_list, shown
from billsync_connectors.quickbooks.server.denied import Denied
from billsync_connectors.quickbooks.server.kinds import BY_PATH, PROPERTIES
from billsync_connectors.quickbooks.server.select import Condition, Select, Value, parsed, unknown
from billsync_connectors.quickbooks.server.shelf import Row
from billsync_stand_in.clock import read, written

_META: Final = {"metadata.createtime": "CreateTime", "metadata.lastupdatedtime": "LastUpdatedTime"}


class Queries:
    """Reads what the company has; `answer` raises `Denied`.

    Attributes:
        short: how many rows the next page has at most, where a fault says so.
    """

    def __init__(self, books: Books) -> None:
        self._books = books
        self.short = 0

    def answer(self, text: str) -> dict[str, Any]:
        """A QueryResponse; empty where nothing fits."""
        settings = self._books.settings
        select = parsed(text, settings.page_max)
        kind = BY_PATH.get(select.kind.lower())
        if kind is None:
            raise Denied(4001, "Invalid query", f"QueryValidationError: Invalid context declaration: {select.kind}")
        found = [row for row in self._seen(kind, select) if all(self._fits(kind, row, each) for each in select.where)]
        if select.count:
            return {"totalCount": len(found)}
        ordered = self._ordered(kind, found, select)
        size = min(select.rows, self.short or select.rows)
        page = ordered[select.start - 1 : select.start - 1 + size]
        if not page:
            return {}
        rows = [self._chosen(kind, row, select) for row in page]
        return {kind: rows, "startPosition": select.start, "maxResults": len(page), "totalCount": len(found)}

    def _seen(self, kind: str, select: Select) -> Iterable[Row]:
        """What a query can find: not what was made just now, nor what is inactive, unless it is asked for."""
        until = written(self._books.clock.now() - timedelta(seconds=self._books.settings.index_lag_s))
        rows = (row for row in self._books.every(kind) if row.get("_made", "") <= until)
        if is_list(kind) and not any(each.field.lower() == "active" for each in select.where):
            rows = (row for row in rows if row.get("Active", True))
        return rows

    # ------------------------------------------------------------ conditions

    def _fits(self, kind: str, row: Row, each: Condition) -> bool:
        value = self._value(kind, row, each.field)
        if each.operator == "IN":
            return any(self._compared(value, other) == 0 for other in each.values)
        (other,) = each.values
        if each.operator == "LIKE":
            pattern = ".*".join(re.escape(part) for part in str(other).split("%"))
            return value is not None and re.fullmatch(pattern, str(value), re.IGNORECASE | re.DOTALL) is not None
        way = self._compared(value, other)
        if way is None:
            return each.operator == "!="
        return {"=": way == 0, "!=": way != 0, "<": way < 0, "<=": way <= 0, ">": way > 0, ">=": way >= 0}[
            each.operator
        ]

    def _compared(self, value: Any, other: Any) -> int | None:
        """Less, like, more; None where there is nothing to compare."""
        if value is None:
            return None
        if isinstance(value, datetime):
            mine, theirs = value, self._instant(str(other))
            return (mine > theirs) - (mine < theirs)
        if isinstance(value, bool):
            return 0 if str(value).lower() == str(other).lower() else 1
        if isinstance(value, Decimal):
            number = _number(other)
            return None if number is None else (value > number) - (value < number)
        one, two = str(value).casefold(), str(other).casefold()
        if one.isdecimal() and two.isdecimal():
            return (int(one) > int(two)) - (int(one) < int(two))
        return (one > two) - (one < two)

    def _instant(self, text: str) -> datetime:
        try:
            return read(text.replace(" ", "+"), self._books.settings.zone)
        except ValueError:
            raise Denied(4001, "Invalid query", f"QueryValidationError: value {text} is not a date-time") from None

    def _value(self, kind: str, row: Row, field: str) -> Any:
        """A property; an instant to the second, as the API has it."""
        meta = _META.get(field.lower())
        if meta:
            return read(row["MetaData"][meta]).astimezone(UTC)
        name, _, inner = field.partition(".")
        own = self._named(kind, row, name)
        found = row.get(own)
        if isinstance(found, dict):
            return found.get(inner or "value")
        return found

    def _named(self, kind: str, row: Row, name: str) -> str:
        names = {each.lower(): each for each in (*PROPERTIES.get(kind, ()), *row)}
        own = names.get(name.lower())
        if own is None or own.startswith("_"):
            raise unknown(name, kind)
        return str(own)

    # ------------------------------------------------------------ order and form

    def _ordered(self, kind: str, rows: Sequence[Row], select: Select) -> Sequence[Row]:
        """As asked; what is alike, and all where nothing is asked, comes in the order of the latest change."""
        found = sorted(rows, key=lambda row: (row.get("_updated", ""), row["Id"]), reverse=True)
        for field, down in reversed(select.order):
            found = self._sorted([(self._value(kind, row, field), row) for row in found], down=down)
        return found

    def _sorted(self, pairs: list[tuple[Any, Row]], *, down: bool) -> list[Row]:
        """By their values; those without one come first, or last where it goes down."""
        nothing = [row for value, row in pairs if value is None]
        there = [pair for pair in pairs if pair[0] is not None]
        key = cmp_to_key(lambda one, two: self._compared(one, two) or 0)
        rows = [row for _, row in sorted(there, key=lambda pair: key(pair[0]), reverse=down)]
        return [*rows, *nothing] if down else [*nothing, *rows]

    def _chosen(self, kind: str, row: Row, select: Select) -> Row:
        whole = shown(row)
        if not select.fields:
            return whole
        names = [self._named(kind, row, field.partition(".")[0]) for field in select.fields]
        names += ["domain", "Id"] if "Id" not in names else ["domain"]
        return {"sparse": True, **{name: whole[name] for name in names if name in whole}}


def _number(value: Value) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
