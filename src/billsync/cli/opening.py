"""A configuration opened by the commands that only read: its store as it is, or an empty one.  (shell)"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billsync import schedule, settings, workspace
from billsync.store import Store, StoreUnusable, Tx


@contextmanager
def view(config: Path) -> Iterator[Tx]:
    """One read transaction.  Raises `BadSettings` and `StoreUnusable`."""
    loaded = settings.load(config)
    with workspace.opened(loaded, schedule.SystemClock(), create=False) as opened, opened.store.view() as tx:
        yield tx


@contextmanager
def opened_or_empty(config: Path) -> Iterator[workspace.Workspace]:
    """The workspace; where there is no store yet, with an empty one that is gone afterwards.

    Raises `BadSettings` and `StoreUnusable`.
    """
    loaded, clock = settings.load(config), schedule.SystemClock()
    try:
        Store.open(loaded.store).close()
    except StoreUnusable as error:
        if error.reason != "store_missing":
            raise
    else:
        with workspace.opened(loaded, clock, create=False) as opened:
            yield opened
        return
    with tempfile.TemporaryDirectory(prefix="billsync-empty-") as folder:
        store = Store.open(f"sqlite:///{folder}/empty.db", create=True)
        try:
            yield workspace.Workspace(loaded, store, clock, workspace.owner_name())
        finally:
            store.close()
