"""A process that is at work: its id, its beat, and whether it may still act.  (shell)"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from billsync import observe
from billsync.engine.reaper import Reaper
from billsync.store import Conflict, Store, StoreUnusable
from billsync.store.presence import DEAD_AFTER_S

BEAT_S: Final = 1.0
"""Seconds from one beat to the next."""
MARGIN_S: Final = 2.0
"""Seconds before others count this process as dead, from which on it does nothing more that others would see."""


def new_id() -> str:
    """An id for this process that no other ever had: host, process and the moment of its start."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{time.time_ns() // 1_000_000:x}"


def passed_s() -> float:
    """Seconds on a clock that goes on while the machine is suspended, which `time.monotonic` on Linux does not."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Presence:
    """Beats while the block lasts, looks for those that died, and knows whether this process may still act.

    Args:
        rescue: lets others go on with what processes had begun that are at work no more.
        lost: is called once, in a thread of its own, where this process was declared dead, or is outdated: it ends.
    """

    def __init__(
        self,
        store: Store,
        id: str,
        kind: str,
        *,
        version: str,
        rescue: Callable[[], int],
        lost: Callable[[], None],
        doc: dict[str, Any] | None = None,
    ) -> None:
        self.id = id
        self._store, self._kind, self._version, self._doc = store, kind, version, doc or {}
        self._lost = lost
        self._stop = threading.Event()
        self._beat_began: float | None = None
        self._dead = self._outdated = False
        self._reaper = Reaper(store, id, rescue, sure=self.sure)
        self._threads = [
            threading.Thread(target=self._beats, daemon=True, name="presence"),
            # what is done for others takes its time, and must not hold up the beat of this process
            threading.Thread(target=self._looks, daemon=True, name="reaper"),
        ]

    def __enter__(self) -> Presence:
        """Be at work."""
        began = passed_s()
        with self._store.aside() as tx:
            tx.workers.join(
                self.id,
                self._kind,
                host=socket.gethostname(),
                pid=os.getpid(),
                version=self._version,
                doc=self._doc,
            )
        self._beat_began = began
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Be at work no more."""
        self._stop.set()
        for thread in self._threads:
            thread.join(5)
        self._beat_began = None
        if not self._dead:
            try:
                with self._store.aside() as tx:
                    tx.workers.leave(self.id)
            except (Conflict, StoreUnusable):
                observe.event("leave_failed", level="warning", worker=self.id)

    def sure(self) -> bool:
        """Whether others still count this process as living, by the beat that is on record.

        After a pause (a suspended machine, SIGSTOP) it is not until it beat again, and may never be.
        """
        began = self._beat_began
        if began is None or self._dead or self._outdated:
            return False
        return passed_s() - began < DEAD_AFTER_S - MARGIN_S

    @property
    def outdated(self) -> bool:
        """Whether a newer billsync changed the store so that this process can do no more."""
        return self._outdated

    @property
    def dead(self) -> bool:
        """Whether this process was declared dead."""
        return self._dead

    def _beats(self) -> None:
        while not self._stop.wait(BEAT_S):
            try:
                if not self._beat():
                    return
            except Exception as error:  # noqa: BLE001  a process that is at work must not cease to beat
                reason = getattr(error, "reason", type(error).__name__)
                observe.event("beat_failed", level="warning", worker=self.id, reason=reason)
                if reason == "schema_newer":  # nothing that this process knows how to do may be done any more
                    self._outdated = True
                    self._lost()
                    return

    def _beat(self) -> bool:
        began = passed_s()
        with self._store.aside() as tx:
            at_work = tx.workers.beat(self.id)
        if at_work:
            self._beat_began = began
            return True
        self._dead = True
        observe.event("declared_dead", level="error", worker=self.id)
        self._lost()
        return False

    def _looks(self) -> None:
        while not self._stop.wait(BEAT_S):
            try:
                self._reaper.look(passed_s())
            except Exception as error:  # noqa: BLE001  the next look may succeed
                reason = getattr(error, "reason", type(error).__name__)
                observe.event("rescue_failed", level="warning", worker=self.id, reason=reason)
