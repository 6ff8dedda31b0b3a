"""Functions that choose: conditions, nothing in its three forms, lookups.  (pure)"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

from billsync.mapping.casts import compile_cast, table_key
from billsync.mapping.formula.functions import function, take_bool
from billsync.mapping.formula.library.basics import Thunk, comparable, equal
from billsync.mapping.tables import Table
from billsync.mapping.values import MISSING, is_blank, kind_of

# ---------------------------------------------------------------- conditions


@function(
    "IF(condition: boolean, then: any, else: any?) -> any",
    "One of two values; NULL without the third.",
    "IF(1 < 2, 'yes', 'no') = 'yes'",
    "IF(FALSE, 'x') = NULL",
    lazy=True,
    fails={"IF('yes', 1, 0)": "IF works on TRUE or FALSE, this is text"},
)
def _if(condition: Thunk, then: Thunk, other: Thunk | None = None) -> Any:
    if take_bool(condition()):
        return then()
    return None if other is None else other()


@function(
    "IFS(condition: boolean, then: any, more: any...) -> any",
    "The value beside the first condition that is TRUE; the last one alone is for everything else, without it NULL.",
    "IFS(1 > 2, 'a', 2 > 1, 'b') = 'b'",
    "IFS(1 > 2, 'a', 'else') = 'else'",
    "IFS(1 > 2, 'a') = NULL",
    lazy=True,
    note="A `case:` in the mapping says the same with a line for each condition.",
    fails={"IFS(FALSE, 'a', 'b', 'c')": "IFS: expected TRUE or FALSE, got the text 'b'"},
)
def _ifs(*rest: Thunk) -> Any:
    for index in range(len(rest) // 2):
        if take_bool(rest[2 * index]()):
            return rest[2 * index + 1]()
    return rest[-1]() if len(rest) % 2 else None


_PAIRS = "The value beside the first match; the last one alone is for everything else, without it NULL."


@function(
    "SWITCH(value: any, match: any, then: any, more: any...) -> any",
    _PAIRS,
    "SWITCH(2, 1, 'one', 2, 'two') = 'two'",
    "SWITCH('z', 'a', 1, 0) = 0",
    lazy=True,
    note="Excel's name for CASE.",
    fails={"SWITCH('2', 2, 'two')": "SWITCH: expected text, got the number 2"},
)
@function(
    "CASE(value: any, match: any, then: any, more: any...) -> any",
    _PAIRS,
    "CASE('b', 'a', 1, 'b', 2, 0) = 2",
    "CASE('z', 'a', 1, 0) = 0",
    "CASE('z', 'a', 1) = NULL",
    lazy=True,
    note="For more than a handful of pairs, a table and `lookup:` are easier to read and to extend.",
    fails={"CASE('5', 5, 'five')": "CASE: expected text, got the number 5"},
)
def _case(value: Thunk, *rest: Thunk) -> Any:
    wanted = value()
    for index in range(len(rest) // 2):
        if equal(wanted, rest[2 * index]()):
            return rest[2 * index + 1]()
    return rest[-1]() if len(rest) % 2 else None


@function(
    "AND(condition: boolean, more: boolean...) -> boolean",
    "TRUE where all are; stops at the first that is not.",
    "AND(TRUE, 1 < 2)",
    "NOT AND(TRUE, FALSE)",
    lazy=True,
    note="`a AND b` says the same.",
    fails={"AND(TRUE, 'x')": "AND works on TRUE or FALSE, this is text"},
)
def _and(*conditions: Thunk) -> bool:
    return all(take_bool(condition()) for condition in conditions)


@function(
    "OR(condition: boolean, more: boolean...) -> boolean",
    "TRUE where one is; stops at the first that is.",
    "OR(FALSE, 1 < 2)",
    "NOT OR(FALSE, FALSE)",
    lazy=True,
    note="`a OR b` says the same; for one field and many values, `Country IN ('DE', 'FR')`.",
    fails={"OR(1, 0)": "OR works on TRUE or FALSE, this is a number"},
)
def _or(*conditions: Thunk) -> bool:
    return any(take_bool(condition()) for condition in conditions)


@function(
    "XOR(condition: boolean, more: boolean...) -> boolean",
    "TRUE where an odd number of them are.",
    "XOR(TRUE, FALSE)",
    "NOT XOR(TRUE, TRUE)",
    lazy=True,
    note="With two values: exactly one of them.",
    fails={"XOR(TRUE, 'x')": "XOR works on TRUE or FALSE, this is text"},
)
def _xor(*conditions: Thunk) -> bool:
    return sum(take_bool(condition()) for condition in conditions) % 2 == 1


@function(
    "NOT(condition: boolean) -> boolean",
    "The contrary.",
    "NOT(1 > 2)",
    fails={"NOT('x')": "NOT works on TRUE or FALSE, this is text"},
)
def _not(condition: bool) -> bool:  # noqa: FBT001  a value of the formula, not an option
    return not condition


@function(
    "BETWEEN(value: any, low: any, high: any) -> boolean",
    "Whether a number or a date lies between two others, both included.",
    "BETWEEN(5, 1, 10)",
    "BETWEEN(DATE('2026-01-31'), DATE('2026-01-01'), DATE('2026-01-31'))",
    "NOT BETWEEN(11, 1, 10)",
    fails={"BETWEEN('5', 1, 10)": "BETWEEN: expected a number, got the text '5'"},
)
def _between(value: Any, low: Any, high: Any) -> bool:
    ends = comparable(low, value), comparable(high, value)
    middle = comparable(value, low)
    return bool(ends[0] <= middle <= ends[1])


# ---------------------------------------------------------------- nothing


@function(
    "ISBLANK(value: any) -> boolean",
    "Whether it is missing, null or text of nothing but blanks.",
    "ISBLANK('')",
    "ISBLANK(NULL)",
    "NOT ISBLANK(FALSE)",
    note="Salesforce's and Excel's name for BLANK.",
    fails={"ISBLANK()": "ISBLANK does not take 0 values"},
)
@function(
    "BLANK(value: any) -> boolean",
    "Whether it is missing, null or text of nothing but blanks.",
    "BLANK('  ')",
    "BLANK(NULL)",
    "NOT BLANK(0)",
    fails={"BLANK()": "BLANK does not take 0 values"},
)
def _blank(value: Any) -> bool:
    return is_blank(value)


@function(
    "MISSING(value: any) -> boolean",
    "Whether the record has no such field at all; null and '' are there.",
    "NOT MISSING(NULL)",
    "NOT MISSING('')",
    fails={"MISSING()": "MISSING does not take 0 values"},
)
def _missing(value: Any) -> bool:
    return value is MISSING


@function(
    "BLANKVALUE(value: any, instead: any) -> any",
    "The value, or the other one where it is blank.",
    "BLANKVALUE('', 'x') = 'x'",
    "BLANKVALUE(NULL, 0) = 0",
    "BLANKVALUE('a', 'x') = 'a'",
    lazy=True,
    note="A field's `default:` says the same.",
    fails={
        "BLANKVALUE('', VALUE('x'))": "VALUE: expected a number such as 1234.50 (point, no thousands "
        "separator), got 'x'"
    },
)
def _blankvalue(value: Thunk, instead: Thunk) -> Any:
    found = value()
    return instead() if is_blank(found) else found


@function(
    "NULLVALUE(value: any, instead: any) -> any",
    "The value, or the other one where it is null or missing; empty text is a value.",
    "NULLVALUE(NULL, 0) = 0",
    "NULLVALUE('', 'x') = ''",
    lazy=True,
    note="Salesforce advises BLANKVALUE for text, and so do we: most systems send '' where nothing was filled in.",
    fails={"NULLVALUE(NULL)": "NULLVALUE does not take 1 value"},
)
def _nullvalue(value: Thunk, instead: Thunk) -> Any:
    found = value()
    return instead() if found is None or found is MISSING else found


@function(
    "COALESCE(value: any, more: any...) -> any",
    "The first value that is neither null nor missing, else NULL.",
    "COALESCE(NULL, 0, 1) = 0",
    "COALESCE(NULL, '') = ''",
    "COALESCE(NULL) = NULL",
    lazy=True,
    note="SQL's name. FIRST passes over empty text too.",
    fails={"COALESCE()": "COALESCE does not take 0 values"},
)
def _coalesce(*values: Thunk) -> Any:
    return next((found for value in values if (found := value()) is not None and found is not MISSING), None)


# ---------------------------------------------------------------- kinds of text


@function(
    "ISNUMBER(value: any, format: text?) -> boolean",
    "Whether it is a number, or text that VALUE reads as one.",
    "ISNUMBER('12.50')",
    "ISNUMBER(3)",
    "NOT ISNUMBER('12,50')",
    "ISNUMBER('1.234,50', '1.234,56')",
    note="As in Salesforce. In Excel, text is never a number.",
    fails={
        "ISNUMBER('1', 'x')": "ISNUMBER: unknown number format 'x': expected one of 1234.56, 1,234.56, "
        "1.234,56, 1234,56, 1 234,56, 1'234.56"
    },
)
def _isnumber(value: Any, format: str | None = None) -> bool:
    read = compile_cast("decimal", format)
    with suppress(ValueError):
        return isinstance(read(value), Decimal)
    return False


@function(
    "ISDATE(value: any, format: text?) -> boolean",
    "Whether it is a date, or text that DATE reads as one.",
    "ISDATE('2026-01-31')",
    "NOT ISDATE('2026-02-30')",
    "ISDATE('31.1.2026', 'D.M.YYYY')",
    fails={"ISDATE('2026', 'YYYY')": "ISDATE: the date format 'YYYY' needs a year (YYYY), a month (MM) and a day (DD)"},
)
def _isdate(value: Any, format: str | None = None) -> bool:
    read = compile_cast("date", format)
    with suppress(ValueError):
        return kind_of(read(value)) == "date"
    return False


@function(
    "ISPICKVAL(field: text, value: text) -> boolean",
    "Whether a picklist field has the value; nothing is ''.",
    "ISPICKVAL('Closed Won', 'Closed Won')",
    "ISPICKVAL(NULL, '')",
    "NOT ISPICKVAL('won', 'Won')",
    note="`StageName = 'Closed Won'` says the same, except that NULL is not ''.",
    fails={"ISPICKVAL(5, '5')": "ISPICKVAL works on text, this is a number"},
)
def _ispickval(field: str, value: str) -> bool:
    return field == value


@function(
    "INCLUDES(field: text, value: text) -> boolean",
    "Whether a multi-select field (`Gold;Silver`) has the value among those that it holds.",
    "INCLUDES('Gold;Silver', 'Silver')",
    "NOT INCLUDES('Goldfish', 'Gold')",
    "NOT INCLUDES(NULL, 'Gold')",
    fails={"INCLUDES(1, '1')": "INCLUDES works on text, this is a number"},
)
def _includes(field: str, value: str) -> bool:
    return bool(value) and value in [part.strip() for part in field.split(";")]


# ---------------------------------------------------------------- tables


@function(
    "LOOKUP(table: table, value: any, otherwise: any?) -> any",
    "What a table has for the value; without a third argument a value that is not in it is a problem.",
    "LOOKUP(iso, 'Germany') = 'DE'",
    "LOOKUP(iso, 'Atlantis', 'XX') = 'XX'",
    lazy=True,
    note="The table stands under `tables:`. A field's own `lookup:` says the same with fewer words.",
    fails={"LOOKUP(iso, 'Germny')": "'Germny' is not in the table iso"},
)
def _lookup(table: Thunk, value: Thunk, otherwise: Thunk | None = None) -> Any:
    found: Table = table()
    key = table_key(value())
    if key in found.entries:
        return found.entries[key]
    if otherwise is None:
        raise found.miss(key)
    return otherwise()
