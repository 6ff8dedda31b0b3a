"""`bill`: the due invoices of a pipeline from what the books hold; no other system is asked or told.  (shell)"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from billsync import schedule, settings, sync, workspace
from billsync.cli import guard, progress, show
from billsync.stage.world import Progress, Tally
from billsync.store import Store, StoredInvoice

SHOWN = 25
"""Invoices that a table names; JSON has as many as asked for."""


def bill(
    config: Path, name: str | None, through: date | None, *, dry_run: bool, limit: int, format: show.Format
) -> int:
    """Make the invoices, or with `dry_run` only say which it would make."""
    loaded, clock = settings.load(config), schedule.SystemClock()
    with workspace.opened(loaded, clock, create=False) as opened, progress.shown(quiet=format == "json") as shown:
        pipeline, _ = opened.pipeline(name)
        if dry_run:
            report, made = _tried(opened, pipeline, through, shown, limit)
        else:
            slot = f"bill-{clock.now().strftime('%Y-%m-%dT%H:%M:%S.%f')}"
            done = workspace.bill_pipeline(opened, pipeline, slot=slot, through=through, progress=shown)
            if done is None:
                return guard.HELD
            report, made = done, _made(opened.store, done.run, limit)
    _tell(report, made, format, dry_run=dry_run)
    return report.exit_code


def _tried(
    opened: workspace.Workspace, name: str, through: date | None, shown: Progress, limit: int
) -> tuple[sync.Report, list[StoredInvoice]]:
    """The same stages in a copy of the books that goes away afterwards."""
    pipeline = opened.settings.pipelines[name]
    day, run = through or pipeline.billing.day(opened.clock.now()), f"{name}@bill"
    with (
        workspace.world(opened, name, pipeline, run=run, through=day, progress=shown, sandboxes=False) as real,
        opened.store.rehearsal() as copy,
    ):
        report = sync.bill(replace(real, store=copy, tally=Tally()))
        return report, _made(copy, run, limit)


def _made(store: Store, run: str, limit: int) -> list[StoredInvoice]:
    with store.view() as tx:
        return tx.ledger.invoices(run=run, limit=limit)


def _tell(report: sync.Report, made: list[StoredInvoice], format: show.Format, *, dry_run: bool) -> None:
    found = [_row(item) for item in made]
    if format == "json":
        show.emit_json({**report.facts(), "dry_run": dry_run, "invoices": found})
        return
    title = "Invoices that would be made" if dry_run else "Invoices"
    columns = ["number", "customer", "issued_on", "due_on", "currency", "total"]
    show.rows(title, columns, found[:SHOWN], format=format, empty="no invoice is due")
    count = report.counts.get("invoices made", 0)
    if count > SHOWN:
        show.remark(f"{count:,} in all: `--format json` has more, `billsync invoice list` those that were made")
    if report.exit_code == guard.PROBLEMS and not dry_run:
        show.remark("some records have problems: `billsync errors list` says which and why")


def _row(item: StoredInvoice) -> dict[str, Any]:
    invoice = item.invoice
    return {
        "number": invoice.number,
        "customer": invoice.customer,
        "issued_on": invoice.issued_on,
        "due_on": invoice.due_on,
        "currency": invoice.currency,
        "total": invoice.total,
        "state": str(item.state),
    }
