"""The bells: each slot of each schedule is noted, and rings at most once, however many daemons there are.  (shell)

A slot is noted when it is due (`waiting`), rung by the process that moves it to `ringing`, and closed when its run
ended.  What a process leaves ringing as it dies is rung again by another one: a run is unique by its pipeline and slot,
so that this runs what never began and nothing twice.  All of this stands in the store; nothing is remembered here that
a restart would miss.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Literal, Protocol, TypeAlias, cast

from billsync import observe
from billsync.store import BEGAN, Ring, Store, StoreUnusable, Tx
from billsync.timetable import Ripe, Schedule, Slot, Verdict, Why, fate, next_slot, settle, slots

Ending = Literal["ran", "already", "held", "failed"]
"""A run took place, had taken place before, another process holds its pipeline, or it could not be carried out."""

Start = Callable[[str, str], Ending]
"""Runs a pipeline (first argument) in a slot (second), and comes back when that is over; tells its own troubles."""

LATE: Final = timedelta(seconds=60)
"""A slot that rings later than this is one that was caught up."""

LOOK: Final = timedelta(seconds=15)
"""When a pipeline is looked at again that has more to ring, that others run, or whose store did not answer."""

BEAT: Final = timedelta(seconds=60)
STALE: Final = timedelta(seconds=150)
"""What rings, and was not confirmed for so long, was left by a process that nobody knows to live."""

SKEW: Final = timedelta(seconds=120)
"""How far the clocks of two machines may be apart."""

MOST_MISSED: Final = 500
"""Slots that passed at once and are noted one by one; older ones are noted in one row."""

KEPT: Final = timedelta(days=100)


_Settled: TypeAlias = tuple[Ring | None, datetime, list[Verdict]]


class Now(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """The instant now, in UTC."""


class Bells:
    """The schedules of the pipelines, on one store.

    Args:
        start: carries out a run; called by the hands, never twice at once for one pipeline.
        hand_out: has something done by another thread.
        owner: this process, as others see it.
        freed: called when a run has ended.
    """

    def __init__(
        self,
        store: Store,
        clock: Now,
        start: Start,
        hand_out: Callable[[Callable[[], None]], None],
        *,
        owner: str,
        freed: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._clock, self._start, self._hand_out = store, clock, start, hand_out
        self._owner, self._freed = owner, freed
        self._schedules: dict[str, Schedule] = {}
        self._look_at: dict[str, datetime] = {}
        self._running: dict[str, str] = {}
        self._guard = threading.Lock()
        self._last = self._beat_at = clock.now()

    def hang(self, schedules: Mapping[str, Schedule]) -> None:
        """From now on, these ring."""
        with self._guard:
            self._schedules, self._look_at = dict(schedules), {}

    @property
    def running(self) -> dict[str, str]:
        """The slots that this process runs now, by pipeline."""
        with self._guard:
            return dict(self._running)

    def tick(self) -> datetime | None:
        """Ring what is due.  Gives when to come again, None where no schedule rings any more."""
        now = self._clock.now()
        if now < self._last - SKEW:
            observe.event("clock_set_back", level="warning", seconds=round((self._last - now).total_seconds()))
            self._look_at.clear()
        self._last = now
        self._keep(now)
        with self._guard:
            due = [(name, one) for name, one in self._schedules.items() if self._look_at.get(name, now) <= now]
        for name, schedule in due:
            found, rung = self._looked(name, schedule, now)
            with self._guard:  # before its run begins: the end of that has it looked at again
                self._look_at[name] = found
                if rung is not None:
                    self._running[name] = rung.slot
            if rung is not None:
                self._hand_out(partial(self._ring, name, rung))
        with self._guard:
            waits = [self._look_at.get(name, now) for name in self._schedules]
        return min((at for at in waits if at != _NEVER), default=None)

    def leave(self) -> None:
        """What was handed out and never begun may be rung by others.  Nothing is rung afterwards."""
        with self._guard:
            left, self._running = dict(self._running), {}
            self._schedules = {}
        for name, slot in left.items():
            self._move(name, slot, "ringing", "waiting", "on_time", "left by a daemon that was stopped")

    # ------------------------------------------------------------ one pipeline

    def _looked(self, name: str, schedule: Schedule, now: datetime) -> tuple[datetime, Ring | None]:
        """Note what is due of a pipeline; gives when to look at it again, and what rings now, or None."""
        try:
            rung, again, moved = self._store.run("rings", lambda tx: self._settled(tx, name, schedule, now))
        except StoreUnusable as error:
            observe.event("slots_not_noted", level="warning", pipeline=name, reason=error.reason)
            return now + LOOK, None
        for verdict in moved:
            _tell(name, verdict)
        return again, rung

    def _settled(self, tx: Tx, name: str, schedule: Schedule, now: datetime) -> _Settled:
        """What rings now, moved to `ringing`, or None; when to look again; what became of slots."""
        since = self._since(tx, name, now)
        tx.rings.add(_noted(schedule, name, since, now, self._owner))
        known = tx.rings.open(name)
        left = [ring for ring in known if ring.outcome == "ringing" and self._is_left(tx, ring, now)]
        others = any(ring.outcome == "ringing" and ring.owner != self._owner and ring not in left for ring in known)
        taken = others or name in self.running
        if left and not taken:
            self._put(tx, left[0], "ringing", left[0].why, "taken over", now)
            return left[0], now + LOOK, []
        ripe = {ring.slot: ring for ring in known if ring.outcome == "waiting" and ring.ring_at <= now}
        verdicts = settle(schedule, [_ripe(ring, now) for ring in ripe.values()], now, busy=taken)
        moved = [each for each in verdicts if self._put(tx, ripe[each.slot.id], each.fate, each.why, each.note, now)]
        rung = next((ripe[each.slot.id] for each in moved if each.fate == "ringing"), None)
        again = now + LOOK if others or len(ripe) > 1 else _NEVER
        return rung, min(again, _coming(schedule, now, known)), moved

    def _since(self, tx: Tx, name: str, now: datetime) -> datetime:
        """Until when the slots of a pipeline are noted."""
        newest, limit = tx.rings.newest(name), now + SKEW
        if newest is not None and max(newest.due_at, newest.at) > limit:  # noted by a clock that was ahead
            tx.rings.reopen(name, now, limit)
            newest = tx.rings.newest(name, limit)
        if newest is None:
            began = Ring(name, BEGAN, now, now, now, BEGAN, "on_time", "has a schedule since", self._owner)
            tx.rings.add([began])
        return now if newest is None else newest.due_at

    def _is_left(self, tx: Tx, ring: Ring, now: datetime) -> bool:
        """Whether the process that rang it is gone: it says so, others do, or nothing was heard of it for long."""
        if ring.owner == self._owner:
            return self.running.get(ring.pipeline) != ring.slot
        if tx.workers.is_over(ring.owner):
            return True
        # one that lives may have a wrong clock, and its notes with it
        return abs(now - ring.at) > STALE and ring.owner not in tx.workers.alive()

    # ------------------------------------------------------------ one ring

    def _ring(self, name: str, ring: Ring) -> None:
        """One run, by a hand; whatever it raises ends here."""
        ending: Ending = "failed"
        try:
            ending = self._start(name, ring.slot)
        finally:
            if self.running.get(name) == ring.slot:
                self._end(name, ring, ending)
            with self._guard:
                self._running.pop(name, None)
                self._look_at.pop(name, None)
            self._freed()

    def _end(self, name: str, ring: Ring, ending: Ending) -> None:
        schedule = self._schedules.get(name)
        if ending != "held":
            note = {"ran": "", "already": "it had been run before", "failed": "it could not be carried out"}[ending]
            self._move(name, ring.slot, "ringing", "ran", ring.why, note)
        elif ring.outcome == "ringing":  # taken over, and its process lives after all
            self._move(name, ring.slot, "ringing", "ringing", ring.why, "another process runs it", ring.owner)
        elif schedule is not None and (schedule.overlap == "queue" or schedule.misfire.catch_up == "all"):
            self._move(name, ring.slot, "ringing", "waiting", "overlap", "waits for another process")
        else:
            self._move(name, ring.slot, "ringing", "skipped", "overlap", "another process ran the pipeline")

    def _move(self, name: str, slot: str, came_from: str, outcome: str, why: str, note: str, owner: str = "") -> None:
        """Note what became of a slot; where the store does not answer, another process will find out."""
        at = self._clock.now()
        observe.count("billsync_slots_total", pipeline=name, outcome=outcome, why=why)

        def move(tx: Tx) -> None:
            tx.rings.move(name, slot, came_from, outcome, why=why, note=note, owner=owner or self._owner, at=at)

        try:
            self._store.run("ring-moved", move)
        except StoreUnusable as error:
            observe.event("slots_not_noted", level="warning", pipeline=name, reason=error.reason)

    def _put(self, tx: Tx, ring: Ring, outcome: str, why: str, note: str, at: datetime) -> bool:
        key, mine = (ring.pipeline, ring.slot, ring.outcome), self._owner
        return tx.rings.move(*key, outcome, why=why, note=note, owner=mine, at=at)

    def _keep(self, now: datetime) -> None:
        """Confirm what is under way, and forget what is long gone."""
        if abs(now - self._beat_at) < BEAT:
            return
        try:
            if self.running:
                self._store.run("rings-beat", lambda tx: tx.rings.beat(self._owner, now))
            if now.date() != self._beat_at.date():
                self._store.run("rings-forget", lambda tx: tx.rings.forget(now - KEPT))
        except StoreUnusable as error:
            observe.event("slots_not_noted", level="warning", reason=error.reason)
        self._beat_at = now


_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def _noted(schedule: Schedule, name: str, since: datetime, now: datetime, owner: str) -> list[Ring]:
    """The slots that came since, as they are noted first."""
    passed, first, before = deque[Slot](maxlen=MOST_MISSED), None, 0
    for slot in slots(schedule, since, now):
        if len(passed) == MOST_MISSED:
            first, before, last = first or passed[0], before + 1, passed[0]
        passed.append(slot)
    found = [_new(schedule, name, slot, now, owner) for slot in passed]
    if first is not None:
        found.insert(0, _bundle(schedule, name, (first, last, before), now, owner))
    return found


def _bundle(schedule: Schedule, name: str, gone: tuple[Slot, Slot, int], now: datetime, owner: str) -> Ring:
    """One row for many slots: the first, the last, and how many."""
    first, last, count = gone
    misfire, note = schedule.misfire, f"{count} slots passed at once"
    outcome, why = "missed", "misfire"
    if misfire.catch_up == "one" and misfire.patience is None:
        outcome, why, note = "skipped", "together", f"{note}: one run for all"
    return Ring(name, f"{first.id}/{last.id}", last.due, last.due, now, outcome, why, note, owner)


def _new(schedule: Schedule, name: str, slot: Slot, now: datetime, owner: str) -> Ring:
    found = fate(schedule, name, slot)
    outcome, why = ("waiting", found.pause or "on_time") if found.ring_at else ("skipped", found.pause)
    return Ring(name, slot.id, slot.due, found.ring_at or slot.due, now, outcome, why, found.note, owner)


def _ripe(ring: Ring, now: datetime) -> Ripe:
    late = ring.why == "on_time" and now - ring.ring_at > LATE
    return Ripe(ring.slot, ring.due_at, ring.ring_at, "late" if late else cast("Why", ring.why))


def _coming(schedule: Schedule, now: datetime, known: list[Ring]) -> datetime:
    coming = next_slot(schedule, now)
    ahead = [ring.ring_at for ring in known if ring.outcome == "waiting" and ring.ring_at > now]
    return min([*ahead, *([coming.due] if coming is not None else [])], default=_NEVER)


def _tell(name: str, verdict: Verdict) -> None:
    if verdict.fate == "waiting":
        return
    level: observe.Level = "warning" if verdict.fate == "missed" else "info"
    facts = {"pipeline": name, "slot": verdict.slot.id, "outcome": verdict.fate, "why": verdict.why}
    observe.event("slot_settled", level=level, **facts)
    if verdict.fate != "ringing":
        observe.count("billsync_slots_total", pipeline=name, outcome=verdict.fate, why=verdict.why)
