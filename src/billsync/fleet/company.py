"""What other processes may do of a run: read kinds of records side by side, and send documents.  (shell)"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from billsync import sync
from billsync.connector import Fault
from billsync.engine.port import Engine
from billsync.stage import facts
from billsync.stage.world import End, World

READ: Final = "read"
HAND: Final = "hand"
PARTS: Final = "parts"
"""The queue of what helps runs."""

WORTH_IT: Final = 50
"""Writes from which on it is worth while to ask others."""


class Company:
    """Those that may help with one run.

    Args:
        flow: id of the run's flow; helpers: how many processes may be asked.
    """

    def __init__(self, flow: str, engine: Engine, world: World, helpers: int) -> None:
        self._flow, self._engine, self._world, self._helpers = flow, engine, world, helpers

    def read(self, alone: Callable[[], None], *, full: bool) -> None:
        """Read; kinds of records that are read for the first time side by side.

        Raises a system's `Fault`, and `FlowFailed`.
        """
        source = self._world.source.name
        objects = list(facts.by_object(self._world.inbound))
        with self._world.store.view() as tx:
            first = [object for object in objects if full or tx.inbox.cursor(source, object) is None]
        if len(first) < 2 or not self._helpers:
            alone()
            return
        ids = [f"{self._flow}:read:{object}" for object in first]
        for id, object in zip(ids, first, strict=True):
            self._ask(READ, id, {"object": object, "full": full}, source)
        told = [self._engine.result(id, None) for id in ids]
        for name, count in (entry for each in told for entry in each["counts"].items()):
            self._world.tally.add(name, count)
        if faults := [each["fault"] for each in told if each["fault"]]:
            raise Fault(*faults[0])

    def push(self, alone: Callable[[], None], end: End | None) -> None:
        """Send; where there is much to send, others help."""
        if end is not None and self._helpers and sync.to_send(self._world, end) >= WORTH_IT:
            self._call(end)
        alone()

    def _call(self, end: End) -> None:
        """Ask others, and divide the calls that the system bears at once."""
        bears = self._world.options.calls_at_once or end.connector.capabilities.calls_at_once
        helpers = min(self._helpers, bears - 1)
        each = bears // (helpers + 1)
        self._world.shares[end.name] = bears - helpers * each
        at = self._world.now().strftime("%Y%m%dT%H%M%S.%f")
        for number in range(helpers):
            self._ask(HAND, f"{self._flow}:hand:{end.name}:{at}:{number}", {"end": end.name, "calls": each}, end.name)

    def _ask(self, flow: str, id: str, more: dict[str, Any], partition: str) -> None:
        world = self._world
        asked = {"pipeline": world.pipeline, "run": world.run, "through": str(world.through)} | more
        self._engine.enqueue(PARTS, flow, id, asked, partition=partition)
