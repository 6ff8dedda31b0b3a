"""Functions of lists: a single value counts as a list of one, nothing as an empty list.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from billsync.mapping.formula.functions import Mismatch, function, take_bool, take_number
from billsync.mapping.formula.library.basics import EXACT, bounded, comparable, equal, exactly, whole
from billsync.mapping.formula.library.numbers import _div
from billsync.mapping.values import MAX_TEXT, MISSING, is_blank, kind_of, written
from billsync.model.scalar import show

_FIELDS = "The entries and the names of their fields: written as two lists, entries without a field would shift them."


def _filled(values: tuple[list[Any], ...]) -> Iterator[Any]:
    return (value for entries in values for value in entries if not is_blank(value))


def _numbers(values: tuple[list[Any], ...]) -> list[Decimal]:
    return [take_number(value) for value in _filled(values)]


# ---------------------------------------------------------------- sums


@function(
    "SUM(values: list, more: list...) -> number",
    "The sum of numbers; blank entries count as nothing.",
    "SUM(1, 2, 3.5) = 6.5",
    "SUM(NULL) = 0",
    fails={"SUM('1', 2)": "SUM: expected a number, got the text '1'"},
)
def _sum(*values: list[Any]) -> Decimal:
    total = Decimal(0)
    for number in _numbers(values):
        total = exactly(EXACT.add, total, number)
    return total


@function(
    "SUMIF(entries: list, field: text, value: any, amount: text) -> number",
    "The sum of one field over the entries whose other field has the value; blank amounts count as nothing.",
    "SUMIF(lines, 'kind', 'seat', 'amount') = 30",
    "SUMIF(lines, 'kind', 'other', 'amount') = 0",
    note="In the examples, `lines` is two entries: {kind: seat, amount: 30, quantity: 3, price: 10} and "
    "{kind: setup, amount: 100, quantity: 1, price: 100}. " + _FIELDS,
    fails={"SUMIF(lines, 'kind', 1, 'amount')": "SUMIF: expected a number, got the text 'seat'"},
)
def _sumif(entries: list[Any], field: str, value: Any, amount: str) -> Decimal:
    found = [_of(entry, amount) for entry in entries if equal(value, _of(entry, field))]
    return _sum([None if number is MISSING else number for number in found])


@function(
    "SUMPRODUCT(entries: list, first: text, second: text) -> number",
    "The sum over the entries of one field times another; an entry without one of them is a problem.",
    "SUMPRODUCT(lines, 'quantity', 'price') = 130",
    "SUMPRODUCT(NULL, 'quantity', 'price') = 0",
    note="In the examples, `lines` is two entries: {kind: seat, amount: 30, quantity: 3, price: 10} and "
    "{kind: setup, amount: 100, quantity: 1, price: 100}. " + _FIELDS,
    fails={
        "SUMPRODUCT(lines, 'quantity', 'cost')": "SUMPRODUCT: entry 1 has no 'cost'",
        "SUMPRODUCT(lines.quantity, 'quantity', 'price')": "SUMPRODUCT: expected entries with fields, got the number 3",
    },
)
def _sumproduct(entries: list[Any], first: str, second: str) -> Decimal:
    total = Decimal(0)
    for number, entry in enumerate(entries, start=1):
        pair = [_needed(entry, name, number) for name in (first, second)]
        total = exactly(EXACT.add, total, exactly(EXACT.multiply, *pair))
    return total


def _of(entry: Any, name: str) -> Any:
    """A field of an entry, MISSING where it has none.  Raises ValueError for an entry without fields."""
    if not isinstance(entry, Mapping):
        shown = "text" if kind_of(entry) == "text" else f"the {kind_of(entry)} {written(entry)}"
        raise ValueError(f"expected entries with fields, got {shown}")
    return entry.get(name, MISSING)


def _needed(entry: Any, name: str, number: int) -> Decimal:
    value = _of(entry, name)
    if is_blank(value):
        raise ValueError(f"entry {number} has no {show(name)}")
    return take_number(value)


@function(
    "AVERAGE(values: list, decimals: number) -> number",
    "The mean of numbers, rounded half up to its scale; blank entries do not count, and NULL without any.",
    "AVERAGE(SPLIT('', ';'), 2) = NULL",
    "AVERAGE(lines.price, 2) = 55",
    note="In the examples, `lines` is two entries with a price of 10 and of 100. As with DIV, the result has to say "
    "how many decimals it has.",
    fails={"AVERAGE(5)": "AVERAGE does not take 1 value"},
)
def _average(values: list[Any], decimals: Decimal) -> Decimal | None:
    numbers = _numbers((values,))
    mean = _div(_sum(list(numbers)), Decimal(len(numbers) or 1), decimals)
    return mean if numbers else None


# ---------------------------------------------------------------- counting


@function(
    "COUNT(values: list, more: list...) -> number",
    "How many entries are not blank.",
    "COUNT('a', '', 'b') = 2",
    "COUNT(NULL) = 0",
    note="Excel's COUNT counts numbers only; this is its COUNTA.",
    fails={"COUNT()": "COUNT does not take 0 values"},
)
def _count(*values: list[Any]) -> Decimal:
    return Decimal(sum(1 for _ in _filled(values)))


@function(
    "COUNTIF(values: list, value: any) -> number",
    "How many entries equal the value.",
    "COUNTIF(SPLIT('a;b;a', ';'), 'a') = 2",
    "COUNTIF(NULL, 'a') = 0",
    fails={"COUNTIF(SPLIT('1;2', ';'), 1)": "COUNTIF: expected a number, got the text '1'"},
)
def _countif(values: list[Any], value: Any) -> Decimal:
    return Decimal(sum(equal(value, entry) for entry in values))


@function(
    "ANY(values: list, value: any?) -> boolean",
    "Whether an entry equals the value, or without one is TRUE.",
    "ANY('a', 'a')",
    "NOT ANY(FALSE)",
    "NOT ANY(NULL, 'a')",
    fails={"ANY('x')": "ANY: expected TRUE or FALSE, got the text 'x'"},
)
def _any(values: list[Any], *value: Any) -> bool:
    return any(equal(entry, value[0]) if value else take_bool(entry) for entry in values)


@function(
    "ALL(values: list, value: any?) -> boolean",
    "Whether every entry equals the value, or without one is TRUE.",
    "ALL('a', 'a')",
    "NOT ALL('a', 'b')",
    "ALL(NULL)",
    fails={"ALL('x')": "ALL: expected TRUE or FALSE, got the text 'x'"},
)
def _all(values: list[Any], *value: Any) -> bool:
    return all(equal(entry, value[0]) if value else take_bool(entry) for entry in values)


# ---------------------------------------------------------------- one of them


@function(
    "FIRST(values: list, more: list...) -> any",
    "The first entry that is not blank, else NULL.",
    "FIRST('', 'b', 'c') = 'b'",
    "FIRST(NULL) = NULL",
    fails={"FIRST()": "FIRST does not take 0 values"},
)
def _first(*values: list[Any]) -> Any:
    return next(_filled(values), None)


@function(
    "LAST(values: list, more: list...) -> any",
    "The last entry that is not blank, else NULL.",
    "LAST('a', 'b', '') = 'b'",
    "LAST(NULL) = NULL",
    fails={"LAST()": "LAST does not take 0 values"},
)
def _last(*values: list[Any]) -> Any:
    backwards = (value for entries in reversed(values) for value in reversed(entries))
    return next((value for value in backwards if not is_blank(value)), None)


@function(
    "INDEX(values: list, position: number) -> any",
    "The entry at a position, the first is 1; NULL beyond the end.",
    "INDEX(SPLIT('a;b;c', ';'), 2) = 'b'",
    "INDEX(SPLIT('a;b;c', ';'), 9) = NULL",
    note="A path counts from 0: `lines[0].sku`.",
    fails={"INDEX(SPLIT('a;b', ';'), 0)": "INDEX: a position is a whole number from 1 to 100,000, got 0"},
)
def _index(values: list[Any], position: Decimal) -> Any:
    at = whole(position, "a position", 1) - 1
    return values[at] if at < len(values) else None


@function(
    "MIN(values: list, more: list...) -> any",
    "The least of numbers or of dates, else NULL.",
    "MIN(3, 1, 2) = 1",
    "MIN(NULL) = NULL",
    fails={"MIN('a', 'b')": "MIN: expected a number, got the text 'a'"},
)
def _min(*values: list[Any]) -> Any:
    return min(_ordered(values), default=None)


@function(
    "MAX(values: list, more: list...) -> any",
    "The greatest of numbers or of dates, else NULL.",
    "MAX(3, 1, 2) = 3",
    "MAX(DATE('2026-01-31'), DATE('2026-02-01')) = DATE('2026-02-01')",
    fails={"MAX(1, DATE('2026-01-31'))": "MAX: expected a number, got the date 2026-01-31"},
)
def _max(*values: list[Any]) -> Any:
    return max(_ordered(values), default=None)


def _ordered(values: tuple[list[Any], ...]) -> list[Any]:
    found = list(_filled(values))
    return [comparable(value, found[0]) for value in found]


# ---------------------------------------------------------------- other lists


@function(
    "JOIN(values: list, separator: text) -> text",
    "The texts of a list, blank ones left out, in one.",
    "JOIN('a', ', ') = 'a'",
    "JOIN(SPLIT('a;;b', ';'), ', ') = 'a, b'",
    note="TEXTJOIN in Excel.",
    fails={"JOIN('a')": "JOIN does not take 1 value"},
)
def _join(values: list[Any], separator: str) -> str:
    parts = [written(value) for value in values if not is_blank(value)]
    if len(separator) * (len(parts) - 1) > MAX_TEXT:  # before it is made, not after
        raise ValueError(f"the text would be longer than the limit of {MAX_TEXT:,} characters")
    return bounded(separator.join(parts))


@function(
    "UNIQUE(values: list, more: list...) -> list",
    "Each value once, in the order in which they come; no blank ones.",
    "JOIN(UNIQUE(SPLIT('b;a;b', ';')), '') = 'ba'",
    "COUNT(UNIQUE(1, 1.0, 2)) = 2",
    fails={"UNIQUE(lines)": "UNIQUE: expected a single value, got an object"},
)
def _unique(*values: list[Any]) -> list[Any]:
    found: dict[tuple[str, Any], Any] = {}
    for value in _filled(values):
        found.setdefault((kind_of(value), _single(value)), value)  # of each kind: TRUE is not 1, as Python has it
    return list(found.values())


def _single(value: Any) -> Any:
    if kind_of(value) in {"list", "object", "unknown"}:
        written(value)
    return value


@function(
    "SORT(values: list, more: list...) -> list",
    "From the least to the greatest: numbers, dates, or text by its characters; no blank ones.",
    "JOIN(SORT(SPLIT('b;a;c', ';')), '') = 'abc'",
    "FIRST(SORT(3, 1, 2)) = 1",
    note="Text is sorted by its characters' numbers: Z comes before a, and 10 before 9.",
    fails={"SORT(1, 'a')": "SORT: expected a number, got the text 'a'"},
)
def _sort(*values: list[Any]) -> list[Any]:
    found = list(_filled(values))
    if any(kind_of(value) not in {"number", "date", "instant", "text"} for value in found):
        raise ValueError("numbers, dates and text can be sorted, nothing else")
    for value in found:
        if kind_of(value) != kind_of(found[0]):
            raise Mismatch(kind_of(found[0]), value)
    return sorted(found)
