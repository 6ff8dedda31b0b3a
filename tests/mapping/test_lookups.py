"""Lookups that the run answers: ties of ids and reference tables of other systems."""

from __future__ import annotations

from typing import Any

import pytest

from billsync.connector import Record
from billsync.mapping import Mapped, check, run_tests
from billsync.model.problem import Place
from tests.mapping.make import found, mapping, product

TAX = "live:tryton.account.tax?key=name&value=id"
ANSWERS = {
    ("links:tryton.customer", "acme"): "17",
    ("links:tryton.customer?back", "17"): "acme",
    (TAX, "VAT 19"): "5",
    (f"{TAX}&age_s=60", "VAT 19"): "5",
}


def answer(name: str, id: str) -> str | None:
    return ANSWERS.get((name, id))


def applied(rule: str, data: dict[str, Any]) -> Mapped:
    made = mapping(product(f"description: {rule}"))
    record = Record("Item", "R1", {"Id": "1", **data}, Place(system="crm", object="Item", id="R1"))
    slow, fast = made.explain(record, answer), made.apply_fast(record.data, answer)
    assert fast is None if slow.problems else fast == slow
    return slow


LIVE = "lookup: {live: tryton.account.tax, key: name, value: id}"


@pytest.mark.parametrize(
    ("rule", "data", "wanted"),
    [
        ("{from: a, lookup: {links: tryton.customer}}", {"a": "acme"}, "17"),
        ("{from: a, lookup: {links: tryton.customer, back: true}}", {"a": "17"}, "acme"),
        ("{from: a, lookup: {links: tryton.customer, back: true}}", {"a": 17}, "acme"),
        (f"{{from: a, {LIVE}}}", {"a": "VAT 19"}, "5"),
        ("{from: a, lookup: {live: tryton.account.tax, key: name, value: id, age_s: 60}}", {"a": "VAT 19"}, "5"),
        (f"{{from: a, {LIVE}, on_miss: keep}}", {"a": "VAT 7"}, "VAT 7"),
        (f"{{from: a, {LIVE}, on_miss: default, default: none}}", {"a": "VAT 7"}, "none"),
        (f"{{from: a, {LIVE}, default: none}}", {"a": " "}, "none"),
        (f"{{expr: \"'VAT ' & a\", {LIVE}}}", {"a": "19"}, "5"),
    ],
)  # fmt: skip
def test_the_run_answers(rule: str, data: dict[str, Any], wanted: str) -> None:
    doc = applied(rule, data).doc
    assert doc is not None
    assert doc["description"] == wanted


@pytest.mark.parametrize(
    ("rule", "says", "hint"),
    [
        (f"{{from: a, {LIVE}}}", "there is no tryton.account.tax 'VAT 7'", "add it there"),
        (f"{{from: a, {LIVE}, on_miss: error}}", "there is no tryton.account.tax 'VAT 7'", "add it there"),
        ("{from: a, lookup: {links: tryton.customer}}", "'VAT 7' is not tied to a tryton.customer", "billsync links"),
    ],
)
def test_without_an_answer_the_record_is_held_back_and_the_place_named(rule: str, says: str, hint: str) -> None:
    (problem,) = applied(rule, {"a": "VAT 7"}).problems
    assert problem.code == "MAP-LOOKUP-01"
    assert says in problem.message
    assert hint in problem.hint
    assert "m.yaml:9" in problem.hint


def test_a_mapping_says_what_it_asks() -> None:
    made = mapping(product(f"description: {{from: a, {LIVE}}}", "name: {from: b, lookup: {links: x.customer}}"))
    assert made.lookups == (TAX, "links:x.customer")
    assert {facts.target: facts.table for facts in made.fields if facts.table} == {
        "description": TAX,
        "name": "links:x.customer",
    }


@pytest.mark.parametrize(
    ("lookup", "code", "says"),
    [
        ("{links: customer}", "YAML-VALUE-01", "the system and our kind, such as tryton.customer"),
        ("{links: a.b?c}", "YAML-VALUE-01", "the system and our kind"),
        ("{links: a.b, back: maybe}", "YAML-VALUE-01", "true or false"),
        ("{live: a.b, key: name}", "YAML-KEY-03", "needs the key 'value'"),
        ("{live: a.b, key: name, value: id, age: 3}", "YAML-KEY-02", "age_s"),
        ("{live: a.b, key: name, value: id, age_s: -1}", "YAML-VALUE-01", "a number of seconds"),
        ("{tables: a.b}", "YAML-KEY-02", "no key 'tables'"),
    ],
)
def test_a_lookup_of_no_form_is_an_error_with_its_place(lookup: str, code: str, says: str) -> None:
    text = product(f"description: {{from: a, lookup: {lookup}}}")
    problems = check(text, "m.yaml")
    assert code in {each.code for each in problems}
    assert any(says in f"{each.message} {each.hint}" for each in problems)
    assert all(line.split()[1].startswith("9:") for line in found(text))


def test_the_tests_of_a_mapping_say_what_the_run_would_answer() -> None:
    text = product(f"description: {{from: a, {LIVE}}}") + (
        "tests:\n"
        "  - {name: a, given: {Id: x, a: VAT 19}, refs: {tryton.account.tax: {VAT 19: 5}}, expect: {description: 5}}\n"
        "  - {name: unknown, given: {Id: x, a: VAT 7}, refs: {tryton.account.tax: {}}, expect_problem: MAP-LOOKUP-01}\n"
    )
    assert [result.differences for result in run_tests(mapping(text))] == [(), ()]
