"""What becomes of slots: quiet hours, blackouts, lateness, runs that take too long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.settings.shape import Pipeline
from billsync.timetable import Ripe, Schedule, Slot, fate, next_slot, settle

NIGHT = {"from": "22:00", "to": "06:00"}


def fated(schedule: dict[str, Any], moment: str) -> tuple[str, str]:
    """When the next slot from an instant on rings, in UTC, or `-`; and what put it off."""
    made = Schedule.model_validate(schedule)
    slot = next_slot(made, datetime.fromisoformat(f"{moment}+00:00") - timedelta(seconds=1))
    assert slot is not None
    found = fate(made, "p", slot)
    return f"{found.ring_at:%Y-%m-%dT%H:%M}" if found.ring_at else "-", found.pause


NEW_YEAR = ("2027-01-01T23:00", "blackout")
HOURLY = {"cron": "0 * * * *", "zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("more", "moment", "expected"),
    [
        ({"quiet": [NIGHT]}, "2026-06-10T19:00", ("2026-06-10T19:00", "")),
        ({"quiet": [NIGHT]}, "2026-06-10T20:00", ("2026-06-11T04:00", "quiet")),
        ({"quiet": [NIGHT]}, "2026-06-11T04:00", ("2026-06-11T04:00", "")),
        ({"quiet": [NIGHT]}, "2026-03-28T22:00", ("2026-03-29T04:00", "quiet")),  # into summer time
        ({"quiet": [{**NIGHT, "zone": "Asia/Kolkata"}]}, "2026-06-10T17:00", ("2026-06-11T00:30", "quiet")),
        ({"quiet": [{**NIGHT, "then": "skip"}]}, "2026-06-10T23:00", ("-", "quiet")),
        ({"quiet": [{**NIGHT, "days": ["fri"]}]}, "2026-06-12T23:00", ("2026-06-13T04:00", "quiet")),
        ({"quiet": [{**NIGHT, "days": ["fri"]}]}, "2026-06-13T23:00", ("2026-06-13T23:00", "")),
        ({"blackout": [{"from": "2026-12-24", "to": "2027-01-02"}]}, "2026-12-25T10:00", NEW_YEAR),
        ({"blackout": [{"last_days": 2, "first_days": 1}]}, "2026-11-28T10:00", ("2026-11-28T10:00", "")),
        ({"blackout": [{"last_days": 2, "first_days": 1}]}, "2026-11-29T10:00", ("2026-12-01T23:00", "blackout")),
        ({"blackout": [{"first_days": 3, "workdays": True}]}, "2026-08-01T10:00", ("2026-08-05T22:00", "blackout")),
        ({"blackout": [{"first_days": 2, "months": [12]}]}, "2027-01-02T10:00", ("2027-01-02T23:00", "blackout")),
        ({"blackout": [{"first_days": 2, "months": [12]}]}, "2026-12-02T10:00", ("2026-12-02T10:00", "")),
        ({"blackout": [{"first_days": 1}], "quiet": [NIGHT]}, "2026-05-31T20:00", ("2026-06-02T04:00", "quiet")),
    ],
)  # fmt: skip
def test_when_a_slot_rings(more: dict[str, Any], moment: str, expected: tuple[str, str]) -> None:
    assert fated({**HOURLY, **more}, moment) == expected


def test_jitter_is_the_same_for_the_same_slot_and_scatters_pipelines() -> None:
    schedule = Schedule(every_s=3600, jitter_s=600)
    slot = next_slot(schedule, datetime(2026, 1, 1, tzinfo=UTC))
    assert slot is not None
    waits = [(fate(schedule, f"p{n}", slot).ring_at or slot.due) - slot.due for n in range(40)]
    assert waits == [(fate(schedule, f"p{n}", slot).ring_at or slot.due) - slot.due for n in range(40)]
    assert len(set(waits)) > 30
    assert max(waits) <= timedelta(seconds=600)


@pytest.mark.parametrize(
    "schedule",
    [
        {"cron": "0 23 * * *", "quiet": [{**NIGHT, "then": "skip"}]},
        {"every_s": 60, "blackout": [{"last_days": 15, "first_days": 10, "workdays": True}]},
    ],
)
def test_a_schedule_that_never_rings_is_refused(schedule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="it never rings"):
        Pipeline.model_validate({"source": "a", "mappings": {"inbound": ["m.yaml"]}, "schedule": schedule})


NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)


def ripe(*minutes_late: int, why: str = "late") -> list[Ripe]:
    """Slots that should have rung so many minutes ago."""
    dues = [NOW - timedelta(minutes=minutes) for minutes in minutes_late]
    return [Ripe(f"{due:%H:%M}", due, due, why) for due in dues]  # type: ignore[arg-type]


def settled(schedule: dict[str, Any], slots: list[Ripe], *, busy: bool = False) -> dict[str, str]:
    found = settle(Schedule.model_validate({"every_s": 60, **schedule}), slots, NOW, busy=busy)
    return {verdict.slot.id: f"{verdict.fate} {verdict.why}" for verdict in found}


def test_after_a_sleep_one_run_stands_for_all() -> None:
    assert settled({}, ripe(180, 120, 60)) == {
        "09:00": "skipped together",
        "10:00": "skipped together",
        "11:00": "ringing late",
    }


def test_after_a_sleep_each_runs_one_after_another() -> None:
    assert settled({"misfire": {"catch_up": "all"}}, ripe(180, 120, 60)) == {"09:00": "ringing late"}
    assert settled({"misfire": {"catch_up": "all"}}, ripe(120, 60), busy=True) == {}


def test_what_is_too_late_is_missed() -> None:
    late = {"misfire": {"run_within_s": 4000}}
    assert settled(late, ripe(120, 60)) == {"10:00": "missed misfire", "11:00": "ringing late"}
    assert settled({"misfire": {"catch_up": "none"}}, ripe(120, 60, 0)) == {
        "10:00": "missed misfire",
        "11:00": "missed misfire",
        "12:00": "ringing late",
    }


def test_a_run_that_takes_longer_than_its_interval() -> None:
    assert settled({}, ripe(0, why="on_time"), busy=True) == {"12:00": "skipped overlap"}
    assert settled({"overlap": "queue"}, ripe(0, why="on_time"), busy=True) == {"12:00": "waiting overlap"}
    waited = {"overlap": "queue", "misfire": {"catch_up": "none"}}
    assert settled(waited, ripe(30, 10, why="overlap")) == {"11:30": "skipped together", "11:50": "ringing overlap"}


@settings(max_examples=40)
@given(
    late=st.lists(st.integers(0, 5_000), unique=True),
    catch_up=st.sampled_from(["one", "all", "none"]),
    within=st.none() | st.integers(1, 100_000),
    overlap=st.sampled_from(["skip", "queue"]),
    why=st.sampled_from(["on_time", "late", "quiet", "blackout", "overlap"]),
    busy=st.booleans(),
)
def test_at_most_one_rings_and_nothing_is_judged_twice(
    late: list[int], catch_up: str, within: int | None, overlap: str, why: str, busy: bool
) -> None:
    schedule = Schedule.model_validate(
        {"every_s": 60, "overlap": overlap, "misfire": {"catch_up": catch_up, "run_within_s": within}}
    )
    slots = ripe(*sorted(late, reverse=True), why=why)
    found = settle(schedule, slots, NOW, busy=busy)
    names = [(verdict.slot.id, verdict.slot.due) for verdict in found]
    assert len(names) == len(set(names))
    ringing = [verdict for verdict in found if verdict.fate == "ringing"]
    missed = [verdict for verdict in found if verdict.fate == "missed"]
    assert len(ringing) == (not busy and len(missed) < len(slots))
    if catch_up != "all" and not busy:
        assert len(found) == len(slots)
    assert Slot(NOW, "a") < Slot(NOW, "b")
