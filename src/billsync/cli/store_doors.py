"""The doors of `db`.  (shell)"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from billsync.cli.options import CONFIG, Config, Out

db = typer.Typer(no_args_is_help=True, help="The store.")


@db.command("upgrade")
def db_upgrade(config: Config = CONFIG) -> None:
    """Make the store, or bring it to this version's schema; an interrupted upgrade goes on."""
    from billsync.cli import ledger

    raise typer.Exit(ledger.upgrade(config))


@db.command("check")
def db_check(config: Config = CONFIG, format: Out = "table") -> None:
    """Whether the store is whole and of this version."""
    from billsync.cli import ledger

    raise typer.Exit(ledger.check(config, format))


@db.command("backup")
def db_backup(
    file: Annotated[Path, typer.Argument(help="The file to make; it must not be there yet.")],
    config: Config = CONFIG,
    portable: Annotated[
        bool, typer.Option("--portable", help="A copy that either kind of database can be made from.")
    ] = False,
) -> None:
    """Copy the store into a file, whole, while it is in use."""
    from billsync.cli import recovery

    raise typer.Exit(recovery.backup(config, file, portable=portable))


@db.command("restore")
def db_restore(
    file: Annotated[Path, typer.Argument(help="A file that `db backup` made.")],
    config: Config = CONFIG,
    into: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--into", metavar="URL", help="Another, empty store, of either kind; env:NAME may hold the URL."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put a backup in the store's place; nothing is sent before `billsync recover` has compared it with the targets."""
    from billsync.cli import moving, recovery

    if into is not None or moving.is_portable(file):
        raise typer.Exit(moving.restore(config, file, into))
    raise typer.Exit(recovery.restore(config, file, yes=yes))


@db.command("recovered")
def db_recovered(config: Config = CONFIG) -> None:
    """Say that the store was restored by other tools (pg_restore): nothing is sent before `billsync recover`."""
    from billsync.cli import recovery

    raise typer.Exit(recovery.recovered(config))


def register(app: typer.Typer) -> None:
    """Hang the doors in."""
    app.add_typer(db, name="db")
