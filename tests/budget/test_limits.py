"""No more calls than a limit allows in any span, whoever takes them, and however the clock goes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.budget import limits
from billsync.budget.limits import MILLI, SECOND, State
from billsync.connector import CallLimit

START = limits.micros(datetime(2026, 3, 1, 12, tzinfo=UTC))
RATES = st.builds(
    lambda calls, within_s, burst: CallLimit(name="r", kind="rate", calls=calls, within_s=within_s, burst=burst),
    st.integers(1, 20), st.integers(1, 10), st.integers(1, 30),
)  # fmt: skip
WINDOWS = st.builds(
    lambda calls, within_s: CallLimit(name="w", calls=calls, within_s=within_s), st.integers(1, 40), st.integers(1, 60)
)
STEPS = st.lists(st.tuples(st.integers(0, 8 * SECOND), st.integers(1, 6), st.integers(0, 100)), max_size=60)


def used(limit: CallLimit, steps: list[tuple[int, int, int]]) -> list[int]:
    """Moments at which calls are made: each taken where it is free, and used up to the lapse later."""
    state, now, made = limits.begin(limit, START), START, list[int]()
    for gap, count, late in steps:
        now += gap
        state = limits.settled(limit, state, now)
        if limits.free(limit, state) >= count * MILLI:
            state = limits.take(limit, state, count * MILLI)
            made += [now + limits.lapse_us(limit) * late // 100] * count
    return sorted(made)


@given(RATES, STEPS)
def test_a_rate_never_lets_more_through_than_its_rate_and_burst(
    limit: CallLimit, steps: list[tuple[int, int, int]]
) -> None:
    made = used(limit, steps)
    for first, start in enumerate(made):
        for last in range(first, len(made)):
            most = limit.calls * (made[last] - start) / (limit.within_s * SECOND) + limit.burst
            assert last - first + 1 <= most + 0.001


@given(WINDOWS, STEPS)
def test_a_rolling_window_never_holds_more_than_its_figure(limit: CallLimit, steps: list[tuple[int, int, int]]) -> None:
    made = used(limit, steps)
    for start in made:
        assert sum(start <= at < start + limit.within_s * SECOND for at in made) <= limit.calls


@pytest.mark.parametrize("begins", [0, 49_999, 25_000])
@pytest.mark.parametrize(
    "limit",
    [
        CallLimit(name="w", calls=12, within_s=2),
        CallLimit(name="r", kind="rate", calls=10, within_s=1, burst=10),
        CallLimit(name="r", kind="rate", calls=3, within_s=7, burst=4),
    ],
)
def test_who_takes_all_that_is_free_and_calls_now_late_now_at_once_never_passes_it(
    limit: CallLimit, begins: int
) -> None:
    """The worst that may happen: calls that are made as late as they may be, and the next ones the moment they may."""
    state, now, made = limits.begin(limit, START), START + begins, list[int]()
    for turn in range(60):
        state = limits.settled(limit, state, now)
        if (count := limits.free(limit, state) // MILLI) > 0:
            state = limits.take(limit, state, count * MILLI)
            made += [now + limits.lapse_us(limit) * (turn % 2 == 0)] * count
        now += max(1, min(limits.wait_us(limit, state, MILLI), limits.lapse_us(limit) or SECOND))
    made.sort()
    assert len(made) > limit.calls
    for first, start in enumerate(made):
        if limit.kind == "rolling":
            assert sum(start <= at < start + limit.within_s * SECOND for at in made) <= limit.calls
        for last in range(first, len(made) if limit.kind == "rate" else 0):
            most = limit.calls * (made[last] - start) / (limit.within_s * SECOND) + limit.burst
            assert last - first + 1 <= most + 0.001


def test_a_slow_rate_comes_back_though_somebody_looks_all_the_time() -> None:
    limit = CallLimit(name="r", kind="rate", calls=1, within_s=7, burst=1)
    state = limits.take(limit, limits.begin(limit, START), MILLI)
    for millis in range(1, 7_001):
        state = limits.settled(limit, state, START + millis * 1_000)
    assert limits.free(limit, state) == MILLI


@given(st.one_of(RATES, WINDOWS), st.integers(1, 30), st.integers(0, 4))
def test_what_is_waited_for_is_free_then_and_not_before(limit: CallLimit, taken: int, needed: int) -> None:
    full = limits.capacity(limit) // MILLI
    state = limits.take(limit, limits.begin(limit, START), min(taken, full) * MILLI)
    wanted = min(needed, full) * MILLI
    wait = limits.wait_us(limit, state, wanted)
    assert limits.free(limit, limits.settled(limit, state, START + wait)) >= wanted
    assert wait == 0 or limits.free(limit, limits.settled(limit, state, START + wait - 1)) < wanted


@given(st.one_of(RATES, WINDOWS), st.lists(st.integers(-3_600, 3_600), max_size=20))
def test_a_clock_that_jumps_back_gives_nothing_and_blocks_nothing(limit: CallLimit, jumps: list[int]) -> None:
    state = limits.take(limit, limits.begin(limit, START), limits.capacity(limit))
    now, forward = START, 0
    for jump in jumps:
        now += jump * SECOND
        forward += max(0, jump)
        before = limits.free(limit, state)
        state = limits.settled(limit, state, now)
        assert jump > 0 or limits.free(limit, state) == before
    long = 2 * limit.within_s * SECOND * (limit.burst if limit.kind == "rate" else 1) + SECOND
    assert limits.free(limit, limits.settled(limit, state, now + long)) == limits.capacity(limit)


def test_a_window_is_used_up_to_more_than_nine_tenths() -> None:
    for limit in (CallLimit(name="m", calls=60, within_s=60), CallLimit(name="s", calls=190, within_s=10)):
        state, now, made = limits.begin(limit, START), START, 0
        while now < START + 20 * limit.within_s * SECOND:
            state = limits.settled(limit, state, now)
            if limits.free(limit, state) >= MILLI:
                state, made = limits.take(limit, state, MILLI), made + 1
            else:
                now += limits.wait_us(limit, state, MILLI)
        assert made > 0.9 * 20 * limit.calls


def test_less_that_a_system_says_is_believed_and_more_is_not() -> None:
    limit = CallLimit(name="day", calls=100, within_s=86_400)
    state = limits.take(limit, limits.begin(limit, START), 30 * MILLI)
    told = limits.heard(limit, state, remaining=20, most=None)
    assert limits.free(limit, told) == 20 * MILLI
    assert limits.free(limit, limits.heard(limit, told, remaining=90, most=None)) == 70 * MILLI
    assert limits.free(limit, limits.heard(limit, state, remaining=None, most=50)) == 20 * MILLI
    assert limits.free(limit, limits.heard(limit, state, remaining=None, most=500)) == 70 * MILLI
    hour_later = limits.settled(limit, told, START + 3_600 * SECOND)
    assert limits.free(limit, hour_later) == 70 * MILLI, "what is said of others is believed for an hour"


def test_what_is_paid_without_having_it_is_waited_for_later() -> None:
    limit = CallLimit(name="second", kind="rate", calls=10, burst=1)
    state = limits.take(limit, limits.begin(limit, START), 6 * MILLI)
    assert limits.free(limit, state) == -5 * MILLI
    assert limits.wait_us(limit, state, MILLI) == 6 * SECOND // 10


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("UTC", "2026-03-01T05:59:59", "2026-03-01T06:00:00"),
        ("America/New_York", "2026-03-08T09:59:59", "2026-03-08T10:00:00"),  # the hour is lost in this night
        ("Europe/Berlin", "2026-10-25T04:59:59", "2026-10-25T05:00:00"),  # and comes twice in this one
    ],
)
def test_a_day_begins_at_its_hour_in_its_zone(zone: str, before: str, after: str) -> None:
    limit = CallLimit(name="day", calls=5, kind="daily", within_s=86_400, resets_at="06:00", zone=zone)
    first, second = (limits.micros(datetime.fromisoformat(f"{text}+00:00")) for text in (before, after))
    state = limits.take(limit, State(at=first), 5 * MILLI)
    state = limits.settled(limit, state, first)
    assert limits.free(limit, state) == 0
    assert limits.wait_us(limit, state, MILLI) == second - first
    assert limits.free(limit, limits.settled(limit, state, second)) == 5 * MILLI
    assert limits.free(limit, limits.settled(limit, limits.take(limit, state, 0), second - 2)) == 0


@pytest.mark.parametrize(
    "limit",
    [
        CallLimit(name="r", kind="rate", calls=10, within_s=1, burst=10),
        CallLimit(name="w", calls=12, within_s=2),
        CallLimit(name="day", calls=9, kind="daily", within_s=86_400),
    ],
    ids=lambda limit: limit.kind,
)
def test_what_comes_back_unused_is_there_again_unless_it_came_back_by_itself(limit: CallLimit) -> None:
    full = limits.capacity(limit)
    taken = limits.take(limit, limits.begin(limit, START), 5 * MILLI)
    assert limits.free(limit, limits.given_back(limit, taken, 5 * MILLI, START)) == full
    later = limits.settled(limit, taken, START + 86_400 * SECOND)
    assert limits.free(limit, later) == full
    used = limits.take(limit, later, full)
    assert limits.free(limit, limits.given_back(limit, used, 5 * MILLI, START)) == 0, "that is what others took"
