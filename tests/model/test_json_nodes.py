"""JSON with places: values as the strict reader gives them, every fault at its line, only BadYaml ever."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.strict.json_nodes import load
from billsync.strict.yaml import MAX_BYTES, MAX_DEPTH, BadYaml, Node

BAD = [
    ('{"a": 1,\n "a": 2}', "YAML-KEY-01", 2, 2),
    ('{"a": NaN}', "READ-JSON-01", 1, 7),
    ("[1,]", "READ-JSON-01", 1, 4),
    ('{"a": 1,\n}', "READ-JSON-01", 2, 1),
    ('{"a" 1}', "READ-JSON-01", 1, 6),
    ("{'a': 1}", "READ-JSON-01", 1, 2),
    ("[1\n2]", "READ-JSON-01", 2, 1),
    ("[1] x", "READ-JSON-01", 1, 5),
    ('["x\ny"]', "READ-JSON-01", 1, 4),
    ("01", "READ-JSON-01", 1, 2),
    ("[1", "READ-JSON-01", 1, 3),
    ('"\\ud800"', "READ-TEXT-01", 1, 1),
    ('"\\u0000"', "READ-TEXT-01", 1, 1),
    ("  \n", "READ-FILE-02", 1, None),
    (b'{"a":\n"\xff"}', "READ-TEXT-01", 2, None),
    ("[" * (MAX_DEPTH + 2), "YAML-SIZE-01", 1, MAX_DEPTH + 2),
    ("[" * 100_000, "YAML-SIZE-01", 1, MAX_DEPTH + 2),
    ("1" * (MAX_BYTES + 1), "YAML-SIZE-01", None, None),
]


@pytest.mark.parametrize(("text", "code", "line", "column"), BAD, ids=lambda value: repr(value)[:30])
def test_bad_json_is_refused_at_its_place(text: str | bytes, code: str, line: int | None, column: int | None) -> None:
    with pytest.raises(BadYaml) as caught:
        load(text, "f.json")
    first = caught.value.problems[0]
    assert (first.code, first.place.file, first.place.line, first.place.column) == (code, "f.json", line, column)


def test_every_value_and_key_knows_its_place() -> None:
    node = load('\ufeff{\n\t"a": [1, 2.50, null],\r\n "b": {"c": "null"}}', "f.json")
    assert node.key_place("b").line == 3
    entries = (node.get("a") or node).entries()
    assert [(entry.place.line, entry.place.column) for entry in entries] == [(2, 8), (2, 11), (2, 17)]
    assert entries[2].is_null
    text = (node.get("b") or node).get("c")
    assert text is not None
    assert not text.is_null


def test_two_keys_that_stand_twice_are_told_at_once() -> None:
    with pytest.raises(BadYaml) as caught:
        load('{"a": 1, "a": 2, "b": {"c": 1, "c": 2}}', "f.json")
    assert [problem.place.column for problem in caught.value.problems] == [10, 32]


texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def _text(value: Any) -> Any:
    """As nodes have it: everything but null is the text as written."""
    if isinstance(value, dict):
        return {key: _text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_text(item) for item in value]
    return value if value is None or isinstance(value, str) else json.dumps(value)


@given(values, st.sampled_from([None, 2]), st.booleans())
def test_what_python_writes_is_read_back(value: Any, indent: int | None, ascii: bool) -> None:
    assert _quoted(load(json.dumps(value, indent=indent, ensure_ascii=ascii), "f")) == _text(value)


def _quoted(node: Node) -> Any:
    if node.is_mapping:
        return {key: _quoted(item) for key, item in node.items()}
    return [_quoted(item) for item in node.entries()] if node.is_list else (None if node.is_null else node.value)


@given(st.text('{}[]":,0 1.e-ntruefals\\u\n', max_size=30) | st.binary(max_size=30))
def test_nothing_but_bad_yaml_comes_out(text: str | bytes) -> None:
    with contextlib.suppress(BadYaml):
        load(text, "f")
