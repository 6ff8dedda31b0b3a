"""`worker`, `workers`, and runs that are given to workers.  (shell)"""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path
from typing import Any

from billsync import schedule, settings
from billsync import sync as syncing
from billsync.cli import guard, runs, show
from billsync.cli.opening import view
from billsync.engine.presence import Presence
from billsync.store.presence import Worker


def worker(config: Path, stop_within_s: int) -> int:
    """Be at work until told to stop."""
    from billsync.console.watching import watching
    from billsync.fleet.member import at_work

    loaded = settings.load(config)
    stop = threading.Event()
    schedule.stop_on_signals(stop)
    clock = schedule.SystemClock()
    with at_work(loaded, clock, "worker", lost=stop.set, troubled=explain, stop_within_s=stop_within_s) as member:
        show.remark(f"{member.presence.id} is at work: it carries out what the daemon gives away")
        with watching(member.opened, "worker") as signs:
            member.run(stop, signs.alive)
        code, why = ending(member.presence)
        show.remark(why or "stopping: what runs may end")
    return code


def ending(presence: Presence) -> tuple[int, str]:
    """With which exit code a process at work ends, and why; "" where it was asked to."""
    if presence.outdated:
        return guard.STORE, "a newer billsync changed the store (schema_newer): install that version here; it ends"
    if presence.dead:
        return guard.HELD, "others declared this process dead while it was held up: it ends, and may be started again"
    return guard.OK, ""


def explain(error: Exception) -> None:
    """Tell people what ended a run."""
    guard.explain(error)


def give_away(config: Path, name: str | None, through: date | None, *, full: bool, format: show.Format) -> int:
    """Let a worker run a pipeline once, and say what was done."""
    from billsync.fleet.member import at_work
    from billsync.fleet.runs import report_of

    loaded = settings.load(config)
    clock = schedule.SystemClock()
    with at_work(loaded, clock, "sync", lost=lambda: None, troubled=explain, carries_out=False) as member:
        pipeline, _ = member.opened.pipeline(name)
        slot = f"manual-{clock.now().strftime('%Y-%m-%dT%H:%M:%S.%f')}"
        id = member.runs.start(pipeline, slot, full=full, through=through, insists=True)
        show.remark(f"{pipeline}@{slot} is given to the workers")
        told = member.engine.result(id, None)
    if told["note"]:
        show.remark(told["note"])
    report: syncing.Report = report_of(told)
    runs.tell(report, format)
    return report.exit_code


def workers(config: Path, format: show.Format) -> int:
    """Processes, those that joined last first."""
    with view(config) as tx:
        found, alive = tx.workers.list(), tx.workers.alive()
    show.rows(
        "Workers",
        ["worker", "kind", "state", "since", "seen", "version"],
        [_row(one, alive=one.id in alive) for one in found],
        format=format,
        empty="no process has been at work yet",
    )
    return guard.OK


def _row(one: Worker, *, alive: bool) -> dict[str, Any]:
    silent = one.state == "at work" and not alive
    return {
        "worker": one.id,
        "kind": one.kind,
        "state": "silent" if silent else one.state,
        "since": f"{one.started_at:%Y-%m-%d %H:%M:%S}",
        "seen": f"{one.beat_at:%Y-%m-%d %H:%M:%S}",
        "version": one.version,
    }
