"""`mapping coverage`.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from billsync import workspace
from billsync.cli import guard, mapping_files, progress, show
from billsync.cli.mapping_sources import gather, section
from billsync.cli.opening import opened_or_empty
from billsync.mapping import Mapping as FieldMapping
from billsync.mapping.tools.coverage import Coverage, FieldUse, Miss, Profile, near_of
from billsync.model.problem import Problem
from billsync.stage.gathered import Gathered
from billsync.stage.world import Progress

NEAR_AMONG = 5_000
"""A near id is looked for among at most so many."""
KEPT = 10
"""Values of one table that are shown."""


def coverage(name: str | None, config: Path, *, live: bool, format: show.Format) -> int:
    """What the source of a pipeline holds that its mappings do not know."""
    with opened_or_empty(config) as opened, progress.shown(quiet=format == "json") as shown:
        pipeline_name, pipeline = opened.pipeline(name)
        mappings = workspace.read_mappings(
            pipeline.mappings.inbound, opened.settings.root, mapping_files.variant_of(opened.settings, pipeline)
        )
        objects = list(dict.fromkeys(mapping.source_object for mapping in mappings))
        with gather(opened, pipeline.source, objects, shown, live=live) as source:
            profiles, found = _look(source, mappings, shown)
    held = sum(one.held for one in found) + len(source.unread)
    if format == "json":
        show.emit_json(_document(pipeline_name, profiles, found, source.unread))
    else:
        _tell(profiles, found, source.unread)
    return guard.PROBLEMS if held else guard.OK


def _look(
    source: Gathered, mappings: Sequence[FieldMapping], shown: Progress
) -> tuple[dict[str, Profile], list[Coverage]]:
    """Every record of the source, once, through all mappings of its kind."""
    resolve = source.resolver()
    by_object: dict[str, list[Coverage]] = {}
    for mapping in mappings:
        by_object.setdefault(mapping.source_object, []).append(Coverage(mapping))
    profiles = {object: Profile() for object in by_object}
    for object, ones in by_object.items():
        shown.stage(f"Look at {object}", source.count(object))
        for record in source.records(object):
            profiles[object].see(record)
            for one in ones:
                one.see(record, resolve)
            shown.advance(1)
    found = [one for ones in by_object.values() for one in ones]
    _find_near(source, found)
    return profiles, found


def _find_near(source: Gathered, found: Sequence[Coverage]) -> None:
    """The id that may be meant, for references that lead nowhere."""
    misses = [miss for one in found for miss in one.misses[:NEAR_AMONG] if miss.kind == "reference"]
    for object in {miss.among.rpartition(".")[2] for miss in misses}:
        known = source.some_ids(object, NEAR_AMONG)
        for miss in [miss for miss in misses if miss.among.rpartition(".")[2] == object][:50]:
            miss.near = near_of(miss.value, known)


# ---------------------------------------------------------------- JSON


def _document(
    pipeline: str, profiles: Mapping[str, Profile], found: Sequence[Coverage], unread: Sequence[Problem]
) -> dict[str, Any]:
    return {
        "pipeline": pipeline,
        "held_back": sum(one.held for one in found) + len(unread),
        "unreadable": [problem.model_dump(mode="json", exclude_none=True) for problem in unread],
        "mappings": [
            {
                "mapping": one.mapping.name,
                "object": one.mapping.source_object,
                "records": one.records,
                "taken": one.taken,
                "held_back": one.held,
                "misses": [asdict(miss) for miss in one.misses],
                "misses_not_told_apart": one.beyond,
                "problems": [asdict(fault) for fault in one.faults],
                "fields_always_blank": one.blank,
                "fields_never_written": [{"field": name, "needed": needed} for name, needed in one.unwritten],
            }
            for one in found
        ],
        "source_fields_never_read": [
            {"object": object, **asdict(use), "records": profile.records}
            for object, profile in profiles.items()
            for use in profile.unread(_readers(found, object))
        ],
    }


def _readers(found: Sequence[Coverage], object: str) -> list[FieldMapping]:
    return [one.mapping for one in found if one.mapping.source_object == object]


# ---------------------------------------------------------------- tables


def _tell(profiles: Mapping[str, Profile], found: Sequence[Coverage], unread: Sequence[Problem]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "mapping": one.mapping.name,
            "records of": one.mapping.source_object,
            "records": one.records,
            "for the mapping": one.taken,
            "held back": one.held,
        }
        for one in found
    ]
    section("Records", list(rows[0]) if rows else [], rows)
    columns = ["value", "from field", "records", "held back", "example", "what to do"]
    for one in found:
        for title, told in (
            ("References that lead to no record", [miss for miss in one.misses if miss.kind == "reference"]),
            ("Values not in a table", [miss for miss in one.misses if miss.kind == "lookup" and not _passes(miss)]),
        ):
            section(f"{title}: {one.mapping.name}", columns, [_miss_row(miss) for miss in told])
        section(
            f"Other problems: {one.mapping.name}",
            ["code", "records", "message", "hint", "example"],
            [asdict(fault) for fault in one.faults],
        )
    _tell_kept(found)
    _tell_fields(profiles, found)
    section("Rows that cannot be read", ["problem"], [{"problem": str(problem)} for problem in unread])


def _miss_row(miss: Miss) -> dict[str, Any]:
    guess = f"; did you mean {miss.near}?" if miss.near else ""
    if miss.kind == "reference":
        todo = f"there is no such record in {miss.among}{guess}"
    else:
        todo = f"add it to the table {miss.among} ({miss.place}){guess}"
    return {
        "value": miss.value,
        "from field": miss.field,
        "records": miss.records,
        "held back": miss.held,
        "example": miss.example,
        "what to do": todo,
    }


def _passes(miss: Miss) -> bool:
    """Whether the mapping lets the value through."""
    return miss.on_miss in {"keep", "default"}


def _tell_kept(found: Sequence[Coverage]) -> None:
    """Values that no table has and that hold nothing back, a row for each table and field."""
    groups: dict[tuple[str, str, str, str], list[Miss]] = {}
    for one in found:
        for miss in one.misses:
            if miss.kind == "lookup" and _passes(miss):
                groups.setdefault((one.mapping.name, miss.among, miss.field, miss.on_miss), []).append(miss)
    rows = [
        {
            "mapping": mapping,
            "table": table,
            "from field": name,
            "on miss": on_miss,
            "records": sum(miss.records for miss in misses),
            "values": [f"{miss.value} ({miss.records:,})" for miss in misses[:KEPT]] + ["…"] * (len(misses) > KEPT),
        }
        for (mapping, table, name, on_miss), misses in groups.items()
    ]
    columns = ["mapping", "table", "from field", "on miss", "records", "values"]
    section("Values not in a table that the mapping lets through", columns, rows)


def _tell_fields(profiles: Mapping[str, Profile], found: Sequence[Coverage]) -> None:
    rows = [
        _field_row(object, use, profile.records)
        for object, profile in profiles.items()
        for use in profile.unread(_readers(found, object))
    ]
    section("Source fields that no mapping reads", ["object", "field", "filled", "examples"], rows)
    blank = [{"mapping": one.mapping.name, "field": name} for one in found for name in one.blank]
    section("Written fields that were blank in every record", ["mapping", "field"], blank)
    unwritten = [{"mapping": one.mapping.name, "fields": [name for name, _ in one.unwritten]} for one in found]
    section("Document fields that no rule writes", ["mapping", "fields"], [row for row in unwritten if row["fields"]])


def _field_row(object: str, use: FieldUse, records: int) -> dict[str, Any]:
    share = f"{100 * use.filled // records if records else 0} %"
    return {"object": object, "field": use.name, "filled": share, "examples": use.examples}
