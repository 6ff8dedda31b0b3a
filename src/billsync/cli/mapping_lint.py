"""`mapping lint`.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from billsync import plugins, shelf
from billsync.cli import guard, mapping_files, show
from billsync.cli.mapping_files import File
from billsync.mapping import Mapping, render
from billsync.mapping.check import examine
from billsync.mapping.tools.annotations import annotation
from billsync.mapping.tools.together import as_pipeline, same_names
from billsync.model.problem import Place, Problem, Severity
from billsync.settings import BadSettings

if TYPE_CHECKING:
    from billsync.cli.mapping_schemas import Schemas

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
        schemas = _schemas(config, stack, live=live) if live or saved else None
        read = [(file, mapping) for file in files if (mapping := _lint(file, found, schemas)) is not None]
    found.problems += same_names([mapping for _, mapping in read])
    for pipeline in dict.fromkeys(name for file in files for name in file.pipelines):
        found.problems += as_pipeline([mapping for file, mapping in read if pipeline in file.pipelines])
    found.problems = list(dict.fromkeys(found.problems))
    _tell(found, format)
    return found.code(strict=strict)


def _schemas(config: Path, stack: ExitStack, *, live: bool) -> Schemas:
    from billsync.cli.mapping_schemas import Schemas

    return Schemas(config, stack, live=live)


def _lint(file: File, found: _Findings, schemas: Schemas | None) -> Mapping | None:
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
