"""docs/reference/mapping.md: every example on it runs, every key stands on it, and its grammar is the parser's."""

from __future__ import annotations

import json as jsonlib
import random
import re
from pathlib import Path
from typing import Any, Final

import pytest

from billsync import shelf
from billsync.connector import Record
from billsync.mapping import Mapped, Mapping, check, render, run_tests
from billsync.mapping.check import examine
from billsync.mapping.formula.library.basics import EXACT
from billsync.mapping.formula.syntax import MAX_DEPTH, MAX_SOURCE, BadFormula, parse_formula
from billsync.mapping.language import parse
from billsync.mapping.native import native_of
from billsync.mapping.stack import MAX_LAYERS
from billsync.mapping.tables import MAX_ROWS
from billsync.mapping.tools.editors import mapping_schema
from billsync.mapping.values import MAX_TEXT
from billsync.model.problem import Place, Severity
from billsync.strict import json

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "reference" / "mapping.md").read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"^```(\w+)(?: ([^\n]*))?\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)

GIVEN: Final = {
    "deal": {
        "id": "{from: Id}",
        "customer": "{from: Customer}",
        "currency": "{const: EUR}",
        "signed_on": "{from: Day, as: date}",
        "lines": "{each: L, fields: {id: {from: I}, product: {from: P}, quantity: {from: Q}, unit_amount: {from: U}}}",
    },
    "product": {"id": "{from: Id}", "name": "{from: Label}"},
}


def blocks(language: str, info: str) -> list[str]:
    return [text for known, said, text in BLOCKS if known == language and said.split(" ")[0] == info]


def head(kind: str) -> str:
    return f"mapping: m\nversion: 1\nfrom: crm.Thing\nto: {kind}\nkey: Id\n"


def framed(fields: str, kind: str = "deal") -> str:
    """A whole mapping with these fields; what the document needs beside them is given."""
    written = set(re.findall(r"^(\w+):", fields, flags=re.MULTILINE))
    rest = "".join(f"  {name}: {rule}\n" for name, rule in GIVEN[kind].items() if name not in written)
    return head(kind) + "fields:\n" + rest + "".join(f"  {line}\n" for line in fields.splitlines())


def read_file(name: str) -> str:
    assert name == "lookups/products.csv"
    return "crm_name,sku\nSeat,SEAT-1\n"


def applied(mapping: Mapping, data: dict[str, Any]) -> Mapped:
    return mapping.apply(Record("Thing", "1", data, Place(system="crm", object="Thing", id="1")), lambda _name, id: id)


def natives() -> dict[str, Any]:
    (text,) = blocks("python", "")
    made: dict[str, Any] = {}
    exec(compile(text, "page", "exec"), made)  # the page's own example
    return {"acme.tax_code": native_of(made["tax_code"])}


# ---------------------------------------------------------------- mappings


@pytest.mark.parametrize("text", [*blocks("yaml", "mapping"), *blocks("yaml", "extends")], ids=lambda text: text[:40])
def test_a_whole_mapping_has_no_findings_and_passes_its_tests(text: str) -> None:
    find = shelf.finder(ROOT)
    assert [str(problem) for problem in check(text, "m.yaml", find=find)] == []
    results = run_tests(parse(text, "m.yaml", find=find))
    assert [str(result) for result in results if not result.passed] == []
    assert results


@pytest.mark.parametrize("text", blocks("yaml", "fields"), ids=lambda text: text[:40])
def test_fields_that_are_shown_can_be_written_so(text: str) -> None:
    assert [str(problem) for problem in check(framed(text), "m.yaml")] == []


@pytest.mark.parametrize("text", blocks("yaml", "part"), ids=lambda text: text[:40])
def test_a_part_of_a_file_can_be_written_so(text: str) -> None:
    top, _, fields = text.partition("fields:\n")
    plain = re.sub(r"^  ", "", fields, flags=re.MULTILINE)
    whole = framed(plain, "product").replace("fields:\n", f"{top}fields:\n", 1)
    problems = examine(whole, "m.yaml", read_file=read_file, natives=natives())[1]
    assert [str(problem) for problem in problems] == []


def test_the_function_of_a_package_gives_what_the_page_says() -> None:
    (text,) = [text for text in blocks("yaml", "part") if "fn:" in text]
    fields = re.sub(r"^  ", "", text.partition("fields:\n")[2], flags=re.MULTILINE)
    mapping = parse(framed(fields, "product"), "m.yaml", natives=natives())
    data = {"Id": "1", "Label": "x", "Account": {"BillingCountry": "de", "VatId__c": "DE1"}}
    made = applied(mapping, data)
    assert made.doc is not None
    assert made.doc["tax_code"] == "RC"


REFUSED: Final = [(said.split(" ")[1], text) for known, said, text in BLOCKS if known == "yaml" and "refused" in said]


@pytest.mark.parametrize(("code", "text"), REFUSED)
def test_what_is_shown_as_refused_is_refused(code: str, text: str) -> None:
    errors = {found.code for found in check(framed(text), "m.yaml") if found.severity is Severity.ERROR}
    assert errors == {code}


def test_the_planted_mistakes_are_told_as_the_page_shows() -> None:
    (text,) = blocks("yaml", "planted")
    (shown,) = blocks("text", "")
    assert "\n".join(render(problem, text) for problem in check(text, "m.yaml")) == shown.strip("\n")


# ---------------------------------------------------------------- formulas


def says(formula: str) -> Any:
    """The value of a formula over the page's record, or the message of its problem."""
    (record,) = blocks("json", "record")
    rule = jsonlib.dumps(f"IF({formula}, 'yes', 'no')")
    text = framed(f"description: {{expr: {rule}}}\nsku: {{expr: \"LOOKUP(iso, 'Germany')\"}}", "product")
    text = text.replace("fields:\n", "tables: {iso: {Germany: DE}}\nfields:\n", 1)
    found = check(text, "m.yaml")
    if found:
        return found[0].message
    made = applied(parse(text, "m.yaml"), {**json.loads(record), "Id": "1", "Label": "x"})
    return made.doc["description"] == "yes" if made.doc is not None else made.problems[0].message


@pytest.mark.parametrize("formula", [line for text in blocks("formula", "") for line in text.splitlines()])
def test_a_formula_that_is_shown_is_true(formula: str) -> None:
    assert says(formula) is True


@pytest.mark.parametrize(
    ("formula", "message"),
    [pair for text in blocks("refused", "") for pair in re.findall(r"^(\S.*)\n    (.+)$", text, flags=re.MULTILINE)],
)
def test_a_formula_that_is_shown_as_refused_is_told_so(formula: str, message: str) -> None:
    assert str(says(f"BLANK({formula})")).removeprefix("description: ") == message


# ---------------------------------------------------------------- grammar

RULES: Final = {
    name: body.split()
    for name, body in re.findall(r"^(\w+) += (.*?) ;$", blocks("ebnf", "")[0], flags=re.MULTILINE | re.DOTALL)
}
PARTS: Final = {
    "NUMBER": ("0", "12", "12.50"),
    "TEXT": ("'a'", "'it''s'", '"b"', "''"),
    "NAME": ("Name", "lines", "Größe", "x_1"),
    "QUOTED": ("`Office Location`", "`a.b`"),
    "INDEX": ("[0]", "[12]"),
    "FUNCTION": ("IF", "LEFT", "SUM", "AND", "OR"),
}


class Speaker:
    """Says random sentences of the page's grammar; one that grows long ends by the shortest way out."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.patience = 0

    def sentence(self) -> str:
        self.patience = self.chance.randint(10, 120)
        return self.choice(["formula"])

    def choice(self, tokens: list[str]) -> str:
        ways: list[list[str]] = [[]]
        for token, level in zip(tokens, levels(tokens), strict=True):
            if token == "|" and level == 0:
                ways.append([])
            else:
                ways[-1].append(token)
        shortest = min(ways, key=lambda way: (sum(token in RULES for token in way), len(way)))
        return self.row(self.chance.choice(ways) if self.patience > 0 else shortest)

    def row(self, tokens: list[str]) -> str:
        said, at = "", 0
        while at < len(tokens):
            token, end = tokens[at], at
            if token in OPENED:
                end = closing(tokens, at)
                times = {"(": 1, "[": self.chance.randint(0, 1), "{": self.chance.randint(0, 2)}[token]
                if self.patience <= 0 and token != "(":
                    times = 0
                said += "".join(self.choice(tokens[at + 1 : end]) for _ in range(times))
            elif token in RULES:
                self.patience -= 1
                said += self.choice(RULES[token])
            else:
                said += self.chance.choice(PARTS[token]) if token in PARTS else f" {token[1:-1]} "
            at = end + 1
        return said


def closing(tokens: list[str], at: int) -> int:
    """Where the bracket that opens at a token closes."""
    deep = levels(tokens)
    return next(i for i in range(at + 1, len(tokens)) if deep[i] == deep[at] and tokens[i] in OPENED.values())


OPENED: Final = {"(": ")", "[": "]", "{": "}"}


def levels(tokens: list[str]) -> list[int]:
    """How deep each token stands in brackets; a closing one as deep as its opening one."""
    found, deep = [], 0
    for token in tokens:
        deep -= token in OPENED.values()
        found.append(deep)
        deep += token in OPENED
    return found


@pytest.mark.parametrize("seed", range(20))
def test_every_sentence_of_the_grammar_is_a_formula(seed: int) -> None:
    speaker = Speaker(seed)
    for _ in range(25):
        sentence = speaker.sentence()
        try:
            parse_formula(sentence)
        except BadFormula as error:
            assert error.code == "MAP-FORMULA-04", sentence  # noqa: PT017  only too long or too deep


def test_the_grammar_has_every_word_and_sign_of_the_parser() -> None:
    said = set(re.findall(r'"([^"]+)"', blocks("ebnf", "")[0]))
    assert {
        "AND",
        "OR",
        "NOT",
        "IN",
        "TRUE",
        "FALSE",
        "NULL",
        "=",
        "<>",
        "<",
        "<=",
        ">",
        ">=",
        "&",
        "+",
        "-",
        "*",
    } <= said
    assert {"(", ")", ",", ".", "$", "@"} <= said


# ---------------------------------------------------------------- nothing is left out


def test_every_key_stands_on_the_page() -> None:
    schema = mapping_schema()
    keys = {
        *schema["properties"],
        *schema["definitions"]["field"]["properties"],
        *schema["properties"]["tests"]["items"]["properties"],
    }
    rows = set(re.findall(r"`(\w+)(?::[^`]*)?`", "\n".join(line for line in PAGE.splitlines() if line.startswith("|"))))
    prose = set(re.findall(r"`(\w+)`", PAGE))
    assert keys - rows - prose == set()


def test_every_type_and_every_on_miss_stands_on_the_page() -> None:
    field = mapping_schema()["definitions"]["field"]["properties"]
    assert [word for key in ("as", "on_miss") for word in field[key]["enum"] if f"`{word}`" not in PAGE] == []


def test_the_limits_are_those_of_the_code() -> None:
    limits = PAGE.partition("## Limits")[2]
    for limit in (MAX_SOURCE, MAX_DEPTH, MAX_TEXT, MAX_ROWS, MAX_LAYERS, EXACT.prec):
        assert f"| {limit:,}" in limits


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    known = (
        {("yaml", kind) for kind in ("mapping", "extends", "fields", "part", "refused", "planted")}
        | {(kind, "") for kind in ("formula", "refused", "ebnf", "python", "toml", "text")}
        | {("json", "record")}
    )
    assert {(language, said.split(" ")[0]) for language, said, _ in BLOCKS} <= known
