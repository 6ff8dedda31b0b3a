"""Every formula function: its examples, what it refuses, and that no argument whatever brings it down."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.mapping import FUNCTIONS, Function, check
from billsync.mapping.formula.foreign import INSTEAD, unknown_function
from billsync.mapping.formula.functions import TAKE
from billsync.mapping.tables import Table
from billsync.mapping.values import MAX_TEXT, MISSING, Wrong, kind_of
from billsync.model.problem import Place
from tests.mapping.make import apply, mapping, product

TOP = "tables: {iso: {Germany: DE}}\n"
LINES = [
    {"kind": "seat", "amount": Decimal(30), "quantity": 3, "price": Decimal(10)},
    {"kind": "setup", "amount": Decimal(100), "quantity": 1, "price": Decimal(100)},
]


def says(formula: str) -> Any:
    """Whether a formula that is TRUE or FALSE is TRUE, or the message of its first problem."""
    rule = json.dumps(f"IF({formula}, 'yes', 'no')")
    text = product(f"description: {{expr: {rule}}}", "unit: {expr: \"LOOKUP(iso, 'Germany')\"}", top=TOP)
    problems = check(text, "m.yaml")
    mapped = None if problems else apply(mapping(text), {"Id": "1", "lines": LINES})
    if mapped is None or mapped.doc is None:
        first = [*problems, *(mapped.problems if mapped else ())][0]
        return first.message.removeprefix("description: ")
    return mapped.doc["description"] == "yes"


FAILS = [(name, *fault) for name, function in FUNCTIONS.items() for fault in function.fails]


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_every_example_is_true_in_a_mapping(function: Function) -> None:
    assert says(" AND ".join(f"({example})" for example in function.examples)) is True


@pytest.mark.parametrize(("name", "formula", "message"), FAILS, ids=lambda text: text[:60])
def test_what_does_not_work_says_so_as_its_page_shows(name: str, formula: str, message: str) -> None:
    assert says(f"BLANK({formula})") == message
    assert formula.startswith(f"{name}(")


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_every_function_says_all_of_itself(function: Function) -> None:
    assert function.signature.startswith(f"{function.name}(")
    assert function.summary.endswith(".")
    assert function.note == "" or function.note.endswith(".")
    assert function.fails
    assert function.theme in {"choices", "numbers", "text", "dates", "lists"}


# ---------------------------------------------------------------- totality

NUMBERS = st.one_of(
    st.integers(-(10**19), 10**19),
    st.integers(-3, 12),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=6),
    st.sampled_from([Decimal("1E+400"), Decimal("-1E-400"), Decimal("1E+999999"), Decimal("0E+9000"), Decimal("-0")]),
)
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from([
        "", " ", "x" * (MAX_TEXT - 1), "ß" * MAX_TEXT, "İ" * 9, "12.50", "2026-01-31", "0001-01-01", "9999-12-31",
        "2026-01-31T10:00:00Z", "0001-01-01T00:00:00+14:00", "YYYY-MM-DD", "#,##0.00", "1.234,56", "EUR", "M", "Y",
        "Europe/Berlin", "Pacific/Kiritimati", "../../etc", "a;b;c", "kind", "amount", "001A0000006Vm9r",
    ]),
)  # fmt: skip
DATES = st.one_of(st.dates(), st.sampled_from([date.min, date.max]))
INSTANTS = st.one_of(
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from([
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
    ]),
)  # fmt: skip
SINGLE = st.one_of(st.none(), st.just(MISSING), st.booleans(), NUMBERS, TEXTS, DATES, INSTANTS)
ENTRIES = st.dictionaries(st.sampled_from(["kind", "amount", ""]), SINGLE, max_size=3)
LISTS = st.lists(st.one_of(SINGLE, ENTRIES, st.lists(SINGLE, max_size=2)), max_size=5)
ANYTHING = st.one_of(SINGLE, LISTS, ENTRIES)
OF_KIND = {
    "number": NUMBERS,
    "text": TEXTS,
    "date": DATES,
    "instant": INSTANTS,
    "boolean": st.booleans(),
    "list": LISTS,
    "any": ANYTHING,
    "table": st.just(Table("t", {"a": "b", "": None}, Place(file="m.yaml", line=1))),
}


@st.composite
def calls(draw: st.DrawFn, function: Function) -> list[tuple[str, Any]]:
    """Kinds and values of as many arguments as the function takes, mostly of the right kind."""
    most = len(function.parameters) + (3 if function.parameters[-1].repeated else 0)
    count = draw(st.integers(function.fewest, most))
    found = []
    for index in range(count):
        parameter = function.parameter(index)
        assert parameter is not None
        fits = parameter.kind == "table" or draw(st.integers(0, 5))
        found.append((parameter.kind, draw(OF_KIND[parameter.kind] if fits else ANYTHING)))
    return found


def taken(kind: str, value: Any) -> Any:
    return value if kind == "table" else TAKE[kind](value)


def call(function: Function, arguments: list[tuple[str, Any]]) -> Any:
    if function.lazy:
        return function.call(*[lambda pair=pair: taken(*pair) for pair in arguments])
    return function.call(*[taken(*pair) for pair in arguments])


def size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list | tuple):
        return sum(size(entry) for entry in value) + len(value)
    if isinstance(value, dict):
        return size(list(value.values()))
    return 1


def kinds(value: Any) -> set[str]:
    inner = value if isinstance(value, list | tuple) else []
    return {kind_of(value), *(kind for entry in inner for kind in kinds(entry))}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_any_arguments_give_a_value_or_a_value_error(function: Function, data: st.DataObject) -> None:
    arguments = data.draw(calls(function))
    began = time.process_time()
    value, message = outcome(function, arguments)
    assert time.process_time() - began < 1
    assert len(message) < 1_000
    assert not isinstance(value, float)
    assert "unknown" not in kinds(value)
    assert function.result in {"any", kind_of(value)} or value is None
    assert size(value) <= max(2 * MAX_TEXT, size([each for _, each in arguments]))


def outcome(function: Function, arguments: list[tuple[str, Any]]) -> tuple[Any, str]:
    """The value, or None and what is said instead; any other exception than a fault is raised."""
    # A table says itself what is missing in it, with a code of its own.
    faults = (ValueError, Wrong) if function.name == "LOOKUP" else ValueError
    try:
        return call(function, arguments), ""
    except faults as error:
        return None, str(error)


# ---------------------------------------------------------------- exactness


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4),
       st.decimals(min_value=Decimal("0.01"), max_value=10**6, places=2))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_multiple_and_what_remains_make_the_number_again(number: Decimal, step: Decimal) -> None:
    floor, ceiling = (FUNCTIONS[name].call(number, step) for name in ("FLOOR", "CEILING"))
    assert floor <= number <= ceiling
    assert ceiling - floor in {0, step}
    assert floor + FUNCTIONS["MOD"].call(number, step) == number
    assert abs(FUNCTIONS["MROUND"].call(number, step) - number) * 2 <= step


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=4))
@settings(max_examples=60, deadline=None)
def test_a_written_number_is_read_as_itself_rounded(number: Decimal) -> None:
    text, value = FUNCTIONS["TEXT"].call, FUNCTIONS["VALUE"].call
    rounded = FUNCTIONS["ROUND"].call(number, Decimal(2))
    for form, reading in (
        ("0.00", "1234.56"),
        ("#,##0.00", "1,234.56"),
        ("#.##0,00", "1.234,56"),
        ("# ##0,00", "1 234,56"),
    ):
        assert value(text(number, form), reading) == rounded
    assert text(number, "0.00") != "-0.00"


@given(st.dates(date(2, 1, 1), date(9000, 1, 1)), st.integers(0, 600))
@settings(max_examples=60, deadline=None)
def test_months_added_are_months_counted(day: date, months: int) -> None:
    later = FUNCTIONS["ADDMONTHS"].call(day, Decimal(months))
    assert FUNCTIONS["DATEDIF"].call(day, later, "M") == months
    assert FUNCTIONS["DAYS"].call(later, day) == (later - day).days


@given(st.datetimes(datetime(1980, 1, 1), datetime(2037, 1, 1)), st.sampled_from(["Europe/Berlin", "America/New_York"]))  # noqa: DTZ001
@settings(max_examples=60, deadline=None)
def test_a_clock_of_a_zone_reads_back_on_the_same_day_or_never_showed_it(moment: datetime, zone: str) -> None:
    text = moment.replace(microsecond=0).isoformat(sep=" ")
    instant, message = outcome(FUNCTIONS["DATETIMEVALUE"], [("text", text), ("text", zone)])
    assert "never show" in message if instant is None else FUNCTIONS["DATEVALUE"].call(instant, zone) == moment.date()


def test_no_digit_is_lost_where_python_would_round_to_28() -> None:
    long = Decimal("1234567890123456789012345678901234567890.123456789")
    assert FUNCTIONS["ABS"].call(long.copy_negate()) == long
    assert FUNCTIONS["SUM"].call([long, Decimal("0.0000000001")]) - long == Decimal("0.0000000001")
    assert FUNCTIONS["TRUNC"].call(long, Decimal(3)) == Decimal("1234567890123456789012345678901234567890.123")
    assert FUNCTIONS["TEXT"].call(long, "#,##0.0") == "1,234,567,890,123,456,789,012,345,678,901,234,567,890.1"


def test_a_text_that_would_be_too_long_is_refused_before_it_is_made() -> None:
    long = "x" * MAX_TEXT
    for name, arguments in (
        ("JOIN", (["a"] * 100_000, long)),
        ("REPT", (long, Decimal(100_000))),
        ("SUBSTITUTE", (long, "x", long)),
    ):
        with pytest.raises(ValueError, match="would be longer than the limit"):
            FUNCTIONS[name].call(*arguments)


# ---------------------------------------------------------------- other worlds


@pytest.mark.parametrize("name", INSTEAD)
def test_a_name_of_another_world_is_none_here_and_its_hint_names_what_is(name: str) -> None:
    assert name not in FUNCTIONS
    named = {word for word in INSTEAD[name].replace("(", " ( ").replace(",", " ").split() if word.isupper()}
    beside = {"UTC", "NULL", "UPPER"}
    assert {word for word in named if word.isalpha() and len(word) > 2} - set(FUNCTIONS) - beside - {name} == set()


def test_a_name_of_another_world_is_known_however_it_is_written() -> None:
    assert "no TODAY" in unknown_function("TODAY")
    assert "no TODAY" in unknown_function("Today")
    assert "NULLVALUE" in unknown_function("IF_NULL")
    assert unknown_function("if") == "did you mean 'IF'?"
    assert unknown_function("ISBLNK") == "did you mean 'ISBLANK'?"
    assert unknown_function("Zzzzz") == ""
