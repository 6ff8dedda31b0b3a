"""Movements tie out whatever the currencies, the rates and the days on which customers change their minds."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.insight.movement import Counted, between
from billsync.insight.recurring import Recurring, by_customer
from billsync.model.period import Every

RUNS = settings(max_examples=40)
START = date(2026, 1, 1)
DAYS = st.integers(0, 120).map(lambda days: START + timedelta(days=days))
LINES = st.builds(
    Recurring,
    st.sampled_from("abc"),
    st.decimals("0", "1000", places=2),
    st.sampled_from([Every(1, "months"), Every(1, "years"), Every(2, "weeks"), Every(30, "days")]),
    DAYS,
    st.none() | DAYS,
    st.sampled_from(["EUR", "JPY"]),
)
COUNTED: tuple[Counted, ...] = ("ends", "days")
RATES = st.fixed_dictionaries({name: st.decimals("0.01", "2", places=4) for name in ("EUR", "JPY")})


@RUNS
@given(st.lists(LINES, max_size=8), DAYS, DAYS, RATES, RATES, st.sampled_from(COUNTED))
def test_movements_sum_to_the_difference_in_any_currency(
    lines: list[Recurring],
    one: date,
    other: date,
    opening: dict[str, Decimal],
    closing: dict[str, Decimal],
    counted: Counted,
) -> None:
    first, last = min(one, other), max(one, other)
    found = between(lines, first, last, counted=counted, opening=opening, closing=closing)
    before, after = (
        sum(by_customer(lines, on, rates).values(), Fraction(0)) for on, rates in ((first, opening), (last, closing))
    )
    assert found.net == after - before
    assert min(found.new, found.reactivation, found.expansion, -found.contraction, -found.churn) >= 0
    if opening == closing:
        assert found.exchange == 0


@RUNS
@given(st.lists(LINES, max_size=8), DAYS, DAYS, DAYS, RATES)
def test_two_windows_are_one_when_days_are_counted(
    lines: list[Recurring], one: date, two: date, three: date, rates: dict[str, Decimal]
) -> None:
    first, middle, last = sorted((one, two, three))
    parts = [
        between(lines, *ends, counted="days", opening=rates, closing=rates)
        for ends in ((first, middle), (middle, last))
    ]
    assert parts[0] + parts[1] == between(lines, first, last, counted="days", opening=rates, closing=rates)


def test_two_currencies_have_no_sum_without_a_rate() -> None:
    line = Recurring("a", Decimal(1), Every(1, "months"), START, currency="EUR")
    with pytest.raises(ValueError, match="no rate for EUR"):
        by_customer([line], START)
