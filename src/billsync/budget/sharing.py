"""Who may take how many calls now: several processes share one connection's limits.  (pure)

The urgent come first, and among equals who has waited longest; nobody waits behind others for ever.  The less urgent
leave a reserve in each limit to the more urgent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from billsync.budget import limits
from billsync.budget.limits import MILLI, SECOND, State
from billsync.connector import CALLS, CallLimit, Said, Urgency

RESERVE: Final = {
    Urgency.PAYMENT: 0,
    Urgency.INVOICE: 2,
    Urgency.STATUS: 4,
    Urgency.READ: 6,
    Urgency.BACKFILL: 10,
}
"""Percent of a limit that calls of an urgency leave to the more urgent ones."""
MARK_US: Final = 2 * SECOND
"""Who waits and has not said so for as long, is gone."""
SLOT_US: Final = 120 * SECOND
"""Calls under way of a process that has not said so for as long, are over."""
_PROMOTED_US: Final = 30 * SECOND
_SLOT_WAIT_US: Final = SECOND // 20
_MOST_HELD_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Mark:
    """Somebody who waits for calls.

    Attributes:
        since: when it began to wait; until: when that is forgotten, unless it is said again.
        need: thousandths of calls of the pool.
    """

    urgency: int
    pool: str
    need: int
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Shared:
    """What all processes know of one connection's calls.

    Attributes:
        states: by name of the limit; marks, slots: by who; a slot is (calls under way at most, until when).
        held_until: nobody calls before, or None.
        day, spent: calls of the day (number of days since 1970, UTC).
    """

    states: Mapping[str, State] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    slots: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    held_until: int | None = None
    day: int = 0
    spent: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """What a system said of a limit, some microseconds ago: who asks rarely tells it late."""

    said: Said
    ago_us: int = 0


@dataclass(frozen=True, slots=True)
class Ask:
    """What one process wants.

    Attributes:
        need: calls without which it waits, want: how many it would like, of the pool; both 0 where it only reports.
        slots: calls under way that it wants to have in all, or None where it says nothing of it.
        back: calls that were granted and not made: pool, how many, microseconds since.
        owed: calls by pool that were made and not granted.
        waits: False where it goes on whatever the answer is, and leaves no mark.
    """

    owner: str
    urgency: Urgency
    pool: str
    need: int = 0
    want: int = 0
    slots: int | None = None
    back: Sequence[tuple[str, int, int]] = ()
    owed: Mapping[str, int] = field(default_factory=dict)
    heard: Sequence[Heard] = ()
    waits: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What it gets.

    Attributes:
        granted: calls of the pool, at least what it needs, or 0.
        slots: calls under way that it may have in all, or None where that has no limit.
        wait_us: microseconds until it may be worth asking again; 0 where it got what it needs.
        held_until: nobody calls before, or None.
        others: whether others wait.
    """

    granted: int
    slots: int | None
    wait_us: int
    held_until: int | None
    others: bool


def share(plan: Sequence[CallLimit], shared: Shared, ask: Ask, now: int) -> tuple[Shared, Answer]:
    """Settle what one process reports and asks for.  Gives what is known afterwards, and its answer."""
    shared = _reported(plan, settled(plan, shared, now), ask, now)
    me = f"{ask.owner} {int(ask.urgency)}"
    mine = shared.marks.get(me)
    since = mine.since if mine is not None else now
    others = {who: mark for who, mark in shared.marks.items() if who != me}
    rank = _rank(ask.urgency, since, now)
    before = [mark for mark in others.values() if _rank(mark.urgency, mark.since, now) < rank]
    wait, granted = 0, 0
    if ask.need:
        wait, granted = _granted(plan, shared, ask, sum(mark.need for mark in before if mark.pool == ask.pool))
    slots, slot_wait = _slots(plan, shared, ask, len(before))
    held = shared.held_until
    wait = max(wait, slot_wait, 0 if held is None or not (ask.need or ask.slots) else held - now)
    if wait and ask.waits:
        granted = 0
        others[me] = Mark(int(ask.urgency), ask.pool, ask.need * MILLI, since, now + MARK_US)
    elif mine is not None and not (ask.need or ask.slots):
        others[me] = mine
    shared = _taken(plan, replace(shared, marks=others), ask, granted)
    if slots is not None and ask.slots is not None:
        kept = {who: slot for who, slot in shared.slots.items() if who != ask.owner}
        shared = replace(shared, slots={**kept, ask.owner: (slots, now + SLOT_US)} if slots else kept)
    return shared, Answer(granted, slots, wait, held, any(who != me for who in others))


def lasts_us(plan: Sequence[CallLimit], shared: Shared, urgency: Urgency, count: int, now: int) -> int:
    """How long so many more calls take, if nobody else makes any."""
    shared = settled(plan, shared, now)
    found = [limits.lasts_us(limit, shared.states[limit.name], count, RESERVE[urgency]) for limit in counted(plan)]
    held = 0 if shared.held_until is None else shared.held_until - now
    return max([0, held, *(us for us, limit in zip(found, counted(plan), strict=True) if limit.pool == CALLS)])


def _rank(urgency: int, since: int, now: int) -> tuple[int, int]:
    """Smaller comes first: who waits for long becomes more urgent."""
    return max(0, int(urgency) - max(0, now - since) // _PROMOTED_US), since


def settled(plan: Sequence[CallLimit], shared: Shared, now: int) -> Shared:
    """As it stands now: what came back is there, who is gone is forgotten."""
    states = {
        limit.name: limits.settled(limit, shared.states.get(limit.name) or limits.begin(limit, now), now)
        for limit in counted(plan)
    }
    day = now // (86_400 * SECOND)
    held = shared.held_until
    return Shared(
        states=states,
        marks={who: mark for who, mark in shared.marks.items() if now < mark.until <= now + 2 * MARK_US},
        slots={who: slot for who, slot in shared.slots.items() if now < slot[1] <= now + 2 * SLOT_US},
        held_until=held if held is not None and now < held <= now + _MOST_HELD_S * SECOND else None,
        day=day,
        spent=shared.spent if day == shared.day else 0,
    )


def counted(plan: Iterable[CallLimit]) -> list[CallLimit]:
    """The limits of how many calls, not of how many at once."""
    return [limit for limit in plan if limit.kind != "at_once"]


def _reported(plan: Sequence[CallLimit], shared: Shared, ask: Ask, now: int) -> Shared:
    """With what the process did since it asked last, and what the system said."""
    states = dict(shared.states)
    for limit in counted(plan):
        state = states[limit.name]
        for count, ago in ((count, ago) for pool, count, ago in ask.back if pool == limit.pool):
            state = limits.given_back(limit, state, count * MILLI, now - ago)
        if owed := ask.owed.get(limit.pool):
            state = limits.take(limit, state, owed * MILLI)
        for said, at in ((one.said, now - one.ago_us) for one in ask.heard if one.said.limit == limit.name):
            if at >= state.said_at:  # others may have heard something newer
                state = limits.heard(limit, state, remaining=said.remaining, most=said.most, at=at)
        states[limit.name] = state
    held = max([*_holds(ask, now), *([shared.held_until] if shared.held_until is not None else [])], default=None)
    spent = shared.spent + sum(ask.owed.values()) - sum(count for _, count, _ in ask.back)
    return replace(shared, states=states, held_until=held, spent=max(0, spent))


def _holds(ask: Ask, now: int) -> list[int]:
    """Until when the system wants no call."""
    said = ((one.said.hold_s or 0, one.ago_us) for one in ask.heard)
    return [now - ago + min(hold_s, _MOST_HELD_S) * SECOND for hold_s, ago in said if hold_s]


def _granted(plan: Sequence[CallLimit], shared: Shared, ask: Ask, before: int) -> tuple[int, int]:
    """(microseconds to wait, calls that may be taken): what others wait for before is not there for this one."""
    wait, most = 0, ask.want * MILLI
    need = ask.need * MILLI
    for limit in (one for one in counted(plan) if one.pool == ask.pool):
        state = shared.states[limit.name]
        full = limits.capacity(limit, state.most)
        reserve = max(0, min(full * RESERVE[ask.urgency] // (100 * MILLI) * MILLI, full - need))
        wait = max(wait, limits.wait_us(limit, state, min(need, full) + reserve + before))
        most = min(most, limits.free(limit, state) - reserve - before)
    return wait, max(ask.need, most // MILLI)


def _slots(plan: Sequence[CallLimit], shared: Shared, ask: Ask, before: int) -> tuple[int | None, int]:
    """(calls under way that it may have, microseconds to wait for more); the least urgent leaves one to others."""
    limit = next((limit for limit in plan if limit.kind == "at_once"), None)
    if limit is None:
        return None, 0
    had = shared.slots.get(ask.owner, (0, 0))[0]
    if ask.slots is None:
        return had, 0
    taken = sum(count for who, (count, _) in shared.slots.items() if who != ask.owner)
    kept = 1 if limit.calls > 1 and ask.urgency is Urgency.BACKFILL else 0
    free = max(min(had, ask.slots), limit.calls - taken - kept - before)
    given = max(0, min(ask.slots, free))
    return given, _SLOT_WAIT_US if given < ask.slots else 0


def _taken(plan: Sequence[CallLimit], shared: Shared, ask: Ask, granted: int) -> Shared:
    if not granted:
        return shared
    states = {
        limit.name: limits.take(limit, shared.states[limit.name], granted * MILLI)
        if limit.pool == ask.pool
        else shared.states[limit.name]
        for limit in counted(plan)
    }
    return replace(shared, states=states, spent=shared.spent + granted)
