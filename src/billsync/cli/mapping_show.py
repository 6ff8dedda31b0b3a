"""`mapping show`.  (shell)"""

from __future__ import annotations

from pathlib import Path

from billsync import plugins, settings, shelf
from billsync.cli import guard, mapping_files, show
from billsync.mapping import render
from billsync.mapping.language import compile_stack
from billsync.mapping.layers import PLAIN, Variant
from billsync.mapping.problems import Findings
from billsync.mapping.stack import read_stack
from billsync.mapping.tools.written_out import Line, written_out


def show_mapping(name: str, config: Path, environment: str | None, entity: str | None, format: show.Format) -> int:
    """One mapping, its layers joined, with the place of each line.

    Without an environment or entity it is shown as the pipeline that uses it reads it.
    """
    file, used = _meant(name, config)
    variant = Variant(
        used.environment if environment is None else environment, used.entity if entity is None else entity
    )
    root, findings = config.absolute().parent, Findings()
    stack = read_stack(shelf.sheet_of(file, root), shelf.finder(root), variant, findings)
    mapping = None if stack is None else compile_stack(stack, plugins.NATIVES, findings)
    if stack is None or mapping is None:
        for problem in findings.in_order():
            show.remark(render(problem, shelf.text_of(problem.place.file or "", root)))
        return guard.USAGE
    if str(variant):
        show.remark(f"for {variant}")
    lines = written_out(stack)
    if format == "json":
        show.emit_json([_row(line) for line in lines])
        return guard.OK
    width = min(60, max(len(line.text) for line in lines))
    for line in lines:
        show.line(show.visible(f"{line.text:<{width}}  # {line.note}" if line.note else line.text))
    return guard.OK


def _meant(name: str, config: Path) -> tuple[str, Variant]:
    """The file that is meant, and for whom it is read; the configuration need not be there.  Raises `BadSettings`."""
    if not config.is_file():
        return name, PLAIN
    loaded = settings.load(config)
    pipeline, file = mapping_files.named(loaded, name)
    return file, mapping_files.variant_of(loaded, loaded.pipelines[pipeline]) if pipeline else PLAIN


def _row(line: Line) -> dict[str, object]:
    place = line.place
    return {
        "text": line.text,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "field": line.field,
        "leads_back": None if line.way is None else not line.way.reason,
        "reason": "" if line.way is None else line.way.reason,
    }
