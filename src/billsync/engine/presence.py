"""This process among those that share the store: its id, its beat, and what becomes of those that died.  (shell)"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from billsync import observe
from billsync.store import Store, StoreUnusable
from billsync.store.presence import DEAD_AFTER_S

BEAT_S: Final = 1.0
"""Seconds from one beat to the next."""
AGAIN: Final = 10
"""Beats from one look at those that are long gone to the next."""
MARGIN_S: Final = 2.0
"""Seconds before others count this process as dead, from which on it does nothing more that others would see."""


def new_id() -> str:
    """An id for this process that no other ever had: host, process and the moment of its start."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{time.time_ns() // 1_000_000:x}"


class Presence:
    """Beats while the block lasts, looks for those that died, and knows whether this process may still act.

    Args:
        rescue: lets others go on with what processes that died had begun.
        lost: is called once, in a thread of its own, where this process was declared dead, or is outdated: it ends.
    """

    def __init__(
        self,
        store: Store,
        id: str,
        kind: str,
        *,
        version: str,
        rescue: Callable[[list[str]], int],
        lost: Callable[[], None],
        doc: dict[str, Any] | None = None,
    ) -> None:
        self.id = id
        self._store, self._kind, self._version, self._doc = store, kind, version, doc or {}
        self._rescue, self._lost = rescue, lost
        self._stop = threading.Event()
        self._beat_began = 0.0
        self._dead = self._outdated = False
        self._thread = threading.Thread(target=self._beats, daemon=True, name="presence")

    def __enter__(self) -> Presence:
        """Be at work."""
        self._beat_began = time.monotonic()
        with self._store.aside() as tx:
            tx.workers.join(
                self.id,
                self._kind,
                host=socket.gethostname(),
                pid=os.getpid(),
                version=self._version,
                doc=self._doc,
            )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Be at work no more."""
        self._stop.set()
        self._thread.join(5)
        if not self._dead:
            try:
                with self._store.aside() as tx:
                    tx.workers.leave(self.id)
            except StoreUnusable:
                observe.event("leave_failed", level="warning", worker=self.id)

    def sure(self) -> bool:
        """Whether others still count this process as living, by the beat that is on record.

        After a pause (a suspended machine, SIGSTOP) it is not until it beat again, and may never be.
        """
        return not (self._dead or self._outdated) and time.monotonic() - self._beat_began < DEAD_AFTER_S - MARGIN_S

    @property
    def outdated(self) -> bool:
        """Whether a newer billsync changed the store so that this process can do no more."""
        return self._outdated

    @property
    def dead(self) -> bool:
        """Whether this process was declared dead."""
        return self._dead

    def _beats(self) -> None:
        number = 0
        while not self._stop.wait(BEAT_S):
            number += 1
            try:
                if not self._beat():
                    return
                self._look(again=number % AGAIN == 0)
            except StoreUnusable as error:
                observe.event("beat_failed", level="warning", worker=self.id, reason=error.reason)
                if error.reason == "schema_newer":  # nothing that this process knows how to do may be done any more
                    self._outdated = True
                    self._lost()
                    return

    def _beat(self) -> bool:
        began = time.monotonic()
        with self._store.aside() as tx:
            at_work = tx.workers.beat(self.id)
        if at_work:
            self._beat_began = began
            return True
        self._dead = True
        observe.event("declared_dead", level="error", worker=self.id)
        self._lost()
        return False

    def _look(self, *, again: bool) -> None:
        """Declare those dead that did not beat, cut them off, and let others go on with what they had begun.

        With `again` those too that were declared dead before: who did may have died over it.
        """
        with self._store.view() as tx:
            overdue = [worker.id for worker in tx.workers.overdue() if worker.id != self.id]
            gone = tx.workers.gone(timedelta(days=1)) if again else frozenset()
        for id in overdue:
            with self._store.aside() as tx:
                mine = tx.workers.declare_dead(id)
            if mine:
                self._bury(id)
        if gone:
            self._rescue(sorted(gone))

    def _bury(self, id: str) -> None:
        with self._store.aside() as tx:
            cut = tx.workers.cut_off(id)
        flows = self._rescue([id])
        observe.event("worker_dead", level="warning", dead=id, sessions=cut, flows=flows)
        observe.count("billsync_workers_dead_total")
