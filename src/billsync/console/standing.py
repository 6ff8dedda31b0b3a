"""Figures of what stands in the store, read when somebody asks: backlog, freshness, who is at work.  (shell)"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from billsync.connector import CallLimit
from billsync.console.calls import free_calls, plan_of, shared_now
from billsync.model.gate import GateState
from billsync.observe.catalogue import STANDING
from billsync.plugins import PluginProblem
from billsync.settings import Settings
from billsync.store import BEGAN, Conflict, StoreUnusable, Tx
from billsync.workspace import Workspace

KEPT_S: Final = 15.0
"""Seconds for which an answer is good: many who ask cost the store no more than one."""
PATIENCE_S: Final = 5.0
"""Seconds in which the store has to answer: less than those that a scraper waits."""
ALIVE: Final = timedelta(seconds=60)
LATELY: Final = timedelta(days=1)

Sample = tuple[str, tuple[str, ...], float]
"""Figure, values of its labels, value."""

_AWAY: Final[list[Sample]] = [("billsync_store_up", (), 0)]


class Standing(Collector):
    """Reads the store at most every `KEPT_S` seconds; where it does not answer, says that and nothing else.

    `current` gives the workspace as it is configured now.
    """

    def __init__(self, current: Callable[[], Workspace]) -> None:
        self._configured, self._opened = current, current()
        self._lock = threading.Lock()
        self._read_at, self._samples = -KEPT_S, list[Sample]()
        self._limits = _limits(self._opened.settings)
        self._reading: threading.Thread | None = None

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """The figures without values: a registry asks for them before the store may be asked."""
        return [GaugeMetricFamily(one.name, one.meaning, labels=one.labels) for one in STANDING]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All figures that have a value."""
        samples = self._current()
        for one in STANDING:
            family = GaugeMetricFamily(one.name, one.meaning, labels=one.labels)
            for name, labels, value in samples:
                if name == one.name:
                    family.add_metric(labels, value)
            if family.samples:
                yield family

    def _current(self) -> list[Sample]:
        """What the store said lately; that it is away where it does not answer in time.

        A database that hangs holds one thread, however many ask meanwhile.
        """
        with self._lock:
            if time.monotonic() - self._read_at < KEPT_S:
                return self._samples
            if self._reading is None or not self._reading.is_alive():
                self._reading = threading.Thread(target=self._refresh, name="figures", daemon=True)
                self._reading.start()
            reading = self._reading
        reading.join(PATIENCE_S)
        return _AWAY if reading.is_alive() else self._samples

    def _refresh(self) -> None:
        self._samples = self._read()
        self._read_at = time.monotonic()

    def _read(self) -> list[Sample]:
        before, self._opened = self._opened, self._configured()
        if self._opened.settings is not before.settings:
            self._limits = _limits(self._opened.settings)
        try:
            with self._opened.store.view() as tx:
                found = [*self._of_connections(tx), *self._of_pipelines(tx), *self._of_processes(tx)]
        except (Conflict, StoreUnusable):
            return _AWAY
        return [("billsync_store_up", (), 1), *found]

    def _of_connections(self, tx: Tx) -> Iterator[Sample]:
        now = self._opened.clock.now()
        names = self._opened.settings.connections
        for name, backlog in tx.pulses.backlog(names).items():
            for state, count in backlog.states.items():
                yield "billsync_backlog", (name, state), count
            if backlog.oldest is not None:
                yield "billsync_backlog_oldest_seconds", (name,), _since(backlog.oldest, now)
        shut = {gate.connection for gate in tx.gates.list() if gate.state is not GateState.OPEN}
        for name in names:
            yield "billsync_gate_open", (name,), name not in shut
        for name, limited in self._limits.items():
            shared = shared_now(limited, tx.budgets.list(name), tx.budgets.now(now))
            for limit, free, _ in free_calls(limited, shared):
                yield "billsync_calls_free", (name, limit.name), free

    def _of_pipelines(self, tx: Tx) -> Iterator[Sample]:
        now, names = self._opened.clock.now(), self._opened.settings.pipelines
        open_problems, looked = tx.signals.problems(), tx.signals.looked()
        moved: dict[str, datetime] = {}
        for pulse in tx.pulses.list():
            if pulse.moved_at is not None:
                moved[pulse.pipeline] = max(pulse.moved_at, moved.get(pulse.pipeline, pulse.moved_at))
        for name in names:
            yield "billsync_open_problems", (name,), open_problems.get(name, 0)
            if name in looked:
                yield "billsync_freshness_seconds", (name,), _since(looked[name], now)
            if name in moved:
                yield "billsync_moved_seconds", (name,), _since(moved[name], now)
        for (name, state), at in tx.pulses.last_runs(names).items():
            yield "billsync_last_run_timestamp_seconds", (name, state), at.timestamp()
        for (name, outcome), count in tx.pulses.slots(now - LATELY).items():
            if name in names and outcome != BEGAN:
                yield "billsync_slots_last_day", (name, outcome), count

    def _of_processes(self, tx: Tx) -> Iterator[Sample]:
        for kind, count in tx.pulses.processes(tx.workers.now() - ALIVE).items():
            yield "billsync_processes_alive", (kind,), count


def _limits(settings: Settings) -> dict[str, tuple[CallLimit, ...]]:
    """Connection -> its limits of calls; without those whose connector is not there, as its runs say."""
    found: dict[str, tuple[CallLimit, ...]] = {}
    for name, connection in settings.connections.items():
        with suppress(PluginProblem):
            found[name] = plan_of(connection)
    return found


def _since(at: datetime, now: datetime) -> float:
    return max(0.0, (now - at).total_seconds())
