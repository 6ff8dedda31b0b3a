"""`mapping show`.  (shell)"""

from __future__ import annotations

from pathlib import Path

from billsync import plugins, shelf
from billsync.cli import guard, show
from billsync.mapping import render
from billsync.mapping.language import compile_stack
from billsync.mapping.layers import Variant
from billsync.mapping.problems import Findings
from billsync.mapping.stack import read_stack
from billsync.mapping.written_out import Line, written_out


def show_mapping(name: str, config: Path, variant: Variant, format: show.Format) -> int:
    """One mapping, its layers joined, with the place of each line."""
    root, findings = config.absolute().parent, Findings()
    stack = read_stack(shelf.sheet_of(name, root), shelf.finder(root), variant, findings)
    mapping = None if stack is None else compile_stack(stack, plugins.NATIVES, findings)
    if stack is None or mapping is None:
        for problem in findings.in_order():
            show.remark(render(problem, shelf.text_of(problem.place.file or "", root)))
        return guard.USAGE
    lines = written_out(stack)
    if format == "json":
        show.emit_json([_row(line) for line in lines])
        return guard.OK
    width = min(60, max(len(line.text) for line in lines))
    for line in lines:
        show.line(show.visible(f"{line.text:<{width}}  # {line.note}" if line.note else line.text))
    return guard.OK


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
