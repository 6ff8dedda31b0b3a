"""A process that carries out runs: its workspace, its presence, its engine, and the flows it knows.  (shell)"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from billsync import __version__, observe, workspace
from billsync.engine.durable import DurableEngine
from billsync.engine.port import Engine, Queue
from billsync.engine.presence import Presence, new_id
from billsync.fleet.company import PARTS
from billsync.fleet.runs import RUNS, Runs
from billsync.push import Clock
from billsync.settings import Settings
from billsync.store import Conflict, StoreUnusable
from billsync.workspace import Workspace

ALIVE_S: Final = 60.0
TIDY: Final = timedelta(hours=6)
KEPT: Final = timedelta(days=30)
"""How long flows that ended are kept, and how often older ones are forgotten."""
PUMP_S: Final = 1.0
"""Seconds from one look for flows that were enqueued with a transaction to the next."""


@dataclass
class Member:
    """One process at work.

    Attributes:
        stop_within_s: seconds that runs which are under way have to end when this process does.
    """

    opened: Workspace
    engine: Engine
    presence: Presence
    runs: Runs
    stop_within_s: float
    _tidied: datetime | None = None

    def use(self, settings: Settings) -> None:
        """Carry out from now on what another configuration says; what runs goes on as it began."""
        self.opened = replace(self.opened, settings=settings)

    def run(self, stop: threading.Event, alive: Callable[[str, float], None]) -> None:
        """Be at work until `stop` is set; `alive` is told that the loop goes on, and until when it says so again."""
        while not stop.wait(PUMP_S):
            alive("worker", ALIVE_S)
            try:
                self._look_after_flows()
            except (Conflict, StoreUnusable) as error:  # the store was restarted: the next look may find it
                reason = getattr(error, "reason", "conflict")
                observe.event("flows_not_looked_after", level="warning", reason=reason)

    def _look_after_flows(self) -> None:
        self.engine.pump()
        now = self.opened.clock.now()
        if self._tidied is None or now - self._tidied > TIDY:
            self.engine.tidy(now - KEPT)
            self._tidied = now


@dataclass(slots=True)
class Pump:
    """Beside a daemon: hands over flows that were enqueued with a transaction."""

    member: Member
    name: str = "pump"

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        self.member.run(stop, lambda _loop, _within_s: None)


@contextmanager
def at_work(
    settings: Settings,
    clock: Clock,
    kind: str,
    *,
    lost: Callable[[], None],
    troubled: Callable[[Exception], None],
    carries_out: bool = True,
    stop_within_s: float = 30.0,
    doc: dict[str, Any] | None = None,
) -> Iterator[Member]:
    """A process at work, until the end of the block; runs that are under way then may end within `stop_within_s`.

    `lost` is called where others declared this process dead: it has to end, and may come back under another id;
    `troubled` tells people of what ended a run.
    With `carries_out` False it only gives runs to others.  Raises `StoreUnusable`.
    """
    id = new_id()
    with workspace.opened(settings, clock, owner=id) as opened:
        engine = DurableEngine(opened.store, id, clock.now, carries_out=carries_out)
        presence = Presence(opened.store, id, kind, version=__version__, rescue=engine.rescue, lost=lost, doc=doc)
        made: list[Member] = []
        runs = Runs(
            lambda: made[0].opened, engine, alive=lambda tx: tx.workers.alive(), sure=presence.sure, troubled=troubled
        )
        made.append(Member(opened, engine, presence, runs, stop_within_s))
        engine.declare(Queue(RUNS, each=settings.engine.runs_at_once, partition=1, partition_each=1))
        engine.declare(Queue(PARTS, each=settings.engine.runs_at_once, partition_each=1))
        with presence:
            try:
                engine.launch()
                yield made[0]
            finally:
                engine.close(0 if presence.dead or presence.outdated else made[0].stop_within_s)
