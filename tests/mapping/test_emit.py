"""The generated source and the closures are two renderings of one mapping: they agree, whatever the record holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.connector import Record
from billsync.mapping import BadMapping, Mapping, parse
from billsync.mapping.apply import Case
from billsync.mapping.canonical import validate
from billsync.mapping.formula.functions import FUNCTIONS
from billsync.model.problem import Place
from tests.mapping.make import itself, mapping, product
from tests.mapping.test_total import ROOT, SHIPPED, VALUES

HEAD = (
    "mapping: m\nversion: 1\nfrom: deal\nto: x.y\nkey: id\n"
    "tables: {tab: {Won: W, Germany: DE, '': x, a: null, b: ''}}\nfields:\n"
)
PATHS = [
    "name",
    "owner",
    "lines.quantity",
    "lines[0].unit_amount",
    "properties.amount",
    "$.name",
    "signed_on",
    "$",
    "lines",
]
ATOMS = {
    "text": ["'a'", "'Won'", "''", "'2026-01-31'"],
    "number": ["0", "1", "2.675", "-3"],
    "boolean": ["TRUE", "FALSE", "BLANK(name)"],
    "date": ["DATE('2026-01-31')"],
    "table": ["tab"],
}
ANY = [atom for kind, atoms in ATOMS.items() if kind != "table" for atom in atoms]
WORDS = st.sampled_from(["Won", "Germany", "a", "", "  ", "b", None])
LINES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.sampled_from(["1", "2", 3, ""]),
            "product": WORDS,
            "quantity": st.sampled_from([Decimal("1.5"), "2", 3, None, ""]),
            "unit_amount": st.sampled_from([Decimal("2.675"), "1.005", None]),
        },
    ),
    max_size=3,
)
RECORDS = st.fixed_dictionaries(
    {"id": st.just("1")},
    optional={
        "name": WORDS | VALUES,
        "owner": WORDS | VALUES,
        "signed_on": st.sampled_from([date(2026, 1, 31), "2026-01-31", ""]) | VALUES,
        "properties": st.dictionaries(st.just("amount"), WORDS) | VALUES,
        "lines": LINES | VALUES,
    },
)
ANY = [atom for kind, atoms in ATOMS.items() if kind != "table" for atom in atoms]


@st.composite
def formulas(draw: st.DrawFn, kind: str = "any", depth: int = 3) -> str:
    """The text of a formula; names stand for any kind."""
    if kind == "table":
        return "tab"
    fitting = [each for each in FUNCTIONS.values() if kind in ("any", "list") or each.result in (kind, "any")]
    if depth == 0 or draw(st.integers(0, 3)) == 0 or not fitting:
        return draw(st.sampled_from([*PATHS, *ATOMS.get(kind, ANY)]))
    inner = formulas
    operators = {"number": ["+", "-", "*"], "text": ["&"], "boolean": ["=", "<>", "<", "IN", "NOT IN"]}.get(kind)
    if operators and draw(st.booleans()):
        sign = draw(st.sampled_from(operators))
        if sign.endswith("IN"):
            options = draw(st.sampled_from(["'Won', 'a'", "'b'", "name, 'Won'", "1, 2"]))
            return f"{draw(st.sampled_from(PATHS))} {sign} ({options})"
        of = {"=": "any", "<>": "any", "<": "number"}.get(sign, kind)
        return f"({draw(inner(of, depth - 1))} {sign} {draw(inner(of, depth - 1))})"
    function = draw(st.sampled_from(fitting))
    needed = [parameter for parameter in function.parameters if not parameter.repeated]
    given = needed[: draw(st.integers(function.fewest, len(needed)))]
    given += [parameter for parameter in function.parameters if parameter.repeated] * draw(st.integers(0, 2))
    return f"{function.name}({', '.join(draw(inner(parameter.kind, depth - 1)) for parameter in given)})"


EXTRAS = [
    "",
    ", default: d",
    ", as: decimal",
    ", as: text, default: x",
    ", as: date",
    ", as: list",
    ", lookup: tab",
    ", lookup: tab, on_miss: keep",
    ", lookup: tab, on_miss: default, default: none",
    ", ref: customer",
]


@st.composite
def rules(draw: st.DrawFn, depth: int = 1) -> str:
    """How one field is made, in flow style."""
    extra = draw(st.sampled_from(EXTRAS))
    when = f", when: {quoted(draw(formulas('boolean', 2)))}" if draw(st.integers(0, 3)) == 0 else ""
    match draw(st.sampled_from(["from", "expr", "case", "const", "fields", "each"][: 6 if depth else 4])):
        case "from":
            return f"{{from: {quoted(draw(st.sampled_from(PATHS)))}{extra}{when}}}"
        case "expr":
            return f"{{expr: {quoted(draw(formulas()))}{extra}{when}}}"
        case "case":
            arm = f"{{when: {quoted(draw(formulas('boolean', 2)))}, then: Won}}"
            return f"{{case: [{arm}, {{else: ''}}]{extra}{when}}}"
        case "fields":
            return f"{{fields: {{a: {draw(rules(0))}, b: {draw(rules(0))}}}{when}}}"
        case "each":
            key = draw(st.sampled_from(["", ", key: id", ", by: [product]"]))
            inner = "entries.quantity" if "by" in key else "quantity"
            return f"{{each: lines{key}, fields: {{q: {{from: {inner}}}, n: {{from: $.name}}}}}}"
        case _:
            return f"{{const: c{when}}}"


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def agree(made: Mapping, data: dict[str, Any]) -> bool:
    """Whether the source took the record; it must say what the closures say, or leave it to them."""
    slow = made.explain(Record("o", "1", data, Place(system="x", object="o", id="1")), itself)
    fast = made.apply_fast(data, itself)
    if made.direction == "inbound" and fast is not None:  # what counts is the noun: its text is not read twice
        assert (fast.noun, repr(fast.noun)) == (slow.noun, repr(slow.noun))
        fast = replace(fast, doc=slow.doc)
    assert fast is None or (fast, repr(fast)) == (slow, repr(slow))
    assert fast is None or not slow.problems
    return fast is not None


@given(st.lists(rules(), min_size=1, max_size=4), st.lists(RECORDS, min_size=1, max_size=4), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_program_and_any_record(made: list[str], records: list[dict[str, Any]], sibling: bool) -> None:
    fields = "".join(f"  f{number}: {rule}\n" for number, rule in enumerate(made))
    text = HEAD + fields + ("  again: {expr: \"IF(BLANK(f0), 'none', f0)\"}\n" if sibling else "")
    try:
        compiled = parse(text, "m.yaml")
    except BadMapping:
        return
    for record in records:
        agree(compiled, record)


@pytest.mark.parametrize(
    ("rule", "record"),
    [
        ("{each: lines, key: id, fields: {q: {from: quantity}}}", {"lines": [{"id": "1"}, {"id": "1"}]}),
        ("{each: lines, key: id, fields: {q: {from: quantity}}}", {"lines": [{"id": "1"}, {"id": ""}]}),
        ("{each: lines, fields: {q: {from: quantity}}}", {"lines": ["text"]}),
        ("{each: lines, fields: {q: {from: quantity}}}", {"lines": {"quantity": 1}}),
        ("{from: name, lookup: tab}", {"name": "b"}),
        ("{from: name, lookup: tab, default: d}", {"name": "b"}),
        ("{from: name, lookup: tab, default: d}", {"name": "a"}),
        ("{from: name, lookup: tab, on_miss: default, default: d}", {"name": "?"}),
        ("{from: name, lookup: tab}", {"name": 7}),
        ("{from: name, as: decimal}", {"name": "1,5"}),
        ("{ref: customer, from: name}", {"name": ["a"]}),
    ],
)
def test_what_is_odd_is_left_to_the_closures(rule: str, record: dict[str, Any]) -> None:
    made = parse(HEAD + f"  f: {rule}\n", "m.yaml")
    agree(made, {"id": "1", **record})


@pytest.mark.parametrize("name", SHIPPED)
def test_the_tests_of_every_shipped_mapping_run_on_the_generated_source(name: str) -> None:
    """A record without a fault never needs the slow road: else the speed is only on paper."""
    made = parse(SHIPPED[name], name, read_file=lambda file: (ROOT / name).with_name(file).read_text(encoding="utf-8"))
    clean = [data for case in made.tests if (data := _given(made, case)) and not _explained(made, data)]
    assert all(agree(made, data) for data in clean)
    assert clean


def _given(made: Mapping, case: Case) -> dict[str, Any] | None:
    """The record of a test; a canonical one is completed as the model does it."""
    node = case.node.get("given")
    data = node.plain() if node is not None and node.is_mapping else None
    if not isinstance(data, dict) or made.direction == "inbound":
        return data if isinstance(data, dict) else None
    noun, _ = validate(made.source, data)
    return None if noun is None else noun.model_dump()


def _explained(made: Mapping, data: dict[str, Any]) -> bool:
    return bool(made.explain(Record("o", "1", data, Place(system="x", object="o", id="1")), itself).problems)


@pytest.mark.parametrize("hostile", ["'''", "\\", '"""', "{x}", "\n", "__import__('os')", "M", "r", "\u2028", "a\x00b"])
def test_no_text_of_a_file_becomes_source(hostile: str) -> None:
    """Names, constants and table entries are data: they stand in the source as literals or under numbered names."""
    shown = '"' + hostile.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\x00", "") + '"'
    text = product(f"description: {{from: {shown}, default: {shown}}}", f"name: {{const: {shown}}}")
    try:
        made = mapping(text)
    except BadMapping:
        return
    assert agree(made, {"Id": "1", hostile: "value"})


def test_a_source_nested_too_deep_for_python_is_still_a_mapping() -> None:
    deep = "x"
    for _ in range(30):
        deep = f"IF(x = {deep}, x, 'y')"
    made = mapping(product(f'description: {{expr: "{deep}"}}'))
    assert made.apply(Record("o", "1", {"Id": "1", "x": "1"}, Place(system="x", object="o", id="1")), itself).noun


def test_numbers_and_days_keep_their_types() -> None:
    made = parse(HEAD + "  a: {from: name, as: decimal}\n  b: {from: signed_on, as: date}\n", "m.yaml")
    fast = made.apply_fast({"id": "1", "name": "1.005", "signed_on": "2026-01-31"}, itself)
    assert fast is not None
    assert fast.doc == {"a": Decimal("1.005"), "b": date(2026, 1, 31)}


def test_the_source_can_be_read() -> None:
    made = parse(Path(ROOT / "tryton/party.yaml").read_text(encoding="utf-8"), "party.yaml")
    assert made.source_code.startswith("def fast(r, resolve, refs):")
