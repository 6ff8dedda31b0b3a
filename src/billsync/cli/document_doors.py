"""The doors of `invoice`, `approve` and `reject`.  (shell)"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from billsync.cli.options import CONFIG, Config, Limit, Out, Yes, amount

invoice = typer.Typer(no_args_is_help=True, help="Invoices and credit notes, and why they say what they say.")

Number = Annotated[str, typer.Argument(help="The number of the invoice or credit note.")]
InvoiceNumber = Annotated[str, typer.Argument(help="The invoice's number.")]
Pipeline = Annotated[
    Optional[str],  # noqa: UP045  typer reads the annotation at run time
    typer.Option(help="The pipeline whose rules and target hold; else the one that made the invoice."),
]
Why = Annotated[str, typer.Option("--reason", help="Why; kept on record.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be made.")]
Drafts = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Argument(help="Ids of drafts, as `billsync invoice list --state draft` shows them."),
]
Customer = Annotated[Optional[str], typer.Option(help="All drafts of this customer.")]  # noqa: UP045


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(invoice, name="invoice")
    app.command()(approve)
    app.command()(reject)


@invoice.command("list")
def invoice_list(
    config: Config = CONFIG,
    customer: Annotated[Optional[str], typer.Option(help="Only this customer.")] = None,  # noqa: UP045
    state: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Only this state, such as sent or paid; draft for what has no number yet."),
    ] = None,
    kind: Annotated[Literal["invoice", "credit_note"], typer.Option(help="Invoices, or credit notes.")] = "invoice",
    limit: Limit = 100,
    format: Out = "table",
) -> None:
    """Invoices or credit notes by number, with their state and what is open; drafts by day."""
    from billsync.cli import invoices

    asked = invoices.Asked(customer=customer, state=state, kind=kind, limit=limit, format=format)
    raise typer.Exit(invoices.listing(config, asked))


@invoice.command("show")
def invoice_show(number: Number, config: Config = CONFIG, format: Out = "table") -> None:
    """One invoice or credit note: its lines, taxes, payments, and where it stands in the ERP."""
    from billsync.cli import invoices

    raise typer.Exit(invoices.show_one(config, number, format))


@invoice.command("explain")
def invoice_explain(number: Number, config: Config = CONFIG, format: Out = "table") -> None:
    """Every amount in words, down to the record that it came from."""
    from billsync.cli import invoices

    raise typer.Exit(invoices.explain(config, number, format))


@invoice.command("credit")
def invoice_credit(
    number: InvoiceNumber,
    config: Config = CONFIG,
    *,
    line: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--line", metavar="ID[=AMOUNT]", help="Give back this line, or so much of it; may stand again."),
    ] = None,
    amount: Annotated[
        Optional[Decimal],  # noqa: UP045
        typer.Option(parser=amount, metavar="AMOUNT", help="So much over all lines, before discounts and tax."),
    ] = None,
    reason: Why = "",
    pipeline: Pipeline = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    format: Out = "table",
) -> None:
    """Make a credit note: of all that is left of an invoice, of lines, or of an amount. The next run sends it."""
    from billsync.cli import crediting

    wanted = crediting.Wanted(number, tuple(line or ()), amount, reason)
    raise typer.Exit(crediting.credit(config, pipeline, wanted, dry_run=dry_run, yes=yes, format=format))


@invoice.command("void")
def invoice_void(
    number: InvoiceNumber,
    reason: Why,
    config: Config = CONFIG,
    *,
    pipeline: Pipeline = None,
    yes: Yes = False,
    format: Out = "table",
) -> None:
    """Make an invoice void that nobody has paid; what it billed is not billed again. The next run takes it back."""
    from billsync.cli import crediting

    raise typer.Exit(crediting.void(config, pipeline, number, reason, yes=yes, format=format))


@invoice.command("reissue")
def invoice_reissue(
    number: InvoiceNumber,
    reason: Why,
    config: Config = CONFIG,
    *,
    pipeline: Pipeline = None,
    yes: Yes = False,
    format: Out = "table",
) -> None:
    """Make an invoice void and bill the same anew, by the customers, products and rules of now."""
    from billsync.cli import crediting

    raise typer.Exit(crediting.reissue(config, pipeline, number, reason, yes=yes, format=format))


@invoice.command("attach")
def invoice_attach(
    number: Number,
    config: Config = CONFIG,
    *,
    file: Annotated[Path, typer.Option("--file", help="The file, such as the document as PDF.")],
    to: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--to", help="The connection; not needed where the document stands in one that takes files."),
    ] = None,
    dry_run: DryRun = False,
    format: Out = "table",
) -> None:
    """Lay a file to a document where it stands in the ERP. Again is the same: one file of its name."""
    from billsync.cli import attaching

    asked = attaching.Asked(number, file, to, dry_run=dry_run, format=format)
    raise typer.Exit(attaching.attach(config, asked))


def approve(
    drafts: Drafts = None,
    config: Config = CONFIG,
    *,
    customer: Customer = None,
    every: Annotated[bool, typer.Option("--all", help="All drafts that wait.")] = False,
    reason: Why = "",
    format: Out = "table",
) -> None:
    """Let drafts become documents with the next run, those too that are beyond a bound."""
    from billsync.cli import approvals

    chosen = approvals.Chosen(tuple(drafts or ()), customer, every)
    raise typer.Exit(approvals.decide(config, chosen, "approved", reason, format))


def reject(
    drafts: Drafts = None,
    config: Config = CONFIG,
    *,
    customer: Customer = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept on record.")] = "",
    format: Out = "table",
) -> None:
    """Keep drafts from becoming documents, for as long as they stay as they are now."""
    from billsync.cli import approvals

    chosen = approvals.Chosen(tuple(drafts or ()), customer, every=False)
    raise typer.Exit(approvals.decide(config, chosen, "rejected", reason, format))
