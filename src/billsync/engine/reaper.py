"""Processes that died: declared dead, cut off from the database, and what they had begun given to others.  (shell)

Every process that is at work looks.  Who declares another one dead must have seen it without a beat for a while: after
a pause that all of them had (a suspended machine, a database that stood still) each gets the time for its next beat.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from billsync import observe
from billsync.store import Store
from billsync.store.presence import DEAD_AFTER_S

AGAIN_S: Final = 10.0
"""Seconds from one look for flows that nobody carries out to the next."""
PAUSE_S: Final = 3.0
"""Seconds between two looks from which on this process was paused itself, and what it saw before says nothing."""


class Reaper:
    """Looks, about once in a second.

    Args:
        id: this process; rescue: lets others go on with what processes had begun that are at work no more.
        sure: whether this process is counted as living itself.
    """

    def __init__(self, store: Store, id: str, rescue: Callable[[], int], *, sure: Callable[[], bool]) -> None:
        self._store, self._id, self._rescue, self._sure = store, id, rescue, sure
        self._seen: dict[str, tuple[datetime, float]] = {}
        self._looked = self._again = 0.0

    def look(self, now_s: float) -> None:
        """Declare dead who did not beat, and let others go on; `now_s` counts seconds, from any moment on.

        From time to time others may go on in any case: who declared one dead may have died over it, and one that was
        stopped may have left a run behind, however long ago.
        """
        paused = now_s - self._looked > PAUSE_S
        self._looked = now_s
        if paused or not self._sure():
            self._seen.clear()
        if not self._sure():
            return
        for id in self._silent(now_s):
            with self._store.aside() as tx:
                mine = tx.workers.declare_dead(id)
            if mine:
                self._bury(id)
        if now_s - self._again >= AGAIN_S:
            self._again = now_s
            self._rescue()

    def _silent(self, now_s: float) -> list[str]:
        """Those that are overdue by the database's clock, and did not beat for a while before the eyes of this one."""
        with self._store.view() as tx:
            beats = {worker.id: worker.beat_at for worker in tx.workers.at_work() if worker.id != self._id}
            overdue = [worker.id for worker in tx.workers.overdue() if worker.id in beats]
        before = self._seen
        self._seen = {
            id: before[id] if id in before and before[id][0] == beat else (beat, now_s) for id, beat in beats.items()
        }
        return [id for id in overdue if now_s - self._seen[id][1] >= DEAD_AFTER_S / 2]

    def _bury(self, id: str) -> None:
        with self._store.aside() as tx:
            cut = tx.workers.cut_off(id)
        self._again = 0.0  # where the rescue fails, the next look tries again
        flows = self._rescue()
        observe.event("worker_dead", level="warning", dead=id, sessions=cut, flows=flows)
        observe.count("billsync_workers_dead_total")
