"""What the kit compares: numbers as numbers, all else as it is, and every difference in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.conformance.broken import Broken
from billsync.conformance.copy import Copy, differences, same, through_json
from billsync.connector import Page, Record
from billsync.model.problem import Place

VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.decimals(allow_nan=False, allow_infinity=False, places=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.dictionaries(st.text(max_size=3), VALUES, max_size=3)))
def test_what_is_equal_does_not_differ(truth: dict[str, dict[str, Any]]) -> None:
    shown = {id: {**fields, "more": 1} for id, fields in truth.items()}
    assert differences(truth, {**shown, **{id: {**truth[id]} for id in truth}}) == ""


@pytest.mark.parametrize(
    ("true", "shown", "alike"),
    [
        (Decimal("1.50"), Decimal("1.5"), True),
        (Decimal("1.50"), "1.5", True),
        (Decimal(3), 3, True),
        (Decimal(1), True, False),
        (Decimal("0.1"), 0.1, False),
        (Decimal("0.1"), "nothing", False),
        ("0012", 12, False),
        ("1", "1 ", False),
        (True, 1, False),
        (None, "", False),
        (["a"], ("a",), True),
        (["a", "b"], ["a"], False),
        ({"a": Decimal(1)}, {"a": "1"}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ("Caf\u00e9", "Cafe\u0301", False),
    ],
)
def test_a_value_is_shown_as_it_is_or_not(true: Any, shown: Any, *, alike: bool) -> None:
    assert same(true, shown) is alike


def test_differences_are_told_in_words() -> None:
    truth = {"a": {"name": "A"}, "b": {"name": "B"}, "c": {"name": "C"}}
    shown: dict[str, dict[str, Any]] = {"a": {"name": "x"}, "b": {}, "d": {}}
    assert differences(truth, shown) == (
        "1 of 3 records were never shown: c; 1 of 3 records are shown and not there any more: d; "
        "name of a is 'x', and there 'A'; name of b is missing, and there 'B'"
    )


def test_a_copy_keeps_what_was_shown_last_and_drops_what_a_snapshot_does_not_show() -> None:
    place, copy = Place(system="s"), Copy()
    copy.begin()
    copy.take(Page([Record("o", "1", {"n": 1}, place), Record("o", "2", {"n": 1}, place)], checkpoint={"p": 1}))
    copy.take(Page([Record("o", "1", {"n": 2}, place), Record("o", "3", {}, place, deleted=True)], checkpoint={"p": 2}))
    assert ({id: record.data["n"] for id, record in copy.live.items()}, copy.news) == ({"1": 2, "2": 1}, 3)
    copy.begin()
    copy.take(Page([Record("o", "2", {"n": 1}, place)], checkpoint={"p": 3}, snapshot=True))
    assert (set(copy.live), copy.news, copy.checkpoint) == ({"2"}, 1, {"p": 3})


@pytest.mark.parametrize("bad", [{"a": {1}}, {"a": (1, 2)}, {1: "a"}, {"a": Decimal(1)}], ids=str)
def test_a_checkpoint_that_is_no_json_is_broken(bad: dict[Any, Any]) -> None:
    with pytest.raises(Broken, match="checkpoint"):
        through_json(bad)
