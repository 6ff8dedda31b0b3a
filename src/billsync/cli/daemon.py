"""`daemon`.  (shell)"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from billsync import schedule, settings, workspace
from billsync.alerts.alerting import Alerting
from billsync.cli import guard, runs, show
from billsync.cli.fleet import ending, explain
from billsync.console.watching import watching
from billsync.daemon import Companion, Ending
from billsync.daemon.service import LOOK_S, Service, Terms, schedules
from billsync.engine.port import FlowFailed
from billsync.fleet.member import Member, Pump, at_work


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
    schedule.stop_on_signals(stop)
    with ExitStack() as stack:
        member = stack.enter_context(at_work(loaded, clock, "daemon", lost=stop.set, troubled=explain, stop_within_s=0))
        signs = stack.enter_context(watching(member.opened, "daemon", current=lambda: member.opened))
        service = Service(member.opened, clock, terms, say=say, troubled=explain, alive=signs.alive)
        schedule.stop_on_signals(stop, service.wake)
        service.reload_on_hangup()
        alerting = Alerting(
            loaded, member.opened.store, clock, member.opened.owner, current=lambda: service.workspace().settings
        )
        companions: list[Companion] = [Pump(member), alerting]

        def start(name: str, slot: str) -> Ending:
            try:
                return ring(member, service.workspace(), name, slot, say)
            finally:
                alerting.soon()

        ended = service.run(start, stop, companions)
        member.stop_within_s = service.left_s  # for runs of other daemons that are carried out here
        code, why = ending(member.presence)
        if why:
            say(why)
        if not ended:
            _leave(code)
        return code


def ring(member: Member, opened: workspace.Workspace, name: str, slot: str, say: Callable[[str], None]) -> Ending:
    """One run on schedule, by whichever process is free; whatever goes wrong is told, and ends here."""
    if name not in opened.settings.pipelines:
        say(f"{name} {slot}: the configuration has no such pipeline any more")
        return "failed"
    member.use(opened.settings)
    try:
        told = member.engine.result(member.runs.start(name, slot), None)
    except FlowFailed as error:
        say(f"{name} {slot}: failed, {error}")
        return "failed"
    except Exception as error:  # noqa: BLE001  one pipeline's failure never stops another
        guard.explain(error)
        say(f"{name} {slot}: failed, {type(error).__name__}")
        return "failed"
    return _said(told, name, slot, say)


def _said(told: dict[str, Any], name: str, slot: str, say: Callable[[str], None]) -> Ending:
    """Tell what became of a run."""
    if told["state"] == "ran before":
        say(f"{name} {slot}: this slot has run already")
        return "already"
    if told["state"] != "ended":
        say(f"{name} {slot}: {told['state']}, {told['note']}")
        return "held" if told["state"] == "skipped" else "failed"
    say(f"{name} {slot}: {runs.line(told)}")
    return "ran"


class _Speaker:
    """Lines on stderr with the time before them, from any thread."""

    def __init__(self, clock: schedule.Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()

    def __call__(self, text: str) -> None:
        with self._lock:
            show.remark(f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ} {text}")


def _clock(motion: Motion) -> schedule.Clock:
    if motion.begin is None and motion.speed == 1:
        return schedule.SystemClock()
    return schedule.FastClock(motion.begin or schedule.SystemClock().now(), motion.speed)


def _leave(code: int) -> None:
    """End at once: runs that are under way would hold the process; what they did is stored, and is gone on with."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)
