"""Anchors never drift: every start day from 2020 to 2040, and cycles that touch without a gap or an overlap."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.model.period import (
    Every,
    Period,
    add_months,
    anchor,
    anchor_index,
    calendar_anchor,
    cycles,
    month_of,
    quarter_of,
)

DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))
EVERY = st.builds(Every, st.integers(1, 14), st.sampled_from(["days", "weeks", "months", "quarters", "years"]))


def _all_days() -> list[date]:
    first, last = date(2020, 1, 1), date(2040, 12, 31)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def test_monthly_anchors_of_every_start_day_keep_their_day_of_the_month() -> None:
    """The 31st is billed on the last day of short months and on the 31st again where there is one."""
    for start in _all_days():
        for k in range(1, 14):
            day = anchor(start, Every(1, "months"), k)
            assert day.day == min(start.day, calendar.monthrange(day.year, day.month)[1])
            assert (day.year * 12 + day.month) - (start.year * 12 + start.month) == k


def test_yearly_anchors_of_every_start_day_come_back_to_it() -> None:
    for start in _all_days():
        assert anchor(start, Every(1, "years"), 4).replace(year=start.year) == start
        assert anchor(start, Every(4, "quarters"), 1) == anchor(start, Every(12, "months"), 1)


@given(DAYS, EVERY, st.integers(-50, 50))
def test_anchors_only_go_forward(first: date, every: Every, k: int) -> None:
    assert anchor(first, every, k) < anchor(first, every, k + 1)


@given(DAYS, EVERY, DAYS)
def test_every_day_lies_between_two_anchors(first: date, every: Every, day: date) -> None:
    k = anchor_index(first, every, day)
    assert anchor(first, every, k) <= day < anchor(first, every, k + 1)


@given(DAYS, EVERY, st.booleans())
def test_cycles_cover_every_day_once(start: date, every: Every, on_the_calendar: bool) -> None:
    first = calendar_anchor(every, start) if on_the_calendar else None
    periods = list(islice(cycles(start, every, first=first), 20))
    assert periods[0].start == start
    assert all(before.end == after.start for before, after in pairwise(periods))
    assert sum(period.days for period in periods) == (periods[-1].end - start).days


@given(DAYS)
def test_calendar_cycles_fall_on_the_calendar(start: date) -> None:
    weeks = islice(cycles(start, Every(1, "weeks"), first=calendar_anchor(Every(1, "weeks"), start)), 1, 5)
    months = islice(cycles(start, Every(1, "months"), first=calendar_anchor(Every(1, "months"), start)), 1, 5)
    quarters = islice(cycles(start, Every(1, "quarters"), first=calendar_anchor(Every(1, "quarters"), start)), 1, 5)
    years = islice(cycles(start, Every(1, "years"), first=calendar_anchor(Every(1, "years"), start)), 1, 3)
    assert all(week.start.weekday() == 0 and week.days == 7 for week in weeks)
    assert all(month == month_of(month.start) for month in months)
    assert all(quarter == quarter_of(quarter.start) for quarter in quarters)
    assert all((year.start.month, year.start.day) == (1, 1) for year in years)


@given(DAYS)
def test_a_day_lies_in_its_month_and_its_month_in_its_quarter(day: date) -> None:
    month, quarter = month_of(day), quarter_of(day)
    assert month.start <= day <= month.last_day
    assert quarter.start <= month.start < month.end <= quarter.end
    assert quarter.start.month in (1, 4, 7, 10)


@given(DAYS, st.integers(-500, 500))
def test_months_go_and_come_back_within_the_clamp(day: date, months: int) -> None:
    back = add_months(add_months(day, months), -months)
    assert timedelta(0) <= day - back <= timedelta(days=3)


def test_an_empty_period_and_a_cycle_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        Period(date(2026, 1, 1), date(2026, 1, 1))
    with pytest.raises(ValueError, match="at least one unit"):
        Every(0, "months")


def test_a_cycle_reads_as_people_say_it() -> None:
    assert [str(Every(1, "months")), str(Every(3, "weeks"))] == ["every month", "every 3 weeks"]
    assert str(Period(date(2026, 1, 1), date(2026, 2, 1))) == "2026-01-01 to 2026-01-31"
