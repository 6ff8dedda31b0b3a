"""The operating system's locks: they end with their process, and on a network they may be lost while it lives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from billsync.store import Held
from billsync.store import locks as real
from tests.simulation.scheduler import Process, running


@dataclass
class Locks:
    """Who holds what."""

    held: dict[tuple[Path, str], tuple[str, Process | None]] = field(default_factory=dict)

    @contextmanager
    def file_lock(self, database: Path, name: str, owner: str, *, wait: bool = False) -> Iterator[None]:
        """In place of the store's own: no file, the same promises."""
        key, process = (database, name), running()
        if key in self.held:
            raise Held(name, self.held[key][0])
        mine = self.held[key] = (owner, process)
        try:
            yield
        finally:
            if self.held.get(key) is mine:
                del self.held[key]

    def lose(self, process: Process) -> bool:
        """The lock server forgets a process that goes on living.  True where it held any."""
        lost = [key for key, (_, holder) in self.held.items() if holder is process]
        for key in lost:
            del self.held[key]
        return bool(lost)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """The store takes these for the length of the block."""
        with patch.object(real, "file_lock", self.file_lock):
            yield
