"""`sync`, `status`, `runs`.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from billsync import schedule, settings, workspace
from billsync import sync as syncing
from billsync.cli import guard, progress, show, standing
from billsync.cli.budget import backfills
from billsync.cli.gates import row as gate_row
from billsync.cli.opening import view
from billsync.console import telling
from billsync.model.delivery import DONE
from billsync.model.gate import GateState
from billsync.store import Run

RECORD_STATES = ("mapped", "skipped", "problem", "new", "gone")
"""What may have become of a record: `skipped` ones are none that a mapping is for, `gone` ones were deleted."""


def sync(config: Path, name: str | None, through: date | None, *, full: bool, format: show.Format) -> int:
    """Run a pipeline once and say what was done."""
    loaded = settings.load(config)
    clock = schedule.SystemClock()
    quiet = format == "json"
    telling_ = telling.command(loaded.observe)
    with workspace.opened(loaded, clock) as opened, progress.shown(quiet=quiet) as shown, telling_:
        pipeline, _ = opened.pipeline(name)
        slot = f"manual-{clock.now().strftime('%Y-%m-%dT%H:%M:%S.%f')}"
        report = workspace.run_pipeline(opened, pipeline, slot=slot, through=through, progress=shown, full=full)
    if report is None:
        return guard.HELD
    tell(report, format)
    return report.exit_code


def tell(report: syncing.Report, format: show.Format) -> None:
    """Say what a run did, and what it left."""
    if format == "json":
        show.emit_json(report.facts())
        return
    changes = [{"what": name, "count": count} for name, count in report.counts.items() if count]
    nothing = "nothing was done" if report.offline else "nothing to do: everything is as it was"
    show.rows("This run", ["what", "count"], changes, empty=nothing)
    if report.offline:
        show.remark(f"not reached: {report.offline}")
        show.remark("nothing was lost: run the same command again when it is back")
    if report.parked:
        show.remark(f"held back: {report.parked}")
        show.remark("nothing was sent: `billsync gates list` says where, `billsync errors list` what to do")
    if report.waiting_until:
        show.remark(f"some writes wait until {report.waiting_until:%Y-%m-%d %H:%M:%S} UTC: run again then")
    if report.exit_code == guard.PROBLEMS:
        show.remark("some records have problems: `billsync errors list` says which and why")


def line(facts: Mapping[str, Any]) -> str:
    """What a run did, on one line, from its report's facts."""
    counts = ", ".join(f"{count} {what}" for what, count in facts["counts"].items() if count)
    done = counts or ("nothing was done" if facts["offline"] else "nothing to do")
    return f"exit {facts['exit_code']}: " + "; ".join(filter(None, (done, facts["offline"])))


def history(config: Path, pipeline: str | None, limit: int, format: show.Format) -> int:
    """The runs so far."""
    with view(config) as tx:
        runs = tx.runs.list(pipeline=pipeline, limit=limit)
    if pipeline is not None and not runs:
        known = settings.load(config).pipelines
        if pipeline not in known:
            raise guard.Wrong(f"no pipeline is called '{show.visible(pipeline)}'  (there is: {', '.join(known)})")
    show.rows(
        "Runs",
        ["started", "pipeline", "seconds", "state", "exit_code", "done"],
        [_run_row(run) for run in runs],
        format=format,
        empty="no runs yet",
    )
    return guard.OK


def _run_row(run: Run) -> dict[str, Any]:
    seconds = None if run.finished_at is None else round((run.finished_at - run.started_at).total_seconds())
    done = {name: count for name, count in run.counts.items() if count}
    return {
        "run": run.id,
        "pipeline": run.pipeline,
        "started": f"{run.started_at:%Y-%m-%d %H:%M:%S}",
        "seconds": seconds,
        "state": run.state,
        "exit_code": run.exit_code,
        "done": ", ".join(f"{count:,} {name}" for name, count in done.items()) or run.note,
    }


def status(config: Path, format: show.Format) -> int:
    """Health at a glance."""
    loaded = settings.load(config)
    with workspace.opened(loaded, schedule.SystemClock(), create=False) as opened, opened.store.view() as tx:
        last = {name: next(iter(tx.runs.list(pipeline=name, limit=1)), None) for name in loaded.pipelines}
        records = tx.inbox.counts()
        deliveries = tx.outbox.counts()
        totals = tx.ledger.totals()
        problems = tx.problems.count_open()
        reads = backfills(tx.budgets.list())
        shut = [gate for gate in tx.gates.list() if gate.state is not GateState.OPEN]
        fresh = standing.freshness(tx, loaded, opened.clock.now())
        waits = standing.backlog(tx, loaded, opened.clock.now())
    facts = _status_facts(last, records, deliveries, totals, problems)
    facts = {"Pipelines": facts.pop("Pipelines"), "Freshness": fresh, **facts, "Backlog": waits}
    facts["Reads of everything"] = reads
    facts["Held back"] = [gate_row(gate.connection, gate) for gate in shut]
    if format == "json":
        show.emit_json(facts)
        return guard.OK
    for title, lines in facts.items():
        if title in ("Held back", "Backlog", "Reads of everything") and not lines:
            continue
        show.rows(title, list(lines[0]) if lines else [], lines, empty=f"{title}: nothing yet")
        show.line()
    return guard.OK


def _status_facts(
    last: dict[str, Run | None],
    records: dict[tuple[str, str], dict[str, int]],
    deliveries: dict[str, Any],
    totals: list[tuple[str, int, int, int]],
    problems: int,
) -> dict[str, list[dict[str, Any]]]:
    from billsync.model.money import from_minor

    return {
        "Pipelines": [
            {
                "pipeline": name,
                "last run": "never" if run is None else _run_row(run)["started"],
                "state": run and run.state,
            }
            for name, run in last.items()
        ],
        "Records": [
            {"connection": connection, "object": object, **{state: states.get(state, 0) for state in RECORD_STATES}}
            for (connection, object), states in records.items()
        ],
        "Writes": [
            {
                "connection": connection,
                "done": sum(count for state, count in states.items() if state in DONE),
                "open": sum(count for state, count in states.items() if state not in DONE),
                "states": ", ".join(f"{count} {state}" for state, count in states.items()),
            }
            for connection, states in deliveries.items()
        ],
        "Invoices": [
            {
                "currency": currency,
                "invoices": count,
                "total": from_minor(total, currency),
                "paid": from_minor(paid, currency),
                "open": from_minor(total - paid, currency),
            }
            for currency, count, total, paid in totals
        ],
        "Problems": [{"open": problems, "look at them with": "billsync errors list"}] if problems else [],
    }
