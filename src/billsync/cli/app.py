"""The commands, each a thin door to its module.  (shell)"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Optional

import typer

from billsync.cli import (
    billing_doors,
    change_doors,
    document_doors,
    fleet_doors,
    hook_doors,
    mapping_doors,
    money_doors,
    plan_doors,
    schedule_doors,
    stand_ins,
    store_doors,
    tie_doors,
)
from billsync.cli.options import CONFIG, Config, Limit, Name, Out, day

app = typer.Typer(
    name="billsync",
    help="Keeps billing in step between CRMs and ERPs: exact invoices, pushed once, explained to the last cent.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(asked: bool) -> None:
    if asked:
        from billsync import __version__

        typer.echo(f"billsync {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Keep billing in step between CRMs and ERPs."""


# ---------------------------------------------------------------- setting up


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make.")] = Path(),
    source: Annotated[str, typer.Option("--from", help="The CRM's connector.")] = "files",
    target: Annotated[str, typer.Option("--to", help="The ERP's connector.")] = "tryton",
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="No ERP at hand: a real one is started beside billsync.")
    ] = False,
) -> None:
    """Make a working folder: configuration, mappings with tests, .env.example, README. Never overwrites."""
    from billsync.cli import setup

    raise typer.Exit(setup.init(folder, source, target, sandbox=sandbox))


@app.command()
def doctor(config: Config = CONFIG, format: Out = "table") -> None:
    """Check configuration, secrets, connections, clock, zones, store and mappings: a line each, with the mend."""
    from billsync.cli import setup

    raise typer.Exit(setup.doctor(config, format))


# ---------------------------------------------------------------- running


fleet_doors.register(app)
plan_doors.register(app)
billing_doors.register(app)


schedule_doors.register(app)


@app.command()
def status(config: Config = CONFIG, format: Out = "table") -> None:
    """Health at a glance: last runs, what is pending, what is stuck, totals."""
    from billsync.cli import runs

    raise typer.Exit(runs.status(config, format))


@app.command("runs")
def runs_list(
    config: Config = CONFIG,
    pipeline: Annotated[Optional[str], typer.Option(help="Only this pipeline.")] = None,  # noqa: UP045
    limit: Limit = 20,
    format: Out = "table",
) -> None:
    """The runs so far, newest first."""
    from billsync.cli import runs

    raise typer.Exit(runs.history(config, pipeline, limit, format))


@app.command()
def demo(
    folder: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--dir", help="Keep the working folder here; the same command resumes in it."),
    ] = None,
    grouping: Annotated[
        str, typer.Option(help="How deals become invoices: customer-quarter, customer-month or deal.")
    ] = "customer-quarter",
    format: Out = "table",
) -> None:
    """The main job on real data, end to end: a CRM export becomes invoices in a real ERP, and their payments return."""
    from billsync.cli import demo as demonstration

    raise typer.Exit(demonstration.run(folder, grouping, format))


# ---------------------------------------------------------------- looking


errors = typer.Typer(no_args_is_help=True, help="What is stuck, why, and what to do.")
app.add_typer(errors, name="errors")

Number = Annotated[int, typer.Argument(help="The number that `errors list` shows.", min=1, max=2**63 - 1)]


@errors.command("list")
def errors_list(
    config: Config = CONFIG,
    code: Annotated[Optional[str], typer.Option(help="Only this problem code.")] = None,  # noqa: UP045
    resolved: Annotated[bool, typer.Option("--resolved", help="Those that are mended, instead.")] = False,
    limit: Limit = 100,
    format: Out = "table",
) -> None:
    """Open problems, each with its place and what to do."""
    from billsync.cli import errors as area

    raise typer.Exit(area.listing(config, code, "resolved" if resolved else "open", limit, format))


@errors.command("show")
def errors_show(number: Number, config: Config = CONFIG, format: Out = "table") -> None:
    """One problem with everything that is known about it."""
    from billsync.cli import errors as area

    raise typer.Exit(area.show_one(config, number, format))


@errors.command("retry")
def errors_retry(
    numbers: Annotated[
        Optional[list[int]],  # noqa: UP045
        typer.Argument(help="Problems to try again; all without any.", min=1, max=2**63 - 1),
    ] = None,
    config: Config = CONFIG,
    code: Annotated[Optional[str], typer.Option(help="Only this problem code.")] = None,  # noqa: UP045
    format: Out = "table",
) -> None:
    """Let the next run try the record or the write again, after its cause was mended."""
    from billsync.cli import errors as area

    raise typer.Exit(area.retry(config, numbers or [], code, format))


@errors.command("resolve")
def errors_resolve(
    number: Number,
    config: Config = CONFIG,
    exists: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--exists", help="The write took effect: the record's id in the outside system."),
    ] = None,
    absent: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--absent",
            metavar="REFERENCE",
            help="The write did not take effect: look once more, then send it again. Type the document's reference.",
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit trail.")] = "",
) -> None:
    """Answer for a write whose outcome only a person can know."""
    from billsync.cli import errors as area

    raise typer.Exit(area.resolve(config, number, exists, absent, reason))


gates = typer.Typer(no_args_is_help=True, help="Whether anything may be sent to a connection, and why not.")
app.add_typer(gates, name="gates")

Connection = Annotated[str, typer.Argument(help="The connection.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")]


@gates.command("list")
def gates_list(config: Config = CONFIG, format: Out = "table") -> None:
    """Every connection that is written to, and whether its gate is open."""
    from billsync.cli import gates as area

    raise typer.Exit(area.listing(config, format))


@gates.command("open")
def gates_open(name: Connection, reason: Why, config: Config = CONFIG) -> None:
    """Let writes go out again, those too that were held back for their volume."""
    from billsync.cli import gates as area

    raise typer.Exit(area.move(config, name, reason, open_=True))


@gates.command("close")
def gates_close(name: Connection, reason: Why, config: Config = CONFIG) -> None:
    """Hold every write to the connection back until the gate is opened."""
    from billsync.cli import gates as area

    raise typer.Exit(area.move(config, name, reason, open_=False))


document_doors.register(app)
change_doors.register(app)
app.add_typer(money_doors.payments, name="payments")


@app.command()
def schema(name: Annotated[Optional[str], typer.Argument(help="Its name; all names without one.")] = None) -> None:  # noqa: UP045
    """JSON Schema of a mapping, the configuration or a canonical document, for editors and programs."""
    from billsync.cli import schemas

    raise typer.Exit(schemas.schema(name))


connectors = typer.Typer(no_args_is_help=True, help="What is installed, and what it can do.")
app.add_typer(connectors, name="connectors")


@connectors.command("list")
def connectors_list(format: Out = "table") -> None:
    """The connectors that are installed."""
    from billsync.cli import setup

    raise typer.Exit(setup.connectors(format))


@connectors.command("show")
def connectors_show(name: Annotated[str, typer.Argument(help="A connector.")], format: Out = "table") -> None:
    """What one connector reads and writes, and how safely."""
    from billsync.cli import setup

    raise typer.Exit(setup.connector(name, format))


tie_doors.register(app, connectors)
hook_doors.register(app)


# ---------------------------------------------------------------- the store


store_doors.register(app)


@app.command()
def recover(
    pipeline: Name = None,
    config: Config = CONFIG,
    accept: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--accept", help="A document that may stay there without an invoice of ours: its number."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit trail.")] = "",
    format: Out = "table",
) -> None:
    """After a backup was restored: find what the targets got since, take it over, and send again."""
    from billsync.cli import recovery

    if accept is not None:
        raise typer.Exit(recovery.accept(config, accept, reason))
    raise typer.Exit(recovery.recover(config, pipeline, format))


@app.command()
def verify(
    config: Config = CONFIG,
    live: Annotated[bool, typer.Option("--live", help="Compare with the ERP's own documents too.")] = False,
    since: Annotated[
        Optional[date],  # noqa: UP045
        typer.Option(parser=day, metavar="YYYY-MM-DD", help="Only what was issued and planned from this day on."),
    ] = None,
    format: Out = "table",
) -> None:
    """Check the invariants of the ledger; exit 4 with the broken rows."""
    from billsync.cli import verification

    raise typer.Exit(verification.verify(config, live=live, since=since, format=format))


@app.command()
def reconcile(
    pipeline: Name = None,
    config: Config = CONFIG,
    *,
    customer: Annotated[Optional[str], typer.Option(help="Only this customer.")] = None,  # noqa: UP045
    as_of: Annotated[
        Optional[date],  # noqa: UP045
        typer.Option("--as-of", parser=day, metavar="YYYY-MM-DD", help="Documents and payments up to this day."),
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Show what mends the drift, ask, and do it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    edited: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="What --fix does with documents that were changed by hand: report, adopt or overwrite."),
    ] = None,
    format: Out = "table",
) -> None:
    """Compare CRM, books and ERP: every difference with its cause and its cure; exit 4 where they differ."""
    from billsync.cli import reconcile as area

    asked = area.Asked(customer=customer, as_of=as_of, fix=fix, yes=yes, edited=edited, format=format)
    raise typer.Exit(area.reconcile(config, pipeline, asked))


app.add_typer(mapping_doors.mapping, name="mapping")
app.add_typer(stand_ins.sandbox, name="sandbox")
