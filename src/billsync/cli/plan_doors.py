"""The doors `plan` and `apply`.  (shell)"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from billsync.cli.options import CONFIG, Config, Day, Full, MaxAmount, MaxCreates, MaxVoids, Name, Out, Review, Yes


def plan(
    pipeline: Name = None,
    config: Config = CONFIG,
    *,
    format: Review = "table",
    through: Day = None,
    full: Full = False,
    out: Annotated[Optional[Path], typer.Option("--out", help="Save the plan here, for `billsync apply`.")] = None,  # noqa: UP045
    max_creates: MaxCreates = None,
    max_voids: MaxVoids = None,
    max_amount: MaxAmount = None,
) -> None:
    """Say exactly what a run would change, in every system, field by field. Nothing is changed."""
    from billsync.cli import plans

    guards = plans.Guards(max_creates, max_voids, max_amount)
    code = plans.plan(config, pipeline, through=through, full=full, guards=guards, out=out, format=format)
    raise typer.Exit(code)


def apply(
    file: Annotated[Path, typer.Argument(help="What `billsync plan --out` has saved.")],
    config: Config = CONFIG,
    *,
    format: Out = "table",
    yes: Yes = False,
    max_creates: MaxCreates = None,
    max_voids: MaxVoids = None,
    max_amount: MaxAmount = None,
) -> None:
    """Carry out a saved plan: exactly that, or nothing where the world has moved since."""
    from billsync.cli import plans

    guards = plans.Guards(max_creates, max_voids, max_amount)
    raise typer.Exit(plans.apply(config, file, yes=yes, guards=guards, format=format))


def register(app: typer.Typer) -> None:
    """Hang the doors in."""
    app.command()(plan)
    app.command()(apply)
