"""`db upgrade/check`.  (shell)"""

from __future__ import annotations

from pathlib import Path

from billsync import schedule, settings, workspace
from billsync.cli import guard, show
from billsync.store import Store


def upgrade(config: Path) -> int:
    """Make the store or bring it up to date."""
    loaded = settings.load(config)
    Store.open(loaded.store, create=True).close()
    show.line("the store is up to date")
    return guard.OK


def check(config: Path, format: show.Format) -> int:
    """Whether the store is whole."""
    with workspace.opened(settings.load(config), schedule.SystemClock(), create=False) as opened:
        remarks = opened.store.check()
    show.rows("Store", ["remark"], [{"remark": text} for text in remarks], format=format, empty="the store is whole")
    return guard.OK
