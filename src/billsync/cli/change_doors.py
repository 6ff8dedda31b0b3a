"""The doors of `change`.  (shell)"""

from __future__ import annotations

from typing import Annotated, Literal, Optional

import typer

from billsync.cli.options import CONFIG, Config, Limit, Out

change = typer.Typer(no_args_is_help=True, help="What deals propose to change in what is agreed, and a word on it.")

Ids = Annotated[
    Optional[list[str]],  # noqa: UP045  typer reads the annotation at run time
    typer.Argument(help="Ids of proposals, as `billsync change list` shows them."),
]
Customer = Annotated[Optional[str], typer.Option(help="All that wait of this customer.")]  # noqa: UP045
Every = Annotated[bool, typer.Option("--all", help="All that wait.")]
Who = Annotated[str, typer.Option("--by", help="Who decides; else the user of this machine.")]
Pipeline = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(help="The pipeline whose policy holds; else the one that made the proposal."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(change, name="change")


@change.command("list")
def change_list(
    config: Config = CONFIG,
    state: Annotated[
        Literal["waiting", "applied", "rejected", "superseded", "all"], typer.Option(help="Only this state.")
    ] = "waiting",
    deal: Annotated[Optional[str], typer.Option(help="Only this deal.")] = None,  # noqa: UP045
    customer: Annotated[Optional[str], typer.Option(help="Only this customer.")] = None,  # noqa: UP045
    limit: Limit = 100,
    format: Out = "table",
) -> None:
    """Proposals, the oldest first, with what each comes to."""
    from billsync.cli import changes

    asked = changes.Asked(state=state, deal=deal, customer=customer, limit=limit)
    raise typer.Exit(changes.listing(config, asked, format))


@change.command("show")
def change_show(
    id: Annotated[str, typer.Argument(help="The proposal's id.")], config: Config = CONFIG, format: Out = "table"
) -> None:
    """One proposal with all that is decided with it: lines, documents, recurring revenue, why it waits."""
    from billsync.cli import changes

    raise typer.Exit(changes.show_one(config, id, format))


@change.command("approve")
def change_approve(
    ids: Ids = None,
    config: Config = CONFIG,
    *,
    customer: Customer = None,
    every: Every = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept on record.")] = "",
    who: Who = "",
    pipeline: Pipeline = None,
    format: Out = "table",
) -> None:
    """Agree to proposals. The next run bills them; what comes out otherwise than it was shown is shown again."""
    from billsync.cli import changes

    chosen = changes.Chosen(tuple(ids or ()), customer, every)
    raise typer.Exit(changes.approve(config, pipeline, chosen, changes.person(who, reason or "approved"), format))


@change.command("reject")
def change_reject(
    reason: Annotated[str, typer.Option("--reason", help="Why; kept on record.")],
    ids: Ids = None,
    config: Config = CONFIG,
    *,
    customer: Customer = None,
    every: Every = False,
    who: Who = "",
    format: Out = "table",
) -> None:
    """Refuse proposals, until their deals change again. What is agreed goes on being billed."""
    from billsync.cli import changes

    chosen = changes.Chosen(tuple(ids or ()), customer, every)
    raise typer.Exit(changes.reject(config, chosen, changes.person(who, reason), format))
