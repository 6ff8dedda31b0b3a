"""The doors of `payments`.  (shell)"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from billsync.cli.options import CONFIG, Config, Limit, Out

payments = typer.Typer(no_args_is_help=True, help="Payments, what they settle, and what of them settles nothing.")


@payments.command("list")
def payments_list(
    config: Config = CONFIG,
    invoice: Annotated[Optional[str], typer.Option(help="Only those for this invoice.")] = None,  # noqa: UP045
    unallocated: Annotated[
        bool, typer.Option("--unallocated", help="Only those with something that settles nothing: the payer's credit.")
    ] = False,
    limit: Limit = 100,
    format: Out = "table",
) -> None:
    """Payments by id, with what of each went back, settles its invoice, and is left."""
    from billsync.cli import payments as area

    raise typer.Exit(area.listing(config, invoice, unallocated=unallocated, limit=limit, format=format))


@payments.command("show")
def payments_show(
    id: Annotated[str, typer.Argument(help="The payment's id.")], config: Config = CONFIG, format: Out = "table"
) -> None:
    """One payment: what it settles and settled, its refunds, its history, and where it stands in the ERP."""
    from billsync.cli import payments as area

    raise typer.Exit(area.show_one(config, id, format))
