"""`db backup/restore/recovered` and `recover`: the way back from an older copy of the store.  (shell)"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from billsync import recover as recovering
from billsync import schedule, settings, workspace
from billsync.cli import guard, moving, progress, show
from billsync.model.gate import GateState
from billsync.settings import Settings
from billsync.stage.world import Progress
from billsync.store import Store, Tx, copying

_ASKED = "billsync recover"


def backup(config: Path, file: Path, *, portable: bool = False) -> int:
    """Copy the store into a file."""
    loaded = settings.load(config)
    if portable:
        return moving.export(loaded, file)
    Store.open(loaded.store).close()  # says what is wrong with it, where something is
    copying.backup(loaded.store, file)
    show.line(f"{file}: {file.stat().st_size:,} bytes, the whole store")
    return guard.OK


def restore(config: Path, file: Path, *, yes: bool) -> int:
    """Put a backup in the store's place, and hold back what would be sent."""
    loaded = settings.load(config)
    at = schedule.SystemClock().now()
    there = copying.file_of(loaded.store)
    keep = there.with_name(f"{there.name}.replaced-{at:%Y%m%dT%H%M%S}")
    if not yes and not _sure(f"Put {file} in the place of {there}? What is there is kept as {keep.name}"):
        show.line("nothing was changed")
        return guard.OK
    copying.restore(loaded.store, file, keep)
    store = Store.open(loaded.store, create=True)  # brings an older one to this version's schema
    closed = _hold_back(store, loaded, f"restored from {file.name}", at)
    store.close()
    if keep.exists():
        show.line(f"what was there is kept as {keep}")
    return moving.told(closed)


def recovered(config: Path) -> int:
    """Somebody restored the store by other means: hold back what would be sent."""
    loaded = settings.load(config)
    clock = schedule.SystemClock()
    with workspace.opened(loaded, clock, create=False) as opened:
        closed = _hold_back(opened.store, loaded, "restored by other tools", clock.now())
    return moving.told(closed)


def _sure(question: str) -> bool:
    """A person's yes; where nobody can be asked, --yes has to be said."""
    if not sys.stdin.isatty():
        raise guard.Wrong("nobody can be asked here: say --yes")
    show.remark(f"{question}. [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _hold_back(store: Store, loaded: Settings, detail: str, at: datetime) -> list[str]:
    """Close the gate of every connection that is written to."""
    with store.tx("restored") as tx:
        return moving.held_back(tx, loaded, detail, at)


# ---------------------------------------------------------------- recover


def recover(config: Path, name: str | None, format: show.Format) -> int:
    """Take over what stands in the targets that recover, open their gates, and run their pipelines."""
    loaded = settings.load(config)
    with (
        workspace.opened(loaded, schedule.SystemClock(), create=False) as opened,
        progress.shown(quiet=format == "json") as shown,
    ):
        found = [take_over(opened, target, progress=shown) for target in _targets(opened, name)]
        _open_sources(opened)
        code = guard.PROBLEMS if any(item.orphans for item in found) else guard.OK
        for item in found:
            code = code or _catch_up(opened, item.connection, shown)
    _report(found, format)
    return code


def _targets(opened: workspace.Workspace, name: str | None) -> list[str]:
    """The target of the pipeline that is named, or every one whose gate says that it recovers."""
    if name is not None:
        _, pipeline = opened.pipeline(name)
        return [pipeline.target] if pipeline.target else []
    with opened.store.view() as tx:
        waiting = _recovering(tx)
    return sorted({p.target for p in opened.settings.pipelines.values() if p.target} & waiting)


def _recovering(tx: Tx) -> set[str]:
    return {gate.connection for gate in tx.gates.list() if gate.state is GateState.RECOVERING}


def take_over(opened: workspace.Workspace, target: str, *, progress: Progress) -> recovering.Recovered:
    """Recover one target, with all pipelines that write to it.  Raises `Held`, `BadSettings`, `TryLater`."""
    pipelines = {name: p for name, p in opened.settings.pipelines.items() if p.target == target}
    now = opened.clock.now()
    with ExitStack() as stack:
        for lock in (*(f"pipeline-{name}" for name in pipelines), f"push-{target}"):
            stack.enter_context(opened.store.lock(lock, opened.owner))
        worlds = [
            stack.enter_context(
                workspace.world(
                    opened,
                    name,
                    pipeline,
                    run=f"{name}@recover-{now:%Y%m%dT%H%M%S}",
                    through=pipeline.billing.day(now),
                    progress=progress,
                )
            )
            for name, pipeline in pipelines.items()
        ]
        return recovering.recover(target, [replace(world, recovering=True) for world in worlds])


def _open_sources(opened: workspace.Workspace) -> None:
    """A system that is only told how its invoices stand is told again when the books know it again."""
    with opened.store.tx("recover-sources") as tx:
        waiting = _recovering(tx)
        pipelines = opened.settings.pipelines.values()
        behind = {p.source for p in pipelines if p.target in waiting} | {p.target for p in pipelines}
        for name in sorted(waiting - behind):
            recovering.open_gate(tx, name, "its books know again what it was told", opened.clock.now())


def _catch_up(opened: workspace.Workspace, target: str, shown: Progress) -> int:
    """One whole run of each of its pipelines: what was taken over is confirmed, the rest made and sent."""
    code = 0
    for name, pipeline in opened.settings.pipelines.items():
        if pipeline.target == target:
            slot = f"{opened.clock.now():%Y-%m-%dT%H:%M:%S.%fZ}-recovered"
            report = workspace.run_pipeline(opened, name, slot=slot, progress=shown, full=True)
            code = max(code, report.exit_code if report is not None else 0)
    return code


def _report(found: Iterable[recovering.Recovered], format: show.Format) -> None:
    rows: list[dict[str, Any]] = [
        {
            "connection": item.connection,
            "documents there": item.documents,
            "taken over": item.adopted,
            "not accounted for": [orphan.reference for orphan in item.orphans],
            "gate": "recovering" if item.orphans else "open",
        }
        for item in found
    ]
    columns = ["connection", "documents there", "taken over", "not accounted for", "gate"]
    show.rows("Recovered", columns, rows, format=format, empty="nothing recovers: every gate is open")
    if any(row["not accounted for"] for row in rows):
        show.remark("`billsync errors list` says what to do about what is not accounted for")


def accept(config: Path, reference: str, reason: str) -> int:
    """A person's answer: the document stays there, and no invoice of ours is for it."""
    if not reason.strip():
        raise guard.Wrong("--accept needs --reason: why the document may stay there without an invoice of ours")
    clock = schedule.SystemClock()
    with workspace.opened(settings.load(config), clock, create=False) as opened, opened.store.tx("accept") as tx:
        found = [item for name in _recovering(tx) for item in tx.orphans.unclaimed(name) if item.reference == reference]
        if not found:
            raise guard.Wrong(f"no document {show.visible(reference)} waits for an answer: `billsync errors list`")
        for item in found:
            tx.orphans.claim(item, f"accepted by a person: {reason}", at=clock.now())
    show.line(f"noted; `{_ASKED}` goes on from there")
    return guard.OK
