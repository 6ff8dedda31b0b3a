"""The doors of `alerts`.  (shell)"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from billsync.cli.options import CONFIG, Config, Out

alerts = typer.Typer(no_args_is_help=True, help="What somebody has to know, once for each cause, and who is told.")

Id = Annotated[str, typer.Argument(help="The alert, as `alerts list` shows it: GATE-PARKED/erp.")]


@alerts.command("list")
def alerts_list(
    config: Config = CONFIG,
    over: Annotated[bool, typer.Option("--over", help="Those that are over, too.")] = False,
    format: Out = "table",
) -> None:
    """The alerts that stand, each with its reason, who was told, and the mend."""
    from billsync.cli import alerts as area

    raise typer.Exit(area.listing(config, format, over=over))


@alerts.command("check")
def alerts_check(config: Config = CONFIG, format: Out = "table") -> None:
    """Look now and tell the channels, as the daemon does each minute; exit 1 where something stands."""
    from billsync.cli import alerts as area

    raise typer.Exit(area.check(config, format))


@alerts.command("test")
def alerts_test(
    channel: Annotated[Optional[str], typer.Argument(help="Only this channel.")] = None,  # noqa: UP045
    config: Config = CONFIG,
    format: Out = "table",
) -> None:
    """Send a message to the channels and say what they answered; exit 1 where one did not take it."""
    from billsync.cli import alerts as area

    raise typer.Exit(area.test(config, channel, format))


@alerts.command("mute")
def alerts_mute(
    id: Id,
    config: Config = CONFIG,
    hours: Annotated[int, typer.Option("--hours", help="For how long.", min=1, max=2_160)] = 4,
    reason: Annotated[str, typer.Option(help="Why; kept with the alert and in the audit trail.")] = "",
) -> None:
    """Tell nobody of an alert for a while: somebody is at it."""
    from billsync.cli import alerts as area

    raise typer.Exit(area.mute(config, id, hours, reason))


@alerts.command("unmute")
def alerts_unmute(id: Id, config: Config = CONFIG) -> None:
    """Tell of it again."""
    from billsync.cli import alerts as area

    raise typer.Exit(area.mute(config, id, 0, ""))


def register(app: typer.Typer) -> None:
    """Hang the doors in."""
    app.add_typer(alerts, name="alerts")
