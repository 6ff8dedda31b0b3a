"""A look into the store of a configuration, for the commands that only read.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billsync import schedule, settings, workspace
from billsync.store import Tx


@contextmanager
def view(config: Path) -> Iterator[Tx]:
    """One read transaction.  Raises `BadSettings` and `StoreUnusable`."""
    loaded = settings.load(config)
    with workspace.opened(loaded, schedule.SystemClock(), create=False) as opened, opened.store.view() as tx:
        yield tx
