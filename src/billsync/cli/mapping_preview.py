"""`mapping preview`.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from billsync import shelf, workspace
from billsync.cli import guard, mapping_files, show
from billsync.cli.mapping_records import NotThere, document_of, source_record
from billsync.cli.mapping_sources import section, systems_of
from billsync.cli.mapping_versions import version
from billsync.cli.opening import opened_or_empty
from billsync.connector import Connector, Record, Refused
from billsync.mapping import Mapping as FieldMapping
from billsync.mapping import Resolve, render
from billsync.mapping.layers import PLAIN
from billsync.mapping.tools.preview import Preview, Row
from billsync.mapping.tools.preview import preview as made_of
from billsync.mapping.tools.says import rules_in_words
from billsync.model.problem import Place
from billsync.settings import Pipeline
from billsync.stage import gathered
from billsync.stage.gathered import Gathered
from billsync.strict import json
from billsync.workspace import Workspace


def preview(name: str, record: str, config: Path, connection: str | None, *, live: bool, format: show.Format) -> int:
    """One record through one mapping."""
    with opened_or_empty(config) as opened:
        loaded = opened.settings
        pipeline_name, file = mapping_files.named(loaded, name)
        pipeline = loaded.pipelines.get(pipeline_name)
        found = version(loaded, name, PLAIN if pipeline is None else mapping_files.variant_of(loaded, pipeline))
        mapping = found.mapping
        end = _end(mapping, pipeline, file, connection)
        given = _given(opened, mapping, record, end, live=live)
        with _resolver(opened, mapping, end) as resolve:
            made = made_of(mapping, rules_in_words(found.root), given, resolve)
        remote = _remote(opened, end, made) if mapping.direction == "outbound" else {}
    if format == "json":
        show.emit_json(_document(mapping, given, made, remote))
    else:
        _tell(mapping, given, made, remote, loaded.root)
    return guard.PROBLEMS if made.problems else guard.OK


def _end(mapping: FieldMapping, pipeline: Pipeline | None, file: str, connection: str | None) -> str | None:
    """The connection of the mapping's outside system; None where it is not known."""
    if connection is not None or pipeline is None:
        return connection
    far = file in pipeline.mappings.payments or (mapping.direction == "outbound" and mapping.source != "status")
    return pipeline.target if far else pipeline.source


def _given(opened: Workspace, mapping: FieldMapping, record: str, end: str | None, *, live: bool) -> Record:
    """The record that was named: a file of JSON, or an id.  Raises `guard.Wrong`."""
    file = Path(record)
    if file.is_file():
        return _from_file(mapping, file)
    try:
        if mapping.direction == "outbound":
            return document_of(opened.store, mapping.source, record)
        return source_record(opened, end or mapping.source_system, mapping.source_object, record, live=live)
    except NotThere as error:
        raise guard.Wrong(f"there is no file {show.visible(record)} and no such record: {error}") from None


def _from_file(mapping: FieldMapping, file: Path) -> Record:
    try:
        data = json.loads(file.read_bytes())
    except json.BadJson as error:
        raise guard.Wrong(f"{show.visible(str(file))}:{error.line or 1}: {error}") from None
    if not isinstance(data, dict):
        raise guard.Wrong(f"{show.visible(str(file))}: expected one record: names and values")
    if mapping.direction == "outbound":
        from billsync.mapping.canonical import complaint, validate
        from billsync.mapping.run import label

        noun, errors = validate(mapping.source, data)
        if noun is None:
            first = errors[0]
            raise guard.Wrong(f"{file}: the {mapping.source} is not valid: {label(first['loc'])}: {complaint(first)}")
        data = noun.model_dump()
    id = str(data.get(str(mapping.key), file.stem))
    return Record(mapping.source_object, id, data, Place(file=str(file), object=mapping.source_object, id=id))


@contextmanager
def _resolver(opened: Workspace, mapping: FieldMapping, end: str | None) -> Iterator[Resolve]:
    """References as a run knows them: those of the inbox, or, where it has nothing yet, of the source itself."""
    objects = [name.rpartition(".")[2] for name in mapping.refs]
    if mapping.direction == "outbound" or end is None or end not in opened.settings.connections:
        yield lambda _name, id: id
    elif gathered.is_read(opened.store, end, objects):
        yield Gathered(opened.store, end, systems_of(opened.settings)).resolver()
    else:
        with workspace.connected(opened, end) as there:
            yield partial(_fetched, there.connector)


def _fetched(connector: Connector, name: str, id: str) -> str | None:
    """The id where the source has such a record; also where it cannot say."""
    if ":" in name:  # a tie or a table of another system: nothing is known of them before the first run
        return id
    try:
        found = connector.fetch(name.rpartition(".")[2], [id])
    except Refused:
        return id
    return id if any(not record.deleted for record in found) else None


def _remote(opened: Workspace, end: str | None, made: Preview) -> dict[str, str]:
    """`customer/acme` -> its id in the system that the document goes to, for those that it has."""
    found: dict[str, str] = {}
    with opened.store.view() as tx:
        for kind, id in made.mapped.refs:
            link = tx.links.get(kind, id, end) if end is not None else None
            if link is not None:
                found[f"{kind}/{id}"] = link.ref.id
    return found


# ---------------------------------------------------------------- shown


def _document(mapping: FieldMapping, record: Record, made: Preview, remote: Mapping[str, str]) -> dict[str, Any]:
    return {
        "mapping": mapping.name,
        "version": mapping.version,
        "record": {"object": record.object, "id": record.id, "place": str(record.place)},
        "skipped": made.mapped.skipped,
        "fields": [
            {
                "field": row.field,
                "state": row.state,
                "value": _filled(row.value, remote),
                "rule": row.rule,
                "place": str(row.place),
                "sources": [{"field": name, "value": value} for name, value in row.sources],
            }
            for row in made.rows
        ],
        "problems": [problem.model_dump(mode="json", exclude_none=True) for problem in made.problems],
    }


def _filled(value: Any, remote: Mapping[str, str]) -> Any:
    """A reference with the id that it has there, as it would be sent."""
    if isinstance(value, Mapping) and set(value) == {"$ref"}:
        return remote.get(value["$ref"], value)
    return value


def _tell(mapping: FieldMapping, record: Record, made: Preview, remote: Mapping[str, str], root: Path) -> None:
    show.line(f"{mapping.name} version {mapping.version} ({mapping.file}): record {record.id} -> {mapping.target}")
    if made.mapped.skipped:
        show.line("the mapping's `when` is false: the record is skipped; what its fields would be:")
    rows = [_shown(row, remote, mapping.file) for row in made.rows]
    section(f"Field by field: {record.place}", ["field", "value", "from", "rule", "line"], rows, most=500)
    for problem in made.problems:
        show.line()
        show.line(render(problem, shelf.text_of(problem.place.file or "", root)))


def _shown(row: Row, remote: Mapping[str, str], file: str) -> dict[str, Any]:
    sent = _filled(row.value, remote)
    value = sent if row.state == "written" else f"({row.state})"
    if sent is not row.value:
        value = f"{row.value['$ref']}, there {sent}"
    line = str(row.place.line) if row.place.file == file else f"{row.place.file}:{row.place.line}"
    if row.entries is not None:
        value = "1 entry" if row.entries == 1 else f"{row.entries} entries"
    read = "; ".join(f"{name} = {_short(item)}" for name, item in row.sources)
    return {"field": row.field, "value": value, "from": read, "rule": row.rule, "line": line}


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list | tuple | Mapping):
        return f"{len(value)} entries"
    return show.cell(str(value)) or "''"
