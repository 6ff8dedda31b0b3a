"""One field at a time: what each key does with a value, and with nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.mapping.dates import compile_format
from tests.mapping.make import apply, field, problem, product

NOTHING: list[dict[str, Any]] = [{}, {"X": None}, {"X": ""}, {"X": "  \t"}]


@pytest.mark.parametrize("data", NOTHING)
@pytest.mark.parametrize("rule", ["{from: X}", "{from: X, as: date}", "{from: X, as: money}", "{expr: X}",
                                  "{from: X, lookup: t}", "{ref: crm.Y, from: X}"])  # fmt: skip
def test_nothing_is_left_out_so_that_the_documents_own_default_applies(rule: str, data: dict[str, Any]) -> None:
    top = "tables: {t: {a: b}}\n"
    mapped = apply(product(f"sku: {rule}", top=top), {"Id": "1", **data})
    assert mapped.doc == {"id": "1", "name": "thing"}
    assert mapped.problems == ()


@pytest.mark.parametrize("data", NOTHING)
def test_a_default_stands_for_missing_null_and_blank(data: dict[str, Any]) -> None:
    assert field("{from: X, default: none given}", data) == "none given"
    assert field('{from: X, default: ""}', data) == ""
    assert field("{from: X, default: null}", data, name="sku") is None
    assert field("{from: X, as: money, default: 0}", data, name="list_price") == Decimal(0)
    assert field("{from: X, default: US, lookup: t}", data, top="tables: {t: {a: b}}\n") == "US"


def test_zero_and_false_are_values_not_nothing() -> None:
    assert field("{from: X, as: money, default: 5}", {"X": 0}, name="list_price") == Decimal(0)
    assert field("{from: X, as: text, default: none}", {"X": False}) == "false"


@pytest.mark.parametrize("text", ["0012", "1e5", "NO", "12:30", "1_000", "0x1F", "true", "~x", " padded "])
def test_text_stays_text(text: str) -> None:
    assert field("{from: X}", {"X": text}) == text
    assert field(f"{{const: '{text}'}}", {}) == text


@pytest.mark.parametrize(
    ("as_", "value", "expected"),
    [
        ("text", Decimal("1E+3"), "1000"),
        ("text", 7, "7"),
        ("text", True, "true"),
        ("text", date(2026, 1, 31), "2026-01-31"),
        ("text", datetime(2026, 1, 31, 10, tzinfo=UTC), "2026-01-31T10:00:00Z"),
        ("text, format: DD.MM.YYYY", date(2026, 1, 31), "31.01.2026"),
        ("text, format: YYYY/M/D hh:mm", datetime(2026, 1, 3, 9, 5, tzinfo=UTC), "2026/1/3 09:05"),
    ],
)
def test_as_text_writes_a_value(as_: str, value: Any, expected: str) -> None:
    assert field(f"{{from: X, as: {as_}}}", {"X": value}) == expected


@pytest.mark.parametrize(
    ("as_", "value", "expected"),
    [
        ("decimal", "12.50", Decimal("12.50")),
        ("money", "12.345", Decimal("12.345")),
        ("money", 12, Decimal(12)),
        ("decimal, format: '1.234,56'", "1.234.567,89", Decimal("1234567.89")),
        ("decimal, format: '1.234,56'", "-999,5", Decimal("-999.5")),
        ("money, format: '1,234.56'", "1,234", Decimal(1234)),
        ("money, format: '1234,56'", "1234,5", Decimal("1234.5")),
        ("integer", "30", 30),
        ("integer", Decimal("30.0"), 30),
        ("date", "2026-01-31", date(2026, 1, 31)),
        ("date", date(2026, 1, 31), date(2026, 1, 31)),
        ("date, format: DD.MM.YYYY", "31.01.2026", date(2026, 1, 31)),
        ("date, format: M/D/YYYY", "1/3/2026", date(2026, 1, 3)),
        ("date, format: YYYYMMDD", "20260131", date(2026, 1, 31)),
        ("datetime", "2026-01-31T10:00:00+02:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("datetime, format: 'YYYY-MM-DDThh:mm:ss.SSSZ'", "2026-01-31T10:00:00.250+0130",
         datetime(2026, 1, 31, 8, 30, 0, 250_000, tzinfo=UTC)),
        ("datetime, format: 'DD.MM.YYYY hh:mm'", "31.01.2026 10:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("bool", "TRUE", True),
        ("bool", False, False),
        ("list", "a", ["a"]),
        ("list", ["a", "b"], ["a", "b"]),
        ("list", None, []),
    ],
)  # fmt: skip
def test_as_reads_a_value(as_: str, value: Any, expected: Any) -> None:
    text = (
        f"mapping: m\nversion: 1\nfrom: customer\nto: erp.x\nkey: id\nfields:\n  y: {{from: properties.x, as: {as_}}}\n"
    )
    mapped = apply(text, {"id": "1", "properties": {"x": value}})
    assert mapped.doc == {"y": expected}
    assert type(mapped.doc["y"]) is type(expected)


@pytest.mark.parametrize(
    ("as_", "value", "message"),
    [
        ("decimal", "1.234,50", "expected a number such as 1234.50 (point, no thousands separator), got '1.234,50'"),
        ("decimal", "1e5", "got '1e5'"),
        ("decimal", "١٢", "expected a number"),
        ("decimal", True, "expected a number, got True"),
        ("decimal", ["1"], "expected a number, got list"),
        ("decimal, format: '1.234,56'", "1.23,5", "expected a number written as 1.234,56, got '1.23,5'"),
        ("decimal, format: '1.234,56'", "1,234.50", "expected a number written as 1.234,56"),
        ("integer", "3.5", "expected a whole number, got the text '3.5'"),
        ("date", "31.01.2026", "expected a day such as 2026-01-31, got '31.01.2026'"),
        ("date", "2026-02-30", "the day '2026-02-30' does not exist"),
        ("date", datetime(2026, 1, 31, tzinfo=UTC), "got the instant"),
        ("date, format: DD.MM.YYYY", "1.1.2026", "expected a date written as DD.MM.YYYY, got '1.1.2026'"),
        ("date, format: DD.MM.YYYY", "31.02.2026", "does not exist"),
        ("datetime", "2026-01-31T10:00:00", "expected an instant such as"),
        ("bool", "yes", "expected true or false, got the text 'yes'"),
        ("bool", 1, "expected true or false, got the number 1"),
        ("text", {"a": 1}, "expected a single value"),
    ],
)
def test_a_value_of_another_form_is_told_with_the_value_shown(as_: str, value: Any, message: str) -> None:
    told = problem(f"{{from: X.y, as: {as_}}}", {"X": {"y": value}})
    assert told.code == "MAP-VALUE-01"
    assert message in told.message
    assert told.message.count("got") <= 1
    assert told.place.field == "X.y"
    assert "mapped by m.yaml:9:16" in told.hint


def test_a_yes_is_true_where_a_table_says_so() -> None:
    text = (
        "mapping: m\nversion: 1\nfrom: customer\nto: erp.x\nkey: id\ntables: {yes: {yes: 'true', no: 'false'}}\n"
        "fields:\n  y: {from: name, lookup: yes, as: bool}\n"
    )
    assert apply(text, {"id": "1", "name": "yes"}).doc == {"y": True}


def test_a_number_is_no_text_unless_the_mapping_says_so() -> None:
    told = problem("{from: X}", {"X": Decimal("12.50")})
    assert (told.code, told.place.field) == ("MAP-DOC-01", "X")
    assert "expected text, got Decimal('12.50')" in told.message


@given(st.dates(), st.sampled_from(["YYYY-MM-DD", "DD.MM.YYYY", "M/D/YYYY", "YYYYMMDD", "(YYYY) MM:DD"]))
def test_a_date_is_read_as_it_was_printed(day: date, text: str) -> None:
    form = compile_format(text, reading="date")
    assert form.read_day(form.print(day)) == day


# ---------------------------------------------------------------- tables

ISO = "tables: {iso: {Germany: DE, Norway: NO, 7: seven, none: null}}\n"


def test_a_table_translates_and_its_yaml_words_are_text() -> None:
    assert field("{from: X, lookup: iso}", {"X": "Norway"}, top=ISO) == "NO"
    assert field("{from: X, lookup: iso}", {"X": 7}, top=ISO) == "seven"
    with pytest.raises(KeyError):
        field("{from: X, lookup: iso}", {"X": "none"}, top=ISO)


@pytest.mark.parametrize(
    ("on_miss", "code", "hint"),
    [
        ("", "MAP-LOOKUP-01", "add it to the table (m.yaml:6:15); did you mean 'Germany'?"),
        (", on_miss: quarantine", "MAP-LOOKUP-01", "add it to the table"),
        (", on_miss: error", "MAP-LOOKUP-02", "correct it in the source; did you mean 'Germany'?"),
    ],
)
def test_a_value_that_is_not_in_the_table_is_never_guessed(on_miss: str, code: str, hint: str) -> None:
    told = problem(f"{{from: X, lookup: iso{on_miss}}}", {"X": "Germny"}, top=ISO)
    assert (told.code, told.place.field) == (code, "X")
    assert "'Germny' is not in the table iso" in told.message
    assert hint in told.hint


def test_a_value_that_is_not_in_the_table_may_be_kept_or_replaced() -> None:
    assert field("{from: X, lookup: iso, on_miss: keep}", {"X": "Peru"}, top=ISO) == "Peru"
    assert field("{from: X, lookup: iso, on_miss: default, default: XX}", {"X": "Peru"}, top=ISO) == "XX"
    assert field("{from: X, lookup: iso, on_miss: default, default: null}", {"X": "P"}, name="sku", top=ISO) is None


# ---------------------------------------------------------------- case, when, expr


def test_the_first_arm_that_holds_decides() -> None:
    rule = (
        "\n    case:\n      - {when: \"Country IN ('DE', 'FR') AND NOT BLANK(Vat)\", then: RC}\n"
        "      - {when: \"Country = 'US'\", then: null}\n      - {else: NT}"
    )
    assert field(rule, {"Country": "DE", "Vat": "DE1"}, name="tax_code") == "RC"
    assert field(rule, {"Country": "DE", "Vat": ""}, name="tax_code") == "NT"
    with pytest.raises(KeyError):
        field(rule, {"Country": "US"}, name="tax_code")


def test_a_field_with_a_condition_is_left_out_where_it_is_false() -> None:
    rule = "{from: X, when: \"Y = 'a'\"}"
    assert field(rule, {"X": "x", "Y": "a"}) == "x"
    with pytest.raises(KeyError):
        field(rule, {"X": "x", "Y": "b"})


def test_a_condition_that_is_neither_true_nor_false_is_told() -> None:
    told = problem("{from: X, when: Active}", {"X": "x", "Active": "true"})
    assert told.code == "MAP-VALUE-02"
    assert "expected TRUE or FALSE, got the text 'true'" in told.message
    assert "compare it" in told.hint


def test_a_formula_uses_the_fields_of_the_mapping_in_whatever_order_they_stand() -> None:
    text = product("description: {expr: \"unit & '/' & $.unit\"}", "unit: {from: unit, lookup: t}",
                   top="tables: {t: {h: hour}}\n")  # fmt: skip
    mapped = apply(text, {"Id": "1", "unit": "h"})
    assert mapped.doc is not None
    assert mapped.doc["description"] == "hour/h"
    assert list(mapped.doc) == ["id", "name", "description", "unit"]


def test_what_depends_on_a_field_with_a_problem_says_nothing_of_its_own() -> None:
    text = product(
        "description: {expr: \"unit & 'x'\"}", "unit: {from: unit, lookup: t}", top="tables: {t: {h: hour}}\n"
    )
    assert [told.code for told in apply(text, {"Id": "1", "unit": "z"}).problems] == ["MAP-LOOKUP-01"]


def test_a_formula_that_names_its_own_field_means_the_records() -> None:
    assert field('{expr: "TRIM(description)"}', {"description": " a "}) == "a"


@pytest.mark.parametrize("text", ["YYYY-MM-DD YYYY", "DD.M.YYYY D", "none"])
def test_a_date_format_that_cannot_be_read_is_no_format(text: str) -> None:
    with pytest.raises(ValueError, match="date format"):
        compile_format(text, reading="datetime")
