"""The doors of `webhooks` and `vault`; `budget` is hung in beside them.  (shell)"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from billsync.cli import alert_doors
from billsync.cli.budget_doors import budget
from billsync.cli.options import CONFIG, Config, Limit, Out

webhooks = typer.Typer(no_args_is_help=True, help="Changes that systems tell of by themselves.")
vault = typer.Typer(no_args_is_help=True, help="What connections keep between runs, sealed: tokens that are exchanged.")


@webhooks.command("serve")
def webhooks_serve(
    config: Config = CONFIG,
    *,
    host: Annotated[str, typer.Option(help="Address of this machine to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65_535)] = 8460,
    public_url: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Address under which the senders know it, where it is not the one listened on."),
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help="Run the pipelines that read what was named, once it has become quiet.")
    ] = False,
    quiet_s: Annotated[int, typer.Option(help="Seconds of quiet before such a run.", min=0, max=3_600)] = 5,
) -> None:
    """Listen at /hooks/CONNECTION; what is proven is noted, and read from its system by the next run."""
    from billsync.cli import hooks as area

    asked = area.Listening(host, port, public_url, run=run, quiet_s=quiet_s)
    raise typer.Exit(area.serve(config, asked))


@webhooks.command("list")
def webhooks_list(
    config: Config = CONFIG,
    connection: Annotated[Optional[str], typer.Argument(help="Only this connection.")] = None,  # noqa: UP045
    limit: Limit = 100,
    format: Out = "table",
) -> None:
    """Records that were named and have not been read since."""
    from billsync.cli import hooks as area

    raise typer.Exit(area.listing(config, connection, limit, format))


@vault.command("new-key")
def vault_new_key(file: Annotated[Path, typer.Argument(help="The file to make, for nobody else's eyes.")]) -> None:
    """Make a key, for `vault: file:FILE` in the configuration. It never stands in the store: keep a copy of it."""
    from billsync.cli import vault as area

    raise typer.Exit(area.new_key(file))


@vault.command("list")
def vault_list(config: Config = CONFIG, format: Out = "table") -> None:
    """What connections keep, without what it says."""
    from billsync.cli import vault as area

    raise typer.Exit(area.listing(config, format))


@vault.command("rotate")
def vault_rotate(config: Config = CONFIG) -> None:
    """Seal everything by the first of the keys; the others are not needed afterwards."""
    from billsync.cli import vault as area

    raise typer.Exit(area.rotate(config))


@vault.command("forget")
def vault_forget(
    connection: Annotated[str, typer.Argument(help="The connection.")],
    name: Annotated[str, typer.Argument(help="The name, as `vault list` shows it.")],
    config: Config = CONFIG,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit trail.")] = "",
) -> None:
    """Forget one: the connection begins anew with what its settings say."""
    from billsync.cli import vault as area

    raise typer.Exit(area.forget(config, connection, name, reason))


def register(app: typer.Typer) -> None:
    """Hang the doors in."""
    app.add_typer(webhooks, name="webhooks")
    app.add_typer(vault, name="vault")
    app.add_typer(budget, name="budget")
    alert_doors.register(app)
