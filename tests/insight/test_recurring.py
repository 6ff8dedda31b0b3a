"""Recurring revenue ties out: movements sum to the difference, a change within a month counts from its day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.insight.movement import movements, retention
from billsync.insight.recurring import Recurring, by_customer, monthly
from billsync.model.period import Every

D = Decimal
BOOKS = st.dictionaries(st.sampled_from("abcdef"), st.fractions(0, 1000), max_size=6)


@pytest.mark.parametrize(
    ("amount", "every", "month"),
    [
        ("1200", Every(1, "years"), "100"),
        ("300", Every(1, "quarters"), "100"),
        ("12", Every(1, "weeks"), "52"),
        ("24", Every(2, "weeks"), "52"),
        ("12", Every(1, "days"), "365"),
        ("100", Every(30, "days"), "101.388888888888888888888888889"),
    ],
)
def test_any_cycle_counts_for_a_month(amount: str, every: Every, month: str) -> None:
    assert abs(monthly(D(amount), every) - Fraction(month)) < Fraction(1, 10**20)


def test_a_change_within_a_month_counts_from_its_day() -> None:
    month, since, changed = Every(1, "months"), date(2026, 1, 1), date(2026, 1, 16)
    lines = [
        Recurring("acme", D(50), month, since, changed),
        Recurring("acme", D(80), month, changed),
        Recurring("trial", D(20), month, date(2026, 2, 1)),
    ]
    before, after = by_customer(lines, date(2026, 1, 15)), by_customer(lines, date(2026, 1, 16))
    assert before == {"acme": 50}
    assert movements(before, after).expansion == 30
    later = movements(after, by_customer(lines, date(2026, 2, 1)))
    assert (later.new, later.net) == (Fraction(20), Fraction(20))


@given(BOOKS, BOOKS)
def test_movements_sum_to_the_difference(before: dict[str, Fraction], after: dict[str, Fraction]) -> None:
    found = movements(before, after)
    assert found.net == sum(after.values()) - sum(before.values())
    assert min(found.new, found.expansion, -found.contraction, -found.churn) >= 0
    if any(before.values()):
        kept = retention(before, after)
        assert 0 <= kept.gross <= 1
        assert kept.gross <= kept.net
    else:
        with pytest.raises(ValueError, match="no recurring revenue"):
            retention(before, after)
