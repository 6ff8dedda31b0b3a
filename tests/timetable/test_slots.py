"""Slots on the clocks of all zones, against an enumeration that only asks zoneinfo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from billsync.timetable import Calendar, Schedule, next_slot, slots
from tests.schedule.enumerated import by_wall, is_first_workday, is_last

MINUTE = timedelta(minutes=1)
ZONES = sorted(
    zone for zone in available_timezones() if not zone.startswith(("posix/", "right/")) and zone != "localtime"
)
DAYS = st.integers(0, 45_000).map(lambda day: datetime(1975, 1, 1, tzinfo=UTC) + timedelta(days=day))


@settings(max_examples=20)
@given(zone=st.sampled_from(ZONES), start=DAYS)
@example("Europe/Berlin", datetime(2026, 10, 24, tzinfo=UTC))
@example("America/New_York", datetime(2026, 3, 7, tzinfo=UTC))
@example("Australia/Lord_Howe", datetime(2026, 10, 2, tzinfo=UTC))
@example("Australia/Lord_Howe", datetime(2026, 4, 3, tzinfo=UTC))
@example("Pacific/Apia", datetime(2011, 12, 29, tzinfo=UTC))
@example("Africa/Casablanca", datetime(2026, 2, 14, tzinfo=UTC))
def test_cron_in_every_zone_and_year(zone: str, start: datetime) -> None:
    start = start.replace(second=0, microsecond=0)
    end = start + timedelta(days=3)
    schedule = Schedule(cron="*/20 0-3,23 * * *", zone=zone)
    found = {slot.id: slot.due for slot in slots(schedule, start - MINUTE, end - MINUTE)}
    assert found == by_wall(zone, lambda wall: wall.minute % 20 == 0 and wall.hour in (0, 1, 2, 3, 23), start, end)
    assert list(found.values()) == sorted(found.values())


def test_the_calendar_over_two_years() -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    for day, fits in (("last", is_last), ("first_workday", is_first_workday)):
        calendar = Calendar.model_validate({"every": "month", "day": day, "at": "02:30"})
        schedule = Schedule(calendar=calendar, zone="America/New_York")
        found = {slot.id: slot.due for slot in slots(schedule, start, end)}
        assert len(found) == 24
        assert all(fits(datetime.fromisoformat(slot).date()) for slot in found)


def coming(calendar: dict[str, object], count: int) -> list[str]:
    schedule, after, found = Schedule.model_validate({"calendar": calendar}), datetime(2026, 1, 15, tzinfo=UTC), []
    for _ in range(count):
        slot = next_slot(schedule, after)
        assert slot is not None
        found.append(slot.id)
        after = slot.due
    return found


@pytest.mark.parametrize(
    ("calendar", "days"),
    [
        ({"every": "month", "day": 31}, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        ({"every": "quarter", "day": "last_workday"}, ["2026-03-31", "2026-06-30", "2026-09-30", "2026-12-31"]),
        ({"every": "month", "day": "first_workday", "holidays": ["2026-02-02"]}, ["2026-02-03", "2026-03-02"]),
        ({"every": "week", "day": "fri", "count": 2, "since": "2026-01-01"}, ["2026-01-16", "2026-01-30"]),
        ({"every": "day", "count": 10, "since": "2026-01-01"}, ["2026-01-21", "2026-01-31", "2026-02-10"]),
        ({"every": "year", "day": 1, "since": "2027-07-01"}, ["2028-01-01", "2029-01-01"]),
    ],
)  # fmt: skip
def test_days_of_the_calendar(calendar: dict[str, object], days: list[str]) -> None:
    assert coming({**calendar, "at": "06:00"}, len(days)) == [f"{day}T06:00" for day in days]


@pytest.mark.parametrize(
    ("line", "days"),
    [
        ("0 6 * * 1", ["2026-01-19", "2026-01-26"]),  # Monday, as crontab counts
        ("0 6 * * 0", ["2026-01-18", "2026-01-25"]),
        ("0 6 * * 7", ["2026-01-18", "2026-01-25"]),
        ("0 6 * * 5-7", ["2026-01-16", "2026-01-17", "2026-01-18", "2026-01-23"]),
        ("0 6 * * fri-mon", ["2026-01-16", "2026-01-17", "2026-01-18", "2026-01-19", "2026-01-23"]),
        ("0 6 20 * mon", ["2026-01-19", "2026-01-20", "2026-01-26"]),  # either is enough
        ("0 6 * * */3", ["2026-01-17", "2026-01-18", "2026-01-21"]),
        ("0 6 29 2 *", ["2028-02-29", "2032-02-29"]),
        ("0 6 last * *", ["2026-01-31", "2026-02-28"]),
    ],
)
def test_cron_lines_mean_what_crontab_says(line: str, days: list[str]) -> None:
    schedule, after, found = Schedule(cron=line), datetime(2026, 1, 15, 7, tzinfo=UTC), []
    for _ in days:
        slot = next_slot(schedule, after)
        assert slot is not None
        found.append(slot.id[:10])
        after = slot.due
    assert found == days
