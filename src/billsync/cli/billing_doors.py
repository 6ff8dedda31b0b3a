"""The doors `bill`, `preview` and `simulate`.  (shell)"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from billsync.cli.options import CONFIG, Config, Day, Limit, Name, Out, day

Explained = Annotated[bool, typer.Option("--explain", help="Say why every amount is what it is.")]


def preview(
    file: Annotated[Path, typer.Argument(help="A billing document, YAML or JSON: `billsync schema billing-document`.")],
    through: Day = None,
    *,
    explain: Explained = False,
    format: Out = "table",
) -> None:
    """Show the invoices and credit notes that billing would make of a contract. Nothing is stored or sent."""
    from billsync.cli import preview as area

    raise typer.Exit(area.preview(file, through, explained=explain, format=format))


def simulate(
    what: Annotated[str, typer.Argument(help="A billing document, or a pipeline of the configuration.")],
    begin: Annotated[
        Optional[date],  # noqa: UP045  typer reads the annotation at run time
        typer.Option("--from", parser=day, metavar="YYYY-MM-DD", help="The first day; else the contract's start."),
    ] = None,
    end: Annotated[
        Optional[date],  # noqa: UP045
        typer.Option("--to", parser=day, metavar="YYYY-MM-DD", help="The last day."),
    ] = None,
    config: Config = CONFIG,
    *,
    step: Annotated[
        Optional[Literal["day", "week", "month"]],  # noqa: UP045
        typer.Option(help="How often billing runs; else each day for a document, each month for a pipeline."),
    ] = None,
    explain: Explained = False,
    format: Out = "table",
) -> None:
    """Let billing run through days that have not come yet, on a virtual clock. Nothing is stored or sent."""
    from billsync.cli import simulate as area

    asked = area.Asked(begin=begin, end=end, step=step, explained=explain, format=format)
    raise typer.Exit(area.simulate(what, config, asked))


def bill(
    pipeline: Name = None,
    config: Config = CONFIG,
    *,
    through: Day = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which invoices would be made.")] = False,
    limit: Limit = 1000,
    format: Out = "table",
) -> None:
    """Make the due invoices of what the books hold. No other system is asked or told: the next sync sends them."""
    from billsync.cli import bill as area

    raise typer.Exit(area.bill(config, pipeline, through, dry_run=dry_run, limit=limit, format=format))


def register(app: typer.Typer) -> None:
    """Hang the doors in."""
    app.command()(bill)
    app.command()(preview)
    app.command()(simulate)
