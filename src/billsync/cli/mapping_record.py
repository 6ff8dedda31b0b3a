"""`mapping record`.  (shell)"""

from __future__ import annotations

import json
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from billsync import workspace
from billsync.cli import guard, mapping_files, show
from billsync.cli.mapping_records import NotThere, source_record
from billsync.cli.opening import opened_or_empty
from billsync.mapping import Mapping as FieldMapping
from billsync.mapping.tools.masking import Masked, mask, only
from billsync.model.base import canonical_json
from billsync.settings import Settings
from billsync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for; an empty key means a new one that nobody keeps."""

    id: str
    connection: str | None
    object: str | None
    live: bool
    only_read: bool
    keep: tuple[str, ...]
    key: str
    reveal: bool


def record(config: Path, asked: Asked) -> int:
    """A record as a fixture, on stdout."""
    if asked.reveal:
        _ask()
    with opened_or_empty(config) as opened:
        found, mappings = _find(opened, asked)
    data = json.loads(canonical_json(found))
    if asked.only_read:
        data = only(data, {name for mapping in mappings for name in mapping.source_fields})
    if not asked.reveal:
        made = mask(data, (asked.key or secrets.token_hex()).encode(), keep=asked.keep)
        data = made.data
        _remark(made)
    show.emit_json(data)
    return guard.OK


def _ask() -> None:
    """Personal data is shown to somebody who says that they want it.  Raises `guard.Wrong`, typer's Abort for a no."""
    import typer

    if not sys.stdin.isatty():
        raise guard.Wrong(
            "--reveal shows personal data, and nobody can be asked here: leave it out, or use --keep FIELD"
        )
    typer.confirm("Show the record with all personal data in it?", abort=True, err=True)


def _find(opened: Workspace, asked: Asked) -> tuple[Any, list[FieldMapping]]:
    """The record's content and the mappings of its kind.  Raises `guard.Wrong`."""
    mappings = _mappings(opened.settings, asked)
    places = list(dict.fromkeys((connection, mapping.source_object) for connection, mapping in mappings))
    if asked.connection is not None and asked.object is not None and not places:
        places = [(asked.connection, asked.object)]
    for connection, object in places:
        try:
            found = source_record(opened, connection, object, asked.id, live=asked.live)
        except NotThere:
            continue
        return found.data, [
            mapping for end, mapping in mappings if (end, mapping.source_object) == (connection, object)
        ]
    looked = ", ".join(f"{connection}/{object}" for connection, object in places) or "nothing"
    raise guard.Wrong(f"no record has the id '{show.visible(asked.id)}': looked in {looked}")


def _mappings(loaded: Settings, asked: Asked) -> list[tuple[str, FieldMapping]]:
    """Connection and mapping of every kind of record that the configuration reads, as far as asked for."""
    if asked.connection is not None and asked.connection not in loaded.connections:
        raise guard.Wrong(f"no connection is called '{show.visible(asked.connection)}'")
    found: list[tuple[str, FieldMapping]] = []
    for pipeline in loaded.pipelines.values():
        variant = mapping_files.variant_of(loaded, pipeline)
        for files, end in ((pipeline.mappings.inbound, pipeline.source), (pipeline.mappings.payments, pipeline.target)):
            found += [(end, workspace.read_mapping(file, loaded.root, variant)) for file in files if end is not None]
    return [
        (end, mapping)
        for end, mapping in found
        if asked.connection in (None, end) and asked.object in (None, mapping.source_object)
    ]


def _remark(made: Masked) -> None:
    told = ", ".join(f"{name or 'a name'} ({kind})" for name, kind in made.fields.items())
    show.remark(f"masked: {show.visible(told)}" if told else "nothing was found that looks personal: look yourself")
