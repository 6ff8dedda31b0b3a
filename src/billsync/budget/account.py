"""One process's part of a connection's calls: grants that are taken from the shared budget and spent here.  (shell)

A grant is some hundred milliseconds of calls, taken in one short transaction; what is not spent goes back with the next
one.  A process that dies loses no more than its grant.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Final, Protocol

from billsync import observe
from billsync.budget import keeping, limits
from billsync.budget.limits import MILLI
from billsync.budget.plan import counts, part_of
from billsync.budget.report import Report
from billsync.budget.sharing import Answer, Ask, Shared, lasts_us, share
from billsync.connector import CALLS, CallLimit, Said, TryLater, Urgency
from billsync.store import Store, StoreUnusable
from billsync.store.errors import Conflict

PATIENCE_S: Final = 120.0
"""A read that has to wait for longer ends, and goes on with a later run."""
AHEAD_S: Final = 30.0
"""Writes that have to wait for longer are left to a later moment."""
_POLL_S: Final = 0.5
_LOOK_S: Final = 2.0
"""Seconds for which it is believed that nobody asked for a pause."""
_LINGER_S: Final = 0.3
"""Seconds for which a place among the calls under way is kept after the last one."""
_PAID_S: Final = 30
_RENEWED_S: Final = 30.0
"""Seconds after which it is said again that calls are under way here, before others take the places for free."""
_GREW_S: Final = 0.25
_MOST: Final = 256


class Clock(Protocol):
    """The source of time."""

    def now(self) -> datetime:
        """The instant now, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(slots=True)
class _Grant:
    """Calls of one pool that this process may make without asking.

    Attributes:
        size: how many it asks for; at: when it was granted some last; since: when the oldest that it has were granted.
    """

    have: int = 0
    size: int = 1
    at: datetime | None = None
    since: datetime | None = None


class Account:
    """A connection's calls of this process; its threads share it.

    Attributes:
        plan: the connection's limits; none before its first connector was made.
    """

    def __init__(self, store: Store, connection: str, clock: Clock, owner: str) -> None:
        self.plan: tuple[CallLimit, ...] = ()
        self._part = Decimal(1)
        self._store, self._connection, self._clock, self._owner = store, connection, clock, owner
        self._lock = threading.RLock()
        self._grants: dict[str, _Grant] = {}
        self._new, self._late = Report(), Report()
        self._known = Shared()
        self._paid, self._paid_at = 0, clock.now()
        self._paid_since = self._paid_at
        self._each, self._records, self._made = Decimal(1), 0, 0
        self._slots, self._busy = 0, 0
        self._slots_at = self._asked_at = clock.now()
        self._timer: threading.Timer | None = None
        self._held: datetime | None = None
        self._looked: datetime | None = None

    def limit(self, plan: Sequence[CallLimit], part: Decimal) -> None:
        """What limits the connection; `part` is our share of what the system says."""
        with self._lock:
            self.plan, self._part = tuple(plan), part

    def close(self) -> None:
        """All that is left goes back: nothing is called any more."""
        with self._lock:
            if self.plan:
                self._give_up()

    @property
    def limited(self) -> bool:
        """Whether calls may have to wait."""
        return bool(self.plan)

    # ------------------------------------------------------------ calls

    def pay(self, price: Mapping[str, int], urgency: Urgency, *, waits: bool) -> None:
        """Pay for one call, which begins now.  Raises `TryLater` where it would have to wait too long."""
        while True:
            with self._lock:
                wait = self._wait_for(price, urgency) if waits else 0.0
                if not wait:
                    self._begin(price, sending=not waits)
                    return
            if wait > PATIENCE_S:
                raise self._later(wait)
            self._sleep(wait)

    def over(self, said: Iterable[Said]) -> None:
        """A call is over; what its answer said of limits counts for all processes."""
        with self._lock:
            self._busy -= 1
            held = self._heard(said)
            if held or sum(self._new.owed.values()) >= max(1, self._grant(CALLS).size):
                self._ask(CALLS, Urgency.INVOICE, 0)
            if not self._busy and self._slots:
                self._timer = threading.Timer(_LINGER_S, self._rest)
                self._timer.daemon = True
                self._timer.start()

    def ahead(self, count: int, urgency: Urgency) -> datetime | None:
        """Wait until so many records may be written, and pay for it; or the instant before which they may not."""
        while True:
            with self._lock:
                wait = self._prepay(count, urgency)
            if not wait:
                return None
            if wait > AHEAD_S:
                return self._clock.now() + timedelta(seconds=wait)
            self._sleep(wait)

    def held_until(self) -> datetime | None:
        """The instant before which nobody may call, or None; somebody else's word is heard within two seconds."""
        with self._lock:
            self._look()
            return self._held if self._held is not None and self._clock.now() < self._held else None

    def lasts_s(self, count: int, urgency: Urgency) -> float:
        """Seconds that so many more calls take at this budget."""
        if not self.plan or self._store.in_transaction:
            return 0.0
        with self._store.view() as tx:
            now = limits.micros(tx.budgets.now(self._clock.now()))
            known = keeping.loaded(self.plan, tx.budgets.list(self._connection))
        return lasts_us(self.plan, known, urgency, count, now) / limits.SECOND

    # ------------------------------------------------------------ inside: under the lock

    def _wait_for(self, price: Mapping[str, int], urgency: Urgency) -> float:
        """Seconds until a call may begin; 0 where it may now."""
        held = self.held_until()
        if held is not None:
            return (held - self._clock.now()).total_seconds()
        self._lapse()
        for pool, count in price.items():
            lacking = count - self._grant(pool).have if counts(self.plan, pool) else 0
            wait = self._ask(pool, urgency, lacking, slot=True) if lacking > 0 else 0.0
            if wait:
                return wait
        return self._ask(CALLS, urgency, 0, slot=True) if self._full() else 0.0

    def _full(self) -> bool:
        """Whether no further call may be under way, or those that may have to be asked for anew."""
        old = not timedelta(0) <= self._clock.now() - self._slots_at <= timedelta(seconds=_RENEWED_S)
        return (self._busy >= self._slots or old) and any(limit.kind == "at_once" for limit in self.plan)

    def _begin(self, price: Mapping[str, int], *, sending: bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._busy += 1
        for pool, count in price.items():
            self._spend(pool, count, sending=sending)

    def _spend(self, pool: str, count: int, *, sending: bool) -> None:
        self._made += sending
        if sending and pool == CALLS:
            paid = min(self._paid, count)
            self._paid -= paid
            count -= paid
        grant = self._grant(pool)
        mine = min(grant.have, count)
        grant.have -= mine
        if count > mine and self.plan:
            self._new.owe(pool, count - mine)
            for limit in (one for one in self.plan if one.pool == pool):
                self._new.used(limit.name, count - mine)

    def _prepay(self, count: int, urgency: Urgency) -> float:
        """Seconds until the calls of so many records are paid for; 0 where they are."""
        held = self.held_until()
        if held is not None:
            return (held - self._clock.now()).total_seconds()
        if not self.plan:
            return 0.0
        self._learn()
        need = self._calls_of(count) - self._paid if counts(self.plan, CALLS) else 0
        if need <= 0 and not self._full():
            return self._bought(0, count)
        wait = self._ask(CALLS, urgency, max(0, need), slot=True)
        return wait or self._bought(max(0, need), count)

    def _bought(self, calls: int, records: int) -> float:
        self._grant(CALLS).have -= calls
        self._paid_at = self._clock.now()
        self._paid_since = self._paid_since if self._paid else self._paid_at
        self._paid += calls
        self._records += records
        return 0.0

    def _calls_of(self, count: int) -> int:
        """How many calls so many records may take: as those before did; never more than can be free at once."""
        full = min(
            (limits.capacity(limit) // MILLI for limit in self.plan if limit.pool == CALLS and limit.kind != "at_once"),
            default=1,
        )
        return max(1, min(ceil(count * self._each), full))

    def _learn(self) -> None:
        """From what the records before took."""
        if self._records and self._made and not self._busy:
            seen = Decimal(self._made) / self._records
            self._each = max(Decimal("0.01"), min(Decimal(10), (self._each + seen) / 2))
            self._records = self._made = 0
        if self._paid and self._clock.now() - self._paid_at > timedelta(seconds=_PAID_S):
            self._new.give_back(CALLS, self._paid, self._paid_since)
            self._paid = 0

    def _heard(self, said: Iterable[Said]) -> bool:
        """Keep what an answer said; True where nobody may call for now."""
        held = False
        for word in said:
            if word.hold_s:
                held = True
                self._held = max(self._clock.now() + timedelta(seconds=word.hold_s), self._held or self._clock.now())
            most = None if word.most is None else part_of(word.most, self._part)
            pool = next((limit.pool for limit in self.plan if limit.name == word.limit), None)
            left = word.remaining
            if pool is not None and left is not None:
                self._drop(pool, keep=left)
                # what this process may make without asking is not there for others
                left = max(0, left - self._grant(pool).have - (self._paid if pool == CALLS else 0))
            self._new.hear(replace(word, most=most, remaining=left), self._clock.now())
        return held

    def _grant(self, pool: str) -> _Grant:
        return self._grants.setdefault(pool, _Grant())

    def _drop(self, pool: str, *, keep: int = 0) -> None:
        grant = self._grant(pool)
        if grant.have > keep:
            self._new.give_back(pool, grant.have - keep, grant.since or self._clock.now())
            grant.have = keep

    def _lapse(self) -> None:
        """What was granted too long ago is not spent any more: it would be one call too many by now."""
        now = self._clock.now()
        for pool, grant in self._grants.items():
            lapse = min((limits.lapse_us(limit) for limit in self.plan if limit.pool == pool), default=0)
            if grant.since is not None and not timedelta(0) <= now - grant.since <= timedelta(microseconds=lapse):
                self._drop(pool)

    # ------------------------------------------------------------ the shared budget

    def _ask(self, pool: str, urgency: Urgency, need: int, *, slot: bool = False) -> float:
        """Report, and take what is needed.  Gives seconds to wait; 0 where it was granted."""
        now, grant = self._clock.now(), self._grant(pool)
        quick = grant.at is not None and (now - grant.at).total_seconds() < _GREW_S
        grant.size = min(_MOST, grant.size * 2) if quick and need else max(1, grant.size // (1 if quick else 2))
        want = need if self._instant(pool) else max(need, grant.size)
        slots = self._busy + 1 if slot else None
        if slots is not None and slots < self._slots:
            slots = self._slots
        ask = Ask(self._owner, urgency, pool, need, want, slots)
        answer = self._answer(ask) or self._alone(ask)
        self._slots, self._slots_at = answer.slots or 0, now
        if answer.granted:
            grant.at = self._asked_at
            grant.since = grant.since if grant.have > 0 else grant.at
            grant.have += answer.granted
        if answer.others:
            grant.size = 1
        return answer.wait_us / limits.SECOND

    def _instant(self, pool: str) -> bool:
        """Whether a call has to be made the moment that it was granted."""
        return any(limit.pool == pool and not limits.lapse_us(limit) for limit in self.plan)

    def _answer(self, ask: Ask) -> Answer | None:
        """The answer of the shared budget to what is reported and asked for, or None where it cannot be had."""
        if self._store.in_transaction:
            return None
        report = self._late.with_what(self._new)
        answer: Answer | None = None
        with suppress(StoreUnusable, Conflict), self._store.aside() as tx:
            rows = tx.budgets.lock(self._connection, self._clock.now())
            here = self._clock.now()  # only now: waiting for the lock took time, and others may have been granted some
            now = limits.micros(tx.budgets.now(here))
            before = keeping.loaded(self.plan, rows)
            after, answer = share(self.plan, before, report.told(ask, here), now)
            tx.budgets.put(keeping.kept(self._connection, self.plan, after, now))
        if answer is not None:
            self._known, self._new, self._late, self._asked_at = after, Report(), Report(), here
            self._hold(answer.held_until, now, here)
        return answer

    def _alone(self, ask: Ask) -> Answer:
        """The answer by what is known here: the limits hold for this process as if it were alone; told later."""
        observe.event("budget_alone", level="warning", connection=self._connection)
        here = self._clock.now()
        self._known, answer = share(self.plan, self._known, self._new.told(ask, here), limits.micros(here))
        self._late, self._new = self._late.with_what(self._new), Report()
        self._late.owe(ask.pool, answer.granted)
        self._asked_at = here
        return answer

    def _hold(self, until: int | None, now: int, here: datetime) -> None:
        self._looked = here
        self._held = None if until is None else here + timedelta(microseconds=until - now)

    def _look(self) -> None:
        """Whether somebody asked for a pause since the last look."""
        here = self._clock.now()
        fresh = self._looked is not None and timedelta(0) <= here - self._looked <= timedelta(seconds=_LOOK_S)
        if fresh or self._store.in_transaction:
            return
        with suppress(StoreUnusable, Conflict), self._store.view() as tx:
            now = tx.budgets.now(here)
            row = tx.budgets.get(self._connection, "")
            held = row.held_until if row is not None else None
            self._hold(None if held is None or held <= now else limits.micros(held), limits.micros(now), here)

    def _rest(self) -> None:
        """Nothing is under way any more: others may have the place."""
        with self._lock:
            if not self._busy and self._slots:
                self._give_up()

    def _give_up(self) -> None:
        """All that is left goes back."""
        if self._timer is not None:
            self._timer.cancel()
        for pool in self._grants:
            self._drop(pool)
        self._new.give_back(CALLS, self._paid, self._paid_since)
        self._paid = 0
        if self._answer(Ask(self._owner, Urgency.INVOICE, CALLS, slots=0, waits=False)) is not None:
            self._slots = 0

    def _sleep(self, seconds: float) -> None:
        observe.count("billsync_budget_waits_total", connection=self._connection)
        self._clock.sleep(max(0.005, min(seconds, _POLL_S)))

    def _later(self, wait: float) -> TryLater:
        what = "the calls that it may make are used up for now (billsync budget list)"
        return TryLater("budget", f"{self._connection}: {what}", after_s=ceil(wait), offline=True)
