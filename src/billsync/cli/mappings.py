"""`mapping lint` and `mapping test`.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from billsync import settings, workspace
from billsync.cli import guard, show
from billsync.mapping import BadMapping, check, render, run_tests
from billsync.model.problem import Problem, Severity
from billsync.settings import BadSettings
from billsync.workspace import reader


def _files(files: Sequence[Path], config: Path) -> list[tuple[str, Path]]:
    """Files as named, or those of the configuration: the name for messages, and where it is."""
    if files:
        return [(str(file), Path()) for file in files]
    loaded = settings.load(config)
    names = [
        name
        for pipeline in loaded.pipelines.values()
        for group in (pipeline.mappings.inbound, pipeline.mappings.outbound, pipeline.mappings.payments)
        for name in group
    ]
    return [(name, loaded.root) for name in dict.fromkeys(names)]


def lint(files: Sequence[Path], config: Path, format: show.Format) -> int:
    """Every error and warning, each with its line and a caret."""
    found: list[tuple[Problem, str]] = []
    for name, root in _files(files, config):
        found += [(problem, text) for problem, text in _lint(name, root)]
    if format == "json":
        show.emit_json([problem.model_dump(mode="json") for problem, _ in found])
    else:
        for problem, text in found:
            show.line(render(problem, text))
        show.line(f"{len(found)} problem{'' if len(found) == 1 else 's'}" if found else "no problems")
    return guard.USAGE if any(problem.severity is Severity.ERROR for problem, _ in found) else guard.OK


def _lint(name: str, root: Path) -> list[tuple[Problem, str]]:
    try:
        file = workspace.find_mapping(name, root)
    except BadSettings as error:
        return [(problem, "") for problem in error.problems]
    raw = file.read_bytes()
    text = raw.decode("utf-8", "replace")
    problems = check(raw, name, read_file=reader(file.parent, root))
    return [(problem, text) for problem in problems]


def test(files: Sequence[Path], config: Path, format: show.Format) -> int:
    """Run the tests that stand in the files."""
    rows: list[dict[str, str]] = []
    for name, root in _files(files, config):
        try:
            mapping = workspace.read_mapping(name, root)
        except (BadMapping, BadSettings) as error:
            rows += [{"mapping": name, "test": "", "result": "broken", "detail": str(p)} for p in error.problems]
            continue
        read = reader(workspace.find_mapping(name, root).parent, root)
        rows += [
            {
                "mapping": name,
                "test": result.name,
                "result": "passed" if result.passed else "failed",
                "detail": "; ".join(result.differences),
            }
            for result in run_tests(mapping, read_file=read)
        ]
    show.rows("Mapping tests", ["mapping", "test", "result", "detail"], rows, format=format, empty="no tests")
    return guard.OK if all(row["result"] == "passed" for row in rows) else guard.PROBLEMS
