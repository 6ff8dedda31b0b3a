"""Slots over the ends of summer time: the hour that comes twice is one slot, the one that never comes runs once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from billsync import timetable
from billsync.settings import Schedule


def slots(schedule: Schedule, start: datetime, end: datetime) -> list[str]:
    """Every ring's slot between two instants."""
    return [slot.id for slot in timetable.slots(schedule, start, end)]


ZONES = {"Europe/Berlin": (datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 3, 28, tzinfo=UTC)),
         "America/New_York": (datetime(2026, 10, 31, tzinfo=UTC), datetime(2026, 3, 7, tzinfo=UTC))}  # fmt: skip
HOURS = {"Europe/Berlin": ("30 2 * * *", "02:30"), "America/New_York": ("30 1 * * *", "01:30")}


@pytest.mark.parametrize("zone", ZONES)
def test_the_doubled_hour_is_one_slot_a_day(zone: str) -> None:
    cron, hour = HOURS[zone]
    rung = slots(Schedule(cron=cron, zone=zone), ZONES[zone][0], ZONES[zone][0] + timedelta(days=4))
    days = sorted(set(rung))
    assert len(days) == 4
    assert all(day.endswith(hour) for day in days)


@pytest.mark.parametrize("zone", ZONES)
def test_the_missing_hour_runs_once(zone: str) -> None:
    rung = slots(Schedule(cron="30 2 * * *", zone=zone), ZONES[zone][1], ZONES[zone][1] + timedelta(days=4))
    assert len(rung) == len(set(rung)) == len({slot[:10] for slot in rung}) == 4


def test_an_interval_counts_in_utc_the_same_in_every_process() -> None:
    schedule = Schedule(every_s=900)
    first = slots(schedule, datetime(2026, 3, 29, 0, 7, tzinfo=UTC), datetime(2026, 3, 29, 1, 1, tzinfo=UTC))
    assert first == ["2026-03-29T00:15:00Z", "2026-03-29T00:30:00Z", "2026-03-29T00:45:00Z", "2026-03-29T01:00:00Z"]
