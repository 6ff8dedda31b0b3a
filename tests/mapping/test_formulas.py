"""Formulas: what they give, what they refuse, and where the caret stands."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billsync.mapping import FUNCTIONS
from billsync.mapping.formula.expr import Formula, Scope, compile_formula
from billsync.mapping.paths import Frame
from billsync.mapping.tables import Table
from billsync.mapping.values import MISSING, Wrong
from billsync.model.problem import Place

ISO = Table("iso", {"Germany": "DE", "Norway": "NO"}, Place(file="m.yaml", line=3))
RECORD = {
    "Name": "Acme",
    "Amount": Decimal("10.00"),
    "Seats": 3,
    "Text": "5",
    "Empty": "",
    "Blanks": "  ",
    "Null": None,
    "Active": True,
    "Close": date(2026, 1, 31),
    "Account": {"Country": "Germany", "VatId__c": None},
    "Lines": [{"sku": "A", "qty": Decimal(2), "price": Decimal("1.50")}, {"sku": "B", "qty": 1, "price": None}],
    "lines": [
        {"kind": "seat", "amount": Decimal(30), "quantity": 3, "price": Decimal(10)},
        {"kind": "setup", "amount": Decimal(100), "quantity": 1, "price": Decimal(100)},
    ],
    "One": {"sku": "C", "qty": Decimal(7)},
    "Office Location": "Kiel",
}


def scope() -> Scope:
    return Scope(lambda offset: Place(file="m.yaml", line=1, column=offset + 1), {"iso": ISO}, {"country"})


def formula(source: str) -> Formula:
    used = scope()
    compiled = compile_formula(source, used)
    assert compiled is not None, used.problems
    return compiled


def value(source: str, **out: Any) -> Any:
    return formula(source).run(Frame(RECORD, RECORD, {"country": "DE", **out}, "", (), None))


def findings(source: str) -> list[tuple[str, int | None, str]]:
    used = scope()
    assert compile_formula(source, used) is None
    return [(problem.code, problem.place.column, f"{problem.message} ({problem.hint})") for problem in used.problems]


def fault(source: str) -> Wrong:
    with pytest.raises(Wrong) as caught:
        value(source)
    return caught.value


EXAMPLES = [(name, example) for name, function in FUNCTIONS.items() for example in function.examples]


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=lambda text: text)
def test_every_example_of_a_function_is_true(name: str, example: str) -> None:
    assert value(example) is True
    assert f"{name}(" in example


def test_every_function_has_a_summary_and_an_example() -> None:
    assert all(function.summary.endswith(".") and function.examples for function in FUNCTIONS.values())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Amount * Seats + 1", Decimal("31.00")),
        ("1 + 2 * 3 - -4", Decimal(11)),
        ("(1 + 2) * 3", Decimal(9)),
        ("10 - 2 - 3", Decimal(5)),
        ("Name & ' / ' & TEXT(Close, 'YYYY-MM')", "Acme / 2026-01"),
        ("Name & Null & Empty & Nowhere", "Acme"),
        ("'it''s' & \" \" & \"a \"\"quote\"\"\"", 'it\'s a "quote"'),
        ("NOT Name = 'x' AND TRUE OR FALSE", True),
        ("FALSE AND TRUE OR TRUE", True),
        ("TRUE OR TRUE AND FALSE", True),
        ("Name IN ('a', 'Acme')", True),
        ("Name NOT IN ('a', 'b')", True),
        ("Seats >= 3 AND Close < DATE('2026-02-01')", True),
        ("country IN ('DE','FR') AND NOT BLANK(Account.VatId__c)", False),
        ("LOOKUP(iso, Account.Country)", "DE"),
        ("SUM(Lines.qty)", Decimal(3)),
        ("SUM(One.qty)", Decimal(7)),
        ("SUM(Nowhere.qty)", Decimal(0)),
        ("SUM(Lines.price)", Decimal("1.50")),
        ("COUNT(Lines)", Decimal(2)),
        ("COUNT(One)", Decimal(1)),
        ("JOIN(Lines.sku, ', ')", "A, B"),
        ("Lines[1].sku & Lines[0].sku & One[0].sku", "BAC"),
        ("BLANK(Lines[2].sku)", True),
        ("ANY(Lines.sku, 'B') AND NOT ALL(Lines.sku, 'B')", True),
        ("`Office Location`", "Kiel"),
        ("$.Name", "Acme"),
        ("LEN(Blanks)", Decimal(0)),
    ],
)  # fmt: skip
def test_a_formula_gives(source: str, expected: Any) -> None:
    assert value(source) == expected
    assert type(value(source)) is type(expected)


def test_missing_null_and_empty_text_are_three_things() -> None:
    assert [value(f"{name} = NULL") for name in ("Nowhere", "Null", "Empty")] == [False, True, False]
    assert [value(f"{name} = ''") for name in ("Nowhere", "Null", "Empty")] == [False, False, True]
    assert [value(f"MISSING({name})") for name in ("Nowhere", "Null", "Empty")] == [True, False, False]
    assert [value(f"BLANK({name})") for name in ("Nowhere", "Null", "Empty", "Blanks")] == [True] * 4
    assert value("Nowhere") is MISSING


def test_a_name_is_the_field_of_the_mapping_and_with_a_dollar_that_of_the_record() -> None:
    compiled = formula("country & $.country & Account.Country")
    assert set(compiled.siblings) == {"country"}
    assert [str(path) for path, _ in compiled.paths] == ["$.country", "Account.Country"]


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("Text + 1", "expected a number, got the text '5'", "VALUE"),
        ("Seats & 'x'", "expected text, got the number 3", "TEXT"),
        ("Text = 5", "expected text, got the number 5", "TEXT"),
        ("Text > 4", "expected a number, got the text '5'", "VALUE"),
        ("Name < Text", "expected a number, got the text", "VALUE"),
        ("Null + 1", "expected a number, got null", "BLANKVALUE"),
        ("Nowhere > 1", "expected a number, got nothing", "BLANKVALUE"),
        ("Close + 1", "expected a number, got the date 2026-01-31", ""),
        ("NOT Text", "expected TRUE or FALSE, got the text '5'", "compare"),
        ("VALUE('1.234,50')", "VALUE: expected a number such as 1234.50", ""),
        ("DATE('2026-02-30')", "DATE: the day '2026-02-30' does not exist", ""),
        ("DIV(1, 0, 2)", "DIV: division by zero", ""),
        ("MONEY(1, 'EURO')", "MONEY: unknown currency 'EURO'", ""),
        ("ROUND(1.5, 1.5)", "ROUND: the number of decimals is a whole number from 0 to 12, got 1.5", ""),
        ("LOOKUP(iso, 'Norwey')", "'Norwey' is not in the table iso", "did you mean 'Norway'"),
        ("ADDMONTHS(DATE('9999-12-31'), 1)", "ADDMONTHS: ", ""),
        ("Name.first", "expected an object with the field 'first', got the text 'Acme'", ""),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_what_to_write(source: str, message: str, hint: str) -> None:
    wrong = fault(source)
    assert message in wrong.message
    assert hint in wrong.hint
    assert wrong.spot is not None


def test_a_fault_points_at_the_argument_that_is_wrong() -> None:
    spot = fault("'total ' & TEXT(ROUND(Text, 2))").spot
    assert (spot and spot.column) == len("'total ' & TEXT(ROUND(") + 1


@pytest.mark.parametrize(
    ("source", "code", "column", "text"),
    [
        ("1 / 2", "MAP-FORMULA-01", 3, "DIV(a, b, 2)"),
        ("Name == 'x'", "MAP-FORMULA-01", 7, "write ="),
        ("Name != 'x'", "MAP-FORMULA-01", 6, "<>"),
        ("Name = 'x", "MAP-FORMULA-01", 8, "not closed"),
        ("Name and Active", "MAP-FORMULA-01", 6, "write AND"),
        ("1 < Seats < 5", "MAP-FORMULA-01", 11, "a < b AND b < c"),
        ("IF(Active, 'a'", "MAP-FORMULA-01", 15, "ends here"),
        ("", "MAP-FORMULA-01", 1, "ends here"),
        ("Name Name", "MAP-FORMULA-01", 6, "expected an operator"),
        ("1234567890123456789", "MAP-FORMULA-01", 1, "18 digits"),
        ("BLNK(Name)", "MAP-FORMULA-02", 1, "did you mean 'BLANK'"),
        ("if(Active, 1, 2)", "MAP-FORMULA-02", 1, "did you mean 'IF'"),
        ("LEFT(Name)", "MAP-FORMULA-02", 1, "LEFT(text: text, length: number) -> text"),
        ("LEN(Name, Name)", "MAP-FORMULA-02", 1, "does not take 2 values"),
        ("1 + 'a'", "MAP-FORMULA-03", 5, "VALUE"),
        ("1 - 2 + LEFT(Name, 1)", "MAP-FORMULA-03", 9, "VALUE"),
        ("'a' & 1", "MAP-FORMULA-03", 7, "TEXT"),
        ("LEN(Name) = 'a'", "MAP-FORMULA-03", 11, "never equal"),
        ("'a' < Name", "MAP-FORMULA-03", 1, "VALUE"),
        ("Seats AND Name & 'x'", "MAP-FORMULA-03", 16, "AND works on TRUE or FALSE"),
        ("LOOKUP(izo, Name)", "MAP-TABLE-01", 8, "did you mean 'iso'"),
        ("LOOKUP(Name & 'x', Name)", "MAP-TABLE-01", 13, "no table"),
        ("x" * 2_001, "MAP-FORMULA-04", 1, "2,000"),
    ],
)
def test_a_formula_that_cannot_be_is_refused_at_its_token(source: str, code: str, column: int, text: str) -> None:
    found = findings(source)
    assert [(each[0], each[1]) for each in found] == [(code, column)]
    assert text in found[0][2]


def test_all_names_that_are_wrong_are_told_at_once() -> None:
    found = findings("FOO(1) & BAR(LOOKUP(no, x)) & LEFT('a')")
    assert sorted(code for code, _, _ in found) == [
        "MAP-FORMULA-02",
        "MAP-FORMULA-02",
        "MAP-FORMULA-02",
        "MAP-TABLE-01",
    ]


def test_a_branch_that_can_never_work_is_refused_even_where_it_is_never_taken() -> None:
    assert findings("IF(TRUE, 'on', 1 + 'x')")[0][0] == "MAP-FORMULA-03"


def test_money_is_never_binary() -> None:
    assert value("ROUND(3 * 1.005, 2)") == Decimal("3.02")
    assert value("ROUND(1 * 2.675, 2)") == Decimal("2.68")
    assert value("ROUND(-2.675, 2)") == Decimal("-2.68")
    assert value("DIV(2, 3, 12)") == Decimal("0.666666666667")
