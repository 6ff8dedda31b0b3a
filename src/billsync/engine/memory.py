"""The engine without durability: flows are carried out by threads of this process, and end with it.  (shell)"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from billsync.engine.exactly import TRIES, OnStore, words
from billsync.engine.port import Body, Flow, FlowFailed, NotYet, Queue
from billsync.store import Store, Tx
from billsync.store.errors import is_away

AGAIN_S: Final = 0.1
"""Seconds until a function is called again whose store was away."""


@dataclass
class _Run:
    """One flow: how far it is, and what it was told."""

    id: str
    flow: str
    asked: dict[str, Any]
    queue: str = ""
    partition: str = ""
    state: str = "waiting"
    value: Any = None
    steps: dict[str, Any] = field(default_factory=dict)
    told: dict[str, deque[Any]] = field(default_factory=lambda: defaultdict(deque))


class MemoryEngine(OnStore):
    """`Engine` of one process.

    Args:
        owner: this process; now: the time.
    """

    def __init__(self, store: Store, owner: str, now: Callable[[], datetime]) -> None:
        super().__init__(store, owner, now)
        self._bodies: dict[str, Body] = {}
        self._queues: dict[str, Queue] = {}
        self._runs: dict[str, _Run] = {}
        self._changed = threading.Condition()
        self._open = False

    def register(self, name: str, body: Body) -> None:
        """Make a kind of flow known."""
        self._bodies[name] = body

    def declare(self, queue: Queue) -> None:
        """Make a queue known."""
        self._queues[queue.name] = queue

    def launch(self) -> None:
        """From now on flows are carried out."""
        with self._changed:
            self._open = True
            self._begin_what_may()

    def close(self, wait_s: float = 0) -> None:
        """Take no more flows, and wait so long for those that run."""
        with self._changed:
            self._open = False
            self._changed.wait_for(lambda: not any(run.state == "running" for run in self._runs.values()), wait_s)

    def start(self, id: str, flow: str, asked: dict[str, Any]) -> bool:
        """Carry a flow out now.  False where one of that id was started already."""
        with self._changed:
            if id in self._runs:
                return False
            self._runs[id] = _Run(id, flow, asked)
            self._begin(self._runs[id])
            return True

    def enqueue(self, queue: str, flow: str, id: str, asked: dict[str, Any], *, partition: str = "") -> bool:
        """Carry a flow out when its queue lets it.  False where one of that id was started already."""
        with self._changed:
            if id in self._runs:
                return False
            self._runs[id] = _Run(id, flow, asked, queue, partition)
            self._begin_what_may()
            return True

    def result(self, id: str, timeout_s: float | None) -> Any:
        """What a flow gave.  Raises `NotYet` and `FlowFailed`."""
        with self._changed:
            run = self._runs[id]
            if not self._changed.wait_for(lambda: run.state in ("done", "failed"), timeout_s):
                raise NotYet(id)
            if run.state == "failed":
                raise FlowFailed(run.value)
            return run.value

    def state(self, id: str) -> str | None:
        """How far a flow is; None where there is none of that id."""
        run = self._runs.get(id)
        return run.state if run is not None else None

    def signal(self, id: str, topic: str, value: Any) -> None:
        """Tell a flow something."""
        with self._changed:
            self._runs[id].told[topic].append(value)
            self._changed.notify_all()

    def rescue(self) -> int:
        """Nobody else's flows are here."""
        return 0

    def tidy(self, before: datetime) -> int:
        """Forget steps; flows end with this process."""
        self.forget_steps(before)
        return 0

    # ------------------------------------------------------------ inside

    def _begin_what_may(self) -> None:
        for run in self._runs.values():
            if self._open and run.state == "waiting" and self._may_begin(run):
                self._begin(run)

    def _may_begin(self, run: _Run) -> bool:
        queue = self._queues[run.queue]
        busy = [other for other in self._runs.values() if other.state == "running" and other.queue == run.queue]
        same = Counter(other.partition for other in busy)[run.partition]
        bounds = [(queue.each, len(busy)), (queue.partition, same), (queue.partition_each, same)]
        return all(limit is None or now < limit for limit, now in bounds)

    def _begin(self, run: _Run) -> None:
        run.state = "running"
        threading.Thread(target=self._carry_out, args=[run], daemon=True, name=run.id).start()

    def _carry_out(self, run: _Run) -> None:
        value, state = self._ended(run)
        with self._changed:
            run.value, run.state = value, state
            self._begin_what_may()
            self._changed.notify_all()

    def _ended(self, run: _Run) -> tuple[Any, str]:
        """What a flow gives, or the words of its error, and its state."""
        for tries in range(TRIES + 1):
            try:
                return self._bodies[run.flow](_MemoryFlow(self, run), run.asked), "done"
            except Exception as error:  # noqa: BLE001  whoever asks for the result is told
                if tries == TRIES or not is_away(error):
                    return words(error), "failed"
            time.sleep(AGAIN_S)
        raise AssertionError("the last try gives something")


class _MemoryFlow(Flow):
    def __init__(self, engine: MemoryEngine, run: _Run) -> None:
        self._engine, self._run = engine, run

    @property
    def id(self) -> str:
        return self._run.id

    def step(self, name: str, do: Callable[[], Any]) -> Any:
        if name not in self._run.steps:
            self._run.steps[name] = do()
        return self._run.steps[name]

    def transaction(self, name: str, do: Callable[[Tx], Any]) -> Any:
        return self._engine.once(self.id, name, do)

    def wait(self, topic: str, timeout_s: float) -> Any:
        engine = self._engine
        with engine._changed:  # noqa: SLF001
            told = self._run.told[topic]
            engine._changed.wait_for(lambda: bool(told), timeout_s)  # noqa: SLF001
            return told.popleft() if told else None
