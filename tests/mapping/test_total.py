"""Whatever a file or a record holds: findings with places, never an exception, never a hang."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.connector import Record
from billsync.mapping import Mapped, Mapping, check, parse, render, run_tests
from billsync.mapping.formula.expr import Scope, compile_formula
from billsync.mapping.formula.functions import FUNCTIONS
from billsync.mapping.paths import Frame
from billsync.mapping.values import Wrong
from billsync.model.problem import Place

ROOT = Path(__file__).parents[2] / "mappings"
SHIPPED = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.yaml"))}

PIECES = [
    *FUNCTIONS,
    *["(", ")", ",", "=", "<>", "<", ">=", "+", "-", "*", "&", ".", "[0]"],
    *[ "AND", "OR", "NOT", "IN", "TRUE", "FALSE", "NULL"],
    "'a'", "''", "'2026-01-31'", "0", "2.675",
    "999999999999999999", "name", "lines", "lines.amount", "$.day", "@", "tab",
]  # fmt: skip

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9)
    | st.text(max_size=8)
    | st.sampled_from([date(2026, 1, 31), datetime(2026, 1, 31, tzinfo=UTC), "Won", "Germany", "12.50", "2026-01-31"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "amount", "lines"]), inner),
    max_leaves=6,
)


def place(offset: int) -> Place:
    return Place(file="m.yaml", line=1, column=offset + 1)


@given(
    st.lists(st.sampled_from(PIECES), max_size=14), st.dictionaries(st.sampled_from(["name", "lines", "day"]), VALUES)
)
@settings(max_examples=400, deadline=None)
def test_any_row_of_tokens_is_a_formula_or_a_finding_and_any_record_a_value_or_a_fault(
    pieces: list[str], data: dict[str, Any]
) -> None:
    scope = Scope(place)
    formula = compile_formula(" ".join(pieces), scope)
    assert (formula is None) == bool(scope.problems)
    if formula is not None:
        with suppress(Wrong):
            formula.run(Frame(data, data, {}, "", (), None))


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_as_a_formula(source: str) -> None:
    scope = Scope(place)
    assert (compile_formula(source, scope) is None) == bool(scope.problems)


def places(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    return [at, *(found for key, value in inner for found in places(value, (*at, key)))]


def changed(node: Any, at: tuple[Any, ...], value: Any) -> Any:
    if not at:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[at[0]] = changed(node[at[0]], at[1:], value)
    return copy


@cache
def read(name: str) -> tuple[Any, list[tuple[Any, ...]]]:
    """A shipped mapping as it is written, and all its places; `changed` leaves it as it is."""
    tree = yaml.load(SHIPPED[name], Loader=yaml.BaseLoader)  # noqa: TID251
    return tree, places(tree)


@cache
def shipped(name: str) -> Mapping:
    return parse(SHIPPED[name], name)


ODD: list[Any] = [
    None,
    "",
    "x",
    "a b.c",
    "1 +",
    [],
    {},
    ["x"],
    {"from": "x"},
    {"x": {"y": "z"}},
    "$",
    "@.[",
    "NO",
    "1e5",
]


@given(st.sampled_from(sorted(SHIPPED)), st.data())
@settings(max_examples=300, deadline=None)
def test_a_mapping_with_any_part_replaced_is_checked_and_never_a_traceback(name: str, data: st.DataObject) -> None:
    tree, spots = read(name)
    at = data.draw(st.sampled_from(spots))
    text = yaml.safe_dump(changed(tree, at, data.draw(st.sampled_from(ODD))), default_style="'", width=60)
    findings = check(text, name)
    assert all(finding.place.line and render(finding, text) for finding in findings)
    if not any(finding.severity == "error" for finding in findings):
        for result in run_tests(parse(text, name)):
            assert str(result)


@given(st.sampled_from(sorted(SHIPPED)), st.data())
@settings(max_examples=300, deadline=None)
def test_any_record_is_a_document_a_skip_or_problems(name: str, data: st.DataObject) -> None:
    mapping = shipped(name)
    heads = sorted({field.partition(".")[0] for field in mapping.source_fields})
    record = data.draw(st.dictionaries(st.sampled_from(heads), VALUES))
    mapped = mapping.apply(Record("o", "1", record, Place(system="crm", object="o", id="1")), lambda _name, id: id)
    assert isinstance(mapped, Mapped)
    assert (mapped.doc is None) or not mapped.problems
    assert all(problem.place.id == "1" and "mapped by" in problem.hint for problem in mapped.problems)


def test_a_deep_formula_and_a_long_chain_cost_little() -> None:
    scope = Scope(place)
    chain = compile_formula(" & ".join(["'x'"] * 300), scope)
    assert chain is not None
    assert chain.run(Frame({}, {}, {}, "", (), None)) == "x" * 300
    assert compile_formula("(" * 40 + "1" + ")" * 40, scope) is None
    assert compile_formula("NOT " * 40 + "TRUE", scope) is None
    assert compile_formula("1" + "+1" * 1200, scope) is None
    assert {problem.code for problem in scope.problems} == {"MAP-FORMULA-04"}


def test_a_text_cannot_grow_without_end() -> None:
    scope = Scope(place)
    doubled = "x"
    for _ in range(12):
        doubled = f"SUBSTITUTE({doubled}, 'a', 'aaaaaaaaaa')"
    formula = compile_formula(doubled, scope)
    assert formula is not None
    with pytest.raises(Wrong, match="100,000"):
        formula.run(Frame({"x": "a"}, {"x": "a"}, {}, "", (), None))


def test_arithmetic_is_exact_or_says_that_it_is_not() -> None:
    scope = Scope(place)
    formula = compile_formula("x * x * x * x * x", scope)
    assert formula is not None
    small = Frame({"x": Decimal("1.005")}, {}, {}, "", (), None)
    assert formula.run(small) == Decimal("1.025251253128125")
    with pytest.raises(Wrong, match="exact"):
        formula.run(Frame({"x": Decimal("123456789012345678.123456789012")}, {}, {}, "", (), None))
