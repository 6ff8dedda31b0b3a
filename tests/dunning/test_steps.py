"""Escalation: each step on its day, never on a day off, always in order."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from billsync.dunning.steps import Escalation, Planned, Step, planned, reached

DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))


def escalation(*days: int, **fields: object) -> Escalation:
    return Escalation.model_validate({"steps": [Step(name=f"after {n}", days=n) for n in days], **fields})


def test_a_step_on_a_holiday_is_taken_on_the_next_working_day() -> None:
    given_ = escalation(14, 15, days_off=(5, 6), holidays=("2026-12-25",))
    found = planned(date(2026, 12, 11), given_)
    assert found == (Planned("after 14", date(2026, 12, 28)), Planned("after 15", date(2026, 12, 28)))
    stays = escalation(14, holidays=("2026-12-25",), move="stay")
    assert planned(date(2026, 12, 11), stays)[0].on == date(2026, 12, 25)


@given(DAYS, st.sets(st.integers(0, 90), max_size=5), st.sets(st.integers(0, 6), max_size=6), st.sets(DAYS, max_size=9))
def test_steps_keep_their_order_and_miss_days_off(
    since: date, days: set[int], off: set[int], holidays: set[date]
) -> None:
    made = escalation(*sorted(days), days_off=tuple(off), holidays=tuple(holidays))
    plan = planned(since, made)
    assert [step.on for step in plan] == sorted(step.on for step in plan)
    assert all(step.on.weekday() not in off and step.on not in holidays for step in plan)
    assert all(step.on >= since + timedelta(days=rule.days) for step, rule in zip(plan, made.steps, strict=True))
    if plan:
        assert reached(plan, plan[-1].on) == plan[-1]
        assert reached(plan, plan[0].on - timedelta(days=1)) is None


def test_an_escalation_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValidationError, match="rise"):
        escalation(10, 10)
    with pytest.raises(ValidationError, match="needs a weekday"):
        escalation(1, days_off=tuple(range(7)))
