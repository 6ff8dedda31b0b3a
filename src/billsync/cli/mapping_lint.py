"""`mapping lint`.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from billsync import plugins, shelf, workspace
from billsync.cli import guard, mapping_files, show
from billsync.cli.mapping_files import File
from billsync.cli.opening import opened_or_empty
from billsync.connector import Connector, Refused, Schema
from billsync.mapping import Mapping, render
from billsync.mapping.annotations import annotation
from billsync.mapping.check import examine
from billsync.mapping.together import as_pipeline, same_names
from billsync.model.problem import Place, Problem, Severity
from billsync.settings import BadSettings, Settings

Format = Literal["text", "table", "json", "github"]


@dataclass(slots=True)
class _Findings:
    """What was found, and where the files are that it was found in."""

    problems: list[Problem] = field(default_factory=list)
    root: Path = Path()

    def code(self, *, strict: bool) -> int:
        """The exit code."""
        wrong = [problem for problem in self.problems if strict or problem.severity is Severity.ERROR]
        return guard.USAGE if wrong else guard.OK


def lint(named: Sequence[str], config: Path, format: Format, *, strict: bool, live: bool, saved: bool) -> int:
    """Every error and warning of the files, alone and together."""
    files = mapping_files.chosen(named, config)
    found = _Findings(root=files[0].root if files else Path())
    with ExitStack() as stack:
        schemas = _Schemas(config, stack, live=live) if live or saved else None
        read = [(file, mapping) for file in files if (mapping := _lint(file, found, schemas)) is not None]
    found.problems += same_names([mapping for _, mapping in read])
    for pipeline in dict.fromkeys(name for file in files for name in file.pipelines):
        found.problems += as_pipeline([mapping for file, mapping in read if pipeline in file.pipelines])
    found.problems = list(dict.fromkeys(found.problems))
    _tell(found, format)
    return found.code(strict=strict)


def _lint(file: File, found: _Findings, schemas: _Schemas | None) -> Mapping | None:
    try:
        sheet = file.sheet()
    except BadSettings as error:
        found.problems += error.problems
        return None
    except OSError as error:
        message = f"the mapping cannot be read: {error.strerror or error}"
        found.problems.append(Problem(code="READ-FILE-01", message=message, place=Place(file=file.name)))
        return None
    ask = None if schemas is None else lambda mapping: schemas.of(file, mapping)
    natives, find = plugins.NATIVES, shelf.finder(file.root)
    mapping, problems = examine(sheet.text, sheet.file, read_file=sheet.read_file, ask=ask, natives=natives, find=find)
    found.problems += problems
    return mapping


def _tell(found: _Findings, format: Format) -> None:
    if format == "json":
        show.emit_json([problem.model_dump(mode="json") for problem in found.problems])
        return
    if format == "github":
        for problem in found.problems:
            show.line(annotation(problem))
        return
    for problem in found.problems:
        show.line(render(problem, shelf.text_of(problem.place.file or "", found.root)))
    count = len(found.problems)
    show.line(f"{count} problem{'' if count == 1 else 's'}" if count else "no problems")


# ---------------------------------------------------------------- live


class _Schemas:
    """The fields that outside systems have now, or had when a run saw them last; each is asked once."""

    def __init__(self, config: Path, stack: ExitStack, *, live: bool) -> None:
        self._stack = stack
        self._live = live
        self._opened = stack.enter_context(opened_or_empty(config))
        self._connectors: dict[str, Connector] = {}
        self._known: dict[tuple[str, str], Schema | None] = {}

    def of(self, file: File, mapping: Mapping) -> Schema | None:
        """The schema of what an inbound mapping reads; None where nobody knows it.  Raises `TryLater`."""
        name = source_of(self._opened.settings, file, mapping)
        if name is None:
            show.remark(f"{file.name}: not compared, since no one connection is known for {mapping.source}")
            return None
        if (name, mapping.source_object) not in self._known:
            ask = self._ask if self._live else self._saved
            self._known[name, mapping.source_object] = ask(name, mapping.source_object)
        return self._known[name, mapping.source_object]

    def _ask(self, name: str, object: str) -> Schema | None:
        if name not in self._connectors:
            self._connectors[name] = self._stack.enter_context(workspace.connected(self._opened, name)).connector
        try:
            return self._connectors[name].describe(object)
        except Refused as fault:
            show.remark(f"{name} does not say which fields {object} has: {fault.message}")
            return None

    def _saved(self, name: str, object: str) -> Schema | None:
        with self._opened.store.view() as tx:
            snapshot = tx.schemas.get(name, object)
        if snapshot is None:
            show.remark(f"the fields of {object} in {name} were never seen: run `billsync sync`, or say --live")
            return None
        return snapshot.seen or snapshot.known


def source_of(loaded: Settings, file: File, mapping: Mapping) -> str | None:
    """The connection that an inbound mapping reads from: of its pipelines, or the only one of that system."""
    used = {
        shape.target if file.name in shape.mappings.payments else shape.source
        for name, shape in loaded.pipelines.items()
        if name in file.pipelines or file.name in mapping_files.names_of(shape)
    }
    if not used:
        system = mapping.source_system
        used = {name for name, item in loaded.connections.items() if system in (name, item.connector)}
    return used.pop() if len(used) == 1 else None
