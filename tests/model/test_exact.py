"""Ratios are rounded once, from their exact value, the way the named rounding says; sums lose no digit."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.model.exact import exact_product, exact_sum, negated, ratio_text, round_ratio
from billsync.model.money import Rounding, allocate, round_to

NUMBERS = st.decimals("-1000000000000", "1000000000000", places=9)


@given(NUMBERS, st.integers(0, 6), st.sampled_from(Rounding))
def test_a_decimal_is_rounded_as_decimals_are(value: Decimal, places: int, rounding: Rounding) -> None:
    assert round_ratio(value, places, rounding) == round_to(value, places, rounding)


@pytest.mark.parametrize(
    ("value", "rounding", "rounded"),
    [
        (Fraction(1, 8), Rounding.HALF_EVEN, "0.12"),
        (Fraction(3, 8), Rounding.HALF_EVEN, "0.38"),
        (Fraction(-1, 8), Rounding.HALF_UP, "-0.13"),
        (Fraction(-1, 8), Rounding.HALF_DOWN, "-0.12"),
        (Fraction(-1, 3), Rounding.CEILING, "-0.33"),
        (Fraction(-1, 3), Rounding.FLOOR, "-0.34"),
        (Fraction(1, 3), Rounding.UP, "0.34"),
        (Fraction(2, 3), Rounding.DOWN, "0.66"),
    ],
)
def test_a_ratio_is_rounded_once(value: Fraction, rounding: Rounding, rounded: str) -> None:
    assert str(round_ratio(value, 2, rounding)) == rounded


@given(NUMBERS, st.integers(0, 6), st.sampled_from(Rounding))
def test_nothing_has_no_sign(value: Decimal, places: int, rounding: Rounding) -> None:
    for found in (round_ratio(value, places, rounding), round_ratio(Fraction(value), places, rounding)):
        assert found or not found.is_signed()
    assert str(round_ratio(Decimal("-0.001"), 2)) == "0.00"


@given(st.lists(NUMBERS, max_size=6))
def test_sums_and_products_keep_every_digit(values: list[Decimal]) -> None:
    whole = exact_sum(values)
    assert Fraction(whole) == sum(map(Fraction, values))
    assert Fraction(exact_product(whole, whole)) == Fraction(whole) ** 2
    assert exact_sum((whole, negated(whole))) == 0


def test_a_thirty_digit_number_keeps_its_digits_when_it_changes_sign() -> None:
    value = Decimal("123456789012345678.123456789012")
    assert str(negated(value)) == "-123456789012345678.123456789012"


def test_ratios_are_told_as_they_are() -> None:
    assert [ratio_text(value) for value in (Fraction(17, 31), Fraction(4, 2), Decimal("1E+2"))] == ["17/31", "2", "100"]


@given(st.decimals("-100000", "100000", places=4), st.lists(st.integers(0, 9), min_size=1, max_size=7))
def test_parts_at_any_number_of_decimals_sum_to_the_whole(amount: Decimal, weights: list[int]) -> None:
    parts = allocate(amount, [*weights, 1], 4)
    assert sum(parts) == amount


def test_more_decimals_than_the_parts_have_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 2 decimals"):
        allocate(Decimal("0.005"), [1], 2)
