"""One record, field by field: what was read, by which rule, and what it became."""

from __future__ import annotations

from billsync.mapping import parse, render
from billsync.mapping.tools.preview import Preview, preview
from billsync.mapping.tools.says import rules_in_words
from billsync.strict.yaml import load
from tests.mapping.test_coverage import DEAL, deal, knows


def of(text: str = DEAL, **change: object) -> Preview:
    words = rules_in_words(load(text, "deal.yaml"))
    return preview(parse(text, "deal.yaml"), words, deal("D-1", **change), knows)


def test_each_field_has_its_sources_its_rule_and_its_line() -> None:
    rows = {row.field: row for row in of(lines=[{}, {"n": "2", "qty": "3"}]).rows}
    quantity = rows["lines[1].quantity"]
    assert (str(quantity.value), quantity.rule, quantity.place.line) == ("3", "from: qty, as: decimal", 24)
    assert quantity.sources == (("lines[1].qty", "3"),)
    assert rows["currency"].value == "USD"
    assert rows["currency"].sources == ()
    assert (rows["lines"].entries, rows["lines"].rule) == (2, "each: lines, when: qty <> '0'")
    assert rows["owner"].state == "left out"


def test_rows_stand_as_in_the_file() -> None:
    names = [row.field for row in of(lines=[{}, {"n": "2"}]).rows]
    assert names[:3] == ["id", "name", "customer"]
    assert names.index("lines") < names.index("lines[0].id") < names.index("lines[1].id")
    assert names.index("lines[0].tax_code") < names.index("lines[1].id")


def test_a_problem_spares_the_other_fields_and_has_a_caret() -> None:
    made = of(day="soon", lines=[{"price": "1,50"}])
    rows = {row.field: row for row in made.rows}
    assert (rows["signed_on"].state, rows["signed_on"].sources) == ("problem", (("day", "soon"),))
    assert rows["lines[0].unit_amount"].state == "problem"
    assert rows["id"].value == "D-1"
    shown = render(made.problems[0], DEAL).splitlines()
    assert shown[0].startswith("deal.yaml:16:14: error MAP-VALUE-01 signed_on: expected a day")
    assert shown[1] == "   16 |   signed_on: {from: day, as: date}"
    assert shown[2].endswith("^")


def test_a_record_that_is_skipped_shows_what_it_would_be() -> None:
    made = of(stage="Open")
    assert made.mapped.skipped
    assert {row.field: row.value for row in made.rows}["customer"] == "acme"
