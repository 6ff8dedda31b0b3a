"""Entries grouped by fields: `each` with `by`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billsync.connector import Record
from billsync.mapping import check, parse
from billsync.model.problem import Place, Problem

TOP = "mapping: m\nversion: 1\nfrom: invoice\nto: erp.invoice\nkey: id\nfields:\n  lines:\n"
SUMS = """\
    each: lines
    by: [product, tax_code]
    fields:
      product: {from: product}
      tax: {from: tax_code}
      count: {expr: "COUNT(entries.id)"}
      total: {expr: "SUM(entries.amount)"}
"""


def line(id: str, product: str, amount: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "product": product, "tax_code": "none", "amount": Decimal(amount), **more}


def run(text: str, lines: Any) -> tuple[list[dict[str, Any]], tuple[Problem, ...]]:
    record = Record(
        "invoice", "I-1", {"id": "I-1", "lines": lines}, Place(system="billsync", object="invoice", id="I-1")
    )
    mapped = parse(TOP + text, "m.yaml").apply(record, lambda _name, id: id)
    return (mapped.doc or {}).get("lines", []), mapped.problems


def findings(text: str) -> list[str]:
    return [f"{each.code} {each.place.line}:{each.place.column}" for each in check(TOP + text, "m.yaml")]


def test_equal_entries_become_one_in_the_order_of_their_first() -> None:
    made, problems = run(
        SUMS, [line("1", "B", "1.10"), line("2", "A", "5"), line("3", "B", "2.20"), line("4", "A", "7")]
    )
    assert problems == ()
    assert [(each["product"], each["count"], each["total"]) for each in made] == [
        ("B", 2, Decimal("3.30")),
        ("A", 2, Decimal(12)),
    ]


def test_every_field_of_by_tells_groups_apart() -> None:
    made, _ = run(SUMS, [line("1", "A", "1"), line("2", "A", "2", tax_code="standard"), line("3", "A", "4")])
    assert [(each["tax"], each["total"]) for each in made] == [("none", Decimal(5)), ("standard", Decimal(2))]


def test_a_missing_field_is_a_group_of_its_own_and_not_the_blank_one() -> None:
    bare = {"id": "1", "product": "A", "amount": Decimal(1)}
    made, problems = run(SUMS, [bare, line("2", "A", "2", tax_code=""), bare | {"amount": Decimal(4)}])
    assert problems == ()
    assert [(each.get("tax"), each["total"]) for each in made] == [(None, Decimal(5)), (None, Decimal(2))]


def test_numbers_and_text_are_not_the_same_group() -> None:
    made, _ = run(SUMS, [line("1", "A", "1", tax_code="1"), line("2", "A", "2", tax_code=1)])
    assert len(made) == 2


def test_when_decides_entry_by_entry_before_they_are_grouped() -> None:
    text = SUMS.replace("    by:", "    when: \"deal <> 'free'\"\n    by:")
    made, _ = run(
        text, [line("1", "A", "1", deal="free"), line("2", "B", "2", deal="x"), line("3", "A", "4", deal="x")]
    )
    assert [(each["product"], each["count"], each["total"]) for each in made] == [
        ("B", 1, Decimal(2)),
        ("A", 1, Decimal(4)),
    ]


def test_nothing_makes_no_group_and_one_object_is_a_list_of_one() -> None:
    assert run(SUMS, []) == ([], ())
    made, _ = run(SUMS, line("1", "A", "3"))
    assert [each["total"] for each in made] == [Decimal(3)]


def test_an_entry_that_is_no_object_is_a_problem_with_its_place() -> None:
    _, problems = run(SUMS, [line("1", "A", "1"), "text"])
    assert problems
    assert {problem.code for problem in problems} == {"MAP-VALUE-01"}


def test_key_beside_by_is_refused() -> None:
    assert findings(SUMS.replace("    by:", "    key: id\n    by:")) == ["MAP-FIELD-03 9:5"]


def test_by_that_is_no_list_of_fields_is_refused() -> None:
    for wrong in ("[]", "product", "{a: b}", "[[a]]", '[""]'):
        assert findings(SUMS.replace("[product, tax_code]", wrong))[0].startswith("YAML-VALUE-01 9:9"), wrong


def test_by_without_each_does_nothing_and_says_so() -> None:
    assert findings("    from: lines\n    by: [product]\n") == ["MAP-FIELD-03 9:5"]


def test_a_field_that_may_differ_inside_a_group_is_refused_where_it_is_read() -> None:
    assert findings(SUMS.replace("{from: tax_code}", "{from: amount}")) == ["MAP-GROUP-01 12:19"]
    assert "MAP-GROUP-01" in findings(SUMS.replace("SUM(entries.amount)", "SUM(amount)"))[0]


def test_an_unknown_field_under_entries_is_found() -> None:
    assert findings(SUMS.replace("entries.amount", "entries.amuont")) == ["MAP-FIELD-01 14:26"]


def test_an_unknown_field_to_group_by_is_found() -> None:
    assert "MAP-FIELD-01 9:19" in findings(SUMS.replace("tax_code]", "tax_cod]"))


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["none", "standard"]), st.integers(0, 999))))
def test_groups_keep_every_entry_and_the_total(entries: list[tuple[str, str, int]]) -> None:
    lines = [line(str(at), product, str(amount), tax_code=tax) for at, (product, tax, amount) in enumerate(entries)]
    made, problems = run(SUMS, lines)
    assert problems == ()
    assert sum(each["count"] for each in made) == len(entries)
    assert sum(each["total"] for each in made) == sum(amount for _, _, amount in entries)
    assert [(each["product"], each["tax"]) for each in made] == list(dict.fromkeys((p, t) for p, t, _ in entries))
