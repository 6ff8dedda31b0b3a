"""Daemons through a simulated year, in four zones: `python -m tests.schedule.year [--seed N] [--days N]`.

Two daemons share one store; they are killed, the machine sleeps for days, their clocks are set wrong.  Then the slots
on record are compared with those that an enumeration of its own finds, and with the runs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from billsync.daemon import bells
from billsync.settings import Schedule
from billsync.store import BEGAN, Ring, Store
from tests.schedule import enumerated
from tests.schedule.simulated import Chance, World, live

ZONES = ("America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe")
START = datetime(2026, 1, 1, tzinfo=UTC)

TAKEN_OVER = bells.STALE + 2 * bells.BEAT
"""How long after its end a run may stand in the way: what a dead daemon ran is taken over after that time."""

Line = tuple[dict[str, Any], enumerated.Fits | int]
KINDS: dict[str, Line] = {
    "nightly": ({"cron": "30 1,2 * * *"}, lambda wall: wall.hour in (1, 2) and wall.minute == 30),
    "workdays": (
        {"cron": "0 7 * * 1-5"},
        lambda wall: wall.weekday() < 5 and (wall.hour, wall.minute) == (7, 0),
    ),
    "steady": ({"every_s": 43_200}, 720),
    "closing": (
        {"calendar": {"every": "month", "day": "last", "at": "02:15"}},
        lambda wall: (wall.hour, wall.minute) == (2, 15) and enumerated.is_last(wall.date()),
    ),
    "opening": (
        {"calendar": {"every": "month", "day": "first_workday", "at": ["06:00", "18:00"]}},
        lambda wall: wall.minute == 0 and wall.hour in (6, 18) and enumerated.is_first_workday(wall.date()),
    ),
    "sundays": (
        {"calendar": {"every": "week", "day": "sun", "at": "02:00"}},
        lambda wall: wall.weekday() == 6 and (wall.hour, wall.minute) == (2, 0),
    ),
}
"""Schedules, each with what it means: which times of the wall clock, or how many minutes lie between slots."""

POLICIES: tuple[dict[str, Any], ...] = (
    {},
    {"overlap": "queue"},
    {"misfire": {"catch_up": "all"}, "jitter_s": 20},
    {"misfire": {"catch_up": "none", "run_within_s": 1800}},
)


@dataclass
class Verdict:
    """What was found.

    Attributes:
        wrong: what must not be; outcomes: slots by what became of them.
    """

    expected: int
    outcomes: Counter[str]
    runs: int
    wrong: list[str]


def schedules(zones: Sequence[str] = ZONES) -> dict[str, Schedule]:
    """A pipeline for each zone and kind; the policies take turns."""
    found: dict[str, Schedule] = {}
    for number, (zone, kind) in enumerate((zone, kind) for zone in zones for kind in KINDS):
        policy = POLICIES[(number + number // len(KINDS)) % len(POLICIES)]
        found[f"{zone.partition('/')[2]}-{kind}"] = Schedule.model_validate({"zone": zone, **KINDS[kind][0], **policy})
    return found


def expected(name: str, zone: str, start: datetime, end: datetime) -> dict[str, datetime]:
    """The slots that have to come after `start`, until before `end`."""
    means = KINDS[name.partition("-")[2]][1]
    if isinstance(means, int):
        return enumerated.by_interval(means, start, end)
    return enumerated.by_wall(zone, means, start, end)


def judge(world: World, start: datetime, end: datetime) -> Verdict:
    """Compare what is on record with what has to be."""
    wrong: list[str] = []
    outcomes: Counter[str] = Counter()
    total = runs = 0
    for name, schedule in world.schedules.items():
        due = expected(name, schedule.zone, start + timedelta(minutes=1), end)
        with world.store.view() as tx:
            rings = {ring.slot: ring for ring in tx.rings.list(pipeline=name, limit=1_000_000)}
            begun = {run.slot: run for run in tx.runs.list(pipeline=name, limit=1_000_000)}
        on_record = {slot: ring for slot, ring in rings.items() if start < ring.due_at < end and slot != BEGAN}
        total, runs = total + len(due), runs + len(set(begun) & set(due))
        outcomes += Counter(f"{ring.outcome}: {ring.why}" for ring in on_record.values())
        wrong += _amiss(name, due, on_record, set(begun), end) + _idle(world, schedule, name, due, on_record)
    doubled = [f"{name} {slot} began {count} times" for (name, slot), count in world.began.items() if count > 1]
    return Verdict(total, outcomes, runs, wrong + doubled + _parallel(world))


def _amiss(
    name: str, due: Mapping[str, datetime], rings: Mapping[str, Ring], begun: set[str], end: datetime
) -> list[str]:
    found = [f"{name} {slot} was lost" for slot in due if slot not in rings]
    found += [f"{name} {slot} is none of its slots" for slot in rings if slot not in due]
    for slot, ring in rings.items():
        if ring.due_at != due.get(slot, ring.due_at):
            found.append(f"{name} {slot} was due at {ring.due_at}, expected {due[slot]}")
        if ring.outcome not in ("ran", "skipped", "missed"):
            found.append(f"{name} {slot} was left {ring.outcome} ({ring.why}, {ring.note})")
        if (ring.outcome == "ran") != (slot in begun):
            found.append(f"{name} {slot} is {ring.outcome} ({ring.why}), and its run {'began' * (slot in begun)}")
    return found


def _idle(
    world: World, schedule: Schedule, name: str, due: Mapping[str, datetime], rings: Mapping[str, Ring]
) -> list[str]:
    """A slot that somebody was awake for, with nothing of its pipeline under way, must have run.

    What was under way may be the run of a slot of tomorrow, begun at the same instant by a daemon whose clock is ahead.
    """
    busy = [(begin, end) for pipeline, begin, end in world.spans if pipeline == name]
    found = []
    for slot, moment in due.items():
        after = moment + timedelta(minutes=2)
        awake = any(begin <= moment and after <= end for begin, end in world.awake)
        slept = any(begin <= after and moment <= end for begin, end in world.asleep)
        taken = any(begin <= after and moment <= end + TAKEN_OVER for begin, end in busy)
        if awake and not slept and not taken and slot in rings and rings[slot].outcome != "ran":
            found.append(f"{name} {slot} was {rings[slot].outcome} ({rings[slot].why}) without need")
    return found


def _parallel(world: World) -> list[str]:
    found = []
    for name in world.schedules:
        spans = sorted((begin, end) for pipeline, begin, end in world.spans if pipeline == name)
        pairs = pairwise(spans)
        found += [f"{name} ran twice at once at {then[0]}" for one, then in pairs if then[0] < one[1]]
    return found


def simulate(
    store: Store, start: datetime, days: int, seed: int, chance: Chance, zones: Sequence[str] = ZONES
) -> tuple[World, Verdict]:
    """Daemons from an instant on, for so many days, on this store."""
    world = World(store, schedules(zones), start, Random(seed), chance)
    end = start + timedelta(days=days)
    live(world, end)
    return world, judge(world, start, end)


def main() -> None:
    """Print the figures of a year."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--days", type=int, default=365)
    options = asked.parse_args()
    vars(bells).update(KEPT=timedelta(days=options.days + 100))  # the judge looks at what is on record at the end
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{Path(folder) / 'year.db'}", create=True)
        began = time.monotonic()
        world, verdict = simulate(store, START, options.days, options.seed, Chance())
        tell(store, world, verdict, options.days)
        say(f"{time.monotonic() - began:.0f} s, seed {options.seed}")
        store.close()
    raise SystemExit(bool(verdict.wrong))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def tell(store: Store, world: World, verdict: Verdict, days: int) -> None:
    """The figures."""
    say(f"{days} days, {len(world.schedules)} schedules in {len(ZONES)} zones, 2 daemons on one store")
    say(", ".join(f"{count:,} x {what}" for what, count in world.told.items()))
    say(f"{verdict.expected:,} slots by an enumeration of its own; on record:")
    for what, count in sorted(verdict.outcomes.items(), key=lambda found: -found[1]):
        say(f"  {count:>7,} {what}")
    say(f"{verdict.runs:,} runs of these slots, each begun once; runs of one pipeline at once: 0")
    say("days on which a clock was changed:")
    for zone in ZONES:
        for changed in enumerated.changes(zone, START, START + timedelta(days=days)):
            name = f"{zone.partition('/')[2]}-nightly"
            with store.view() as tx:
                rings = tx.rings.list(pipeline=name, limit=1_000_000)
            of_day = sorted(ring.slot[11:] for ring in rings if ring.slot.startswith(str(changed.day)))
            say(f"  {zone:20} {changed.day} by {changed.by / timedelta(minutes=1):+.0f} min: {' '.join(of_day)}")
    say("\n".join(verdict.wrong[:40]) or "no slot was lost, none ran twice, none was skipped without a reason")


if __name__ == "__main__":
    main()
