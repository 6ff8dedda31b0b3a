"""A process that sends to the crowded system: as the one that holds the lock, or as one that helps out."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from random import Random
from typing import Any

from billsync.connector import Intent, Outcome
from billsync.push import Options, Pushed, deliver, help_out
from billsync.schedule import SystemClock
from billsync.store import Store, Tx
from tests.push.crowd import Crowded, There


def owner() -> str:
    """This process."""
    return f"worker:{os.getpid()}"


def living(tx: Tx) -> frozenset[str]:
    """Owners of claims whose processes run: what `engine/presence.py` knows by their beats."""
    found = tx.outbox.owners("erp") | {tx.foremen.get("erp") or ""}
    return frozenset(name for name in found if name and _runs(int(name.rpartition(":")[2])))


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False


def options(**more: Any) -> Options:
    return Options(**{"patience_s": 30, "alive": living, **more})


def lead(store: Store, there: There, kind: type[Crowded] = Crowded, **more: Any) -> Pushed:
    with store.lock("push-erp", owner()):
        return deliver(
            store, kind.of(there), "erp", owner=owner(), clock=SystemClock(), chance=Random(1),
            options=options(**more), report=lambda _tx, _problems: None, more=lambda: kind.of(there),
        )  # fmt: skip


def help_along(url: str, file: str, idle_s: float) -> None:
    """The body of a helping process."""
    store, there = Store.open(url), There(Path(file))
    Path(f"{file}.ready").touch()
    help_out(
        store, Crowded.of(there), "erp", owner=owner(), clock=SystemClock(), chance=Random(2), options=options(),
        report=lambda _tx, _problems: None, more=lambda: Crowded.of(there), idle_s=idle_s,
    )  # fmt: skip
    store.close()


class Dying(Crowded):
    """Ends its process in the middle of a write, when so many were written."""

    last = 12

    def one(self, intent: Intent) -> Outcome:
        if len(self.there.written(intent.object)) >= self.last:
            self.there.note("begins", intent.object, intent.key)
            os.kill(os.getpid(), signal.SIGKILL)
        return super().one(intent)


def lead_and_die(url: str, file: str) -> None:
    """The body of a process that is killed with all its hands at work."""
    lead(Store.open(url), There(Path(file)), Dying)
