"""A daemon that others declared dead while it was held up: it ends, says why, and may be started again."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from billsync import settings, workspace
from billsync.cli import daemon, guard
from billsync.schedule import SystemClock
from billsync.store import Store
from billsync.store.fleet_tables import workers
from tests.daemon.test_service import write


@pytest.fixture
def handlers() -> Iterator[None]:
    """A daemon hears signals; afterwards they are heard as before."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def bury(store: Store) -> None:
    """Declare dead whoever joins first, in the moment in which it joins."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with store.aside() as tx:
            for one in tx.workers.at_work():
                late = tx.workers.now() - timedelta(minutes=1)
                tx.workers._conn.execute(update(workers).where(workers.c.id == one.id).values(beat_at=late))
                assert tx.workers.declare_dead(one.id)
                return
        time.sleep(0.01)


@pytest.mark.usefixtures("handlers")
def test_a_daemon_that_is_declared_dead_as_it_starts_ends(
    tmp_path: Path, sqlite_template: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(sqlite_template, tmp_path / "billsync.db")
    monkeypatch.setattr(daemon, "LOOK_S", 0.2)
    file = write(tmp_path, "{cron: '0 6 * * *'}")
    with workspace.opened(settings.load(file), SystemClock()) as opened:
        other = threading.Thread(target=bury, args=(opened.store,))
        other.start()
        code = daemon.run(file, 5, daemon.Motion())
        other.join(20)
    assert code == guard.HELD
    assert "others declared this process dead" in capfd.readouterr().err
