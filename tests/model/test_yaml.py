"""Strict YAML: text stays what was written, every fault has its place, and nothing but BadYaml ever comes out."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.strict.yaml import MAX_ALIASES, MAX_BYTES, MAX_DEPTH, BadYaml, Node, did_you_mean, load

BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8)
)
BAD = [
    ("a: 1\nb: 2\na: 3\n", "YAML-KEY-01", 3),
    ("a: !!python/object/apply:os.system [ls]\n", "YAML-VALUE-01", 1),
    ("a: !!int '5'\n", "YAML-VALUE-01", 1),
    ("a: !mine 5\n", "YAML-VALUE-01", 1),
    ("x:\n  ? [a, b]\n  : c\n", "YAML-VALUE-01", 2),
    ("a: [1\n", "YAML-SYNTAX-01", 2),
    ("a: *nowhere\n", "YAML-SYNTAX-01", 1),
    ("\ta: 1\n", "YAML-SYNTAX-01", 1),
    ("a: 1\n---\nb: 2\n", "YAML-SYNTAX-01", 2),
    ("", "READ-FILE-02", 1),
    ("# only a comment\n", "READ-FILE-02", 1),
    ("a: b\nc: d\x00\n", "READ-TEXT-01", 2),
    (b"a: b\nc: \xff\n", "READ-TEXT-01", 2),
    ("a: \ud800\n", "READ-TEXT-01", 1),
    (BOMB, "YAML-SIZE-01", 7),
    ("[" * 5000, "YAML-SIZE-01", 1),
    ("a: &a [*a]\n", "YAML-SIZE-01", 1),
]


@pytest.mark.parametrize(("text", "code", "line"), BAD, ids=lambda value: repr(value)[:40])
def test_known_bad_yaml_is_refused_with_its_code_and_line(text: str | bytes, code: str, line: int) -> None:
    with pytest.raises(BadYaml) as caught:
        load(text, "some.yaml")
    problem = caught.value.problems[0]
    assert problem.code == code
    assert (problem.place.file, problem.place.line) == ("some.yaml", line)


def test_a_file_that_is_too_large_or_has_too_many_values_is_refused() -> None:
    for text in ("a: " + "x" * MAX_BYTES, "[" + "1," * 100_001 + "]"):
        with pytest.raises(BadYaml) as caught:
            load(text, "some.yaml")
        assert caught.value.problems[0].code == "YAML-SIZE-01"


@given(st.text(alphabet=st.characters(codec="utf-8")) | st.text(alphabet="ab:-[]{}&*!|>'\"#? \n\t%@`0.~"))
def test_random_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(BadYaml):
        load(text, "some.yaml").plain()


@given(st.binary())
def test_random_bytes_are_read_or_refused(raw: bytes) -> None:
    with contextlib.suppress(BadYaml):
        load(raw, "some.yaml").plain()


def get(text: str) -> Node:
    node = load(f"key: {text}\n", "some.yaml").get("key")
    assert node is not None
    return node


@pytest.mark.parametrize("text", ["NO", "no", "yes", "on", "0012", "1e5", "12:30", "2026-01-31", "1_000", "0x1F", "<<"])
def test_text_stays_what_was_written(text: str) -> None:
    assert get(text).plain() == text
    assert get(text).text() == text


@pytest.mark.parametrize("text", ["1e5", "1_000", "0x1F", "12:30", "'5'", "1.5", "١٢", "[1]", "yes", "~", "9" * 16])
def test_whole_numbers_are_only_what_looks_like_one(text: str) -> None:
    with pytest.raises(BadYaml, match="expected a whole number"):
        get(text).integer()


def test_the_reader_of_a_key_decides_on_its_type() -> None:
    assert get("-12").integer() == -12
    assert get("0.10").number() == Decimal("0.10")
    assert get("'0.10'").number() == Decimal("0.10")
    assert (get("true").flag(), get("false").flag()) == (True, False)
    assert get("~").is_null
    assert not get("'null'").is_null
    for wrong in ("True", "yes", "'true'", "1"):
        with pytest.raises(BadYaml, match="expected true or false"):
            get(wrong).flag()
    for wrong in ("1,5", "NaN", "1e3", "[]"):
        with pytest.raises(BadYaml, match=r"some\.yaml:1:6"):
            get(wrong).number()


def test_unknown_and_missing_keys_are_told_at_their_places_with_a_guess() -> None:
    node = load("name: x\nquantiy: 5\n", "some.yaml")
    unknown, missing = node.check_keys(["name", "quantity", "price"], "a line", needed=["price"])
    assert (unknown.code, unknown.place.line, unknown.hint) == ("YAML-KEY-02", 2, "did you mean 'quantity'?")
    assert (missing.code, missing.place.line) == ("YAML-KEY-03", 1)


def test_far_names_get_the_list_of_known_ones() -> None:
    assert did_you_mean("zzz", ["b", "a"]) == "known here: a, b"
    assert did_you_mean("zzz", []) == ""


def test_aliases_and_depth_are_fine_within_their_limits() -> None:
    few = "a: &a x\nb: [" + ", ".join(["*a"] * MAX_ALIASES) + "]\n"
    assert [len(node.entries()) for _, node in load(few, "f").items()] == [0, MAX_ALIASES]
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert load(deep, "f").is_list


def test_a_node_tells_its_own_form() -> None:
    assert [get(text).form for text in ("{a: 1}", "[1]", "~", "x")] == [
        "a mapping",
        "a list",
        "nothing",
        "the text 'x'",
    ]
    assert list(get("x").items()) == []
    assert get("x").entries() == ()
    assert get("x").get("a") is None
