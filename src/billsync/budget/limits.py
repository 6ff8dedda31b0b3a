"""One limit's arithmetic: what is free, what is taken, how long until more is free.  (pure)

Calls are counted in thousandths, time in microseconds.  What is taken may be used a little later (`lapse_us`); that is
allowed for: calls of a rate never pass `rate * t + burst`, those of a window never its figure, in any span, however
many processes take from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from billsync.connector import CallLimit

MILLI: Final = 1_000
SECOND: Final = 1_000_000
SLICES: Final = 40
"""Parts that a rolling window is counted in."""
_LAPSE_US: Final = SECOND // 2
_WORD_US: Final = 3_600 * SECOND
"""What a system said about calls of others is believed for so long at most."""


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one limit.

    Attributes:
        tokens: of a rate: calls that lie there; below zero where more was paid than there was.
        at: the moment that it stands for.
        taken: of windows: (begin of a part, calls taken in it).
        most: calls that the system said it takes, where that is fewer than the limit's figure.
        others, said_at: calls that others seem to have made, and when the system said so.
    """

    tokens: int = 0
    at: int = 0
    taken: tuple[tuple[int, int], ...] = ()
    most: int | None = None
    others: int = 0
    said_at: int = 0


def begin(limit: CallLimit, now: int) -> State:
    """Nothing was called yet."""
    return State(capacity(limit), now)


def lapse_us(limit: CallLimit) -> int:
    """How long after it was taken a call may be made."""
    if limit.kind == "rate":
        spare = (limit.burst - 1) * limit.within_s * SECOND // (2 * limit.calls)
        return min(_LAPSE_US, spare)
    return min(_LAPSE_US, limit.within_s * SECOND // 25) if limit.kind == "rolling" else _LAPSE_US


def capacity(limit: CallLimit, most: int | None = None) -> int:
    """Thousandths of calls that may be free at most."""
    if limit.kind == "rate":
        held = limit.calls * MILLI * lapse_us(limit)
        return limit.burst * MILLI - -(-held // (limit.within_s * SECOND))
    return min(limit.calls, limit.calls if most is None else most) * MILLI


def settled(limit: CallLimit, state: State, now: int) -> State:
    """The state as it is now.  A clock that went back gives nothing and takes nothing."""
    if now < state.at:
        state = _turned_back(limit, state, now)
    if state.others and now - state.said_at >= min(_WORD_US, limit.within_s * SECOND):
        state = replace(state, others=0)
    if limit.kind == "rate":
        return _refilled(limit, state, now)
    if limit.kind == "daily":
        start = day_start(limit, now)
        return replace(state, at=now, taken=tuple(part for part in state.taken if part[0] >= start))
    end = now - _counts_us(limit)
    return replace(state, at=now, taken=tuple(part for part in state.taken if part[0] > end))


def _turned_back(limit: CallLimit, state: State, now: int) -> State:
    """All that was taken counts as taken at the same distance from now as before; days begin when they begin."""
    back = 0 if limit.kind == "daily" else state.at - now
    taken = tuple((start - back, count) for start, count in state.taken)
    return replace(state, at=now, taken=taken, said_at=state.said_at - back)


def _refilled(limit: CallLimit, state: State, now: int) -> State:
    """What has come back; time that was too short for a thousandth counts with the next."""
    full = capacity(limit)
    per = limit.within_s * SECOND
    came = (now - state.at) * limit.calls * MILLI // per
    if state.tokens + came >= full:
        return replace(state, tokens=full, at=now)
    return replace(state, tokens=state.tokens + came, at=state.at + came * per // (limit.calls * MILLI))


def free(limit: CallLimit, state: State) -> int:
    """Thousandths of calls that may be taken, of a settled state; below zero where more was paid than there was."""
    if limit.kind == "rate":
        return state.tokens - state.others
    return _own(limit, state) - state.others


def _own(limit: CallLimit, state: State) -> int:
    return capacity(limit, state.most) - sum(count for _, count in state.taken)


def take(limit: CallLimit, state: State, count: int) -> State:
    """After so many thousandths were taken."""
    if limit.kind == "rate":
        return replace(state, tokens=state.tokens - count)
    start = _part(limit, state.at)
    parts = dict(state.taken)
    parts[start] = parts.get(start, 0) + count
    return replace(state, taken=tuple(sorted(parts.items())))


def given_back(limit: CallLimit, state: State, count: int, at: int) -> State:
    """After so many thousandths came back unused that were taken at an instant.

    Only what is still missed: tokens that came meanwhile may have found the bucket full, and what was taken in a part
    of a window that is over counts no more.  Never of what others took later: that counts for longer.
    """
    if limit.kind == "rate":
        came = max(0, state.at - at) * limit.calls * MILLI // (limit.within_s * SECOND)
        return replace(state, tokens=min(capacity(limit), state.tokens + max(0, count - came)))
    start, left = _part(limit, at), list[tuple[int, int]]()
    for part, had in reversed(state.taken):
        less = min(had, count) if part <= start else 0
        count -= less
        left += [(part, had - less)] if had > less else []
    return replace(state, taken=tuple(reversed(left)))


def _part(limit: CallLimit, at: int) -> int:
    return day_start(limit, at) if limit.kind == "daily" else at - at % _slice_us(limit)


def heard(limit: CallLimit, state: State, *, remaining: int | None, most: int | None, at: int | None = None) -> State:
    """After the system said what is left, now or at an instant before: less is believed, more is not."""
    if most is not None and limit.kind != "rate":
        state = replace(state, most=most)
    if remaining is None:
        return state
    mine = state.tokens if limit.kind == "rate" else _own(limit, state)
    return replace(state, others=max(0, mine - remaining * MILLI), said_at=state.at if at is None else at)


def wait_us(limit: CallLimit, state: State, needed: int) -> int:
    """How long until so many thousandths are free, if nobody else takes any."""
    lacking = needed - free(limit, state)
    if lacking <= 0:
        return 0
    if limit.kind == "rate":
        return -(-lacking * limit.within_s * SECOND // (limit.calls * MILLI))
    if limit.kind == "daily":
        return day_start(limit, state.at, 1) - state.at
    return _until_rolled(limit, state, lacking)


def lasts_us(limit: CallLimit, state: State, count: int, reserve: int) -> int:
    """How long so many calls take at this limit; `reserve` percent of it are left to others."""
    full = capacity(limit, state.most)
    usable = max(MILLI, full - full * reserve // 100)
    later = count * MILLI - max(0, free(limit, state) - (full - usable))
    if later <= 0:
        return 0
    if limit.kind == "rate":
        return later * limit.within_s * SECOND // (limit.calls * MILLI)
    if limit.kind == "daily":
        return day_start(limit, state.at, -(-later // usable)) - state.at
    return later * _counts_us(limit) // usable


def _until_rolled(limit: CallLimit, state: State, lacking: int) -> int:
    span = limit.within_s * SECOND
    word = min(_WORD_US, span)
    gone = [(start + _counts_us(limit), count) for start, count in state.taken]
    gone += [(state.said_at + word, state.others)] if state.others else []
    for at, count in sorted(gone):
        lacking -= count
        if lacking <= 0:
            return max(1, at - state.at)
    return span


def _counts_us(limit: CallLimit) -> int:
    """How long what was taken in a part of a rolling window counts: calls arrive a little later than they were made."""
    span = limit.within_s * SECOND
    return span + _slice_us(limit) + lapse_us(limit) + min(_LAPSE_US // 2, span // 20)


def _slice_us(limit: CallLimit) -> int:
    return limit.within_s * SECOND // SLICES


def day_start(limit: CallLimit, now: int, days: int = 0) -> int:
    """The moment at which the day's calls were counted anew; `days` later, the next ones."""
    hour, minute = map(int, limit.resets_at.split(":"))
    zone = _zone(limit.zone)
    local = instant(now).astimezone(zone)
    start = local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    if start.astimezone(UTC) > instant(now):
        days -= 1
    day = start.date() + timedelta(days=days)
    return micros(start.replace(year=day.year, month=day.month, day=day.day))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    """An instant as microseconds."""
    return (at.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def instant(at: int) -> datetime:
    """Microseconds as an instant."""
    return _EPOCH + timedelta(microseconds=at)
