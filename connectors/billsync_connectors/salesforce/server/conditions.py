"""Conditions of SOQL as functions of a record.  (pure)"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.fields import NUMBERS, TEXTS, Field
from billsync_connectors.salesforce.server.ids import full
from billsync_connectors.salesforce.server.soql import Compared, Joined, Literal, Path, fault
from billsync_connectors.salesforce.server.values import Row
from billsync_stand_in.clock import read

Get = Callable[[Row], Any]
Test = Callable[[Row], bool]
Resolve = Callable[[Path], tuple[Field, Get]]
_SIGNS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": lambda one, other: bool(one < other),
    "<=": lambda one, other: bool(one <= other),
    ">": lambda one, other: bool(one > other),
    ">=": lambda one, other: bool(one >= other),
}
_SPANS: Final = ("=", "!=", *_SIGNS)
_UNFILTERED: Final = 255
"""Texts that may be longer cannot be filtered or sorted by."""


class Conditions:
    """Makes tests of one query's conditions.

    Attributes:
        now: of the day that TODAY is.
    """

    def __init__(self, text: str, resolve: Resolve, inner: Callable[[Any], set[Any]], now: datetime) -> None:
        self._text, self._resolve, self._inner, self._now = text, resolve, inner, now

    def test(self, condition: Compared | Joined | None) -> Test:
        """Whether a record fits.  Raises `Denied`."""
        if condition is None:
            return lambda _row: True
        if isinstance(condition, Compared):
            return self._compared(condition)
        tests = [self.test(each) for each in condition.of]
        if condition.how == "NOT":
            return lambda row: not tests[0](row)
        if condition.how == "AND":
            return lambda row: all(test(row) for test in tests)
        return lambda row: any(test(row) for test in tests)

    def _compared(self, condition: Compared) -> Test:
        field, get = self._resolve(condition.path)
        if not filterable(field):
            told = f"field '{field.name}' can not be filtered in a query call"
            raise fault(self._text, condition.path.at, "INVALID_FIELD", told)
        if condition.query is not None:
            among = self._inner(condition.query)
            wanted = condition.sign == "IN"
            return lambda row: (get(row) in among) is wanted
        if condition.sign == "LIKE":
            return self._like(field, get, condition)
        span = _days(condition.values[0], self._now)
        if span is not None and field.type in ("date", "datetime") and condition.sign in _SPANS:
            more = "" if field.type == "date" else "T00:00:00.000+0000"
            return _within(get, condition.sign, *(f"{day.isoformat()}{more}" for day in span))
        values = [self._value(field, literal, condition.path) for literal in condition.values]
        return _test(_folded(field, get), condition.sign, values)

    def _like(self, field: Field, get: Get, condition: Compared) -> Test:
        literal = condition.values[0]
        if literal.kind != "text" or field.type not in TEXTS:
            raise self._wrong(field, condition.path, "invalid operator on a field of this type")
        pattern = _pattern(literal.value)
        return lambda row: (found := get(row)) is not None and pattern.fullmatch(found) is not None

    def _value(self, field: Field, literal: Literal, path: Path) -> Any:
        """A literal as the field's values are compared."""
        if literal.kind == "null":
            return None
        read = _READ.get(_family(field))
        found = read(literal, self._now) if read else None
        if found is None:
            quoted = "should not be enclosed in quotes" if literal.kind == "text" else "should be enclosed in quotes"
            if _family(field) == "id":
                raise fault(self._text, path.at, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {literal.value}")
            type = {"datetime": "dateTime", "reference": "id"}.get(field.type, field.type)
            raise self._wrong(field, path, f"must be of type {type} and {quoted}")
        return found

    def _wrong(self, field: Field, path: Path, message: str) -> Denied:
        return fault(
            self._text, path.at, "INVALID_FIELD", f"value of filter criterion for field '{field.name}' {message}"
        )


def filterable(field: Field) -> bool:
    """Whether conditions and orders may go by it."""
    return field.type != "address" and not (field.type == "textarea" and field.length > _UNFILTERED)


def _test(get: Get, sign: str, values: list[Any]) -> Test:
    (value, *_rest) = values
    if sign == "=":
        return lambda row: get(row) == value
    if sign == "!=":
        return lambda row: get(row) != value
    if sign in ("IN", "NOT IN"):
        among, wanted = frozenset(values), sign == "IN"
        return lambda row: (get(row) in among) is wanted
    if value is None:
        return lambda _row: False
    compare = _SIGNS[sign]
    return lambda row: (found := get(row)) is not None and compare(found, value)


def _folded(field: Field, get: Get) -> Get:
    """Texts are compared without regard to capitals."""
    if field.type not in TEXTS:
        return get
    return lambda row: None if (found := get(row)) is None else found.casefold()


def _pattern(text: str) -> re.Pattern[str]:
    parts = re.findall(r"\\[%_]|%|_|[^%_\\]+|\\", text)
    signs = {"%": ".*", "_": "."}
    found = "".join(signs.get(part, re.escape(part.removeprefix("\\") or part)) for part in parts)
    return re.compile(found, re.IGNORECASE | re.DOTALL)


def _family(field: Field) -> str:
    if field.type in TEXTS:
        return "text"
    if field.type in NUMBERS:
        return "number"
    return "id" if field.type == "reference" else field.type


def _a_text(literal: Literal, _now: datetime) -> Any:
    return literal.value.casefold() if literal.kind == "text" else None


def _a_number(literal: Literal, _now: datetime) -> Any:
    return Decimal(literal.value) if literal.kind == "number" else None


def _an_id(literal: Literal, _now: datetime) -> Any:
    return full(literal.value) if literal.kind == "text" else None


def _a_boolean(literal: Literal, _now: datetime) -> Any:
    return literal.value if literal.kind == "boolean" else None


def _a_date(literal: Literal, _now: datetime) -> Any:
    try:
        return date.fromisoformat(literal.value).isoformat() if literal.kind == "date" else None
    except ValueError:
        return None


def _an_instant(literal: Literal, _now: datetime) -> Any:
    try:
        found = read(literal.value.upper()) if literal.kind == "datetime" else None
    except ValueError:
        return None
    return None if found is None else f"{found:%Y-%m-%dT%H:%M:%S}.{found.microsecond // 1000:03}+0000"


def _days(literal: Literal, now: datetime) -> tuple[date, date] | None:
    """The days of a literal such as TODAY or LAST_N_DAYS:7, which reaches to today: the first, and the one after."""
    today, one = now.date(), timedelta(days=1)
    match literal.kind:
        case "TODAY" | "YESTERDAY" | "TOMORROW":
            day = today + {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}[literal.kind] * one
            return day, day + one
        case "LAST_N_DAYS":
            return today - literal.value * one, today + one
        case "NEXT_N_DAYS":
            return today + one, today + (literal.value + 1) * one
    return None


def _within(get: Get, sign: str, first: str, after: str) -> Test:
    """A test against a span of time."""
    tests: dict[str, Callable[[str], bool]] = {
        "=": lambda found: first <= found < after,
        "!=": lambda found: not first <= found < after,
        "<": lambda found: found < first,
        "<=": lambda found: found < after,
        ">": lambda found: found >= after,
        ">=": lambda found: found >= first,
    }
    test = tests[sign]
    return lambda row: sign == "!=" if (found := get(row)) is None else test(found)


_READ: Final[dict[str, Callable[[Literal, datetime], Any]]] = {
    "text": _a_text,
    "number": _a_number,
    "id": _an_id,
    "boolean": _a_boolean,
    "date": _a_date,
    "datetime": _an_instant,
}
