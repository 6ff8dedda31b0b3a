"""The doors of `connectors drift`.  (shell)"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from billsync.cli.options import CONFIG, Config, Out


def drift(
    connection: Annotated[Optional[str], typer.Argument(help="Only this connection.")] = None,  # noqa: UP045
    config: Config = CONFIG,
    accept: Annotated[bool, typer.Option("--accept", help="Take the fields as they are now for right.")] = False,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit trail.")] = "",
    format: Out = "table",
) -> None:
    """How the fields of the outside systems have changed, and what waits for that; exit 4 where they have."""
    from billsync.cli import drift as area

    raise typer.Exit(area.drift(config, connection, accept=accept, reason=reason, format=format))


def register(connectors: typer.Typer) -> None:
    """Hang the doors in."""
    connectors.command("drift")(drift)
