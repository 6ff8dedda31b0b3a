"""`db backup --portable` and `db restore --into`: the store as one file, and from one kind of database to another.

(shell)
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from billsync import __version__, schedule, settings
from billsync.cli import guard, progress, show
from billsync.model.gate import Gate, GateState
from billsync.settings import Settings
from billsync.stage.world import Progress
from billsync.store import Store, Tx, copying, portable

_ASKED = "billsync recover"


def is_portable(file: Path) -> bool:
    """Whether the file is a portable copy."""
    return file.is_file() and portable.is_one(file)


def export(loaded: Settings, file: Path) -> int:
    """Copy the store into a portable file."""
    at = schedule.SystemClock().now()
    with progress.shown() as shown:
        made = portable.export(loaded.store, file, at=at, made_by=__version__, advance=_stages(shown))
    show.line(f"{file}: {file.stat().st_size:,} bytes, {made.rows:,} rows, schema {made.schema}")
    show.line(f"the audit chain ends in row {made.audit_seq} with {made.audit_hash}")
    return guard.OK


def restore(config: Path, file: Path, into: str | None) -> int:
    """Make an empty store from a copy of any kind, and hold back what would be sent."""
    loaded, clock = settings.load(config), schedule.SystemClock()
    url = _url(into) if into is not None else loaded.store
    closed: list[str] = []

    def finish(tx: Tx) -> None:
        closed[:] = held_back(tx, loaded, f"restored from {file.name}", clock.now())

    with progress.shown() as shown, tempfile.TemporaryDirectory(prefix="billsync-restore-") as folder:
        source = file if is_portable(file) else _portable(file, Path(folder), clock.now(), _stages(shown))
        made = portable.load(url, source, finish=finish, advance=_stages(shown))
    show.line(f"{made.rows:,} rows, every table and the audit chain as in the copy of {made.at[:19]}")
    if into is not None:
        show.line("now name that store under `store:` in the configuration, and on every machine that works with it")
    return told(closed)


def _portable(file: Path, folder: Path, at: datetime, advance: portable.Advance) -> Path:
    """A backup of SQLite as a portable copy; the backup itself is left as it is.  Raises `StoreUnusable`."""
    copying.check(file)
    copy, made = folder / "copy.db", folder / "copy.zip"
    copying.restore(f"sqlite:///{copy}", file, folder / "none")
    Store.open(f"sqlite:///{copy}", create=True).close()  # brings an older one to this version's schema
    portable.export(f"sqlite:///{copy}", made, at=at, made_by=__version__, advance=advance)
    return made


def _url(text: str) -> str:
    kind, _, name = text.partition(":")
    if kind != "env":
        return text
    if not os.environ.get(name):
        raise guard.Wrong(f"the environment variable {show.visible(name)} is not set: it should hold the store's URL")
    return os.environ[name]


def _stages(shown: Progress) -> Callable[[str, int], None]:
    """A stage for each table that has rows."""
    now = [""]

    def advance(table: str, rows: int) -> None:
        if table != now[0]:
            now[0] = table
            shown.stage(f"Copy {table}")
        shown.advance(rows)

    return advance


def held_back(tx: Tx, loaded: Settings, detail: str, at: datetime) -> list[str]:
    """Close the gate of every connection that is written to.  Gives their names."""
    targets = {pipeline.target for pipeline in loaded.pipelines.values() if pipeline.target}
    names = sorted(targets | set(tx.outbox.counts()))
    for name in names:
        gate = Gate(connection=name, state=GateState.RECOVERING, reason="restored", detail=detail, at=at)
        tx.gates.put(gate)
    return names


def told(closed: list[str]) -> int:
    """Say what is held back."""
    if closed:
        show.line(f"nothing is sent to {', '.join(closed)} until `{_ASKED}` has compared what stands there")
    return guard.OK
