"""`mapping test`.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from billsync import assets, plugins, shelf
from billsync.cli import guard, mapping_files, show
from billsync.cli.mapping_files import File
from billsync.mapping import BadMapping, CaseResult
from billsync.mapping.stack import Sheet
from billsync.mapping.tables import ReadFile
from billsync.mapping.tools.junit import Suite, junit
from billsync.mapping.tools.rewriting import changed_lines, golden_text, rewrite
from billsync.mapping.tools.suite import run_suite
from billsync.model.problem import Problem
from billsync.settings import BadSettings


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for; `only` is "" for every test."""

    only: str
    update: bool
    junit: Path | None
    format: show.Format


@dataclass(slots=True)
class _Ran:
    """One file, its tests run.

    Attributes:
        patch: what was rewritten, as a patch; left: test -> why it was not updated.
    """

    name: str
    results: Sequence[CaseResult] = ()
    problems: Sequence[Problem] = ()
    patch: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


def test(named: Sequence[str], config: Path, asked: Asked) -> int:
    """Run the tests that stand in the files."""
    ran = [_run(file, asked) for file in mapping_files.chosen(named, config)]
    if asked.only and not any(one.results or one.problems for one in ran):
        raise guard.Wrong(f"no test has '{show.visible(asked.only)}' in its name")
    if asked.junit is not None:
        _replace(asked.junit, junit(Suite(one.name, one.results, one.problems) for one in ran).encode())
    _tell(ran, asked)
    return guard.OK if all(row["result"] == "passed" for one in ran for row in _rows(one)) else guard.PROBLEMS


def _run(file: File, asked: Asked) -> _Ran:
    try:
        sheet = file.sheet()
        ran = _Ran(file.name, _results(sheet, file.root, asked.only))
        if asked.update:
            _update(ran, sheet, file, asked.only)
    except (BadMapping, BadSettings) as error:
        return _Ran(file.name, problems=error.problems)
    return ran


def _results(sheet: Sheet, root: Path, only: str) -> list[CaseResult]:
    results = run_suite(sheet, plugins.NATIVES, shelf.finder(root))
    return [result for result in results if only in result.name]


# ---------------------------------------------------------------- update


def _update(ran: _Ran, sheet: Sheet, file: File, only: str) -> None:
    """Rewrite what came otherwise than expected; a file that would not pass then is left as it is."""
    path = file.find()
    if all(result.passed for result in ran.results):
        return
    if path.resolve().is_relative_to(assets.folder("mappings").resolve()) and not Path(file.name).is_file():
        raise guard.Wrong(f"{file.name} is shipped with billsync: copy it into the working folder to change it")
    text = path.read_bytes().decode("utf-8")
    made = rewrite(text, sheet.file, ran.results)
    golden = _golden(ran.results, path, file.root)
    ran.left = made.left
    again = _results(replace(sheet, text=made.text, read_file=_over(sheet.read_file, golden)), file.root, only)
    wrong = [result.name for result in again if not result.passed and result.name not in made.left]
    if wrong:
        ran.left |= dict.fromkeys(wrong, "the value cannot be edited in its place: write it by hand")
        return
    ran.results = again
    for name, content in golden.items():
        _write(ran, path.parent / name, name, content)
    if made.text != text:
        ran.patch += changed_lines(text, made.text, file.name)
        _replace(path, made.text.encode())


def _golden(results: Sequence[CaseResult], path: Path, root: Path) -> dict[str, str]:
    """Name -> new text of the files of failed tests that may be written."""
    homes = (path.parent.resolve(), root.resolve())
    found: dict[str, str] = {}
    for one in results:
        target = (path.parent / one.golden).resolve()
        if one.golden and not one.passed and one.doc is not None and any(target.is_relative_to(home) for home in homes):
            found[one.golden] = golden_text(one.doc)
    return found


def _over(read: ReadFile, golden: dict[str, str]) -> ReadFile:
    return lambda name: golden[name] if name in golden else read(name)


def _write(ran: _Ran, path: Path, name: str, content: str) -> None:
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    if old != content:
        ran.patch += changed_lines(old, content, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content.encode())


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all.  Raises OSError."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(content)
    if path.exists():
        temporary.chmod(path.stat().st_mode)
    temporary.replace(path)


# ---------------------------------------------------------------- shown


def _rows(ran: _Ran) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"mapping": ran.name, "test": "", "result": "broken", "detail": str(problem)} for problem in ran.problems
    ]
    for result in ran.results:
        state = "passed" if result.passed else "failed"
        row = {"mapping": ran.name, "test": result.name, "result": state, "detail": "; ".join(result.differences)}
        rows.append(row)
    return rows


def _tell(ran: Sequence[_Ran], asked: Asked) -> None:
    for line in (line for one in ran for line in one.patch):
        (show.remark if asked.format == "json" else show.line)(show.visible(line))
    rows = [row for one in ran for row in _rows(one)]
    show.rows("Mapping tests", ["mapping", "test", "result", "detail"], rows, format=asked.format, empty="no tests")
    for one in ran:
        for name, why in one.left.items():
            show.remark(f"{one.name}: not updated: {show.visible(name)}: {show.visible(why)}")
