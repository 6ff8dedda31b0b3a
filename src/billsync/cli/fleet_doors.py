"""`sync`, `worker`, `workers`: thin doors to `runs.py` and `fleet.py`.  (shell)"""

from __future__ import annotations

from typing import Annotated

import typer

from billsync.cli import plan_doors
from billsync.cli.options import CONFIG, Config, Day, Full, Name, Out


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("sync")(sync)
    app.command("worker")(worker)
    app.command("workers")(workers)


def sync(
    pipeline: Name = None,
    config: Config = CONFIG,
    format: Out = "table",
    through: Day = None,
    full: Full = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what a run would change.")] = False,
    on_workers: Annotated[
        bool, typer.Option("--on-workers", help="Let a daemon or worker run it, and wait for its end.")
    ] = False,
) -> None:
    """Run a pipeline once: read, map, bill, push, read payments, write status back."""
    if dry_run:
        plan_doors.plan(pipeline, config, format=format, through=through, full=full)
    from billsync.cli import fleet, runs

    run = fleet.give_away if on_workers else runs.sync
    raise typer.Exit(run(config, pipeline, through, full=full, format=format))


def worker(
    config: Config = CONFIG,
    stop_within: Annotated[
        int, typer.Option(help="Seconds that runs may go on after a stop; then others go on with them.", min=0)
    ] = 30,
) -> None:
    """Carry out runs that the daemon, or `sync --on-workers`, gives away, until it is told to stop."""
    from billsync.cli import fleet

    raise typer.Exit(fleet.worker(config, stop_within))


def workers(config: Config = CONFIG, format: Out = "table") -> None:
    """Processes that carry out runs, and those that did: where they are, and when they were seen last."""
    from billsync.cli import fleet

    raise typer.Exit(fleet.workers(config, format))
