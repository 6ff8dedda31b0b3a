"""The doors of `daemon` and `schedule`.  (shell)"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from billsync.cli.options import CONFIG, Config, Limit, Out

schedule = typer.Typer(no_args_is_help=True, help="When pipelines run, and why one did not.")

Pipeline = Annotated[Optional[str], typer.Option(help="Only this pipeline.")]  # noqa: UP045
Begin = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--from", metavar="DATETIME", help="Such as 2026-03-29T00:00, in UTC; now where it is left out."),
]
Until = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--to", metavar="DATETIME", help="A year after it where it is left out."),
]


def daemon(
    config: Config = CONFIG,
    *,
    stop_within_s: Annotated[
        int, typer.Option(help="Seconds that runs which are under way have to end after a stop.", min=0, max=86_400)
    ] = 300,
    begin: Annotated[Optional[str], typer.Option("--from", hidden=True)] = None,  # noqa: UP045
    until: Annotated[Optional[str], typer.Option("--until", hidden=True)] = None,  # noqa: UP045
    speed: Annotated[int, typer.Option(hidden=True, min=1, max=100_000)] = 1,
) -> None:
    """Run every pipeline on its schedule until it is told to stop; SIGHUP reads the configuration anew."""
    from billsync.cli import daemon as area
    from billsync.cli.schedules import moment

    motion = area.Motion(moment(begin) if begin else None, moment(until) if until else None, speed)
    raise typer.Exit(area.run(config, stop_within_s, motion))


@schedule.command("list")
def schedule_list(config: Config = CONFIG, format: Out = "table") -> None:
    """Each pipeline's schedule, its next run, and what became of its last slot."""
    from billsync.cli import schedules as area

    raise typer.Exit(area.listing(config, format))


@schedule.command("next")
def schedule_next(
    config: Config = CONFIG,
    pipeline: Pipeline = None,
    begin: Begin = None,
    until: Until = None,
    limit: Limit = 20,
    format: Out = "table",
) -> None:
    """Slots that are to come, and what becomes of each: put off or skipped, and why."""
    from billsync.cli import schedules as area

    raise typer.Exit(area.coming(config, pipeline, area.Span(begin, until, limit), format))


@schedule.command("history")
def schedule_history(
    config: Config = CONFIG, pipeline: Pipeline = None, limit: Limit = 20, format: Out = "table"
) -> None:
    """Slots that passed, newest first: run, caught up, skipped or missed, and why."""
    from billsync.cli import schedules as area

    raise typer.Exit(area.history(config, pipeline, limit, format))


def register(app: typer.Typer) -> None:
    """Hang the doors in."""
    app.command()(daemon)
    app.add_typer(schedule, name="schedule")
