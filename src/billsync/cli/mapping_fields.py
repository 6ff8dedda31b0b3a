"""`mapping fields`.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from billsync import workspace
from billsync.cli import guard, mapping_files, show
from billsync.cli.opening import opened_or_empty
from billsync.connector import FieldInfo
from billsync.mapping import Mapping as FieldMapping
from billsync.model.problem import Problem
from billsync.settings import BadSettings, Settings
from billsync.strict.yaml import did_you_mean

Lineage = dict[str, list[str]]


def fields(system: str, object: str, config: Path, format: show.Format) -> int:
    """The fields of one kind of record, as the system tells them, and which mapping reads or writes each."""
    with opened_or_empty(config) as opened:
        if system not in opened.settings.connections:
            hint = did_you_mean(system, opened.settings.connections)
            problem = Problem(code="CONF-NAME-01", message=f"no connection is called {system!r}", hint=hint)
            raise BadSettings([problem])
        read, written = _lineage(opened.settings, system, object)
        with workspace.connected(opened, system) as end:
            schema = end.connector.describe(object)
    rows = [_row(info, read, written) for info in schema.fields]
    known = {info.name for info in schema.fields}
    rows += [_row(FieldInfo(name=name, type=""), read, written) for name in sorted({*read, *written} - known)]
    if format == "json":
        show.emit_json({"system": system, "object": object, "open": schema.open, "fields": rows})
        return guard.OK
    told = [_shown(row) for row in rows]
    columns = [
        name for name in ("field", "type", "", "choices", "read by", "written by") if any(row[name] for row in told)
    ]
    show.rows(f"{object} in {system}", columns, told, empty="no fields are known")
    if schema.open:
        show.remark("other fields may exist: the system cannot list all of them")
    if any(not row["type"] for row in rows):
        show.remark("a field without a type is known to mappings only: the connector has its own name for it")
    return guard.OK


def _row(info: FieldInfo, read: Lineage, written: Lineage) -> dict[str, Any]:
    known = bool(info.type)
    return {
        "field": info.name,
        "type": info.type,
        "required": info.required if known else None,
        "writable": info.writable if known else None,
        "custom": info.custom if known else None,
        "length": info.max_length,
        "choices": list(info.choices),
        "read by": read.get(info.name, []),
        "written by": written.get(info.name, []),
    }


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row for people: what is usual is not said."""
    marks = {"required": row["required"], "read only": row["writable"] is False, "custom": row["custom"]}
    length = f"({row['length']})" if row["length"] is not None else ""
    return {**row, "type": f"{row['type']}{length}", "": [name for name, holds in marks.items() if holds]}


def _lineage(loaded: Settings, system: str, object: str) -> tuple[Lineage, Lineage]:
    """Field there -> the mapping and our field that it goes to, and that it comes from."""
    read: Lineage = {}
    written: Lineage = {}
    for mapping in _mappings(loaded, system):
        if mapping.direction == "inbound" and mapping.source_object == object:
            for facts in [one for one in mapping.fields if one.rule not in {"each", "fields"}]:
                for name in dict.fromkeys(source.partition(".")[0] for source in facts.sources if source):
                    read.setdefault(name, []).append(f"{mapping.name}: {facts.target}")
            used = {source.partition(".")[0] for facts in mapping.fields for source in facts.sources}
            for name in dict.fromkeys(source.partition(".")[0] for source in mapping.source_fields):
                if name not in used:
                    read.setdefault(name, []).append(f"{mapping.name}: when, key")
        elif mapping.direction == "outbound" and mapping.target_object == object:
            for facts in mapping.fields:
                if "." not in facts.target:
                    what = ", ".join(facts.sources) or facts.rule
                    written.setdefault(facts.target, []).append(f"{mapping.name}: {what}")
    return read, written


def _mappings(loaded: Settings, system: str) -> Iterator[FieldMapping]:
    """The mappings that read from the connection or write to it."""
    for pipeline in loaded.pipelines.values():
        for file in mapping_files.names_of(pipeline):
            mapping = workspace.read_mapping(file, loaded.root, mapping_files.variant_of(loaded, pipeline))
            back = file in pipeline.mappings.payments or (
                mapping.direction == "outbound" and mapping.source != "status"
            )
            if (pipeline.target if back else pipeline.source) == system:
                yield mapping
