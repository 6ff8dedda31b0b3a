"""Tryton's JSON: what goes there comes back the same, and never through a float."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.strict.json import loads
from billsync_connectors.tryton.encoding import decoded, dumps, plain_number

VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
    | st.decimals(-(10**12), 10**12, allow_nan=False, places=4)
    | st.dates(date(1900, 1, 1))
    | st.datetimes(timezones=st.just(UTC))
)


@given(st.recursive(VALUES, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner)))
def test_values_survive_the_journey(value: object) -> None:
    assert decoded(loads(dumps("model.x.read", [value]))["params"]) == [value]


def test_instants_are_told_in_utc() -> None:
    late = datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    assert '"year": 2025' in dumps("m", [late])


def test_floats_and_malformed_objects_are_refused() -> None:
    with pytest.raises(ValueError, match="malformed date"):
        decoded({"__class__": "date", "year": 2026})
    with pytest.raises(ValueError, match="malformed Decimal"):
        decoded({"__class__": "Decimal", "decimal": "ten"})
    with pytest.raises(TypeError, match="takes no set"):
        dumps("m", [{1}])


@pytest.mark.parametrize("text", ["3", "2.5", "0.0001", "-1", "100000"])
def test_a_quantity_is_written_as_it_is(text: str) -> None:
    assert json.dumps(plain_number(Decimal(text))) == text
