"""`daemon`.  (shell)"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from billsync import daemon as ringing
from billsync import schedule, settings, workspace
from billsync.cli import guard, show
from billsync.console.watching import watching
from billsync.daemon.service import LOOK_S, Service, Terms, schedules
from billsync.store import Held


@dataclass(frozen=True, slots=True)
class Motion:
    """A time of its own, to see days pass in minutes.

    Attributes:
        begin: what the clock shows first, or None for the machine's clock.
        until: when the daemon stops by itself, or None.
        speed: seconds of its own in one second.
    """

    begin: datetime | None = None
    until: datetime | None = None
    speed: int = 1


def run(config: Path, stop_within_s: int, motion: Motion) -> int:
    """Ring the schedules until told to stop."""
    loaded = settings.load(config)
    if not schedules(loaded):
        show.remark("no pipeline has a schedule: add one to the configuration, such as  schedule: {cron: '0 6 * * *'}")
        return guard.USAGE
    clock = _clock(motion)
    say = _Speaker(clock)
    terms = Terms(loaded.engine.runs_at_once, stop_within_s, LOOK_S * motion.speed, motion.until)
    stop = threading.Event()
    with workspace.opened(loaded, clock) as opened, watching(opened, "daemon") as signs:
        service = Service(opened, clock, terms, say=say, troubled=_explain, alive=signs.alive)
        schedule.stop_on_signals(stop, service.wake)
        service.reload_on_hangup()
        ended = service.run(lambda name, slot: ring(service.workspace(), name, slot, say), stop)
    if not ended:
        _leave()
    return guard.OK


def ring(opened: workspace.Workspace, name: str, slot: str, say: Callable[[str], None]) -> ringing.Ending:
    """One run on schedule; whatever goes wrong is told, and ends here."""
    if name not in opened.settings.pipelines:
        say(f"{name} {slot}: the configuration has no such pipeline any more")
        return "failed"
    try:
        report = workspace.run_pipeline(opened, name, slot=slot, insists=False)
    except Held as held:
        say(f"{name} {slot}: skipped, another instance is at work ({held.owner})")
        return "held"
    except Exception as error:  # noqa: BLE001  one pipeline's failure never stops another
        guard.explain(error)
        say(f"{name} {slot}: failed, {type(error).__name__}")
        return "failed"
    if report is None:
        say(f"{name} {slot}: this slot has run already")
        return "already"
    counts = ", ".join(f"{count} {what}" for what, count in report.counts.items() if count)
    say(f"{name} {slot}: exit {report.exit_code}: {counts or 'nothing to do'} {report.offline}".rstrip())
    return "ran"


class _Speaker:
    """Lines on stderr with the time before them, from any thread."""

    def __init__(self, clock: schedule.Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()

    def __call__(self, text: str) -> None:
        with self._lock:
            show.remark(f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ} {text}")


def _explain(error: Exception) -> None:
    guard.explain(error)


def _clock(motion: Motion) -> schedule.Clock:
    if motion.begin is None and motion.speed == 1:
        return schedule.SystemClock()
    return schedule.FastClock(motion.begin or schedule.SystemClock().now(), motion.speed)


def _leave() -> None:
    """End at once: runs that are under way would hold the process; what they did is stored, and is gone on with."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(guard.OK)
