"""The fields that `mapping lint` compares with: as a system tells them now, or as a run saw them last.  (shell)"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from billsync import workspace
from billsync.cli import mapping_files, show
from billsync.cli.mapping_files import File
from billsync.cli.opening import opened_or_empty
from billsync.connector import Connector, Refused, Schema
from billsync.mapping import Mapping
from billsync.settings import Settings


class Schemas:
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
