"""`verify`: every invariant of the ledger, and with --live of the documents in the ERP.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from billsync import schedule, settings, workspace
from billsync.cli import guard, progress, show
from billsync.settings import Settings
from billsync.stage import proof
from billsync.verify import INVARIANTS, Scope, Verdict, verify_scope

_COLUMNS = ["invariant", "row", "detail"]


def verify(config: Path, *, live: bool, since: date | None, format: show.Format) -> int:
    """Check, and say what was looked at and which rows are broken."""
    loaded = settings.load(config)
    clock = schedule.SystemClock()
    with workspace.opened(loaded, clock, create=False) as opened:
        scope = _scope(loaded, Scope(clock.now(), since=since))
        verdicts = [verify_scope(opened.store, scope)]
        if live:
            verdicts += _live(opened, scope)
    return _told(verdicts, format)


def _scope(loaded: Settings, scope: Scope) -> Scope:
    sending = [pipeline for pipeline in loaded.pipelines.values() if pipeline.sends_invoices]
    targets = frozenset(pipeline.target for pipeline in sending if pipeline.target)
    rules = [pipeline.invoicing for pipeline in loaded.pipelines.values()]
    patterns = tuple(dict.fromkeys(text for each in rules for text in each.patterns))
    return replace(scope, targets=targets, patterns=patterns)


def _live(opened: workspace.Workspace, scope: Scope) -> Iterator[Verdict]:
    """Each target's own documents.  Raises `TryLater` and `Refused`."""
    with progress.shown() as shown:
        for target in sorted(scope.targets):
            with workspace.connected(opened, target, progress=shown) as end:
                for object in _objects(opened, target):
                    shown.stage(f"Look through {object}s of {target}")
                    yield proof.prove(opened.store, end, object, replace(scope, now=opened.clock.now()))


def _objects(opened: workspace.Workspace, target: str) -> list[str]:
    """What the system calls its invoices, by the mappings of the pipelines that send them."""
    paths = {p for line in opened.settings.pipelines.values() if line.target == target for p in line.mappings.outbound}
    found = workspace.read_mappings(sorted(paths), opened.settings.root)
    return sorted({mapping.target_object for mapping in found if mapping.source_object == proof.KIND})


def _told(verdicts: list[Verdict], format: show.Format) -> int:
    checked: dict[str, int] = {}
    for verdict in verdicts:
        for name, count in verdict.checked.items():
            checked[name] = checked.get(name, 0) + count
    broken: list[dict[str, Any]] = [
        {"invariant": item.invariant, "row": item.row, "detail": item.detail}
        for verdict in verdicts
        for item in verdict.broken
    ]
    if format == "json":
        show.emit_json({"checked": checked, "broken": broken})
    else:
        looked = [
            {"invariant": name, "what it says": INVARIANTS[name], "checked": checked[name]}
            for name in INVARIANTS
            if name in checked
        ]
        show.rows("Invariants", ["invariant", "what it says", "checked"], looked, empty="nothing to check yet")
        show.rows("Broken", _COLUMNS, broken, empty="no invariant is broken")
    return guard.DRIFT if broken else guard.OK
