"""Lists: filters, orders, pages.  (shell)"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from billsync_connectors.erpnext.server.denied import Denied
from billsync_connectors.erpnext.server.doctypes import COMMON
from billsync_connectors.erpnext.server.documents import Documents
from billsync_connectors.erpnext.server.values import Row, loads

_USUAL: Final = 20
Test = Callable[[Row], bool]


class Lists:
    """Answers what is asked for many.

    Attributes:
        short: a list has no more documents than that; 0: as many as are asked for.
    """

    def __init__(self, documents: Documents) -> None:
        self._docs, self.short = documents, 0

    def answer(self, doctype: str, asked: Mapping[str, Any]) -> list[Row]:
        """Rows with the fields that are asked for; the name alone where none are."""
        known = {**COMMON, **self._docs.fields(doctype)}
        names = _json(asked.get("fields")) or ["name"]
        names = list(known) if "*" in names else [str(name).rpartition(".")[2].strip("`") for name in names]
        for name in names:
            if name not in known:
                raise Denied("DataError", f"Field not permitted in query: {name}")
        rows = self.rows(doctype, asked)
        rows = self._ordered(known, rows, str(asked.get("order_by") or "modified desc"))
        first = int(asked.get("limit_start") or asked.get("start") or 0)
        size = int(asked.get("limit_page_length") or asked.get("limit") or (0 if _zero(asked) else _USUAL))
        size = min(size or len(rows), self.short or len(rows) or 1)
        tables = [name for name in names if known[name].type == "Table"]
        return [
            {name: row.get(name, known[name].empty()) for name in names if name not in tables}
            for row in rows[first : first + size]
        ]

    def rows(self, doctype: str, asked: Mapping[str, Any]) -> list[Row]:
        """Documents that fit the filters."""
        all_of, any_of = (self._tests(doctype, asked.get(name)) for name in ("filters", "or_filters"))
        rows = [row for row in self._docs.all(doctype) if all(test(row) for test in all_of)]
        return [row for row in rows if any(test(row) for test in any_of)] if any_of else rows

    def _tests(self, doctype: str, given: Any) -> list[Test]:
        found = _json(given) or []
        if isinstance(found, Mapping):
            found = [[name, *(value if isinstance(value, list) else ["=", value])] for name, value in found.items()]
        return [self._test(doctype, each) for each in found]

    def _test(self, doctype: str, given: Any) -> Test:
        parts = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else []
        parts = parts[1:] if len(parts) == 4 else ([parts[0], "=", parts[1]] if len(parts) == 2 else parts)
        if len(parts) != 3:
            raise Denied("ValidationError", f"Filter must have 4 values (doctype, fieldname, operator, value): {given}")
        name, operator, wanted = str(parts[0]), str(parts[1]).lower(), parts[2]
        if len(list(given)) == 4 and given[0] != doctype:
            return self._in_rows(doctype, str(given[0]), name, operator, wanted)
        if name not in {**COMMON, **self._docs.fields(doctype)}:
            raise Denied("OperationalError", f"(1054, \"Unknown column '{name}' in 'where clause'\")")
        return lambda row: _fits(row.get(name), operator, wanted)

    def _in_rows(self, doctype: str, child: str, name: str, operator: str, wanted: Any) -> Test:
        """A condition of a table's rows."""
        tables = [field for field, each in self._docs.fields(doctype).items() if each.options == child]
        return lambda row: any(
            _fits(line.get(name), operator, wanted) for table in tables for line in row.get(table, [])
        )

    @staticmethod
    def _ordered(known: Mapping[str, Any], rows: list[Row], order: str) -> list[Row]:
        for term in reversed([each.replace("`", "").split() for each in order.split(",")]):
            name = term[0].rpartition(".")[2] if term else ""
            if name not in known or len(term) > 2 or term[-1].lower() not in ("asc", "desc", term[0].lower()):
                raise Denied("ValidationError", f"Invalid order by: {order}")
            rows = sorted(rows, key=lambda row, name=name: _key(row.get(name)), reverse=term[-1].lower() == "desc")  # type: ignore[misc]
        return rows


def _zero(asked: Mapping[str, Any]) -> bool:
    """Whether all are asked for: a page of 0."""
    return any(str(asked.get(name, "")) == "0" for name in ("limit_page_length", "limit"))


def _json(value: Any) -> Any:
    """Lists and objects, also as JSON in a query.  Raises `Denied`."""
    if not isinstance(value, str) or not value:
        return value
    try:
        return loads(value)
    except ValueError:
        raise Denied("ValidationError", f"Invalid JSON: {value}") from None


def _key(value: Any) -> tuple[bool, Decimal, str]:
    number = Decimal(value) if isinstance(value, int | Decimal) else Decimal(0)
    return (value is not None, number, value.casefold() if isinstance(value, str) else "")


def _fits(own: Any, operator: str, wanted: Any) -> bool:
    match operator:
        case "is":
            return (own not in (None, "", 0)) == (str(wanted).lower() == "set")
        case "in" | "not in":
            options = wanted if isinstance(wanted, list) else str(wanted).split(",")
            return any(_compared(own, each) == 0 for each in options) == (operator == "in")
        case "like" | "not like":
            parts = (".*" if sign == "%" else "." if sign == "_" else re.escape(sign) for sign in str(wanted))
            return (re.fullmatch("".join(parts), str(own or ""), re.IGNORECASE | re.DOTALL) is not None) == (
                operator == "like"
            )
        case "between":
            return _compared(own, wanted[0]) in (0, 1) and _compared(own, wanted[1]) in (0, -1)
    order = _compared(own, wanted)
    wants = {"=": (0,), ">": (1,), ">=": (0, 1), "<": (-1,), "<=": (-1, 0)}
    if operator == "!=":
        return order != 0
    if operator not in wants:
        raise Denied(
            "ValidationError", f"Operator must be one of {', '.join([*wants, '!=', 'like', 'in', 'is', 'between'])}"
        )
    return order in wants[operator]


def _compared(own: Any, wanted: Any) -> int | None:
    """-1, 0, 1; texts without case, as MariaDB does; None where one side is empty."""
    if own is None or wanted is None:
        return 0 if own is None and wanted in (None, "") else None
    if isinstance(own, int | Decimal):
        try:
            number = Decimal(str(wanted))
        except InvalidOperation:
            number = Decimal(0)
        return (own > number) - (own < number)
    one, other = str(own).casefold(), str(wanted).casefold()
    return (one > other) - (one < other)
