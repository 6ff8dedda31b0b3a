"""The doors of `connect`.  (shell)"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from billsync.cli.options import CONFIG, Config, Out

connect = typer.Typer(no_args_is_help=True, help="Set a connection up: log-in, accounts, taxes, mappings, a trial.")

_Text = Optional[str]  # noqa: UP045  typer reads the annotation at run time


@connect.callback()
def _connect() -> None:
    """Set a connection up: log-in, accounts, taxes, mappings, a trial."""


@connect.command("erp")
def connect_erp(
    name: Annotated[_Text, typer.Argument(help="The connection; made where there is none of this name.")] = None,
    config: Config = CONFIG,
    *,
    connector: Annotated[_Text, typer.Option(help="The system, such as xero: `billsync connectors list`.")] = None,
    url: Annotated[_Text, typer.Option(help="Its address.")] = None,
    set_: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--set", metavar="NAME=VALUE", help="A setting, such as tax_codes.standard=20; may stand again."),
    ] = None,
    pipeline: Annotated[_Text, typer.Option(help="The pipeline that sends to it.")] = None,
    sandbox: Annotated[_Text, typer.Option(metavar="FOLDER", help="A local stand-in in place of the system.")] = None,
    party: Annotated[_Text, typer.Option(help="Id there of a customer to make the trial out to.")] = None,
    item: Annotated[_Text, typer.Option(help="Id there of a product that the trial is about.")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask: what only one thing can be meant by is taken.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try nothing there, and write nothing here.")] = False,
    trial: Annotated[bool, typer.Option("--trial/--no-trial", help="Write a draft there, compare, remove it.")] = True,
    browser: Annotated[
        bool,
        typer.Option("--browser/--no-browser", help="Open a browser, or show the address and take what comes back."),
    ] = True,
    redirect: Annotated[_Text, typer.Option(help="Address that the app names for the way back.")] = None,
    wait: Annotated[int, typer.Option(help="Seconds to wait for a person to agree.", min=1, max=3_600)] = 300,
    format: Out = "table",
) -> None:
    """Connect an ERP: asks for what is missing, tries it with a draft, and then writes the configuration."""
    from billsync.cli import connecting, consenting

    asked = connecting.Asked(
        config=config, name=name, connector=connector, url=url, sets=set_ or [], sandbox=sandbox, pipeline=pipeline,
        party=party, item=item, silent=yes, dry_run=dry_run, trial=trial, browser=browser,
        redirect=redirect or consenting.REDIRECT, wait_s=wait, format=format,
    )  # fmt: skip
    raise typer.Exit(connecting.connect(asked))


def register(app: typer.Typer) -> None:
    """Hang the doors in."""
    app.add_typer(connect, name="connect")
