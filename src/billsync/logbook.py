"""Runs on record: a run is noted from its start to its end, once for each slot, under its pipeline's lock.  (shell)"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from billsync import observe, sync
from billsync.connector import Fault
from billsync.push import Clock
from billsync.stage import looking
from billsync.store import Store, Tx
from billsync.store.errors import is_away


def in_slot(
    store: Store,
    clock: Clock,
    owner: str,
    name: str,
    slot: str,
    journey: Callable[[str], sync.Report],
    *,
    resumes: bool = False,
) -> sync.Report | None:
    """What `journey`, given the run's id, reports in a slot of a pipeline; None where that slot was run already.

    The run is on record from its start to its end, under the pipeline's lock.  With `resumes` one that did not come to
    its end goes on under the same id.  Raises what `run_pipeline` raises.
    """
    with store.lock(f"pipeline-{name}", owner):
        return on_record(store, clock, owner, name, slot, journey, resumes=resumes)


def on_record(
    store: Store,
    clock: Clock,
    owner: str,
    name: str,
    slot: str,
    journey: Callable[[str], sync.Report],
    *,
    resumes: bool = False,
) -> sync.Report | None:
    """`in_slot` for a caller who holds the pipeline's lock."""
    run = f"{name}@{slot}"
    with store.tx("run-start") as tx:
        taken = resumes and tx.runs.take_over(run, owner)
        tx.runs.orphans(name, owner, clock.now())
        if not taken and not tx.runs.start(run, name, slot=slot, owner=owner, at=clock.now()):
            observe.event("run_not_needed", run=run, pipeline=name)
            return None
    with observe.bound(run=run, pipeline=name), observe.span("run"):
        return _noted(store, clock, run, journey, resumes=resumes, resumed=taken)


def _noted(
    store: Store, clock: Clock, run: str, journey: Callable[[str], sync.Report], *, resumes: bool, resumed: bool
) -> sync.Report:
    """The run, from its start to its end, which is noted however it ends.

    One that `resumes` is not over where the store itself was away, or the process leaves it to others.
    """
    observe.event("run_started", resumed=resumed)
    began = clock.now()
    report = sync.Report(run, exit_code=2)
    state = "failed"
    try:
        report = journey(run)
        state = {0: "ok", 1: "problems", 3: "unreachable"}[report.exit_code]
    except Fault as fault:
        report, state = sync.Report(run, exit_code=3, offline=fault.message, reason=fault.reason), "unreachable"
    except KeyboardInterrupt:
        report, state = sync.Report(run, exit_code=130), "interrupted"
        raise
    except BaseException as error:
        left = is_away(error) or not isinstance(error, Exception)
        state = "interrupted" if resumes and left else "failed"
        raise
    finally:
        _note_end(store, report, state, clock.now())
        _tell_end(report, state, (clock.now() - began).total_seconds())
    return report


def _tell_end(report: sync.Report, state: str, seconds: float) -> None:
    pipeline = report.run.partition("@")[0]
    observe.count("billsync_runs_total", pipeline=pipeline, state=state)
    level: observe.Level = "info" if state in ("ok", "problems") else "warning"
    facts = {"exit_code": report.exit_code, "counts": {name: n for name, n in report.counts.items() if n}}
    observe.event("run_ended", level=level, state=state, seconds=round(seconds, 3), **facts)


def _note_end(store: Store, report: sync.Report, state: str, at: datetime) -> None:
    def finish(tx: Tx) -> None:
        looking.keep(tx, report.run.partition("@")[0], report.run, report.looks)
        tx.runs.finish(
            report.run, state=state, exit_code=report.exit_code, counts=report.counts, note=report.offline, at=at
        )

        _flag_login(tx, report, at)

    store.run("run-finish", finish)


def _flag_login(tx: Tx, report: sync.Report, at: datetime) -> None:
    """A system that refuses the log-in needs a person: that is told as such, and taken back when a run gets in."""
    pipeline = report.run.partition("@")[0]
    if report.reason == "auth":
        tx.alerts.raise_flag("SYSTEM-LOGIN", pipeline, reason=f"a system of {pipeline} refused the log-in", at=at)
    else:
        tx.alerts.lower_flag("SYSTEM-LOGIN", pipeline)
