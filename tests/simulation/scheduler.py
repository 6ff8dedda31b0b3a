"""Virtual time, and processes that are greenlets: stopped, killed and started again between any two steps.

One thread runs everything.  A process gives up control only where it waits: for a reply, for time to pass, or
because it was stopped.  The heap's order is the seed's: equal seeds give equal histories.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from greenlet import getcurrent, greenlet

SEC = 1000
MIN = 60 * SEC
HOUR = 60 * MIN
DAY = 24 * HOUR
EPOCH = datetime(2026, 4, 1, tzinfo=UTC)
STEPS_MAX = 400_000


class Crash(BaseException):
    """The process was killed: nothing after this line runs, `finally` reaches nothing outside."""


class Sim:
    """The world's clock, chance and list of things to come; times are milliseconds since `EPOCH`.

    Attributes:
        faults: how many of each kind were injected.
        changes: goes up with whatever people do that a run could take notice of.
    """

    def __init__(self, seed: int) -> None:
        self.t = 0
        self.rng = Random(seed)
        self.faults_on = True
        self.faults: Counter[str] = Counter()
        self.violations: list[str] = []
        self.trace: list[str] = []
        self.steps = 0
        self.changes = 0
        self.root = getcurrent()
        self._heap: list[tuple[int, float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, when: int, do: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._heap, (when, self.rng.random(), self._count, do))

    def after(self, delay: int, do: Callable[[], None]) -> None:
        self.at(self.t + delay, do)

    def run(self, until: int) -> None:
        while self._heap and self._heap[0][0] <= until:
            when, _, _, do = heapq.heappop(self._heap)
            self.t = max(self.t, when)
            do()
            self.steps += 1
            if self.steps > STEPS_MAX:
                raise RuntimeError("the system does not come to rest")
        self.t = until

    def now(self) -> datetime:
        return EPOCH + timedelta(milliseconds=self.t)

    def chance(self, share: float) -> bool:
        """One throw of the dice; never a fault after the faults have stopped."""
        return self.faults_on and share > 0 and self.rng.random() < share

    def note(self, text: str) -> None:
        process = running()
        self.trace.append(f"{self.now():%d %H:%M:%S}.{self.t % SEC:03} {process.name if process else '-'} {text}")

    def wrong(self, text: str) -> None:
        """A promise was broken."""
        self.note(f"VIOLATION {text}")
        self.violations.append(text)


class Process:
    """A process: its body runs from the start again after each crash."""

    def __init__(self, sim: Sim, name: str, body: Callable[[Process], None], *, crash: float, pause: float) -> None:
        self.sim, self.base, self._body = sim, name, body
        self.crash_share, self.pause_share = crash, pause
        self.life = 0
        self.dead = True
        self.open_transactions: Callable[[], int] = lambda: 0
        self.on_death: list[Callable[[], None]] = []
        self.on_pause: Callable[[], None] = lambda: None
        self._ticket: object | None = None
        self._start()

    @property
    def name(self) -> str:
        """As a pid would: another one after each start."""
        return f"{self.base}{self.life}"

    def _start(self) -> None:
        self.life += 1
        self.dead = False
        self._greenlet = greenlet(self._live, parent=self.sim.root)
        self._greenlet.process = self
        self.sim.after(0, self._wakeup())

    def _live(self, _value: object) -> None:
        try:
            self._body(self)
        except Crash:
            self.sim.note("dies")
        self.dead = True
        for do in self.on_death:
            do()
        self.sim.after(self.sim.rng.randrange(SEC, 10 * MIN), self._start)

    def _wakeup(self, value: Any = None) -> Callable[[], None]:
        """Resumes the process once, if it still waits for just this."""
        ticket = self._ticket = object()
        return lambda: self._resume(ticket, value)

    def _resume(self, ticket: object, value: Any) -> None:
        if self._ticket is ticket:
            self._ticket = None
            self._greenlet.switch(value)

    def ticket(self) -> Callable[[Any], None]:
        """Gives a function that wakes the process with a value; the first call counts, later ones do nothing."""
        ticket = self._ticket = object()
        return lambda value: self._resume(ticket, value)

    def wait(self) -> Any:
        """Give up control until woken."""
        value = self.sim.root.switch()
        self.maybe_crash()
        return value

    def sleep(self, milliseconds: int) -> None:
        self.sim.after(milliseconds, self._wakeup())
        self.wait()

    def maybe_crash(self) -> None:
        if self.dead:
            raise Crash
        if self.sim.chance(self.crash_share):
            self.sim.faults["crash"] += 1
            self.dead = True
            raise Crash

    def maybe_pause(self) -> None:
        """SIGSTOP, a moved virtual machine, a closed lid."""
        if self.sim.chance(self.pause_share):
            self.sim.faults["pause"] += 1
            length = self.sim.rng.randrange(MIN, 25 * MIN)
            self.sim.note(f"is stopped for {length // SEC} s")
            self.on_pause()
            self.sleep(length)

    def end(self) -> None:
        """Kill it for good, so that nothing of it stays behind."""
        self.dead = True
        self._ticket = None
        if not self._greenlet.dead and self._greenlet:
            self._greenlet.throw(Crash)


def running() -> Process | None:
    """The process that runs now; None outside of any."""
    found: Process | None = getattr(getcurrent(), "process", None)
    return found


class VirtualClock:
    """The clock that the core is given."""

    def __init__(self, sim: Sim) -> None:
        self._sim = sim

    def now(self) -> datetime:
        process = running()
        if process is not None and process.dead:
            raise Crash
        return self._sim.now()

    def sleep(self, seconds: float) -> None:
        process = running()
        assert process is not None
        assert process.open_transactions() == 0, "a transaction is open while it sleeps"
        process.sleep(max(1, round(seconds * SEC)))
