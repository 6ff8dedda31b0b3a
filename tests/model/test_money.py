"""Money is exact: parts sum to the whole, minor units survive the round trip, nothing is rounded in silence."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.model.currency import EXPONENTS, UnknownCurrency, exponent
from billsync.model.money import Money, Rounding, allocate_minor, from_minor, round_amount, to_minor

MINOR = st.integers(-(10**15), 10**15)
ONE_OF_EACH = ["JPY", "EUR", "KWD", "CLF"]
WEIGHTS = st.lists(st.integers(0, 10**6) | st.decimals("0", "1000", places=4), min_size=1, max_size=30).filter(any)


@given(MINOR, WEIGHTS)
def test_allocated_parts_sum_to_the_whole(total: int, weights: list[Decimal | int]) -> None:
    assert sum(allocate_minor(total, weights)) == total


@given(MINOR, WEIGHTS)
def test_no_part_is_a_whole_minor_unit_off_its_share(total: int, weights: list[Decimal | int]) -> None:
    whole = sum(Decimal(weight) for weight in weights)
    for part, weight in zip(allocate_minor(total, weights), weights, strict=True):
        assert abs(part * whole - total * Decimal(weight)) < whole


@given(MINOR, WEIGHTS)
def test_taking_back_is_the_mirror_of_giving(total: int, weights: list[Decimal | int]) -> None:
    assert allocate_minor(-total, weights) == tuple(-part for part in allocate_minor(total, weights))


@given(MINOR, WEIGHTS)
def test_who_has_no_weight_gets_nothing(total: int, weights: list[Decimal | int]) -> None:
    assert all(part == 0 for part, weight in zip(allocate_minor(total, weights), weights, strict=True) if not weight)


@given(st.integers(0, 10**9), st.integers(1, 60))
def test_equal_parts_differ_by_one_unit_at_most_and_the_first_ones_get_it(total: int, parts: int) -> None:
    shares = [share.minor for share in Money.from_minor(total, "EUR").split(parts)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] - shares[-1] <= 1


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [-1, 2]])
def test_weights_that_mean_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        allocate_minor(100, weights)


@given(MINOR, st.sampled_from(ONE_OF_EACH))
def test_minor_units_round_trip_for_currencies_with_0_2_3_and_4_decimals(minor: int, currency: str) -> None:
    amount = from_minor(minor, currency)
    assert to_minor(amount, currency) == minor
    assert amount.as_tuple().exponent == -exponent(currency)
    assert Money.from_minor(minor, currency).amount == amount


def test_every_listed_currency_has_0_2_3_or_4_decimals() -> None:
    assert len(EXPONENTS) > 150
    assert set(EXPONENTS.values()) == {0, 2, 3, 4}


def test_an_unknown_currency_names_the_one_that_may_be_meant() -> None:
    with pytest.raises(UnknownCurrency, match="did you mean EUR"):
        exponent("EURO")


@pytest.mark.parametrize(("amount", "currency"), [("10.005", "EUR"), ("100.5", "JPY"), ("1.0001", "KWD")])
def test_surplus_decimals_are_refused_unless_a_rounding_is_named(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="decimals"):
        Money.of(amount, currency)
    assert Money.of(amount, currency, Rounding.UP).amount > Decimal(amount)


@given(st.decimals("-1000000", "1000000", places=6), st.sampled_from(ONE_OF_EACH), st.sampled_from(list(Rounding)))
def test_rounding_moves_an_amount_by_less_than_a_minor_unit(value: Decimal, currency: str, rounding: Rounding) -> None:
    rounded = round_amount(value, currency, rounding)
    assert abs(rounded - value) < from_minor(1, currency)
    assert round_amount(rounded, currency, rounding) == rounded


@given(st.decimals("0", "1000000", places=5))
def test_rounding_half_up_is_the_same_for_charges_and_credits(value: Decimal) -> None:
    assert round_amount(-value, "EUR") == -round_amount(value, "EUR")


def test_two_currencies_never_mix() -> None:
    with pytest.raises(ValueError, match="cannot mix EUR and USD"):
        _ = Money.of("1", "EUR") + Money.of("1", "USD")


@given(MINOR, MINOR)
def test_adding_and_taking_away_lose_nothing(a: int, b: int) -> None:
    first, second = Money.from_minor(a, "KWD"), Money.from_minor(b, "KWD")
    assert first + second - second == first
    assert (first < second) == (a < b)
    assert (first <= second) == (a <= b)
    assert bool(first) == bool(a)
    assert (-first).minor == -a
