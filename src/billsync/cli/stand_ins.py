"""The `sandbox` commands, each a thin door to `sandbox.py`.  (shell)"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from billsync.cli.options import CONFIG, Config, Out

sandbox = typer.Typer(no_args_is_help=True, help="Local stand-ins of the outside systems, with faults to switch on.")


@sandbox.command("up")
def sandbox_up(
    names: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(help="Connections (all that have a sandbox), or systems, such as salesforce, without any."),
    ] = None,
    config: Config = CONFIG,
    format: Out = "table",
    folder: Annotated[
        Path, typer.Option(help="Where those live that no connection is for, each in a folder of its own.")
    ] = Path("sandboxes"),
) -> None:
    """Start sandboxes and keep them until Ctrl-C: those of a configuration, or of systems by name."""
    from billsync.cli import sandbox as area

    raise typer.Exit(area.up(config, names or [], format, folder))


@sandbox.command("fault")
def sandbox_fault(
    *,
    name: Annotated[str, typer.Argument(help="The connection.")],
    fault: Annotated[str, typer.Argument(help="A fault that `sandbox list` shows.")],
    options: Annotated[Optional[list[str]], typer.Argument(help="Its options, as name=value.")] = None,  # noqa: UP045
    config: Config = CONFIG,
    next: Annotated[Optional[int], typer.Option(help="Strike so many requests; 1 without.", min=1)] = None,  # noqa: UP045
    probability: Annotated[Optional[str], typer.Option(help="Strike each request so probably, 0 to 1.")] = None,  # noqa: UP045
    method: Annotated[Optional[str], typer.Option(help="Only requests of this method, such as POST.")] = None,  # noqa: UP045
    path: Annotated[Optional[str], typer.Option(help="Only requests to this path and below.")] = None,  # noqa: UP045
    format: Out = "table",
) -> None:
    """Switch a fault on in a running sandbox."""
    from billsync.cli import sandbox as area

    asked = {"next": next, "probability": probability, "method": method, "path": path}
    raise typer.Exit(area.fault(config, name, fault, asked, options or [], format))


@sandbox.command("list")
def sandbox_list(format: Out = "table") -> None:
    """What can be switched on."""
    from billsync.cli import sandbox as area

    raise typer.Exit(area.listing(format))
