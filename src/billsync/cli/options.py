"""Arguments and options that several commands share.  (shell)"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from billsync.cli.show import Format

CONFIG = Path("billsync.yaml")

Config = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.", envvar="BILLSYNC_CONFIG")]
Out = Annotated[Format, typer.Option("--format", help="table, or one JSON document on stdout.")]
Limit = Annotated[int, typer.Option(help="At most so many rows.", min=1, max=100_000)]
Name = Annotated[Optional[str], typer.Argument(help="The pipeline; not needed where there is only one.")]  # noqa: UP045
Full = Annotated[bool, typer.Option("--full", help="Read everything again, not only what changed.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def day(text: str) -> date:
    """A day of the command line.  Raises typer's BadParameter."""
    from billsync.model.scalar import read_day

    try:
        return read_day(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Day = Annotated[
    Optional[date],  # noqa: UP045  typer reads the annotation at run time
    typer.Option(parser=day, metavar="YYYY-MM-DD", help="Bill through this day instead of the configured one."),
]


def amount(text: str) -> Decimal:
    """An amount of the command line.  Raises typer's BadParameter."""
    from billsync.model.scalar import read_decimal

    try:
        return read_decimal(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Review = Annotated[
    Literal["table", "json", "markdown"], typer.Option("--format", help="table, JSON, or Markdown for a pull request.")
]
MaxCreates = Annotated[Optional[int], typer.Option(min=0, help="Refuse more new documents than this.")]  # noqa: UP045
MaxVoids = Annotated[Optional[int], typer.Option(min=0, help="Refuse to take back more than this.")]  # noqa: UP045
MaxAmount = Annotated[
    Optional[Decimal],  # noqa: UP045
    typer.Option(parser=amount, metavar="AMOUNT", help="Refuse new documents of more than this in any currency."),
]
