"""The doors of `budget`.  (shell)"""

from __future__ import annotations

import typer

from billsync.cli.options import CONFIG, Config, Out

budget = typer.Typer(no_args_is_help=True, help="Calls that connections may make, shared by all processes.")


@budget.command("list")
def budget_list(config: Config = CONFIG, format: Out = "table") -> None:
    """Calls that are left, who waits for some, and when a read of everything ends at this budget."""
    from billsync.cli import budget as area

    raise typer.Exit(area.listing(config, format))
