"""One history: the real core between a simulated CRM and ERP, from its first minute until all has come to rest."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from random import Random
from typing import Final

from sqlalchemy import text

from billsync import logbook, sync
from billsync.connector import Target
from billsync.invoicing.policy import InvoicingRules
from billsync.model.delivery import DONE
from billsync.push import Options
from billsync.stage.world import End, Silent, World
from billsync.store import Conflict, Held, IllegalMove, Store
from billsync.store.types import moment_text
from tests.simulation import content
from tests.simulation.crm import Crm, CrmConnector
from tests.simulation.disk import disk, open_transactions
from tests.simulation.erp import Erp
from tests.simulation.erp_connector import ErpConnector, sheet
from tests.simulation.locks import Locks
from tests.simulation.network import Network
from tests.simulation.people import Bookkeeper, Sales
from tests.simulation.scheduler import DAY, HOUR, MIN, SEC, Process, Sim, VirtualClock, running
from tests.simulation.setup import Draw, Setup

ROUNDS: Final = 60
"""Quiet hours after which a system that still moves counts as one that never comes to rest."""


@dataclass
class Simulation:
    """Everything of one history.

    Attributes:
        runs: how many runs came to their end; quiet: whether the last one of them changed nothing.
        slow: True while it only waits for what is due days later.
    """

    setup: Setup
    sim: Sim = field(init=False)
    runs: int = 0
    quiet: bool = False
    slow: bool = False

    def __post_init__(self) -> None:
        self.sim = Sim(self.setup.seed)
        self.draw = Draw(self.setup)
        self.locks = Locks()
        disk().clear()
        draw = self.draw
        self.network = Network(
            self.sim, draw.weights, self.setup.late_s * SEC, draw.dark, duplicates=self.setup.duplicates
        )
        self.crm = Crm(self.sim, busy=draw.busy, late=draw.late)
        kind, doubles = self.setup.kind, self.setup.unsettled and self.setup.kind in (Target.SEARCH, Target.NONE)
        self.erp = Erp(self.sim, kind, lag=draw.lag, two_steps=draw.two_steps, doubles_allowed=doubles)
        self.capabilities = sheet(kind, batch_max=draw.batch_max, ordered=draw.ordered, searchable=draw.searchable)
        self.until = max(self.setup.hours * HOUR, draw.dark[1] + HOUR)
        self.store = disk().store("person", self._point)
        self.bookkeeper = Bookkeeper(self.sim, self.store, self.erp)
        self._head = ""
        self._seen = -1

    # ------------------------------------------------------------ processes

    def _daemon(self, process: Process) -> None:
        """What `billsync daemon` does: a run whenever a bell rings, until it is killed."""
        store = disk().store(process.base, self._point)
        process.open_transactions = partial(open_transactions, store)
        while True:
            process.sleep(self._interval())
            if not self._worth_a_run():
                continue
            seen, self.quiet = self.sim.changes, False
            slot = str(self.sim.t // (5 * MIN))
            full = self.sim.chance(self.draw.resync)
            try:
                report = logbook.in_slot(
                    store,
                    VirtualClock(self.sim),
                    process.name,
                    "billing",
                    slot,
                    partial(self._run, process, store, full),
                )
            except Held:
                self.sim.note("finds the run taken")
            except (Conflict, IllegalMove) as error:
                self._disturbed(error)
            except Exception as error:  # noqa: BLE001  whatever escapes a run is a finding
                self.sim.wrong(f"EXCEPTION {type(error).__name__}: {error}")
                self.sim.note(traceback.format_exc())
            else:
                self._ended(report, seen)

    def _worth_a_run(self) -> bool:
        """Whether a run could find anything to do: idle ones would only cost time."""
        if self.sim.changes != self._seen or not self.quiet:
            return True
        due = text("SELECT 1 FROM deliveries WHERE next_at <= :now OR state IN ('READY', 'INFLIGHT') LIMIT 1")
        with self.store.view() as tx:
            return tx.conn.execute(due, {"now": moment_text(self.sim.now())}).first() is not None

    def _interval(self) -> int:
        rng = self.sim.rng
        if self.slow:
            return rng.randrange(24 * HOUR, 48 * HOUR)
        return rng.randrange(2 * MIN, 100 * MIN) if self.sim.faults_on else rng.randrange(20 * MIN, 90 * MIN)

    def _disturbed(self, error: Exception) -> None:
        """The books refuse what a run does that lost its lock; nobody else may see this."""
        self.sim.note(f"the books refuse: {error}")
        if not self.sim.faults["lock_lost"]:
            self.sim.wrong(f"EXCEPTION {type(error).__name__}: {error}")

    def _ended(self, report: sync.Report | None, seen: int) -> None:
        if report is None:
            return
        if not report.offline:
            self._seen = seen
        self.runs += 1
        self.sim.note(f"run ends: exit {report.exit_code} {report.counts} {report.offline}")
        head = self.head()
        self.quiet = head == self._head and report.exit_code in (0, 1)
        self._head = head

    def _run(self, process: Process, store: Store, full: bool, run: str) -> sync.Report:
        if full:
            self.sim.faults["full_resync"] += 1
        return sync.run(self._world(process, store, run), full=full)

    def _world(self, process: Process, store: Store, run: str) -> World:
        return World(
            pipeline="billing",
            store=store,
            source=End("crm", CrmConnector.of(self.crm, self.network)),
            target=End("erp", ErpConnector.of(self.erp, self.network, self.capabilities)),
            inbound=content.inbound(),
            outbound=content.outbound(),
            payments=content.payments(),
            status=content.status(),
            rules=InvoicingRules.model_validate({"grouping": self.draw.grouping, "series": "INV-{seq:04}"}),
            through=date(2026, 6, 30),
            run=run,
            owner=process.name,
            clock=VirtualClock(self.sim),
            chance=Random(f"{self.setup.seed}/{run}"),
            options=Options(patience_s=self.draw.patience_s, insists=False),
            progress=Silent(),
        )

    def _point(self, name: str) -> None:
        """Around each commit: the process may die on both sides of it, and be stopped after it."""
        process = running()
        if process is not None:
            process.maybe_crash()
            if name.endswith(":after-commit"):
                process.maybe_pause()

    # ------------------------------------------------------------ the course of things

    def live(self) -> None:
        """People and faults at work, then quiet until nothing moves any more."""
        with self.locks.installed():
            Sales(self.sim, self.crm, self.draw, self.setup.hours * HOUR).plan()
            self._every(3 * HOUR, self.bookkeeper.look)
            self._every(HOUR, self._work_in_erp)
            daemons = [
                Process(self.sim, name, self._daemon, crash=self.draw.crash, pause=self.draw.pause) for name in "AB"
            ]
            for daemon in daemons:
                daemon.on_pause = partial(self._stopped, daemon)
            try:
                self.sim.run(self.until)
                self.sim.faults_on = False
                self.quiet = False
                self._rest()
                if self.draw.sweeps:
                    self._wait_for_sweeps()
            finally:
                for daemon in daemons:
                    daemon.end()

    def _stopped(self, process: Process) -> None:
        if self.sim.chance(self.draw.lock_lost) and self.locks.lose(process):
            self.sim.faults["lock_lost"] += 1

    def _every(self, period: int, do: Callable[[], None]) -> None:
        def again() -> None:
            do()
            self.sim.after(period, again)

        self.sim.after(period, again)

    def _work_in_erp(self) -> None:
        rng = self.sim.rng
        if self.sim.faults_on and rng.random() < 0.6:
            self.erp.book_payment()
        if self.sim.chance(self.draw.erp_unpay):
            self.erp.mend_payment()
        if self.sim.chance(self.draw.erp_edit):
            self.erp.edit_one(self._confirmed())
        if self.sim.chance(self.draw.erp_void):
            self.erp.void_one(self._confirmed())

    def _wait_for_sweeps(self) -> None:
        """A week and more, until everything was looked at again and what that found has come to rest."""
        self.slow = True
        self.sim.run(self.sim.t + 9 * DAY)
        self.slow, self.quiet = False, False
        self._rest()

    def _rest(self) -> None:
        for _ in range(ROUNDS):
            self.sim.run(self.sim.t + HOUR)
            if self.quiet and self.head() == self._head and not self.open_writes():
                return
        self.sim.wrong(f"STUCK {self.open_writes()}")

    # ------------------------------------------------------------ questions

    def open_writes(self) -> list[str]:
        """Writes that have not taken effect, with their state."""
        with self.store.view() as tx:
            found = tx.outbox.list(limit=10_000)
        return [f"{row.key} {row.state} {row.reason}" for row in found if row.state not in DONE]

    def _confirmed(self) -> set[str]:
        """Invoices known to have been sent: what people do to one before that, nobody can tell."""
        with self.store.view() as tx:
            return {row.our_id for row in tx.outbox.list(kind="invoice", states=DONE, limit=1000)}

    def head(self) -> str:
        """The end of the audit chain: the whole history in one hash."""
        with self.store.view() as tx:
            return str(tx.conn.execute(text("SELECT hash FROM audit_head")).scalar() or "")


@contextmanager
def simulated(setup: Setup) -> Iterator[Simulation]:
    """A history, lived to its end; its store is there for the length of the block."""
    collecting = gc.isenabled()
    gc.disable()  # a history is short, and greenlets are not to die in an order of the collector's
    try:
        simulation = Simulation(setup)
        simulation.live()
        yield simulation
    finally:
        if collecting:
            gc.enable()
