"""When each pipeline runs; the only place that asks the clock.  (shell)

APScheduler only rings the bell: its memory store owns nothing.  A run's id is its pipeline and slot, unique in the
store, so that a slot that rings twice (two daemons, the end of summer time) runs once.
"""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.events import EVENT_JOB_SUBMITTED
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from billsync.settings import Schedule, Settings


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The instant now, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


Start = Callable[[str, str], None]
"""Runs a pipeline (first argument) in a slot (second); tells its own troubles and raises nothing."""


def trigger(schedule: Schedule) -> Any:
    """The bell of a schedule.  Raises ValueError for a cron line that says nothing."""
    if schedule.cron is not None:
        return CronTrigger.from_crontab(schedule.cron, timezone=ZoneInfo(schedule.zone))
    return IntervalTrigger(seconds=schedule.every_s or 900, timezone=UTC, start_date=datetime(2020, 1, 1, tzinfo=UTC))


def slot_of(schedule: Schedule, due: datetime) -> str:
    """The slot of a ring that was due at an instant: local date and time for cron, UTC for intervals.

    An hour that comes twice at the end of summer time is one slot; the second ring finds it taken.
    """
    if schedule.cron is not None:
        return due.astimezone(ZoneInfo(schedule.zone)).strftime("%Y-%m-%dT%H:%M")
    return due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Bells:
    """Every pipeline's schedule, rung by APScheduler."""

    def __init__(self, settings: Settings, start: Start) -> None:
        """Prepare the bells; nothing rings before `run`."""
        self._schedules = {name: p.schedule for name, p in settings.pipelines.items() if p.schedule is not None}
        self._start = start
        self._due: dict[str, queue.SimpleQueue[datetime]] = {name: queue.SimpleQueue() for name in self._schedules}
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(max(1, len(self._schedules)))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_listener(self._submitted, EVENT_JOB_SUBMITTED)

    def run(self, stop: threading.Event, note: Callable[[str], None]) -> None:
        """Ring until `stop` is set; a run that is under way is finished first.

        One pipeline's failure never stops another: each runs in a thread of its own, at most one at a time; slots that
        passed while the machine slept are caught up by one run.
        """
        for name, schedule in self._schedules.items():
            self._scheduler.add_job(self._ring, trigger(schedule), args=[name], id=name)
        self._scheduler.start()
        for name in self._schedules:
            note(f"{name}: next run {self._scheduler.get_job(name).next_run_time.isoformat()}")
        stop.wait()
        note("stopping: waiting for runs that are under way")
        self._scheduler.shutdown(wait=True)

    def _submitted(self, event: Any) -> None:
        self._due[event.job_id].put(event.scheduled_run_times[-1])

    def _ring(self, name: str) -> None:
        due = self._due[name].get(timeout=60)
        self._start(name, slot_of(self._schedules[name], due))


def stop_on_signals(stop: threading.Event) -> None:
    """SIGTERM and SIGINT ask for a graceful stop; a second one ends the process at once."""

    def handle(_number: int, _frame: object) -> None:
        if stop.is_set():
            raise SystemExit(130)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
