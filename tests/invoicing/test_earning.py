"""Revenue that does not flow evenly: whatever happens to a service, all of it is earned, once."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.invoicing.earning import Method, Modification, modified, on_milestones
from billsync.invoicing.revenue import straight_line
from billsync.model.period import Period

RUNS = settings(max_examples=40)
START = date(2026, 1, 1)
METHODS: tuple[Method, ...] = ("prospective", "cumulative")
MONEY = st.decimals("0", "100000", places=2)


@RUNS
@given(
    MONEY,
    st.integers(2, 800),
    st.data(),
    st.decimals("-1000", "1000", places=2),
    st.sampled_from(METHODS),
)
def test_a_service_that_changes_is_earned_to_the_cent(
    amount: Decimal, days: int, data: st.DataObject, added: Decimal, method: Method
) -> None:
    service = Period(START, START + timedelta(days=days))
    on = START + timedelta(days=data.draw(st.integers(1, days - 1)))
    ends_on = on + timedelta(days=data.draw(st.integers(1, 500)))
    change = Modification(on, added, ends_on, method)
    earned = modified(amount, service, change, 2)
    assert sum(part.amount for part in earned) == amount + added
    assert [part.on for part in earned] == sorted(part.on for part in earned)
    assert earned[-1].on == ends_on - timedelta(days=1)


@RUNS
@given(MONEY, st.integers(60, 800), st.integers(1, 59))
def test_a_change_of_nothing_leaves_what_was_earned_before(amount: Decimal, days: int, offset: int) -> None:
    service = Period(START, START + timedelta(days=days))
    on = START + timedelta(days=offset)
    found = modified(amount, service, Modification(on, Decimal(0), service.end), 2)
    whole = straight_line(amount, service, 2)
    before = sum(part.amount for part in found if part.on < on)
    assert abs(before - amount * offset / days) <= Decimal("0.01")
    assert sum(part.amount for part in found) == sum(part.amount for part in whole)


@RUNS
@given(MONEY, st.lists(st.integers(1, 20), min_size=1, max_size=6))
def test_milestones_earn_the_whole_work_and_no_more(amount: Decimal, parts: list[int]) -> None:
    shares = [Decimal(part) / 128 for part in parts]
    reached = [(START + timedelta(days=number), share) for number, share in enumerate(shares)]
    if sum(shares) > 1:
        with pytest.raises(ValueError, match="more than the whole"):
            on_milestones(amount, reached, 2)
        return
    reached.append((START + timedelta(days=99), Decimal(1) - sum(shares, Decimal(0))))
    earned = on_milestones(amount, reached, 2)
    assert sum(part.amount for part in earned) == amount
    assert all(part.amount >= 0 for part in earned)


@pytest.mark.parametrize("on", ["2026-01-01", "2026-02-01"])
def test_a_change_outside_its_service_is_refused(on: str) -> None:
    service = Period(START, date(2026, 2, 1))
    with pytest.raises(ValueError, match="does not lie in"):
        modified(Decimal(1), service, Modification(date.fromisoformat(on), Decimal(0), date(2027, 1, 1)), 2)
