"""Shares of decimals are those of the same numbers as ratios, which is how shares are defined."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.model.exact import apportion, exact_sum, round_ratio
from billsync.model.money import Rounding

VALUES = st.lists(st.decimals(-(10**12), 10**12, places=7) | st.decimals(-2, 2, places=3), min_size=1, max_size=6)


@given(VALUES, st.integers(0, 4), st.sampled_from(list(Rounding)))
def test_decimals_are_apportioned_as_ratios_are(values: list[Decimal], places: int, rounding: Rounding) -> None:
    total = round_ratio(exact_sum(values), places, rounding)
    as_ratios = [Fraction(value) for value in values]
    assert shared(values, total, places) == shared(as_ratios, total, places)


def shared(values: Sequence[Decimal | Fraction], total: Decimal, places: int) -> str:
    try:
        return " ".join(map(str, apportion(values, total, places)))
    except ValueError as error:
        return str(error)


@given(VALUES, st.integers(0, 3))
def test_another_total_is_refused(values: list[Decimal], places: int) -> None:
    far = round_ratio(exact_sum(values), places) + len(values) + 1
    with pytest.raises(ValueError, match="is not the rounded sum"):
        apportion(values, far, places)
