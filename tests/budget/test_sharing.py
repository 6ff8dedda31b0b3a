"""Who comes first, who waits, and that nobody waits for ever."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.budget.limits import SECOND
from billsync.budget.sharing import Answer, Ask, Heard, Shared, lasts_us, share
from billsync.connector import CALLS, CallLimit, Said, Urgency
from tests.budget.test_limits import START

U = Urgency
MINUTE = CallLimit(name="minute", calls=50, within_s=60)
SECONDLY = CallLimit(name="second", kind="rate", calls=1, burst=1)


class Row:
    """The shared row, and the clock."""

    def __init__(self, *plan: CallLimit) -> None:
        self.plan, self.shared, self.now = plan, Shared(), START

    def ask(
        self, who: str, urgency: Urgency, need: int = 1, want: int = 0, said: Sequence[Said] = (), ago_us: int = 0
    ) -> Answer:
        heard = [Heard(one, ago_us) for one in said]
        return self.put(Ask(who, urgency, CALLS, need, max(need, want), heard=heard))

    def put(self, asked: Ask) -> Answer:
        self.shared, answer = share(self.plan, self.shared, asked, self.now)
        return answer


def test_the_less_urgent_leave_a_reserve_to_the_more_urgent() -> None:
    row = Row(MINUTE)
    assert row.ask("a", U.BACKFILL, want=100).granted == 45
    assert row.ask("b", U.READ, want=100).granted == 2
    assert row.ask("c", U.INVOICE, want=100).granted == 2
    assert row.ask("d", U.PAYMENT, want=100).granted == 1
    assert row.ask("d", U.PAYMENT).wait_us > 0


def test_who_is_more_urgent_comes_first_though_it_came_later() -> None:
    row = Row(SECONDLY)
    row.ask("first", U.PAYMENT)
    assert row.ask("backfill", U.BACKFILL).granted == 0
    assert row.ask("payment", U.PAYMENT).granted == 0
    row.now += SECOND
    assert row.ask("backfill", U.BACKFILL).granted == 0, "somebody more urgent waits"
    assert row.ask("payment", U.PAYMENT).granted == 1
    row.now += SECOND
    assert row.ask("backfill", U.BACKFILL).granted == 1


def test_who_waits_and_is_gone_holds_up_nobody() -> None:
    row = Row(SECONDLY)
    row.ask("first", U.READ)
    row.ask("dies", U.PAYMENT)
    row.now += 3 * SECOND
    assert row.ask("other", U.BACKFILL).granted == 1


def test_the_least_urgent_is_served_though_others_never_stop() -> None:
    row, served = Row(SECONDLY), 0
    for _ in range(5 * 60 * 4):
        row.now += SECOND // 4
        for who in ("one", "two", "three"):
            row.ask(who, U.PAYMENT)
        served += row.ask("backfill", U.BACKFILL).granted
    assert served >= 2


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(U), st.integers(1, 4)), min_size=30, max_size=80))
def test_everybody_who_goes_on_asking_is_served(asks: list[tuple[str, Urgency, int]]) -> None:
    row = Row(CallLimit(name="second", kind="rate", calls=4, burst=4))
    for who, urgency, need in asks:
        for _ in range(200):
            row.now += SECOND // 2
            if row.ask(who, urgency, need).granted:
                break
        else:
            raise AssertionError(f"{who} was never served")


def test_a_pause_holds_everybody_and_ends() -> None:
    row = Row(MINUTE)
    row.ask("a", U.READ, said=[Said(hold_s=30)])
    assert row.ask("b", U.PAYMENT).granted == 0
    row.now += 31 * SECOND
    assert row.ask("b", U.PAYMENT).granted == 1


def test_how_long_many_calls_take_is_told() -> None:
    daily = CallLimit(name="day", calls=1_000, kind="daily", within_s=86_400)
    row = Row(daily, MINUTE)
    row.ask("a", U.BACKFILL)
    hours = [lasts_us(row.plan, row.shared, U.BACKFILL, count, row.now) / SECOND / 3_600 for count in (40, 800, 1_900)]
    assert hours[0] == 0
    assert 0.25 < hours[1] < 0.35, "by the minute"
    assert hours[2] == 36, "the rest of the third day's calls: from noon to the midnight after the next"


def test_who_needs_all_of_a_limit_gets_it_and_no_reserve_holds_it_up_for_ever() -> None:
    row = Row(CallLimit(name="second", kind="rate", calls=10, burst=1))
    assert row.ask("a", U.BACKFILL, need=5).granted == 5, "more than there can ever be: when all of it is there"
    row = Row(MINUTE)
    assert row.ask("a", U.BACKFILL, need=50).granted == 50


def test_places_are_shared_the_backfill_leaves_one_and_those_of_the_dead_come_back() -> None:
    row = Row(CallLimit(name="at_once", kind="at_once", calls=3))

    def places(who: str, urgency: Urgency, count: int) -> int | None:
        return row.put(Ask(who, urgency, CALLS, slots=count)).slots

    assert places("backfill", U.BACKFILL, 3) == 2
    assert places("reader", U.READ, 3) == 1
    assert places("payment", U.PAYMENT, 1) == 0
    row.now += 121 * SECOND
    assert places("payment", U.PAYMENT, 3) == 3, "nobody has said anything for two minutes"


def test_what_was_granted_and_not_made_is_there_again() -> None:
    row = Row(MINUTE)
    assert row.ask("a", U.PAYMENT, want=50).granted == 50
    row.put(Ask("a", U.PAYMENT, CALLS, back=[(CALLS, 20, 0)]))
    assert row.ask("b", U.PAYMENT, want=50).granted == 20
    assert row.shared.spent == 50
    row.now += 24 * 3_600 * SECOND
    row.ask("b", U.PAYMENT)
    assert row.shared.spent == 1, "of the day"


def test_an_older_word_than_the_last_one_that_was_told_changes_nothing() -> None:
    """One process heard much is left, and tells it after another one heard that nothing is."""
    row = Row(MINUTE)
    row.ask("b", U.PAYMENT, said=[Said("minute", remaining=0)])
    row.now += SECOND
    assert row.ask("a", U.PAYMENT, said=[Said("minute", remaining=49)], ago_us=20 * SECOND).granted == 0
    row.ask("a", U.PAYMENT, said=[Said(hold_s=30)], ago_us=20 * SECOND)
    assert row.shared.held_until == row.now + 10 * SECOND, "a pause counts from when it was asked for"


def test_a_pause_that_lies_days_ahead_was_noted_by_a_clock_that_was_wrong() -> None:
    row = Row(MINUTE)
    row.ask("a", U.READ, said=[Said(hold_s=30)])
    row.now -= 2 * 86_400 * SECOND
    assert row.ask("b", U.PAYMENT).granted == 1
