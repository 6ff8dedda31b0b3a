"""The bells on real stores: what is left by the dead, what a sleep and a wrong clock leave, and days of all of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import update

from billsync.daemon.bells import LOOK, MOST_MISSED, STALE, Bells, Ending
from billsync.settings import Schedule
from billsync.store import Store
from billsync.store.fleet_tables import workers
from tests.schedule.simulated import Chance, Daemon, World
from tests.schedule.year import judge, schedules, simulate

START = datetime(2026, 6, 10, 12, tzinfo=UTC)
HOURLY = Schedule(every_s=3600)


class Hand:
    """A clock that is moved by hand, and one daemon on it whose runs take no time, or wait to be ended."""

    def __init__(self, store: Store, owner: str, schedule: Schedule = HOURLY, ending: Ending = "ran") -> None:
        self.at, self.ending, self.started, self.waiting = START, ending, list[str](), list[Callable[[], None]]()
        self.slow = False
        self.bells = Bells(store, self, self._start, self._do, owner=owner)
        self.bells.hang({"p": schedule})

    def now(self) -> datetime:
        return self.at

    def _start(self, _pipeline: str, slot: str) -> Ending:
        self.started.append(slot[11:16])
        return self.ending

    def _do(self, task: Callable[[], None]) -> None:
        if self.slow:
            self.waiting.append(task)
        else:
            task()

    def come(self, later: timedelta) -> list[str]:
        """Time passes, and the daemon looks; what it started meanwhile."""
        self.at += later
        self.started.clear()
        self.bells.tick()
        return list(self.started)


def outcomes(store: Store, pipeline: str = "p") -> dict[str, str]:
    with store.view() as tx:
        found = tx.rings.list(pipeline=pipeline, limit=2_000)
    return {ring.slot[11:16]: f"{ring.outcome} {ring.why}" for ring in found}


HOUR = timedelta(hours=1)


def at_work(store: Store, owner: str) -> None:
    with store.aside() as tx:
        tx.workers.join(owner, "daemon", host="h", pid=1, version="0", doc={})


def is_dead(store: Store, owner: str) -> None:
    """It did not beat for a minute, and somebody has found out."""
    with store.aside() as tx:
        late = tx.workers.now() - timedelta(minutes=1)
        tx.workers._conn.execute(update(workers).where(workers.c.id == owner).values(beat_at=late))
        assert tx.workers.declare_dead(owner)


def test_a_slot_rings_once_for_all_daemons_and_one_run_stands_for_a_night(store: Store) -> None:
    one, other = Hand(store, "one"), Hand(store, "other")
    assert [one.come(timedelta(0)), other.come(timedelta(0))] == [[], []]
    assert [one.come(HOUR), other.come(HOUR)] == [["13:00"], []]
    assert [other.come(3 * HOUR), one.come(3 * HOUR)] == [["16:00"], []]
    expected = {
        "13:00": "ran on_time",
        "14:00": "skipped together",
        "15:00": "skipped together",
        "16:00": "ran on_time",
    }
    assert outcomes(store) == expected


def test_what_a_dead_daemon_left_ringing_is_rung_again(store: Store) -> None:
    dead, alive = Hand(store, "dead"), Hand(store, "alive")
    dead.come(timedelta(0))
    dead.slow = True
    assert dead.come(HOUR) == []  # it rings, and its run never begins
    assert alive.come(HOUR) == []
    assert outcomes(store) == {"13:00": "ringing on_time"}
    assert alive.come(STALE + timedelta(seconds=1)) == ["13:00"]
    assert outcomes(store) == {"13:00": "ran on_time"}
    assert alive.come(HOUR) == ["14:00"]


@pytest.mark.parametrize("end", ["left", "died"])
def test_what_is_known_to_be_gone_is_not_waited_for(store: Store, end: str) -> None:
    gone, alive = Hand(store, "gone"), Hand(store, "alive")
    at_work(store, "gone")
    gone.come(timedelta(0))
    gone.slow = True
    gone.come(HOUR)
    assert alive.come(HOUR) == []
    with store.aside() as tx:
        if end == "left":
            tx.workers.leave("gone")
    if end == "died":
        is_dead(store, "gone")
    assert alive.come(LOOK) == ["13:00"]
    assert outcomes(store) == {"13:00": "ran on_time"}


def test_who_is_at_work_keeps_its_slot_whatever_its_clock_says(store: Store) -> None:
    ahead, other = Hand(store, "ahead"), Hand(store, "other")
    at_work(store, "ahead")
    other.come(timedelta(0))
    ahead.slow = True
    assert ahead.come(HOUR) == []
    assert other.come(HOUR + STALE + LOOK) == []
    assert outcomes(store) == {"13:00": "ringing on_time"}


def test_who_lives_after_all_keeps_its_slot(store: Store) -> None:
    silent, other = Hand(store, "silent"), Hand(store, "other", ending="held")
    silent.come(timedelta(0))
    silent.slow = True
    silent.come(HOUR)
    assert other.come(HOUR + STALE + timedelta(seconds=1)) == ["13:00"]  # tried, and its lock is held
    assert other.come(timedelta(seconds=61)) == []
    silent.waiting.pop()()
    assert outcomes(store) == {"13:00": "ran on_time"}


def test_a_daemon_of_the_same_name_takes_up_what_it_left(store: Store) -> None:
    before = Hand(store, "host:1")
    before.come(timedelta(0))
    before.slow = True
    before.come(HOUR)
    assert Hand(store, "host:1").come(HOUR) == ["13:00"]


@pytest.mark.parametrize(("overlap", "then"), [("skip", "skipped overlap"), ("queue", "waiting overlap")])
def test_a_slot_that_comes_while_the_run_before_it_is_under_way(store: Store, overlap: str, then: str) -> None:
    daemon = Hand(store, "one", Schedule.model_validate({"every_s": 3600, "overlap": overlap}))
    daemon.come(timedelta(0))
    daemon.slow = True
    daemon.come(HOUR)
    daemon.come(HOUR)
    assert outcomes(store) == {"13:00": "ringing on_time", "14:00": then}
    daemon.slow = False
    daemon.waiting.pop()()
    assert daemon.come(timedelta(seconds=1)) == (["14:00"] if overlap == "queue" else [])


def test_a_clock_that_was_a_day_ahead_costs_no_slot(store: Store) -> None:
    daemon = Hand(store, "one")
    daemon.come(timedelta(0))
    assert daemon.come(timedelta(days=1)) == ["12:00"]
    assert daemon.come(-timedelta(days=1) + HOUR) == ["13:00"]
    assert daemon.come(HOUR) == ["14:00"]
    daemon.come(timedelta(hours=21))
    assert daemon.come(HOUR) == []  # this one had been run when the clock was ahead
    assert daemon.come(HOUR) == ["13:00"]


def test_a_clock_that_is_set_back_runs_nothing_twice(store: Store) -> None:
    daemon = Hand(store, "one")
    daemon.come(timedelta(0))
    assert daemon.come(HOUR) == ["13:00"]
    assert daemon.come(-HOUR) == []
    assert daemon.come(HOUR) == []
    assert daemon.come(HOUR) == ["14:00"]


@pytest.mark.parametrize(("catch_up", "outcome"), [("one", "skipped"), ("none", "missed")])
def test_many_slots_that_passed_at_once_are_noted_in_one_row(store: Store, catch_up: str, outcome: str) -> None:
    """One run stands for all of them, or they were missed."""
    daemon = Hand(store, "one", Schedule.model_validate({"every_s": 60, "misfire": {"catch_up": catch_up}}))
    daemon.come(timedelta(0))
    daemon.come(timedelta(minutes=MOST_MISSED + 100))
    with store.view() as tx:
        rings = tx.rings.list(pipeline="p", limit=1_000)
    (bundle,) = [ring for ring in rings if "/" in ring.slot]
    assert (bundle.outcome, bundle.note.partition(":")[0]) == (outcome, "100 slots passed at once")
    assert len(rings) == MOST_MISSED + 1
    assert sum(ring.outcome == "ran" for ring in rings) == 1


def test_what_is_long_past_is_forgotten_and_no_slot_comes_again(store: Store) -> None:
    daemon = Hand(store, "one", Schedule(every_s=86_400))
    for _ in range(3):
        daemon.come(timedelta(days=1))
    assert daemon.come(timedelta(days=120)) == ["00:00"]
    daemon.come(timedelta(days=1))
    with store.view() as tx:
        kept = tx.rings.list(pipeline="p", limit=1_000)
    assert 100 <= len(kept) <= 102
    assert sum(ring.outcome == "ran" for ring in kept) == 2


def test_days_of_two_daemons_that_are_killed_sleep_and_have_wrong_clocks(store: Store) -> None:
    """Around the end of summer time in New York; a whole year in four zones: `python -m tests.schedule.year`."""
    wild = Chance(kill_h=5, sleep_h=30, clock_h=15, long_run=0.1)
    world, verdict = simulate(
        store, datetime(2026, 10, 31, 20, tzinfo=UTC), 1, 3, wild, ("America/New_York", "Asia/Kolkata")
    )
    assert verdict.wrong == []
    assert verdict.expected > 6
    assert verdict.runs > 4
    assert world.told["daemons were killed"] > 3


QUIET = Chance(kill_h=1e6, sleep_h=1e6, clock_h=1e6, long_run=1)


def test_the_judge_of_a_year_tells_a_slot_let_go_without_need_from_one_let_go_for_a_run_that_was_killed(
    store: Store,
) -> None:
    start, end = datetime(2026, 3, 7, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC)
    world = World(store, {"New_York-nightly": schedules()["New_York-nightly"]}, start, Random(5), QUIET)
    daemon = Daemon(world, "A")
    world.until(datetime(2026, 3, 7, 7, 40, tzinfo=UTC))  # 01:30 began, 02:30 came meanwhile
    daemon._killed()
    world.until(end)
    daemon._awake_no_more()
    assert outcomes(store, "New_York-nightly") == {"01:30": "ran on_time", "02:30": "skipped overlap"}
    assert judge(world, start, end).wrong == []
    world.spans.clear()
    assert judge(world, start, end).wrong == ["New_York-nightly 2026-03-07T02:30 was skipped (overlap) without need"]


def test_what_waits_for_a_run_that_ends_at_once_is_rung_at_once(store: Store) -> None:
    """The run may be over before the look that rang it is."""
    daemon = Hand(store, "one", Schedule.model_validate({"every_s": 3600, "misfire": {"catch_up": "all"}}))
    daemon.come(timedelta(0))
    assert daemon.come(2 * HOUR) == ["13:00"]
    again = daemon.bells.tick()
    assert daemon.started == ["13:00", "14:00"]
    assert again is not None
