"""The daemon as a whole: bells that ring, a configuration that may change, and an end in good order.  (shell)"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from billsync import observe
from billsync.daemon import supervisor
from billsync.daemon.bells import Bells, Start
from billsync.daemon.companions import Companion, accompanied
from billsync.daemon.hands import Hands
from billsync.daemon.reload import Watched, checked
from billsync.plugins import PluginProblem
from billsync.schedule import Clock
from billsync.settings import BadSettings, Settings
from billsync.store import StoreUnusable, Tx
from billsync.timetable import Schedule, fate, next_slot
from billsync.workspace import Workspace

LOOK_S: Final = 5.0
"""Seconds between looks at the files, and at a clock that somebody may have changed."""

ALIVE_S: Final = 60.0
"""Seconds after which a loop that has not looked counts as stuck."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How the daemon works.

    Attributes:
        runs_at_once: runs of different pipelines at the same time.
        stop_within_s: seconds that runs which are under way have to end after a stop; what is left then is gone on with
            by the next daemon.
        look_s: seconds between looks at the files, on the daemon's clock.
        until: when it stops by itself, or None.
    """

    runs_at_once: int
    stop_within_s: int = 300
    look_s: float = LOOK_S
    until: datetime | None = None


class Service:
    """The daemon on an opened workspace.

    Args:
        say: tells people what happens; troubled: tells them of a fault.
        alive: is told that a loop goes on, and within how many seconds it says so again.

    Attributes:
        wake: set to have it look at once; left_s: seconds of its time to stop that were not needed.
    """

    def __init__(
        self,
        opened: Workspace,
        clock: Clock,
        terms: Terms,
        *,
        say: Callable[[str], None],
        troubled: Callable[[Exception], None],
        alive: Callable[[str, float], None] = lambda _loop, _within_s: None,
    ) -> None:
        self._opened, self._clock, self._terms, self._say, self._troubled = opened, clock, terms, say, troubled
        self._alive = alive
        self._watched = Watched(opened.settings)
        self._asked = threading.Event()
        self.wake = threading.Event()
        self.left_s = 0.0

    def workspace(self) -> Workspace:
        """The workspace as it is configured now."""
        return self._opened

    def reload_on_hangup(self) -> None:
        """SIGHUP: the configuration is read anew.  Only the main thread can hear it."""

        def handle(_number: int, _frame: object) -> None:
            self._asked.set()
            self.wake.set()

        signal.signal(signal.SIGHUP, handle)

    def run(self, start: Start, stop: threading.Event, companions: Sequence[Companion] = ()) -> bool:
        """Ring until `stop` is set; whether everything that was under way came to its end.

        `wake` is to be set with `stop`.
        """
        hands = Hands(self._terms.runs_at_once, self._troubled)
        store, owner = self._opened.store, self._opened.owner
        bells = Bells(store, self._clock, start, hands.hand_out, owner=owner, freed=self.wake.set)
        with accompanied(companions, self._companion_failed):
            self._hang(bells)
            supervisor.notify("READY=1", f"STATUS={len(schedules(self._opened.settings))} schedules")
            self._ring(bells, stop)
            supervisor.notify("STOPPING=1")
            return self._end(bells, hands)

    def _ring(self, bells: Bells, stop: threading.Event) -> None:
        """Until stopped: look what is due, what was changed, and wait for more."""
        while not stop.is_set() and not self._is_over():
            self.wake.clear()
            supervisor.notify("WATCHDOG=1")
            self._alive("bells", ALIVE_S)
            if self._asked.is_set() or self._watched.changed():
                self._reload(bells)
            again = bells.tick()
            left = self._terms.look_s if again is None else (again - self._clock.now()).total_seconds()
            if not stop.is_set():
                self._clock.wait(self.wake, min(self._terms.look_s, max(0.0, left)))

    def _is_over(self) -> bool:
        return self._terms.until is not None and self._clock.now() >= self._terms.until

    def _end(self, bells: Bells, hands: Hands) -> bool:
        hands.drop()
        if bells.running:
            self._say("stopping: waiting for runs that are under way")
        self._alive("bells", self._terms.stop_within_s + ALIVE_S)
        began = time.monotonic()
        ended = hands.wait(self._terms.stop_within_s)
        self.left_s = max(0.0, self._terms.stop_within_s - (time.monotonic() - began))
        if not ended:
            self._say(f"stopped with runs under way ({', '.join(bells.running)}): the next start goes on with them")
        bells.leave()
        return ended

    def _hang(self, bells: Bells) -> None:
        found = schedules(self._opened.settings)
        bells.hang(found)
        for name, schedule in found.items():
            self._say(f"{name}: {_coming(schedule, name, self._clock.now())}")

    # ------------------------------------------------------------ a changed configuration

    def _reload(self, bells: Bells) -> None:
        self._asked.clear()
        supervisor.reloading()
        try:
            loaded = checked(self._opened.settings.path, self._opened.settings)
        except (BadSettings, PluginProblem) as error:
            self._troubled(error)
            self._say("the configuration was changed and cannot be used: the one before stays")
            observe.event("configuration_refused", level="error", codes=_codes(error))
            self._flag(f"the configuration was changed and cannot be used: {_codes(error)}")
        else:
            self._opened = replace(self._opened, settings=loaded)
            self._watched.take_up(loaded)
            self._say("the configuration was changed, and is taken up")
            observe.event("configuration_taken_up", pipelines=len(loaded.pipelines))
            self._flag("")
            self._hang(bells)
        supervisor.notify("READY=1")

    def _flag(self, reason: str) -> None:
        """Want somebody told, or no more; not for long, and not at the price of the schedules."""

        def note(tx: Tx) -> None:
            if reason:
                tx.alerts.raise_flag("CONFIG-REFUSED", reason=reason, at=self._clock.now())
            else:
                tx.alerts.lower_flag("CONFIG-REFUSED")

        with suppress(StoreUnusable):
            self._opened.store.run("alerts", note)

    def _companion_failed(self, name: str, error: Exception) -> None:
        self._say(f"{name} ended by itself; the schedules go on")
        self._troubled(error)


def schedules(settings: Settings) -> Mapping[str, Schedule]:
    """The schedules of a configuration, by pipeline."""
    return {name: pipeline.schedule for name, pipeline in settings.pipelines.items() if pipeline.schedule is not None}


def _coming(schedule: Schedule, name: str, now: datetime) -> str:
    slot = next_slot(schedule, now)
    if slot is None:
        return "no run is to come"
    found = fate(schedule, name, slot)
    if found.ring_at is None:
        return f"next slot {slot.id} is skipped ({found.note})"
    waits = f", put off from {slot.id} ({found.note})" if found.ring_at - slot.due > timedelta(seconds=1) else ""
    return f"next run {found.ring_at.isoformat()}{waits}"


def _codes(error: BadSettings | PluginProblem) -> str:
    problems = error.problems if isinstance(error, BadSettings) else (error.problem,)
    return ", ".join(sorted({problem.code for problem in problems}))
