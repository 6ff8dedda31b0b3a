"""The formula functions.  (pure)

Each is entered with its signature, a sentence, and examples that are run as tests.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from billsync.mapping.casts import table_key
from billsync.mapping.dates import compile_format
from billsync.mapping.functions import Mismatch, function, take_bool, take_number
from billsync.mapping.tables import Table
from billsync.mapping.values import MAX_TEXT, MISSING, is_blank, kind_of, written
from billsync.model.money import round_amount, round_to
from billsync.model.period import add_months
from billsync.model.scalar import MAX_DECIMALS, plain, read_day, read_decimal

Thunk = Callable[[], Any]

EXACT: Final = decimal.Context(prec=80, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.Overflow])
"""Arithmetic that is exact or fails: no digit is ever dropped silently."""


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same; nothing equals only its own form of nothing.

    Raises ValueError for kinds that cannot be compared: for the text '5' and the number 5, a silent FALSE would hide
    the fault.
    """
    kinds = kind_of(left), kind_of(right)
    if kinds[0] == kinds[1]:
        return bool(left == right)
    if {"null", "missing"} & set(kinds):
        return False
    raise Mismatch(kinds[0], right) if kinds[0] != "unknown" else ValueError("these values cannot be compared")


def _whole(value: Decimal, what: str, low: int = 0, high: int = MAX_TEXT) -> int:
    if value != value.to_integral_value() or not low <= value <= high:
        raise ValueError(f"{what} is a whole number from {low} to {high:,}, got {plain(value)}")
    return int(value)


def bounded(text: str) -> str:
    """The text itself.  Raises ValueError where it is longer than a text may be."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"the text has {len(text):,} characters, the limit is {MAX_TEXT:,}")
    return text


# ---------------------------------------------------------------- choices


@function("IF(condition: boolean, then: any, else: any?) -> any", "One of two values; NULL without the third.",
          "IF(1 < 2, 'yes', 'no') = 'yes'", "IF(FALSE, 'x') = NULL", lazy=True)  # fmt: skip
def _if(condition: Thunk, then: Thunk, other: Thunk | None = None) -> Any:
    if take_bool(condition()):
        return then()
    return None if other is None else other()


@function("CASE(value: any, match: any, then: any, more: any...) -> any",
          "The value beside the first match; the last one alone is for everything else, without it NULL.",
          "CASE('b', 'a', 1, 'b', 2, 0) = 2", "CASE('z', 'a', 1, 0) = 0", "CASE('z', 'a', 1) = NULL",
          lazy=True)  # fmt: skip
def _case(value: Thunk, *rest: Thunk) -> Any:
    wanted = value()
    pairs = len(rest) // 2
    for index in range(pairs):
        if equal(wanted, rest[2 * index]()):
            return rest[2 * index + 1]()
    return rest[-1]() if len(rest) % 2 else None


@function("AND(condition: boolean, more: boolean...) -> boolean", "TRUE where all are; stops at the first that is not.",
          "AND(TRUE, 1 < 2)", "NOT AND(TRUE, FALSE)", lazy=True)  # fmt: skip
def _and(*conditions: Thunk) -> bool:
    return all(take_bool(condition()) for condition in conditions)


@function("OR(condition: boolean, more: boolean...) -> boolean", "TRUE where one is; stops at the first that is.",
          "OR(FALSE, 1 < 2)", "NOT OR(FALSE, FALSE)", lazy=True)  # fmt: skip
def _or(*conditions: Thunk) -> bool:
    return any(take_bool(condition()) for condition in conditions)


@function("NOT(condition: boolean) -> boolean", "The contrary.", "NOT(1 > 2)")
def _not(condition: bool) -> bool:  # noqa: FBT001  a value of the formula, not an option
    return not condition


@function("BLANK(value: any) -> boolean", "Whether it is missing, null or text of nothing but blanks.",
          "BLANK('  ')", "BLANK(NULL)", "NOT BLANK(0)")  # fmt: skip
def _blank(value: Any) -> bool:
    return is_blank(value)


@function("MISSING(value: any) -> boolean", "Whether the record has no such field at all; null and '' are there.",
          "NOT MISSING(NULL)", "NOT MISSING('')")  # fmt: skip
def _missing(value: Any) -> bool:
    return value is MISSING


@function("BLANKVALUE(value: any, instead: any) -> any", "The value, or the other one where it is blank.",
          "BLANKVALUE('', 'x') = 'x'", "BLANKVALUE(NULL, 0) = 0", "BLANKVALUE('a', 'x') = 'a'", lazy=True)  # fmt: skip
def _blankvalue(value: Thunk, instead: Thunk) -> Any:
    found = value()
    return instead() if is_blank(found) else found


@function("LOOKUP(table: table, value: any, otherwise: any?) -> any",
          "What a table has for the value; without a third argument a value that is not in it is a problem.",
          "LOOKUP(iso, 'Germany') = 'DE'", "LOOKUP(iso, 'Atlantis', 'XX') = 'XX'", lazy=True)  # fmt: skip
def _lookup(table: Thunk, value: Thunk, otherwise: Thunk | None = None) -> Any:
    found: Table = table()
    key = table_key(value())
    if key in found.entries:
        return found.entries[key]
    if otherwise is None:
        raise found.miss(key)
    return otherwise()


# ---------------------------------------------------------------- numbers


@function("ROUND(number: number, decimals: number) -> number", "Rounded half up (away from zero), with these decimals.",
          "ROUND(2.675, 2) = 2.68", "ROUND(3 * 1.005, 2) = 3.02", "ROUND(-0.5, 0) = -1")  # fmt: skip
def _round(number: Decimal, decimals: Decimal) -> Decimal:
    return round_to(number, _whole(decimals, "the number of decimals", 0, MAX_DECIMALS))


@function("MONEY(number: number, currency: text) -> number", "Rounded half up to the decimals of the currency.",
          "MONEY(2.675, 'EUR') = 2.68", "MONEY(2.675, 'JPY') = 3", "MONEY(2.6754, 'KWD') = 2.675")  # fmt: skip
def _money(number: Decimal, currency: str) -> Decimal:
    return round_amount(number, currency)


@function("DIV(number: number, by: number, decimals: number) -> number", "A quotient, rounded half up to its scale.",
          "DIV(10, 4, 2) = 2.5", "DIV(2, 3, 4) = 0.6667", "DIV(-1, 8, 2) = -0.13")  # fmt: skip
def _div(number: Decimal, by: Decimal, decimals: Decimal) -> Decimal:
    scale = _whole(decimals, "the number of decimals", 0, MAX_DECIMALS)
    if not by:
        raise ValueError("division by zero")
    # In whole numbers, so that the rounding sees the exact quotient and not one that was rounded before.
    shift = max(-_exponent(number), -_exponent(by), 0)
    above = abs(int(EXACT.scaleb(number, shift))) * 10**scale
    below = abs(int(EXACT.scaleb(by, shift)))
    rounded = (2 * above + below) // (2 * below)
    return EXACT.scaleb(Decimal(-rounded if (number < 0) != (by < 0) else rounded), -scale)


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


@function("ABS(number: number) -> number", "Without its sign.", "ABS(-2.5) = 2.5")
def _abs(number: Decimal) -> Decimal:
    return abs(number)


@function("VALUE(text: text) -> number", "The number that a text writes: point, no thousands separator.",
          "VALUE('12.50') = 12.5")  # fmt: skip
def _value(text: str) -> Decimal:
    return read_decimal(text)


# ---------------------------------------------------------------- text


@function("TEXT(value: any, format: text?) -> text", "A value as text; a date in a written form.",
          "TEXT(12.50) = '12.50'", "TEXT(DATE('2026-01-31'), 'DD.MM.YYYY') = '31.01.2026'",
          "TEXT(DATE('2026-01-31'), 'YYYY-MM') = '2026-01'", "TEXT(NULL) = ''", "TEXT(TRUE) = 'true'")  # fmt: skip
def _text(value: Any, format: str | None = None) -> str:
    if format is None or is_blank(value):
        return written(value)
    if kind_of(value) not in {"date", "instant"}:
        raise Mismatch("date", value)
    return compile_format(format).print(value)


@function("LEFT(text: text, length: number) -> text", "Its first characters.", "LEFT('abc', 2) = 'ab'")
def _left(text: str, length: Decimal) -> str:
    return text[: _whole(length, "a length")]


@function("RIGHT(text: text, length: number) -> text", "Its last characters.", "RIGHT('abc', 2) = 'bc'",
          "RIGHT('abc', 0) = ''")  # fmt: skip
def _right(text: str, length: Decimal) -> str:
    count = _whole(length, "a length")
    return text[len(text) - count :] if count < len(text) else text


@function("MID(text: text, start: number, length: number) -> text", "Characters from a position on, the first is 1.",
          "MID('abcd', 2, 2) = 'bc'")  # fmt: skip
def _mid(text: str, start: Decimal, length: Decimal) -> str:
    begin = _whole(start, "a position", 1) - 1
    return text[begin : begin + _whole(length, "a length")]


@function("LEN(text: text) -> number", "How many characters it has.", "LEN('abc') = 3", "LEN('') = 0")
def _len(text: str) -> Decimal:
    return Decimal(len(text))


@function("TRIM(text: text) -> text", "Without blanks at both ends.", "TRIM('  a b ') = 'a b'")
def _trim(text: str) -> str:
    return text.strip()


@function("UPPER(text: text) -> text", "In capitals.", "UPPER('de') = 'DE'")
def _upper(text: str) -> str:
    return text.upper()


@function("LOWER(text: text) -> text", "In small letters.", "LOWER('DE') = 'de'")
def _lower(text: str) -> str:
    return text.lower()


@function("SUBSTITUTE(text: text, old: text, new: text) -> text", "Every occurrence replaced.",
          "SUBSTITUTE('a-b-c', '-', '') = 'abc'")  # fmt: skip
def _substitute(text: str, old: str, new: str) -> str:
    if not old:
        return text
    if len(text) + text.count(old) * len(new) > 2 * MAX_TEXT:  # before it is made, not after
        raise ValueError(f"the text would be longer than the limit of {MAX_TEXT:,} characters")
    return bounded(text.replace(old, new))


@function("CONTAINS(text: text, part: text) -> boolean", "Whether the part stands in it, capitals counted.",
          "CONTAINS('Renewal 2026', 'Renewal')", "NOT CONTAINS('abc', 'B')")  # fmt: skip
def _contains(text: str, part: str) -> bool:
    return part in text


@function("JOIN(values: list, separator: text) -> text", "The texts of a list, blank ones left out, in one.",
          "JOIN('a', ', ') = 'a'")  # fmt: skip
def _join(values: list[Any], separator: str) -> str:
    return bounded(separator.join(written(value) for value in values if not is_blank(value)))


# ---------------------------------------------------------------- dates


@function("DATE(text: text, format: text?) -> date", "The day that a text names, as YYYY-MM-DD or in the given form.",
          "TEXT(DATE('2026-01-31')) = '2026-01-31'", "DATE('31.1.2026', 'D.M.YYYY') = DATE('2026-01-31')")  # fmt: skip
def _date(text: str, format: str | None = None) -> date:
    return read_day(text) if format is None else compile_format(format, reading="date").read_day(text)


@function("ADDMONTHS(date: date, months: number) -> date", "So many months later, at most to the end of that month.",
          "ADDMONTHS(DATE('2026-01-31'), 1) = DATE('2026-02-28')",
          "ADDMONTHS(DATE('2026-01-15'), -12) = DATE('2025-01-15')")  # fmt: skip
def _addmonths(day: date, months: Decimal) -> date:
    return add_months(day, _whole(months, "the number of months", -12_000, 12_000))


# ---------------------------------------------------------------- lists


def _numbers(values: tuple[list[Any], ...]) -> list[Decimal]:
    return [take_number(value) for entries in values for value in entries if not is_blank(value)]


@function("SUM(values: list, more: list...) -> number", "The sum of numbers; blank entries count as nothing.",
          "SUM(1, 2, 3.5) = 6.5", "SUM(NULL) = 0")  # fmt: skip
def _sum(*values: list[Any]) -> Decimal:
    total = Decimal(0)
    for number in _numbers(values):
        total = EXACT.add(total, number)
    return total


@function("COUNT(values: list, more: list...) -> number", "How many entries are not blank.",
          "COUNT('a', '', 'b') = 2", "COUNT(NULL) = 0")  # fmt: skip
def _count(*values: list[Any]) -> Decimal:
    return Decimal(sum(not is_blank(value) for entries in values for value in entries))


@function("ANY(values: list, value: any?) -> boolean", "Whether an entry equals the value, or without one is TRUE.",
          "ANY('a', 'a')", "NOT ANY(FALSE)", "NOT ANY(NULL, 'a')")  # fmt: skip
def _any(values: list[Any], *value: Any) -> bool:
    return any(equal(entry, value[0]) if value else take_bool(entry) for entry in values)


@function("ALL(values: list, value: any?) -> boolean", "Whether every entry equals the value, or without one is TRUE.",
          "ALL('a', 'a')", "NOT ALL('a', 'b')", "ALL(NULL)")  # fmt: skip
def _all(values: list[Any], *value: Any) -> bool:
    return all(equal(entry, value[0]) if value else take_bool(entry) for entry in values)


@function("FIRST(values: list, more: list...) -> any", "The first entry that is not blank, else NULL.",
          "FIRST('', 'b', 'c') = 'b'", "FIRST(NULL) = NULL")  # fmt: skip
def _first(*values: list[Any]) -> Any:
    return next((value for entries in values for value in entries if not is_blank(value)), None)


@function("MIN(values: list, more: list...) -> any", "The least of numbers or of dates, else NULL.",
          "MIN(3, 1, 2) = 1", "MIN(NULL) = NULL")  # fmt: skip
def _min(*values: list[Any]) -> Any:
    return min(_ordered(values), default=None)


@function("MAX(values: list, more: list...) -> any", "The greatest of numbers or of dates, else NULL.",
          "MAX(3, 1, 2) = 3", "MAX(DATE('2026-01-31'), DATE('2026-02-01')) = DATE('2026-02-01')")  # fmt: skip
def _max(*values: list[Any]) -> Any:
    return max(_ordered(values), default=None)


def _ordered(values: tuple[list[Any], ...]) -> list[Any]:
    found = [value for entries in values for value in entries if not is_blank(value)]
    return [comparable(value, found[0]) for value in found]


def comparable(value: Any, beside: Any) -> Any:
    """The value, where it has an order beside the other.  Raises ValueError: text has none, nothing has none."""
    kinds = kind_of(value), kind_of(beside)
    if kinds[0] in {"number", "date", "instant"}:
        if kinds[0] == kinds[1] or kinds[1] not in {"number", "date", "instant"}:
            return value
        raise Mismatch(kinds[1], value)
    raise Mismatch("date" if kinds[1] == "date" else "number", value)
