"""`reconcile`: three sides compared, and with `--fix` mended after a question.  (shell)"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from billsync import logbook, mend, schedule, settings, sync, workspace
from billsync.cli import guard, progress, show
from billsync.connector import Refused, TryLater
from billsync.model.drift import Act, Drift
from billsync.reconcile import POLICIES, Sum
from billsync.stage import comparing
from billsync.stage.comparing import Report
from billsync.stage.world import World

TOTALS: Final = ("currency", "side", "documents", "net", "tax", "total", "open")
CLASSES: Final = ("class", "currency", "drifts", "amount")
DRIFTS: Final = ("class", "document", "customer", "differs", "amount", "cause", "cure")
CURES: Final = ("does", "document", "changes", "amount")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for.

    Attributes:
        edited: `report`, `adopt` or `overwrite`, or None for the pipeline's own setting.
    """

    customer: str | None
    as_of: date | None
    fix: bool
    yes: bool
    edited: str | None
    format: show.Format


def reconcile(config: Path, name: str | None, asked: Asked) -> int:
    """Compare, show, and with `fix` mend and compare again."""
    if asked.edited is not None and asked.edited not in POLICIES:
        raise guard.Wrong(f"--edited is one of {', '.join(POLICIES)}, got '{show.visible(asked.edited)}'")
    if asked.fix and asked.as_of is not None:
        raise guard.Wrong("--fix mends what is now: leave out --as-of")
    loaded = settings.load(config)
    with workspace.opened(loaded, schedule.SystemClock(), create=False) as opened:
        pipeline_name, pipeline = opened.pipeline(name)
        if pipeline.target is None:
            show.remark(f"pipeline {pipeline_name} has no target to compare with")
            return guard.USAGE
        job = _Job(opened, pipeline_name, pipeline, asked)
        before = job.compared()
        return _fix(job, before) if asked.fix else _end(before, asked.format)


@dataclass(frozen=True, slots=True)
class _Job:
    """One pipeline to compare and mend."""

    opened: workspace.Workspace
    name: str
    pipeline: settings.Pipeline
    asked: Asked

    def compared(self) -> Report:
        """The three sides as they are now."""
        with self._world("reconcile") as world:
            return self._compared(world)

    def _compared(self, world: World) -> Report:
        edited = self.asked.edited or self.pipeline.push.edited
        try:
            return comparing.compare(world, customer=self.asked.customer, as_of=self.asked.as_of, edited=edited)
        except Refused as fault:
            if fault.reason != "not_supported":
                raise
            raise guard.Wrong(f"there is nothing to compare with: {fault.message}") from None

    def mended(self, cures: Sequence[Drift]) -> list[mend.Done]:
        """The cures carried out, as a run that is on record.

        The world may have moved while the question stood: what is not as it was agreed on is left alone.
        """
        opened, done = self.opened, list[mend.Done]()

        def journey(run: str) -> sync.Report:
            with self._world(run) as world:
                still, moved = mend.still(cures, self._compared(world))
                done.extend(mend.carry_out(world, still))
                done.extend(mend.Done(drift, "it is not so any more: nothing was done") for drift in moved)
                return sync.Report(run, counts=world.tally.counts)

        slot = f"reconcile-{opened.clock.now().strftime('%Y-%m-%dT%H:%M:%S.%f')}"
        report = logbook.in_slot(opened.store, opened.clock, opened.owner, self.name, slot, journey)
        if report is not None and report.offline:
            raise TryLater("offline", report.offline, offline=True)
        return done

    @contextmanager
    def _world(self, run: str) -> Iterator[World]:
        day = self.pipeline.billing.day(self.opened.clock.now())
        with (
            progress.shown(quiet=self.asked.format == "json") as shown,
            workspace.world(self.opened, self.name, self.pipeline, run=run, through=day, progress=shown) as world,
        ):
            yield world


def _fix(job: _Job, before: Report) -> int:
    """Show the cures, ask, carry them out, compare again."""
    asked, cures = job.asked, mend.curable(before)
    if asked.format == "table":
        _tell(before)
    over = mend.exceeded(cures, job.pipeline.push.bounds)
    if over:
        show.remark(f"nothing was done: {over}; raise push.bounds, or mend in smaller parts with --customer")
    if not cures or over or not _agreed(cures, asked):
        if asked.format == "json":
            show.emit_json(document(before))
        return guard.OK if before.clean else guard.DRIFT
    done = job.mended(cures)
    return _end(job.compared(), asked.format, before=before, done=done)


def _agreed(cures: Sequence[Drift], asked: Asked) -> bool:
    import typer

    if asked.format == "table":
        show.line()
        show.rows("What --fix does", list(CURES), [_cure(drift) for drift in cures])
        show.line()
        show.rows("In all", ["does", "currency", "documents", "amount"], _sums(cures))
    if asked.yes:
        return True
    if not sys.stdin.isatty() or asked.format == "json":
        show.remark("nothing was done: look at the cures, then say --yes")
        return False
    return typer.confirm("Do this now?")


def _end(report: Report, format: show.Format, *, before: Report | None = None, done: Sequence[mend.Done] = ()) -> int:
    if format == "json":
        show.emit_json(document(report) if before is None else document(before) | {"fixed": _fixed(done, report)})
    else:
        if before is not None:
            show.line()
            show.rows("Done", ["does", "document", "result"], [_done(row) for row in done])
            show.line()
        _tell(report)
    return guard.OK if report.clean else guard.DRIFT


# ---------------------------------------------------------------- as tables


def _tell(report: Report) -> None:
    show.rows("Totals", list(TOTALS), _totals(report), empty="no documents on any side")
    show.line()
    if report.drifts:
        show.rows("Drift by class", list(CLASSES), _classes(report))
        show.line()
    if report.drifts and sys.stdout.isatty():
        for drift in report.drifts:
            _explain(drift)
    else:
        agree = f"clean: {report.agreed:,} documents agree on all sides"
        show.rows("Drift", list(DRIFTS), [_row(drift) for drift in report.drifts], empty=agree)
    for text in _remarks(report):
        show.remark(text)


def _explain(drift: Drift) -> None:
    """One drift for a person: what differs, why, and what mends it."""
    amount = f"{show.cell(drift.amount)} {drift.currency}"
    head = "  ".join(show.visible(part) for part in (drift.document, drift.customer, amount) if part)
    show.line(f"{drift.kind:<10} {head}")
    mend = "by hand" if drift.cure.act is Act.PERSON else "--fix"
    width = max(60, shutil.get_terminal_size().columns)
    for name, text in (("differs", _differs(drift)), ("because", drift.cause), (mend, drift.cure.text)):
        wrapped = textwrap.fill(show.visible(text), width, initial_indent=f"  {name:<9}", subsequent_indent=" " * 11)
        show.line(wrapped)
    show.line()


def _remarks(report: Report) -> Iterator[str]:
    yield from report.remarks
    if report.adopted:
        yield f"{report.adopted:,} differences were accepted by a person as they are"
    if report.others:
        yield f"{report.others:,} documents there carry no number of ours: other people's, not compared"


def _totals(report: Report) -> list[dict[str, Any]]:
    rows = []
    for currency, sides in sorted(report.totals.by_currency.items()):
        for side, sum_ in (("CRM", sides.crm), ("billsync", sides.ours), ("ERP", sides.erp)):
            if sum_.documents:
                rows.append({"currency": currency, "side": side, **_sum(sum_)})
    return rows


def _sum(sum_: Sum) -> dict[str, Any]:
    names = ("documents", "net", "tax", "total", "open")
    return {name: getattr(sum_, name) for name in names}


def _classes(report: Report) -> list[dict[str, Any]]:
    return [
        {"class": str(row.kind), "currency": row.currency, "drifts": row.count, "amount": row.amount}
        for row in report.by_class()
    ]


def _row(drift: Drift) -> dict[str, Any]:
    return {
        "class": str(drift.kind),
        "document": drift.document,
        "customer": drift.customer,
        "differs": _differs(drift),
        "amount": f"{show.cell(drift.amount)} {drift.currency}",
        "cause": drift.cause,
        "cure": drift.cure.text,
    }


def _differs(drift: Drift) -> str:
    return "; ".join(str(item) for item in drift.fields)


def _cure(drift: Drift) -> dict[str, Any]:
    amount = f"{show.cell(drift.amount)} {drift.currency}"
    return {"does": drift.cure.text, "document": drift.document, "changes": _differs(drift), "amount": amount}


def _sums(cures: Sequence[Drift]) -> list[dict[str, Any]]:
    """Documents and money by act and currency."""
    documents: dict[tuple[Act, str], set[str]] = {}
    amounts: dict[tuple[Act, str], Decimal] = {}
    for drift in cures:
        key = drift.cure.act, drift.currency
        documents.setdefault(key, set()).add(drift.document)
        amounts[key] = amounts.get(key, Decimal(0)) + drift.amount
    return [
        {"does": str(act), "currency": currency, "documents": len(found), "amount": amounts[act, currency]}
        for (act, currency), found in documents.items()
    ]


def _done(row: mend.Done) -> dict[str, Any]:
    return {"does": row.drift.cure.text, "document": row.drift.document, "result": row.result}


# ---------------------------------------------------------------- as JSON


def document(report: Report) -> dict[str, Any]:
    """The whole report as JSON values."""
    return {
        "clean": report.clean,
        "totals": _totals(report),
        "by_class": _classes(report),
        "drift": [drift.model_dump(mode="json") for drift in report.drifts],
        "matched": report.matched,
        "agreed": report.agreed,
        "adopted": report.adopted,
        "documents_of_others": report.others,
        "remarks": report.remarks,
    }


def _fixed(done: Sequence[mend.Done], after: Report) -> dict[str, Any]:
    rows = [_done(row) | {"class": str(row.drift.kind)} for row in done]
    return {"done": rows, "after": document(after)}
