"""`plan`, `apply`, `sync --dry-run`.  (shell)"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

from billsync import planning, schedule, settings, workspace
from billsync.cli import guard, progress, runs, show
from billsync.cli.opening import opened_or_empty
from billsync.model.base import canonical_json
from billsync.planning import Plan
from billsync.settings.shape import Bounds

Format = Literal["table", "json", "markdown"]
SHOWN: Final = 25
"""Rows of one table; all of them stand in the JSON."""


@dataclass(frozen=True, slots=True)
class Guards:
    """What the command line says in place of the pipeline's bounds; None for "as configured"."""

    creates: int | None = None
    voids: int | None = None
    total: Decimal | None = None

    def over(self, bounds: Bounds) -> Bounds:
        """The bounds that count."""
        given = {"creates": self.creates, "voids": self.voids, "total": self.total}
        return bounds.model_copy(update={name: value for name, value in given.items() if value is not None})


# ---------------------------------------------------------------- plan


def plan(
    config: Path,
    name: str | None,
    *,
    through: date | None,
    full: bool,
    guards: Guards,
    out: Path | None,
    format: Format,
) -> int:
    """Say what a run would change; with `out`, save it."""

    def make() -> int:
        made = _plan(config, name, through, full=full, guards=guards, quiet=format != "table")
        if out is not None:
            _save(made, out)
        _show(made, format)
        if out is not None:
            show.remark(f"saved: carry it out with  billsync apply {show.visible(str(out))}")
        return guard.PROBLEMS if made.problems or made.parked else guard.OK

    return _refusing(make, format)


def _plan(config: Path, name: str | None, through: date | None, *, full: bool, guards: Guards, quiet: bool) -> Plan:
    with opened_or_empty(config) as opened, progress.shown(quiet=quiet) as shown:
        pipeline_name, pipeline = opened.pipeline(name)
        bounds = guards.over(pipeline.push.bounds)
        return planning.plan(opened, pipeline_name, through=through, full=full, bounds=bounds, progress=shown)


def _save(made: Plan, out: Path) -> None:
    """For this user alone, whole or not at all.  Raises OSError."""
    temporary = out.with_name(f".{out.name}.tmp")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(canonical_json(made.model_dump(mode="json")) + "\n")
    temporary.replace(out)


# ---------------------------------------------------------------- apply


def apply(config: Path, file: Path, *, yes: bool, guards: Guards, format: show.Format) -> int:
    """Carry out a saved plan."""
    try:
        saved = planning.read_plan(file.read_bytes())
    except planning.BadPlan as error:
        raise guard.Wrong(f"{show.visible(str(file))}: {error}") from None
    if not yes:
        _ask(saved)

    def act() -> int:
        loaded = settings.load(config)
        quiet = format == "json"
        with workspace.opened(loaded, schedule.SystemClock()) as opened, progress.shown(quiet=quiet) as shown:
            _, pipeline = opened.pipeline(saved.pipeline)
            bounds = guards.over(pipeline.push.bounds)
            return _done(planning.apply(opened, saved, bounds=bounds, progress=shown), format)

    return _refusing(act, format)


def _ask(saved: Plan) -> None:
    """Show the totals and wait for a yes.  Raises `guard.Wrong` where nobody can be asked, typer's Abort for a no."""
    import typer

    if not sys.stdin.isatty():
        raise guard.Wrong("nobody can be asked here: look at the plan, then say --yes")
    _totals(saved)
    typer.confirm(f"Carry out {saved.changes} changes of {saved.pipeline}?", abort=True, err=True)


def _done(applied: planning.Applied, format: show.Format) -> int:
    if applied.report is None:
        before = applied.before
        when = "" if before is None else f" at {before.started_at:%Y-%m-%d %H:%M:%S} UTC (run {before.id})"
        if format == "json":
            show.emit_json({"applied": True, "before": before and before.id, "exit_code": guard.OK})
        else:
            show.line(f"nothing to do: the plan was carried out{when}")
        return guard.OK
    held = {"held_back": applied.held_back}
    if format == "json":
        show.emit_json({"applied": True, **applied.report.facts(), **held})
    else:
        runs.tell(applied.report, format)
    if applied.held_back:
        show.remark(
            f"{len(applied.held_back)} writes were not in the plan and were held back: `billsync sync` sends them"
        )
    return max(applied.report.exit_code, guard.PROBLEMS if applied.held_back else guard.OK)


# ---------------------------------------------------------------- refusals


def _refusing(act: Callable[[], int], format: Format) -> int:
    """The exit code of what is done; what a plan is refused for, in words."""
    try:
        return act()
    except planning.Moved as moved:
        _refuse("moved", str(moved), format, [vars_of(item) for item in moved.differences])
        show.remark("nothing was changed: make a new plan with `billsync plan --out FILE`, look at it, apply that")
        return guard.DRIFT
    except planning.Exceeded as over:
        if format != "json":
            _show(over.plan, format)
        _refuse("exceeded", str(over), format, [])
        show.remark("nothing was changed: look at the changes, then allow more with --max-creates, --max-voids, "
                    "--max-amount, or `push: {bounds: ...}` in the configuration")  # fmt: skip
        return guard.DRIFT
    except planning.Edited as edited:
        raise guard.Wrong(str(edited)) from None
    except planning.Unreached as unreached:
        show.remark(f"not reached: {unreached}")
        show.remark("nothing was changed: what a run would do can only be said when every system answers")
        return guard.UNREACHABLE


def vars_of(item: planning.Difference) -> dict[str, Any]:
    """A difference as a row."""
    return {"what": item.what, "planned": item.planned, "now": item.now}


def _refuse(reason: str, message: str, format: Format, differences: Sequence[dict[str, Any]]) -> None:
    if format == "json":
        facts = {"applied": False, "reason": reason, "message": message, "differences": differences}
        show.emit_json({**facts, "exit_code": guard.DRIFT})
        return
    show.remark(f"refused: {message}")
    if differences:
        show.rows("What moved", ["what", "planned", "now"], differences[:SHOWN])
        _more(len(differences))


# ---------------------------------------------------------------- shown


def _show(made: Plan, format: Format) -> None:
    if format == "json":
        show.emit_json(made.model_dump(mode="json"))
    elif format == "markdown":
        show.line(planning.markdown(made).rstrip("\n"))
    else:
        _tables(made)


def _tables(made: Plan) -> None:
    if not made.changes:
        show.line("nothing to do: everything is as it should be")
    _totals(made)
    for title, columns, rows in _sections(made):
        if rows:
            show.line()
            if not sys.stdout.isatty():
                show.line(title)
            show.rows(title, columns, rows[:SHOWN])
            _more(len(rows))
    for name, reason in made.parked.items():
        show.remark(f"nothing would be sent to {name}: {reason}")


def _more(count: int) -> None:
    if count > SHOWN:
        show.line(f"… and {count - SHOWN:,} more: --format json has all of them")


def _totals(made: Plan) -> None:
    columns = ["system", "kind", "creates", "updates", "adopts", "voids", "amounts"]
    rows = [{name: getattr(total, name) or None for name in columns} for total in made.totals]
    if rows:
        show.rows(f"What a run of {made.pipeline} through {made.through} would write", columns, rows)


def _sections(made: Plan) -> Iterator[tuple[str, list[str], list[dict[str, Any]]]]:
    yield (
        "New invoices",
        ["number", "customer", "issued_on", "due_on", "lines", "currency", "total"],
        [
            {**item.model_dump(), "customer": item.name or item.customer, "lines": len(item.lines)}
            for item in made.invoices
        ],
    )
    yield (
        "Writes, field by field",
        ["system", "action", "document", "field", "sent last", "will be sent"],
        [
            {"system": write.system, "action": write.action, "document": f"{write.kind} {write.document}",
             "field": item.field, "sent last": item.before, "will be sent": item.after}
            for write in made.writes
            for item in write.fields
        ],
    )  # fmt: skip
    yield (
        "Payments to book",
        ["payment", "received_on", "currency", "amount", "settles"],
        [item.model_dump() for item in made.bookings],
    )
    yield "Changes of state", ["subject", "before", "after"], [item.model_dump() for item in made.turns]
    yield (
        "Earlier writes that stay",
        ["system", "kind", "document", "state", "reason", "due_at"],
        [item.model_dump() for item in made.pending],
    )
    yield (
        "Open problems",
        ["code", "place", "message", "hint"],
        [{**item.model_dump(), "place": str(item.place)} for item in made.problems],
    )
