"""`connectors drift`: how the fields of outside systems changed, and the word of a person that takes it.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from billsync import schedule, settings, workspace
from billsync.cli import guard, show
from billsync.mapping import Mapping
from billsync.mapping.shape import ChangeKind, compare, unreadable, unwritable
from billsync.stage import schemas
from billsync.stage.schemas import Used
from billsync.stage.world import End
from billsync.store import Snapshot
from billsync.strict.yaml import did_you_mean

COLUMNS = ["connection", "object", "change", "waits", "since"]


def drift(config: Path, connection: str | None, *, accept: bool, reason: str, format: show.Format) -> int:
    """Ask the systems for their fields, show what differs, and with `accept` take it for right.  4 where it differs."""
    loaded, clock = settings.load(config), schedule.SystemClock()
    if connection is not None and connection not in loaded.connections:
        hint = did_you_mean(connection, loaded.connections) or f"there is: {', '.join(loaded.connections)}"
        raise guard.Wrong(f"no connection is called '{show.visible(connection)}'  ({hint})")
    if accept and not reason.strip():
        raise guard.Wrong("--accept needs --reason: it stands in the audit trail")
    with workspace.opened(loaded, clock, create=False) as opened:
        found = [row for name in _connections(loaded, connection) for row in _of(opened, name)]
        if accept:
            with opened.store.tx("schema-taken") as tx:
                for snapshot, _ in found:
                    tx.schemas.accept(snapshot, why=reason, at=clock.now())
    rows = [row for _, changes in found for row in changes]
    show.rows("Changed fields", COLUMNS, rows, format=format, empty="the fields are as the mappings know them")
    if accept and rows:
        show.remark("taken as they are: the next run goes on with them")
    return guard.DRIFT if rows and not accept else guard.OK


def _connections(loaded: settings.Settings, only: str | None) -> list[str]:
    return [name for name in loaded.connections if only in (None, name)]


def _of(opened: workspace.Workspace, name: str) -> list[tuple[Snapshot, list[dict[str, Any]]]]:
    """What differs in one system, asked now, for every kind of record that a pipeline uses."""
    mappings = _mappings(opened, name)
    with opened.store.view() as tx:
        known = {item.object: item for item in tx.schemas.list(name)}
    if not mappings:
        return []
    found = []
    with workspace.connected(opened, name) as end:
        for item in mappings:
            snapshot = schemas.glance(opened.store, end, item.object, known.get(item.object), opened.clock.now())
            if snapshot is not None and snapshot.seen is not None:
                found.append((snapshot, _rows(end, item, snapshot)))
    return found


def _mappings(opened: workspace.Workspace, name: str) -> list[Used]:
    """The kinds of record of a connection that pipelines read and write, with their mappings."""
    readers: list[Mapping] = []
    writers: list[Mapping] = []
    for pipeline in opened.settings.pipelines.values():
        files, root = pipeline.mappings, opened.settings.root
        outbound = workspace.read_mappings(files.outbound, root)
        if name == pipeline.source:
            readers += workspace.read_mappings(files.inbound, root)
            writers += [item for item in outbound if item.source_object == "status"]
        if name == pipeline.target:
            readers += workspace.read_mappings(files.payments, root)
            writers += [item for item in outbound if item.source_object != "status"]
    return list(schemas.by_object(readers, writers))


def _rows(end: End, item: Used, snapshot: Snapshot) -> list[dict[str, Any]]:
    """Each change, with what waits for it."""
    if snapshot.seen is None:
        return []
    changes = compare(snapshot.known, snapshot.seen)
    unread = unreadable(changes, item.readers)
    written = schemas.written_fields(end, item.object, item.writers)
    unwritten = unwritable(changes, written) if item.writers else []
    return [
        {
            "connection": end.name,
            "object": item.object,
            "change": str(change),
            "kind": str(change.kind),
            "field": change.field,
            "waits": _waits(
                [
                    ("reading", change in unread),
                    ("writing", change in unwritten),
                    ("records with it", change.kind is ChangeKind.CHOICES_ADDED and bool(item.readers)),
                ]
            ),
            "since": snapshot.seen_at and snapshot.seen_at.isoformat(timespec="seconds"),
        }
        for change in changes
    ]


def _waits(parts: Iterable[tuple[str, bool]]) -> str:
    return ", ".join(name for name, waits in parts if waits) or "nothing"
