"""A13 to A19, A25, A29: hostile configuration, mappings and values cost little, run nothing and show no tricks."""

from __future__ import annotations

import ast
import json
import re
import time
import tracemalloc
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.cli.show import cell, visible
from billsync.mapping import BadMapping, Mapping, emit, parse
from billsync.mapping.formula import emit as emit_formula
from billsync.mapping.formula.expr import Scope, compile_formula
from billsync.mapping.formula.functions import FUNCTIONS
from billsync.mapping.paths import Frame
from billsync.mapping.values import MAX_TEXT, MISSING, Wrong
from billsync.model.problem import Place as Spot
from billsync.model.scalar import read_decimal
from billsync.strict import yaml
from billsync.strict.json import BadJson, loads
from tests.cli.place import CONFIG, GOOD, HEADER, MAPPING, Place
from tests.mapping.make import product

ROOT = Path(__file__).parents[2]

# ---------------------------------------------------------------- A13 to A16: YAML

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {x: 1}\n" + "".join(f"m{n}:\n  <<: *a\n" for n in range(60))
HOSTILE_YAML = {
    "A13 laughs": (LAUGHS, "YAML-SIZE-01"),
    "A13 many aliases": (MERGES, "YAML-SIZE-01"),
    "A13 a circle": ("a: &a [*a]\n", "YAML-SIZE-01"),
    "A13 few aliases of much": (
        "a: &a [" + "x," * 3000 + "]\nb: [" + ",".join(["*a"] * 40) + "]\n", "YAML-SIZE-01",
    ),
    "A14 apply": ("a: !!python/object/apply:os.system ['touch hacked']\n", "YAML-VALUE-01"),
    "A14 new": ("a: !!python/object/new:subprocess.Popen [[touch, hacked]]\n", "YAML-VALUE-01"),
    "A14 module": ("a: !!python/module:os\n", "YAML-VALUE-01"),
    "A14 own tag": ("a: !include /etc/passwd\n", "YAML-VALUE-01"),
    "A14 directive": ("%TAG ! tag:yaml.org,2002:python/\n---\na: !name:os.system\n", "YAML-VALUE-01"),
    "A15 the last of two keys": ("a: 1\na: 2\n", "YAML-KEY-01"),
    "A16 lists": ("a: " + "[" * 3000, "YAML-SIZE-01"),
    "A16 mappings": ("a: " + "{a: " * 3000, "YAML-SIZE-01"),
    "A16 indents": ("".join(" " * n + "a:\n" for n in range(900)), "YAML-SIZE-01"),
    "A16 dashes": ("a:\n" + "- " * 3000 + "x\n", "YAML-SIZE-01"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_YAML)
def test_a13_a14_a15_a16_hostile_yaml_is_refused_at_once_with_its_place(name: str, tmp_path: Path) -> None:
    text, code = HOSTILE_YAML[name]
    began = time.process_time()
    with pytest.raises(yaml.BadYaml) as caught:
        yaml.load(text, "x.yaml")
    assert time.process_time() - began < 2
    problem = caught.value.problems[0]
    assert (problem.code, problem.place.file) == (code, "x.yaml")
    assert problem.place.line is not None
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize("file", ["billsync.yaml", "deals.yaml"])
@pytest.mark.parametrize("name", ["A14 apply"])
def test_a14_the_command_says_where_and_touches_nothing(place: Place, file: str, name: str) -> None:
    place.write(file, (CONFIG if file == "billsync.yaml" else MAPPING) + HOSTILE_YAML[name][0])
    said = place.billsync("sync")
    assert (said.code, said.out) == (2, "")
    assert re.match(rf"{file}:\d+:\d+: YAML-", said.err)
    assert not (place.folder / "hacked").exists()


def test_a13_a_configuration_without_end_is_not_read_to_its_end(place: Place) -> None:
    tracemalloc.start()
    said = place.billsync("sync", "--config", "/dev/zero")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (said.code, said.out) == (2, "")
    assert "YAML-SIZE-01" in said.err
    assert peak < 50_000_000


# ---------------------------------------------------------------- A17 to A19: the language of mappings

ESCAPES = [
    "().__class__.__bases__[0].__subclasses__()",
    "name.__class__",
    "name.__globals__",
    "$.__init__.__globals__['os']",
    "__import__('os').system('id')",
    "@.__dict__",
    "name['__class__']",
    "operator.attrgetter('a')(name)",
    "(x for x in name).gi_frame.f_globals",
    "[x for x in name]",
    "lambda: 1",
    "exec('1')",
    "eval(name)",
    "getattr(name, 'x')",
    "TEXT.__wrapped__(1)",
    "LEFT.__globals__",
    "'{0.__class__}'.format(name)",
    "f'{name}'",
    "name := 1",
    "SUM(lines.__class__)",
    "LOOKUP('__class__', name)",
]


class Loud:
    """An object that tells when anything of it is asked for."""

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return object.__getattribute__(self, name)
        raise AssertionError(f"{name} was reached from a formula")


def run(source: str, data: dict[str, Any]) -> tuple[bool, Any]:
    """Whether the formula compiles, and what it gives."""
    compiled = compile_formula(source, Scope(lambda at: Spot(file="m.yaml", line=1, column=at + 1)))
    if compiled is None:
        return False, None
    with suppress(Wrong):
        return True, compiled.run(Frame(data, data, {}, "", (), None))
    return True, None


@pytest.mark.parametrize("source", ESCAPES)
def test_a17_a_formula_reaches_nothing_but_the_record(source: str) -> None:
    data: dict[str, Any] = {"name": "Acme", "lines": [{"a": 1}], "loud": Loud()}
    _compiled, value = run(source, data)
    assert value is None or value is MISSING or isinstance(value, str | int | Decimal | bool)
    assert "class" not in str(value)
    assert "built-in" not in str(value)


def test_a17_the_engine_never_evaluates_text_as_code() -> None:
    bad = re.compile(r"(?<![\w.])(eval|exec|__import__)\(|\bimport_module\((?!\"[\w.]+\"\))|literal_eval")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("src", "connectors")
        for path in (ROOT / folder).rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if bad.search(line)
    ]
    assert sorted(place.rpartition(":")[0] for place in found) == KNOWN


KNOWN = ["src/billsync/conformance/finding.py", "src/billsync/mapping/emit.py", "src/billsync/model/writer.py"]
"""A class that a person names to the conformance kit; and two compilers: of mappings, of which the test below says what
can stand in their source, and of the nouns' own schemas, made before any text from outside is there."""
CALLED = {"get", "isspace", "append", "add", "values", "join"}
NAMED = re.compile(r"[a-z][0-9]+|[rk]|key_|f_[A-Z]+|fast|resolve|refs|type|str|dict|list|set")
HOSTILE = [
    "__import__('os').system('x')",
    "r.__class__",
    "'); import os; ('",
    '"""',
    "\\",
    "{r!r}",
    "f_IF",
    "c1",
    "M",
    "\u2028",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a17_what_mappings_compile_to_holds_their_text_as_literals_and_nothing_else(text: str) -> None:
    """Names, formulas, tables, constants, keys: wherever a file can say something."""
    said = json.dumps(text)
    quoted = "'" + text.replace("'", "''") + "'"
    formula = json.dumps(f"`{text.replace('`', '')}` & {quoted} & LEFT(a, 2)")
    rules = [
        f"description: {{from: {said}, default: {said}}}",
        f"name: {{expr: {formula}}}",
        f"tax_code: {{from: a, lookup: t, on_miss: default, default: {said}}}",
        f"unit: {{case: [{{when: {json.dumps(f'a = {quoted}')}, then: {said}}}]}}",
        f"properties: {{fields: {{{said}: {{const: {said}}}}}}}",
    ]
    made = [_compiled(product(rule, top=f"tables: {{t: {{{said}: {said}}}}}\n")) for rule in rules]
    sources = [mapping.source_code for mapping in made if mapping is not None]
    shipped = [parse(file.read_bytes(), file.name) for file in sorted((ROOT / "mappings/tryton").glob("*.yaml"))]
    for source in [*sources, *(mapping.source_code for mapping in shipped)]:
        _check_source(ast.parse(source))
    assert sources


def _compiled(text: str) -> Mapping | None:
    try:
        return parse(text, "m.yaml")
    except BadMapping:
        return None


def _check_source(tree: ast.Module) -> None:
    shared = {*emit_formula.SHARED, *emit.SHARED}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            assert node.attr in CALLED
        elif isinstance(node, ast.Name):
            assert node.id in shared or NAMED.fullmatch(node.id), node.id
        else:
            assert not isinstance(node, ast.Import | ast.ImportFrom | ast.Global | ast.JoinedStr)


LONG = "a" * MAX_TEXT
COSTLY = [
    "9**9**9",
    "9^9^9",
    "'%1000000000d' % 1",
    "'a' * 1000000000",
    "ROUND(1, 1000000000)",
    "DIV(1, 3, 1000000000)",
    "LEFT(name, 99999999999999999999)",
    "ADDMONTHS(DATE('2026-01-31'), 99999999999)",
    "TEXT(1, '" + "0" * 1500 + "')",
    "SUBSTITUTE(" * 25 + "name" + ", 'a', 'aaaaaaaaaa')" * 25,
    "JOIN(name, " + ", ".join(["name"] * 100) + ")",
    " & ".join(["name"] * 200),
    "*".join(["999999999999999999"] * 90),
    "CONTAINS(name, name)",
    "VALUE(name)",
]


@pytest.mark.parametrize("source", COSTLY, ids=lambda source: source[:40])
def test_a18_a19_no_formula_costs_much_or_makes_much(source: str) -> None:
    began = time.process_time()
    _compiled, value = run(source, {"name": LONG, "lines": [LONG] * 50})
    assert time.process_time() - began < 1
    assert len(str(value)) <= MAX_TEXT + 10


def test_a18_lists_in_lists_cost_what_they_hold_and_no_more() -> None:
    nested: Any = 1
    for name in "dcba":
        nested = [{name: nested}] * 12
    began = time.process_time()
    run("SUM(a.b.c.d)", {"a": nested})
    assert time.process_time() - began < 2


def test_a19_no_function_takes_a_pattern() -> None:
    words = ("regex", "regexp", "match", "pattern")
    assert [name for name in FUNCTIONS if any(word in name.lower() for word in words)] == []


# ---------------------------------------------------------------- A25: numbers


CHOKING = ["1e3000000", "1e400000", "-1e999999999", "1e-999999999", "9" * 5000, "0." + "0" * 5000 + "1"]
FOREIGN = ["1_000", "١٢٣", "１２", "NaN", "Infinity", "-0x1F", "1e", "+", ""]


@pytest.mark.parametrize("number", CHOKING + FOREIGN, ids=lambda number: number[:12])
def test_a25_a_number_to_choke_on_is_refused_at_once(number: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match=r"."):
        read_decimal(number)
    with pytest.raises(BadJson):
        loads(f"[{number}]" if number else "[")
    assert time.process_time() - began < 0.5


@given(st.integers(-(10**6), 10**6), st.integers(1, 40))
def test_a25_whatever_is_taken_is_small_and_exact(exponent: int, digits: int) -> None:
    with suppress(ValueError):
        value = read_decimal(f"{'7' * digits}e{exponent}")
        assert len(value.as_tuple().digits) <= 40
    with suppress(ValueError):
        assert abs(read_decimal("7" * digits)) < 10**18


def test_a25_a_deal_with_such_an_amount_is_a_problem_and_nothing_more(place: Place) -> None:
    rows = [f"N{at},Basic,Acme,2026-02-03,1,{number},USD" for at, number in enumerate(("1e3000000", "9" * 60, "1e-99"))]
    place.deals(GOOD.strip(), *rows, header=HEADER)
    assert place.billsync("sync").code == 1
    assert [problem["code"] for problem in place.problems()] == ["MAP-VALUE-01"] * 3
    assert place.billed() == {"G-1": "1000.00"}


# ---------------------------------------------------------------- A29: what reaches a terminal or a log

TRICKS = {
    "a line of its own": "Acme\n2026-01-01 INV-1 paid ok",
    "a carriage return": "Acme\rINV-1 paid",
    "colours": "\x1b[2J\x1b[31mAcme",
    "a title": "\x1b]0;owned\x07Acme",
    "a hyperlink": "\x1b]8;;http://evil.example\x1b\\Acme\x1b]8;;\x1b\\",
    "C1 controls": "\x9b31mAcme",
    "right to left": "Acme\u202egnp.exe",
    "isolates": "\u2066Acme\u2069",
    "backspaces": "Acme\b\b\b\bEvil",
    "line separators": "Acme\u2028INV-1 paid\u2029x\x85y",
}
_MOVES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def test_a29_no_name_moves_a_cursor_or_makes_a_line(place: Place) -> None:
    quoted = ['"' + trick.replace('"', '""') + '"' for trick in TRICKS.values()]
    accounts = place.folder / "crm/accounts.csv"
    accounts.write_bytes(accounts.read_bytes() + "".join(f"{name},x,1996,1,2,Nowhere,\n" for name in quoted).encode())
    rows = [f"{name},Basic,{name},2026-02-03,1,7.10,USD" for name in quoted]
    place.deals(GOOD.strip(), *rows, *(row.replace("7.10", "dear").replace('"', '"bad', 1) for row in rows))
    shown = [["invoice", "show", trick] for trick in TRICKS.values()]
    wrong = [["runs", trick] for trick in TRICKS.values()]
    for command in (["sync"], ["errors", "list"], ["invoice", "list"], *shown, *wrong):
        said = place.billsync(*command)
        for line in (said.out + said.err).split("\n"):
            assert not _MOVES.search(line), (command, line)
            assert not line.startswith(("2026-01-01 INV-1", "INV-1 paid"))


@given(st.text())
def test_a29_what_is_shown_is_one_line_that_changes_nothing(text: str) -> None:
    for shown in (visible(text), cell(text), cell({text: [text]})):
        assert not _MOVES.search(shown)
        assert "\n" not in shown
