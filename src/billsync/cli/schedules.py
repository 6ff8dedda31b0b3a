"""`schedule`.  (shell)"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from billsync import settings
from billsync.cli import guard, show
from billsync.cli.opening import view
from billsync.daemon.service import schedules
from billsync.schedule import SystemClock
from billsync.store import Ring
from billsync.timetable import Schedule, Slot, fate, next_slot, slots


@dataclass(frozen=True, slots=True)
class Span:
    """Which slots are asked for: from one instant (now) to another one, at most so many."""

    begin: str | None
    until: str | None
    limit: int


def moment(text: str) -> datetime:
    """An instant as it is given on the command line, in UTC where it names no zone.  Raises `Wrong`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise guard.Wrong(f"expected a date and time such as 2026-03-29T00:00, got '{show.visible(text)}'") from None
    return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)


def listing(config: Path, format: show.Format) -> int:
    """Each pipeline's schedule."""
    loaded, now = settings.load(config), SystemClock().now()
    with view(config) as tx:
        last = {name: next(iter(tx.rings.list(pipeline=name, limit=1)), None) for name in loaded.pipelines}
    lines = [_line(name, schedule, last[name], now) for name, schedule in schedules(loaded).items()]
    columns = ["pipeline", "schedule", "next run", "last slot", "outcome"]
    show.rows("Schedules", columns, lines, format=format, empty="no pipeline has a schedule")
    return guard.OK


def coming(config: Path, pipeline: str | None, span: Span, format: show.Format) -> int:
    """Slots that are to come."""
    chosen = _chosen(config, pipeline)
    begin = moment(span.begin) if span.begin else SystemClock().now()
    until = moment(span.until) if span.until else begin + timedelta(days=366)
    # a slot at the very beginning belongs to it
    found = heapq.merge(*(_slots(name, one, begin - timedelta(microseconds=1), until) for name, one in chosen.items()))
    lines = [_fate(name, chosen[name], slot) for slot, name in islice(found, span.limit)]
    columns = ["slot", "pipeline", "runs at", "local", "because"]
    show.rows("Slots to come", columns, lines, format=format, empty="no slot comes in this time")
    return guard.OK


def history(config: Path, pipeline: str | None, limit: int, format: show.Format) -> int:
    """Slots that passed."""
    _chosen(config, pipeline)
    with view(config) as tx:
        found = tx.rings.list(pipeline=pipeline, limit=limit)
    columns = ["slot", "pipeline", "outcome", "why", "noted", "note"]
    show.rows("Slots", columns, [_passed(ring) for ring in found], format=format, empty="no slot has come yet")
    return guard.OK


def _chosen(config: Path, pipeline: str | None) -> dict[str, Schedule]:
    loaded = settings.load(config)
    if pipeline is not None and pipeline not in loaded.pipelines:
        known = ", ".join(loaded.pipelines)
        raise guard.Wrong(f"no pipeline is called '{show.visible(pipeline)}'  (there is: {known})")
    return {name: one for name, one in schedules(loaded).items() if pipeline in (None, name)}


def _slots(name: str, schedule: Schedule, begin: datetime, until: datetime) -> Iterator[tuple[Slot, str]]:
    return ((slot, name) for slot in slots(schedule, begin, until))


def _fate(name: str, schedule: Schedule, slot: Slot) -> dict[str, Any]:
    found = fate(schedule, name, slot)
    local = found.ring_at and found.ring_at.astimezone(ZoneInfo(schedule.zone))
    return {
        "slot": slot.id,
        "pipeline": name,
        "runs at": "skipped" if found.ring_at is None else f"{found.ring_at:%Y-%m-%d %H:%M:%S}Z",
        "local": f"{local:%a %H:%M:%S %Z}" if local else "",
        "because": found.note,
    }


def _line(name: str, schedule: Schedule, last: Ring | None, now: datetime) -> dict[str, Any]:
    return {
        "pipeline": name,
        "schedule": _words(schedule),
        "next run": _next(name, schedule, now),
        "last slot": "never" if last is None else last.slot,
        "outcome": "" if last is None else f"{last.outcome} ({last.why})",
    }


def _next(name: str, schedule: Schedule, now: datetime) -> str:
    """The next slot that is run at all, of the next thousand."""
    after = now
    for _ in range(1_000):
        slot = next_slot(schedule, after)
        if slot is None:
            return "never"
        found = fate(schedule, name, slot)
        if found.ring_at is not None:
            return f"{found.ring_at:%Y-%m-%d %H:%M:%S}Z"
        after = max(slot.due, found.until or slot.due)
    return "never"


def _words(schedule: Schedule) -> str:
    if schedule.every_s is not None:
        return f"every {schedule.every_s} s"
    if schedule.cron is not None:
        return f"{schedule.cron} {schedule.zone}"
    calendar = schedule.calendar
    if calendar is None:
        return ""
    times = ", ".join(f"{at:%H:%M}" for at in calendar.at)
    every = calendar.every if calendar.count == 1 else f"{calendar.count} {calendar.every}s"
    return f"every {every}{f', {calendar.day}' if calendar.day else ''} at {times} {schedule.zone}"


def _passed(ring: Ring) -> dict[str, Any]:
    return {
        "slot": ring.slot,
        "pipeline": ring.pipeline,
        "outcome": ring.outcome,
        "why": ring.why,
        "due": f"{ring.due_at:%Y-%m-%d %H:%M:%S}Z",
        "noted": f"{ring.at:%Y-%m-%d %H:%M:%S}Z",
        "note": ring.note,
    }
