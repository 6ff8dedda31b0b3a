"""Cycles that never drift, local days that touch, phases and ramps: whatever zone, leap year and month's end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.billing.timeline import (
    Grid,
    Phase,
    ZoneHistory,
    aligned,
    cut,
    day_start,
    elapsed,
    exists,
    instant_of,
    instants,
    invoice_on,
    local_days,
    served,
    spans,
    value_on,
)
from billsync.billing.timeline.grid import Alignment
from billsync.model.period import Every, Period

DAYS = st.dates(date(2015, 1, 1), date(2032, 12, 31))
ZONES = st.sampled_from(
    [
        "UTC",
        "America/New_York",
        "America/Sao_Paulo",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Pacific/Auckland",
        "Pacific/Apia",
        "Africa/Cairo",
        "Asia/Beirut",
        "Europe/Berlin",
        "Pacific/Kiritimati",
        "America/Havana",
    ]
)
EVERY = st.builds(Every, st.integers(1, 18), st.sampled_from(["days", "weeks", "months", "quarters", "years"]))


@st.composite
def grids(draw: st.DrawFn) -> tuple[date, Grid]:
    start, every = draw(DAYS), draw(EVERY)
    if every.unit == "days":
        return start, aligned(start, every, draw(st.sampled_from(["anniversary", "calendar"])))
    how: Alignment = draw(st.sampled_from(["anniversary", "calendar", "anchored"]))
    weekday = draw(st.integers(0, 6)) if every.unit == "weeks" else None
    return start, aligned(start, every, how, day=draw(st.integers(1, 31)), weekday=weekday)


@given(grids(), st.none() | st.integers(1, 4000))
def test_periods_touch_and_cover_the_service(made: tuple[date, Grid], days: int | None) -> None:
    start, grid = made
    end = None if days is None else start + timedelta(days=days)
    found = list(islice(served(grid, start, end), 30))
    assert found[0].period.start == start
    assert all(left.period.end == right.period.start for left, right in pairwise(found))
    assert all(not item.is_stub for item in found[1:-1])
    if end is not None and len(found) < 30:
        assert found[-1].period.end == end
    assert elapsed(grid, start, found[-1].period.start) == len(found) - 1


@given(grids(), DAYS)
def test_every_day_lies_in_one_cycle(made: tuple[date, Grid], day: date) -> None:
    _, grid = made
    cycle = grid.cycle(day)
    assert day in cycle
    assert grid.first_from(day) == (day if day == cycle.start else cycle.end)
    assert grid.next_after(day) == cycle.end


@given(st.integers(1, 31), st.integers(1, 24), DAYS, st.integers(-40, 40))
def test_a_billing_day_is_kept_or_the_months_last(day: int, months: int, start: date, k: int) -> None:
    found = aligned(start, Every(months, "months"), "anchored", day=day).at(k)
    assert found.day == day or (found.day < day and (found + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(
    ("start", "every", "day", "dates"),
    [
        ("2023-02-10", "months", 31, ["2023-02-28", "2023-03-31", "2023-04-30"]),
        ("2024-02-29", "years", 29, ["2024-02-29", "2025-02-28", "2026-02-28"]),
        ("2024-11-30", "quarters", 30, ["2024-11-30", "2025-02-28", "2025-05-30"]),
    ],
)
def test_an_anchor_never_drifts(start: str, every: str, day: int, dates: list[str]) -> None:
    grid = aligned(date.fromisoformat(start), Every(1, every), "anchored", day=day)  # type: ignore[arg-type]
    assert [grid.at(k).isoformat() for k in range(3)] == dates


def test_an_anchor_that_is_missing_or_impossible_is_refused() -> None:
    start = date(2026, 1, 1)
    for every, given_ in (
        (Every(1, "weeks"), {}),
        (Every(3, "days"), {"weekday": 1}),
        (Every(1, "months"), {"day": 32}),
    ):
        with pytest.raises(ValueError, match="needs its"):
            aligned(start, every, "anchored", **given_)


@given(st.dates(date(2005, 1, 1), date(2035, 12, 31)), ZONES)
def test_local_days_touch_whatever_the_clocks_do(day: date, zone: str) -> None:
    begin, end = instants(Period(day, day + timedelta(days=1)), zone)
    assert timedelta(0) <= end - begin <= timedelta(hours=26)
    assert begin.tzinfo is UTC
    if end > begin:
        assert local_days(begin, end - timedelta(microseconds=1), zone) == 0
        assert local_days(begin - timedelta(microseconds=1), begin, zone) >= 1


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2024-03-10", "America/New_York", 23),
        ("2024-11-03", "America/New_York", 25),
        ("2018-11-04", "America/Sao_Paulo", 23),
        ("2011-12-30", "Pacific/Apia", 0),
        ("2024-04-26", "Africa/Cairo", 23),
    ],
)
def test_the_length_of_a_local_day(day: str, zone: str, hours: int) -> None:
    first = date.fromisoformat(day)
    begin, end = instants(Period(first, first + timedelta(days=1)), zone)
    assert end - begin == timedelta(hours=hours)


def test_a_time_that_is_skipped_is_the_instant_of_the_change() -> None:
    gap = datetime(2015, 3, 8, 2, 30)  # noqa: DTZ001  a wall-clock time
    assert not exists(gap, "America/Los_Angeles")
    assert instant_of(gap, "America/Los_Angeles") == datetime(2015, 3, 8, 10, tzinfo=UTC)
    assert day_start(date(2018, 11, 4), "America/Sao_Paulo") == datetime(2018, 11, 4, 3, tzinfo=UTC)
    twice = datetime(2024, 11, 3, 1, 30)  # noqa: DTZ001
    assert exists(twice, "America/New_York")
    assert instant_of(twice, "America/New_York") == datetime(2024, 11, 3, 5, 30, tzinfo=UTC)


@given(DAYS, st.lists(st.tuples(st.integers(0, 60), ZONES), max_size=4), ZONES)
def test_days_stay_in_order_when_the_customer_moves(day: date, moves: list[tuple[int, str]], first: str) -> None:
    changes = tuple((day + timedelta(days=offset), zone) for offset, zone in sorted(dict(moves).items()))
    zones = ZoneHistory(first, changes)
    begins = [zones.day_start(day + timedelta(days=offset)) for offset in range(64)]
    assert begins == sorted(begins)


def test_a_move_across_the_date_line_takes_no_day_back() -> None:
    zones = ZoneHistory("Etc/GMT+12", ((date(2026, 5, 10), "Pacific/Kiritimati"),))
    assert zones.day_start(date(2026, 5, 9)) == datetime(2026, 5, 9, 12, tzinfo=UTC)
    assert zones.day_start(date(2026, 5, 10)) == datetime(2026, 5, 9, 12, tzinfo=UTC)
    assert zones.day_start(date(2026, 5, 11)) == datetime(2026, 5, 10, 10, tzinfo=UTC)


def test_phases_follow_each_other() -> None:
    phases = [Phase("trial", Every(14, "days")), Phase("discount", Every(3, "months")), Phase("evergreen")]
    found = spans(date(2026, 1, 17), phases)
    assert [(span.phase.kind, span.starts_on.isoformat()) for span in found] == [
        ("trial", "2026-01-17"),
        ("discount", "2026-01-31"),
        ("evergreen", "2026-04-30"),
    ]
    assert found[-1].ends_on is None
    with pytest.raises(ValueError, match="none can follow"):
        spans(date(2026, 1, 1), [Phase("evergreen"), Phase("fixed", Every(1, "years"))])


def test_a_ramp_steps_and_cuts_its_periods() -> None:
    steps = [(date(2026, 1, 1), 10), (date(2026, 7, 1), 20)]
    assert [value_on(steps, day) for day in (date(2025, 12, 31), date(2026, 6, 30), date(2026, 7, 1))] == [None, 10, 20]
    year = Period(date(2026, 1, 1), date(2027, 1, 1))
    assert [part.days for part in cut(year, [since for since, _ in steps])] == [181, 184]


def test_a_period_is_invoiced_at_its_start_or_after_it() -> None:
    january = Period(date(2026, 1, 1), date(2026, 2, 1))
    assert invoice_on(january, "advance") == date(2026, 1, 1)
    assert invoice_on(january, "arrears") == date(2026, 2, 1)
    assert invoice_on(january, "arrears", 0) == date(2026, 1, 31)


@pytest.mark.parametrize("ends_on", ["2024-01-20", "2024-01-31"])
def test_service_that_ends_as_it_begins_has_no_periods(ends_on: str) -> None:
    grid = Grid(date(2024, 1, 1), Every(1, "months"))
    assert list(served(grid, date(2024, 1, 31), date.fromisoformat(ends_on))) == []
