"""Strict JSON: what cannot be kept whole is refused, with its place, and nothing but BadJson ever comes out."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.strict.json import MAX_DEPTH, BadJson, loads

BAD = [
    ("NaN", "READ-JSON-02"),
    ('{"a": -Infinity}', "READ-JSON-02"),
    ("1e400", "READ-JSON-02"),
    ("1e-400", "READ-JSON-02"),
    ("[1e18]", "READ-JSON-02"),
    ("9223372036854775808", "READ-JSON-02"),
    ("9" * 5000, "READ-JSON-02"),
    ("0." + "3" * 13, "READ-JSON-02"),
    ('{"a": 1, "a": 2}', "READ-JSON-02"),
    ('{"a": {"b": 1, "b": 1}}', "READ-JSON-02"),
    ('"\\ud800"', "READ-TEXT-01"),
    ('{"\\udfff": 1}', "READ-TEXT-01"),
    ('["a\\u0000b"]', "READ-TEXT-01"),
    ("[" * 100 + "]" * 100, "READ-JSON-02"),
    ("[" * 100_000, "READ-JSON-02"),
    ('{"a":' * 100 + "1" + "}" * 100, "READ-JSON-02"),
    ("", "READ-JSON-01"),
    ("{'a': 1}", "READ-JSON-01"),
    ('{"a": 1,}', "READ-JSON-01"),
    ('{"a": 1} x', "READ-JSON-01"),
    ("[01]", "READ-JSON-01"),
    (b'"\xff"', "READ-TEXT-01"),
    (b"\xff\xfe1\x00", "READ-TEXT-01"),
]


@pytest.mark.parametrize(("text", "code"), BAD, ids=lambda value: repr(value)[:40])
def test_known_bad_json_is_refused_with_its_code(text: str | bytes, code: str) -> None:
    with pytest.raises(BadJson) as caught:
        loads(text)
    assert caught.value.code == code
    assert len(str(caught.value)) < 300


def test_a_fault_in_the_text_tells_its_line_and_column() -> None:
    with pytest.raises(BadJson) as caught:
        loads('{"a": 1,\n "b": }')
    assert (caught.value.line, caught.value.column) == (2, 7)


@given(st.text() | st.text(alphabet='{}[]",:0123456789.eE+-truefalsn\\ud'))
def test_random_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(BadJson):
        loads(text)


@given(st.binary())
def test_random_bytes_are_read_or_refused(raw: bytes) -> None:
    with contextlib.suppress(BadJson):
        loads(raw)


TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
)


@given(VALUES, st.booleans())
def test_what_json_can_hold_comes_back_whole(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert loads(text) == value
    assert loads(b"\xef\xbb\xbf" + text.encode()) == value


def test_numbers_with_a_point_keep_every_decimal() -> None:
    assert loads("[0.10, 1.5e3, -2]") == [Decimal("0.10"), Decimal(1500), -2]
    assert str(loads("0.10")) == "0.10"


def test_nesting_is_fine_up_to_the_limit() -> None:
    assert loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)


def test_texts_that_no_store_holds_pass_where_records_are_judged_one_by_one() -> None:
    assert loads('{"a\\u0000": ["\\ud800"]}', any_text=True) == {"a\0": ["\ud800"]}
