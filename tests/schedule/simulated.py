"""Daemons on a simulated clock: they are killed, the machine sleeps, clocks are set wrong; runs take their time."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

from greenlet import getcurrent, greenlet

from billsync.daemon.bells import BEAT, Bells, Ending
from billsync.store import Store, StoreUnusable, Tx
from billsync.timetable import Schedule

LOOK = timedelta(seconds=5)
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass
class Chance:
    """How wild the world is: hours between two of a kind, for each daemon or for the machine."""

    kill_h: float = 40
    sleep_h: float = 300
    clock_h: float = 500
    long_run: float = 0.05


class Line:
    """A daemon's line to the store; it is cut when the daemon is killed."""

    def __init__(self, store: Store) -> None:
        self._store, self.cut_at = store, NEVER

    @property
    def cut(self) -> bool:
        return self.cut_at != NEVER

    def cut_off(self, at: datetime) -> None:
        self.cut_at = at

    def run(self, name: str, fn: Callable[[Tx], Any]) -> Any:
        if self.cut:
            raise StoreUnusable("store_unreachable", "killed")
        return self._store.run(name, fn)


@dataclass
class World:
    """What is true: the time, who runs what since when, and what was ever begun.

    `spans` are the runs that are over, with begin and end: those too whose process was killed in the middle.
    """

    store: Store
    schedules: Mapping[str, Schedule]
    now: datetime
    random: Random
    chance: Chance
    agenda: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    ties: Any = field(default_factory=itertools.count)
    held: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    began: Counter[tuple[str, str]] = field(default_factory=Counter)
    spans: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    asleep: list[tuple[datetime, datetime]] = field(default_factory=list)
    awake: list[tuple[datetime, datetime]] = field(default_factory=list)

    def at(self, when: datetime, do: Callable[[], None]) -> None:
        heapq.heappush(self.agenda, (max(when, self.now), next(self.ties), do))

    def later(self, hours: float, do: Callable[[], None]) -> None:
        self.at(self.now + timedelta(hours=self.random.expovariate(1 / hours)), do)

    def until(self, end: datetime) -> None:
        """Let time pass; while the machine sleeps, nothing happens, and what was due comes when it wakes."""
        while self.agenda and self.agenda[0][0] <= end:
            when, _, do = heapq.heappop(self.agenda)
            woken = next((wake for begin, wake in self.asleep if begin <= when < wake), None)
            if woken is not None:
                self.at(woken, do)
                continue
            self.now = max(self.now, when)
            do()
        self.now = end

    def free(self, pipeline: str) -> None:
        """A run is over: it came to its end, or its process died."""
        _, began = self.held.pop(pipeline)
        self.spans.append((pipeline, began, self.now))

    def free_all_of(self, owner: str) -> None:
        """A process died."""
        for pipeline in [name for name, (holder, _) in self.held.items() if holder == owner]:
            self.free(pipeline)

    def sleeps(self) -> None:
        """The machine sleeps from now on, for minutes or days."""
        hours = self.random.choice([0.5, 3, 9, 70])
        self.asleep.append((self.now, self.now + timedelta(hours=hours)))
        self.told["the machine slept"] += 1
        self.later(self.chance.sleep_h, self.sleeps)


class Daemon:
    """One process: bells, and hands that are greenlets."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name, self.wrong, self._count, self.since = world, name, timedelta(0), 0, world.now
        self._start()
        world.later(world.chance.kill_h, self._killed)
        world.later(world.chance.clock_h, self._clock_is_set)

    # ------------------------------------------------------------ its clock

    def now(self) -> datetime:
        return self.world.now + self.wrong

    def _clock_is_set(self) -> None:
        world = self.world
        self._awake_no_more()
        self.wrong = world.random.choice([-timedelta(hours=1), timedelta(days=1), timedelta(minutes=-20)])
        world.told["a clock was set wrong"] += 1
        world.at(world.now + timedelta(hours=world.random.choice([0.3, 2, 5])), self._clock_is_right)
        world.at(world.now + LOOK, self._tick)

    def _clock_is_right(self) -> None:
        self.wrong = timedelta(0)
        self.world.at(self.world.now + LOOK, self._tick)
        self.world.later(self.world.chance.clock_h, self._clock_is_set)
        self.since = self.world.now + 2 * LOOK

    # ------------------------------------------------------------ its life

    def _start(self) -> None:
        self._count += self.world.random.random() < 0.5  # a container's process has the same name every time
        self.line = Line(self.world.store)
        self.owner = f"{self.name}:{self._count}"
        store = cast("Store", self.line)
        self.bells: Bells | None = Bells(store, self, self._run, self._hand_out, owner=self.owner, freed=self._freed)
        self.bells.hang(self.world.schedules)
        self.since = self.world.now
        self._next = NEVER
        self._tick()

    def _killed(self) -> None:
        self._awake_no_more()
        self._cut_off()
        self.world.told["daemons were killed"] += 1
        hours = self.world.random.choice([0.01, 0.2, 3])
        self.world.at(self.world.now + timedelta(hours=hours), self._start)
        self.world.later(self.world.chance.kill_h + hours, self._killed_if_up)

    def _killed_if_up(self) -> None:
        if self.bells is not None:
            self._killed()
        else:
            self.world.later(self.world.chance.kill_h, self._killed_if_up)

    def _cut_off(self) -> None:
        self.line.cut_off(self.world.now)
        self.world.free_all_of(self.owner)
        self.bells = None

    def _awake_no_more(self) -> None:
        if self.bells is not None and self.since < self.world.now:
            self.world.awake.append((self.since, self.world.now))
        self.since = self.world.now + timedelta(days=9_999)  # until it is right again

    def _tick(self) -> None:
        if self.bells is None:
            return
        found = self.bells.tick()
        again = NEVER if found is None else found - self.wrong
        when = max(min(again, self.world.now + BEAT) if self.bells.running else again, self.world.now)
        if when < self._next or self._next <= self.world.now:
            self._next = when
            self.world.at(when, self._tick_if_next)

    def _tick_if_next(self) -> None:
        if self._next <= self.world.now:
            self._tick()

    def _freed(self) -> None:
        if not self.line.cut:
            self.world.at(self.world.now, self._tick)

    # ------------------------------------------------------------ its runs

    def _hand_out(self, task: Callable[[], None]) -> None:
        self.world.at(self.world.now, greenlet(task).switch)

    def _run(self, pipeline: str, slot: str) -> Ending:
        """As `workspace.run_pipeline`: under the pipeline's lock, once for each slot."""
        world, line = self.world, self.line
        if line.cut:
            return "failed"
        if pipeline in world.held:
            return "held"
        id, began = f"{pipeline}@{slot}", world.now
        if not line.run("run", lambda tx: tx.runs.start(id, pipeline, slot=slot, owner=self.owner, at=began)):
            return "already"
        world.began[pipeline, slot] += 1
        world.held[pipeline] = (self.owner, began)
        minutes = world.random.expovariate(2) * (100 if world.random.random() < world.chance.long_run else 1)
        world.at(began + timedelta(minutes=minutes), getcurrent().switch)
        world_hub.switch()
        if not line.cut:
            world.free(pipeline)
        return "ran"


world_hub = getcurrent()


def live(world: World, end: datetime, daemons: int = 2) -> None:
    """Let so many daemons live until an instant, and then one more, undisturbed for half a day: it closes all."""
    world.later(world.chance.sleep_h, world.sleeps)
    all_of_them = [Daemon(world, name) for name in "ABC"[:daemons]]
    world.until(end)
    for daemon in all_of_them:
        daemon._awake_no_more()
        daemon._cut_off()
    world.agenda.clear()
    world.asleep = [(begin, min(woken, end)) for begin, woken in world.asleep]
    world.chance = Chance(kill_h=1e6, sleep_h=1e6, clock_h=1e6, long_run=0)
    last = Daemon(world, "Z")
    world.until(end + timedelta(hours=12))
    last._cut_off()
    world.agenda.clear()
