"""Escalation: each step on its day, never on a day off, always in order."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from billsync.dunning.holidays import (
    CALENDARS,
    FixedDay,
    HolidayCalendar,
    WeekdayOfMonth,
    easter_sunday,
    holidays,
)
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


@pytest.mark.parametrize(
    ("year", "day"),
    [(1818, "03-22"), (2024, "03-31"), (2025, "04-20"), (2026, "04-05"), (2027, "03-28"), (2038, "04-25")],
)
def test_easter_sunday(year: int, day: str) -> None:
    assert easter_sunday(year).isoformat() == f"{year}-{day}"


def test_a_year_of_holidays() -> None:
    assert [f"{day:%m-%d}" for day in sorted(holidays(CALENDARS["TARGET"], 2026))] == [
        "01-01",
        "04-03",
        "04-06",
        "05-01",
        "12-25",
        "12-26",
    ]
    # the federal holidays of 2026, with 3 July for 4 July, which is a Saturday
    days = "01-01 01-19 02-16 05-25 06-19 07-03 07-04 09-07 10-12 11-11 11-26 12-25"
    assert [f"{day:%m-%d}" for day in sorted(holidays(CALENDARS["US"], 2026))] == days.split()
    # 2026 in England and Wales: Boxing Day is a Saturday, so Monday 28 makes up for it
    days = "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-26 12-28"
    assert [f"{day:%m-%d}" for day in sorted(holidays(CALENDARS["GB"], 2026))] == days.split()


def test_29_february_is_a_day_of_leap_years() -> None:
    leap = HolidayCalendar(fixed=(FixedDay(month=2, day=29),))
    assert (holidays(leap, 2026), holidays(leap, 2028)) == (frozenset(), frozenset({date(2028, 2, 29)}))


def test_a_calendar_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValidationError, match="no day 31 in month 4"):
        FixedDay(month=4, day=31)
    with pytest.raises(ValidationError, match="counted from 1"):
        WeekdayOfMonth(month=4, weekday=0, nth=0)
    with pytest.raises(ValidationError, match="no calendar 'XX': expected one of TARGET, DE"):
        escalation(1, calendars=("XX",))
    always = HolidayCalendar(
        fixed=tuple(FixedDay(month=month, day=day) for month in range(1, 13) for day in range(1, 29)),
        weekdays=tuple(WeekdayOfMonth(month=month, weekday=day, nth=-1) for month in range(1, 13) for day in range(7)),
    )
    with pytest.raises(ValueError, match="no working day in 400 days"):
        planned(date(2026, 1, 1), escalation(1, own=(always,)))
