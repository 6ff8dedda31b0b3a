"""The doors of `links` and of `connectors drift`.  (shell)"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from billsync.cli import connect_doors
from billsync.cli.options import CONFIG, Config, Limit, Out, Yes


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


links = typer.Typer(no_args_is_help=True, help="Which record of ours is which record elsewhere, and why.")

Kind = Annotated[Optional[str], typer.Option(help="Only this kind, such as customer.")]  # noqa: UP045
System = Annotated[Optional[str], typer.Option(help="Only this connection.")]  # noqa: UP045
Our = Annotated[str, typer.Argument(help="Our id.")]
OurKind = Annotated[str, typer.Argument(help="The kind of ours: customer, product, invoice, payment.")]
InSystem = Annotated[str, typer.Argument(help="The connection.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept in the history and in the audit trail.")]


@links.command("list")
def links_list(
    config: Config = CONFIG,
    *,
    kind: Kind = None,
    system: System = None,
    unlinked: Annotated[
        bool, typer.Option("--unlinked", help="Those of ours that have no tie there, instead.")
    ] = False,
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="Those of ours that look like one and the same.")
    ] = False,
    limit: Limit = 100,
    format: Out = "table",
) -> None:
    """Ties between our records and those of other systems."""
    from billsync.cli import links as area

    asked = area.Asked(kind, system, unlinked=unlinked, duplicates=duplicates, limit=limit, format=format)
    raise typer.Exit(area.listing(config, asked))


@links.command("explain")
def links_explain(
    id: Annotated[str, typer.Argument(help="An id of ours or of theirs.")],
    config: Config = CONFIG,
    format: Out = "table",
) -> None:
    """Where a record came from, what it is tied to, who tied it when and why, and what was sent of it."""
    from billsync.cli import links as area

    raise typer.Exit(area.explain(config, id, format))


@links.command("show", hidden=True)
def links_show(id: str, config: Config = CONFIG, format: Out = "table") -> None:
    """The same as `explain`."""
    links_explain(id, config, format)


@links.command("link")
def links_link(
    kind: OurKind,
    our_id: Our,
    system: InSystem,
    object: Annotated[str, typer.Argument(help="What the system calls the kind of record.")],
    id: Annotated[str, typer.Argument(help="The record's id there.")],
    *,
    reason: Why = "",
    config: Config = CONFIG,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="The system cannot be asked: you have looked that the record is there.")
    ] = False,
) -> None:
    """Say that one of ours is that record: from then on it is changed there, and none is made."""
    from billsync.cli import links as area
    from billsync.model.ref import Link, Ref

    tie = Link(kind=kind, our_id=our_id, ref=Ref(system=system, kind=object, id=id))
    raise typer.Exit(area.link(config, tie, unchecked=unchecked, reason=reason))


@links.command("unlink")
def links_unlink(
    kind: OurKind, our_id: Our, system: InSystem, *, reason: Why = "", config: Config = CONFIG, yes: Yes = False
) -> None:
    """Undo a tie: the next write looks for the record, and asks where it cannot tell."""
    from billsync.cli import links as area

    raise typer.Exit(area.unlink(config, kind, our_id, system, yes=yes, reason=reason))


@links.command("rematch")
def links_rematch(
    config: Config = CONFIG,
    kind: Kind = None,
    system: System = None,
    yes: Annotated[bool, typer.Option("--yes", help="Make those that are sure; never others.")] = False,
    format: Out = "table",
) -> None:
    """Propose records there for those of ours that have no tie: by our reference, tax number, code, mail and name."""
    from billsync.cli import links as area

    raise typer.Exit(area.rematch(config, system, kind, yes=yes, format=format))


def register(app: typer.Typer, connectors: typer.Typer) -> None:
    """Hang the doors in."""
    app.add_typer(links, name="links")
    connect_doors.register(app)
    connectors.command("drift")(drift)
