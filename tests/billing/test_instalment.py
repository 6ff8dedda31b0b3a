"""Instalments sum to their total; due dates by rule; money goes to what is due first."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from billsync.billing.instalment import due_on, instalments, settle
from billsync.model.paying import DueRule, Instalment, Payable

D = Decimal
START = date(2026, 1, 31)


def plan(total: str, *parts: dict[str, Any]) -> list[Decimal]:
    made = instalments(D(total), [Instalment.model_validate(part) for part in parts], START, 2)
    return [payable.amount for payable in made]


@pytest.mark.parametrize(
    ("rule", "due"),
    [
        ({}, "2026-01-31"),
        ({"days": 30}, "2026-03-02"),
        ({"months": 1}, "2026-02-28"),
        ({"months": 1, "on_day": 31}, "2026-02-28"),
        ({"months": 1, "on_day": 1}, "2026-02-01"),
        ({"next_day": 31}, "2026-01-31"),
        ({"days": 1, "next_day": 31}, "2026-02-28"),
        ({"next_day": 15}, "2026-02-15"),
        ({"days": 1, "payment_days": (5, 20)}, "2026-02-05"),
        ({"on_day": 31, "days": 0, "payment_days": (10,)}, "2026-02-10"),
    ],
)
def test_a_due_date_by_rule(rule: dict[str, Any], due: str) -> None:
    assert due_on(START, DueRule.model_validate(rule)).isoformat() == due


def test_percent_fixed_and_the_rest() -> None:
    rest: dict[str, Any] = {}
    assert plan("1587.35", *[{"percent": "0.25"}] * 4) == [D("396.84"), D("396.84"), D("396.84"), D("396.83")]
    assert plan("100", {"amount": "30"}, {"percent": "0.5"}, rest) == [30, 50, 20]
    assert plan("100", {"amount": "30"}, {"percent": "0.5", "of": "rest"}, rest) == [30, 35, 35]


def test_parts_that_are_more_or_less_than_the_total_are_refused() -> None:
    with pytest.raises(ValueError, match="leave 50"):
        plan("100", {"percent": "0.5"})
    with pytest.raises(ValueError, match="more than the total"):
        plan("100", {"amount": "101"})
    with pytest.raises(ValidationError, match="not both"):
        Instalment(percent=D("0.5"), amount=D(1))


@given(st.decimals("0", "100000", places=2), st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_instalments_sum_to_the_total(total: Decimal, percents: list[int]) -> None:
    parts = [Instalment(percent=D(value).scaleb(-3)) for value in percents]
    made = instalments(total, [*parts, Instalment()], START, 2)
    assert sum(payable.amount for payable in made) == total
    assert all(payable.amount >= 0 for payable in made)


@given(
    st.lists(st.tuples(st.dates(), st.decimals("0", "100", places=2)), max_size=6), st.decimals("0", "900", places=2)
)
def test_money_goes_to_what_is_due_first(rows: list[tuple[date, Decimal]], paid: Decimal) -> None:
    payables = [Payable(due_on=day, amount=amount) for day, amount in rows]
    settled, left = settle(payables, paid)
    assert sum((row.paid for row in settled), left) == paid
    assert left == 0 or all(row.open == 0 for row in settled)
    for row in settled:
        if row.paid:
            assert all(other.open == 0 for other in settled if other.payable.due_on < row.payable.due_on)
