"""What is read and written by C is what our own code reads and writes, to the byte; all else goes the slow way."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from billsync.model import base, simple
from billsync.strict import json as strict
from billsync.strict.record import MAX_TEXT, unfit

TEXTS = st.text(max_size=6) | st.sampled_from(["\0", '"', "\\", "a:b", "\x7f", "\x1f", "\u2028", "é", "😀", "1E+3"])
NUMBERS = st.integers(-(2**64), 2**64) | st.decimals(allow_nan=True, places=3) | st.sampled_from([Decimal("1E+3")])
LEAVES = st.none() | st.booleans() | TEXTS | NUMBERS | st.dates() | st.datetimes(timezones=st.just(UTC)) | st.floats()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)


def _slowly(value: Any) -> str:
    return json.dumps(base._plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@given(value=VALUES)
@example(value={"b": [1, Decimal("1.10")], "a": {"é": None, "": date(2026, 1, 31)}})
@settings(max_examples=150)
def test_a_simple_value_is_written_as_the_slow_way_writes_it_and_could_be_stored(value: Any) -> None:
    text = simple.simple_text(value)
    if text is None:
        return
    assert text == _slowly(value)
    if isinstance(value, dict):
        judged = unfit("1", value)
        assert judged == unfit("1", value, text)
        assert judged is None or "\0" in str(judged) or "NUL" in judged.message


@pytest.mark.parametrize(
    "value", [1.5, 2**63, -(2**63), Decimal("NaN"), Decimal("1E+3"), Decimal(10**18), datetime(2026, 1, 1, tzinfo=UTC),
              (1,), {1: 2}, {"a": {2: 3}}, b"x", "\ud800", {"\udfff": 1}, float("inf")],
)  # fmt: skip
def test_what_is_written_differently_by_others_or_not_at_all_goes_the_slow_way(value: Any) -> None:
    assert simple.simple_text(value) is None
    assert simple.simple_text({"a": [value]}) is None
    assert simple.simple_texts([{"a": "b"}, {"c": value}]) == ['{"a":"b"}', None]


def test_levels_are_counted_as_the_slow_way_counts_them() -> None:
    deep: Any = []
    for level in range(1, 70):
        assert simple.is_simple(deep) == (level <= simple.LEVELS), level
        assert (unfit("1", {"a": deep}) is None) == (level < simple.LEVELS), level
        deep = [deep]


JSONS = st.recursive(
    st.sampled_from(
        ["null", "true", "1", "-0", "1.10", "1e2", "1E400", "9" * 18, "9" * 19, "9" * 41, "NaN", '"a:b"', '"\\u003a"',
         '"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\":"', '"é"', "01", "1.", '"\x01"', " 7 ", "0.1234567890123"]
    ),
    lambda inner: st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]")
    | st.lists(st.tuples(st.sampled_from(['"a"', '"b"', '"a:"', '":"', '"\\u0061"']), inner), max_size=4).map(
        lambda pairs: f"{{{','.join(f'{key} : {value}' for key, value in pairs)}}}"
    ),
    max_leaves=8,
)  # fmt: skip


@given(text=JSONS, any_text=st.booleans())
@example(text='{"a":":","a":""}', any_text=True)
@example(text='{"a":{"b:":1},"a":{}}', any_text=False)
@settings(max_examples=300)
def test_a_text_that_is_read_quickly_is_read_as_the_slow_way_reads_it(text: str, any_text: bool) -> None:
    found = strict._quick(text, any_text=any_text)
    if found is strict._NOTHING:
        return
    slow = json.loads(
        text,
        parse_float=strict._number,
        parse_int=strict._integer,
        parse_constant=strict._constant,
        object_pairs_hook=strict._unique,
    )
    strict._check(slow, 0, any_text=any_text)
    assert (found, repr(found)) == (slow, repr(slow))


@pytest.mark.parametrize("text", ['{"a":1,"a":1}', '[{"a":{"a":1,"\\u0061":2}}]', '{"a":"x:","a":"y"}'])
def test_a_key_that_stands_twice_is_refused_as_ever(text: str) -> None:
    with pytest.raises(strict.BadJson, match="stands twice"):
        strict.loads(text, any_text=True)


def test_ordinary_answers_do_go_the_quick_way() -> None:
    text = json.dumps({"records": [{"id": "1", "at": "2026-01-01T10:00:00Z", "amount": 12.5, "n": [1, None, True]}]})
    assert strict._quick(text, any_text=True) is not strict._NOTHING


def test_a_text_that_is_too_long_is_refused_as_ever() -> None:
    data = {"a": "x" * (MAX_TEXT + 1)}
    assert unfit("1", data, simple.simple_text(data)) == unfit("1", data)
