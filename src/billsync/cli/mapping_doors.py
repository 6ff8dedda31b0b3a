"""The doors of `mapping`.  (shell)"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from billsync.cli.options import CONFIG, Config, Day, Name, Out

mapping = typer.Typer(no_args_is_help=True, help="Check, test, preview and compare field mappings.")

Files = Annotated[
    Optional[list[str]],  # noqa: UP045  typer reads the annotation at run time
    typer.Argument(help="Mapping files, folders or patterns; those of the configuration without any."),
]
Lint = Annotated[
    Literal["text", "table", "json", "github"],
    typer.Option("--format", help="text with carets, one JSON document, or annotations of a GitHub workflow."),
]
Live = Annotated[bool, typer.Option("--live", help="Read what changed in the source first; nothing is kept.")]
Connection = Annotated[Optional[str], typer.Option(help="The connection that the record stands in.")]  # noqa: UP045


@mapping.command("lint")
def mapping_lint(
    files: Files = None,
    config: Config = CONFIG,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="A warning fails as well.")] = False,
    live: Annotated[bool, typer.Option("--live", help="Ask the outside systems for their fields, too.")] = False,
    saved: Annotated[bool, typer.Option("--saved", help="Compare with the fields that a run saw last.")] = False,
    format: Lint = "text",
) -> None:
    """Every error and warning of the mappings, with file, line and column; exit 2 for an error."""
    from billsync.cli import mapping_lint

    raise typer.Exit(mapping_lint.lint(files or [], config, format, strict=strict, live=live, saved=saved))


@mapping.command("test")
def mapping_test(
    files: Files = None,
    config: Config = CONFIG,
    *,
    only: Annotated[Optional[str], typer.Option("--only", help="Only tests with this in their name.")] = None,  # noqa: UP045
    update: Annotated[
        bool, typer.Option("--update", help="Write what came into the files where something else was expected.")
    ] = False,
    junit: Annotated[Optional[Path], typer.Option("--junit", help="Write a JUnit report for CI here.")] = None,  # noqa: UP045
    format: Out = "table",
) -> None:
    """Run the tests that stand in the mappings; exit 1 where one fails."""
    from billsync.cli import mapping_tests

    asked = mapping_tests.Asked(only=only or "", update=update, junit=junit, format=format)
    raise typer.Exit(mapping_tests.test(files or [], config, asked))


@mapping.command("preview")
def mapping_preview(
    name: Annotated[str, typer.Argument(help="A mapping: its name, or its file.")],
    record: Annotated[str, typer.Option("--record", help="A JSON file, or the id of a record.")],
    config: Config = CONFIG,
    *,
    connection: Connection = None,
    live: Annotated[bool, typer.Option("--live", help="Fetch the record from the source as it is now.")] = False,
    format: Out = "table",
) -> None:
    """One record before and after, field by field, each with the rule that makes it."""
    from billsync.cli import mapping_preview

    raise typer.Exit(mapping_preview.preview(name, record, config, connection, live=live, format=format))


@mapping.command("coverage")
def mapping_coverage(
    pipeline: Name = None, config: Config = CONFIG, *, live: Live = False, format: Out = "table"
) -> None:
    """What the source has and no mapping knows: values, records, fields; exit 1 where a record would be held back."""
    from billsync.cli import mapping_coverage

    raise typer.Exit(mapping_coverage.coverage(pipeline, config, live=live, format=format))


@mapping.command("diff")
def mapping_diff(
    old: Annotated[str, typer.Argument(help="A mapping file, NAME@VERSION, or FILE@REVISION of git.")],
    new: Annotated[str, typer.Argument(help="The same for what would be in its place.")],
    config: Config = CONFIG,
    *,
    pipeline: Annotated[Optional[str], typer.Option(help="The pipeline; not needed where there is only one.")] = None,  # noqa: UP045
    live: Live = False,
    through: Day = None,
    format: Out = "table",
) -> None:
    """Two versions of a mapping: what they say, which records change, and the money; exit 1 for new problems."""
    from billsync.cli import mapping_diff

    asked = mapping_diff.Asked(old=old, new=new, pipeline=pipeline, live=live, through=through, format=format)
    raise typer.Exit(mapping_diff.diff(config, asked))


@mapping.command("record")
def mapping_record(
    id: Annotated[str, typer.Argument(help="The record's id in the source.")],
    config: Config = CONFIG,
    *,
    connection: Connection = None,
    object: Annotated[Optional[str], typer.Option(help="The kind of record.")] = None,  # noqa: UP045
    live: Annotated[bool, typer.Option("--live", help="Fetch the record from the source as it is now.")] = False,
    only_read: Annotated[bool, typer.Option("--only-read", help="Only the fields that a mapping reads.")] = False,
    keep: Annotated[Optional[list[str]], typer.Option("--keep", help="A field to leave as it is; may repeat.")] = None,  # noqa: UP045
    key: Annotated[
        str, typer.Option(help="Equal values are masked alike under the same key.", envvar="BILLSYNC_MASK_KEY")
    ] = "",
    reveal: Annotated[bool, typer.Option("--reveal", help="Mask nothing, after a question.")] = False,
) -> None:
    """A record as a fixture for tests, on stdout, with personal data masked."""
    from billsync.cli import mapping_record

    asked = mapping_record.Asked(
        id=id, connection=connection, object=object, live=live, only_read=only_read, keep=tuple(keep or ()), key=key,
        reveal=reveal,
    )  # fmt: skip
    raise typer.Exit(mapping_record.record(config, asked))


@mapping.command("fields")
def mapping_fields(
    system: Annotated[str, typer.Argument(help="A connection.")],
    object: Annotated[str, typer.Argument(help="The system's own name of the kind of record.")],
    config: Config = CONFIG,
    format: Out = "table",
) -> None:
    """The fields of an outside system, as it tells them, and which mapping reads or writes each."""
    from billsync.cli import mapping_fields

    raise typer.Exit(mapping_fields.fields(system, object, config, format))


@mapping.command("functions")
def mapping_functions(
    name: Annotated[Optional[str], typer.Argument(help="A function; all of them without one.")] = None,  # noqa: UP045
    format: Out = "table",
) -> None:
    """The functions that formulas have: what each takes and gives, with examples."""
    from billsync.cli import mapping_functions

    raise typer.Exit(mapping_functions.one(name, format) if name else mapping_functions.listing(format))


@mapping.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A mapping: its file, or its name where it is shipped or installed.")],
    config: Config = CONFIG,
    *,
    environment: Annotated[Optional[str], typer.Option(help="Whose `overrides:` hold; else the pipeline's.")] = None,  # noqa: UP045
    entity: Annotated[Optional[str], typer.Option(help="Whose `overrides:` hold; else the pipeline's.")] = None,  # noqa: UP045
    format: Out = "table",
) -> None:
    """A mapping with all that it extends as one: which file says what, and which fields lead back."""
    from billsync.cli import mapping_show

    raise typer.Exit(mapping_show.show_mapping(name, config, environment, entity, format))
