"""Prepaid credits are never below zero and go in their order; a commitment is reached exactly."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billsync.billing.commitment import true_up
from billsync.billing.prepaid import Grant, draw, expired, price_of_credits
from billsync.billing.proration import share
from billsync.model.period import Every, Period

D = Decimal
ON = date(2026, 6, 15)
MONEY = st.decimals("0", "1000", places=2)


@st.composite
def grants(draw_: st.DrawFn) -> list[Grant]:
    rows = draw_(
        st.lists(
            st.tuples(MONEY, st.integers(-60, 60), st.none() | st.integers(-60, 60), st.integers(1, 3)), max_size=6
        )
    )
    return [
        Grant(
            f"g{n}", left, ON + timedelta(days=since), None if until is None else ON + timedelta(days=until), priority
        )
        for n, (left, since, until, priority) in enumerate(rows)
    ]


@given(grants(), MONEY)
def test_no_more_is_drawn_than_there_is_or_is_asked_for(held: list[Grant], amount: Decimal) -> None:
    usable = sum((grant.left for grant in held if grant.holds_on(ON)), D(0))
    found = draw(held, amount, ON)
    assert found.total == min(amount, usable)
    assert all(grant.left >= 0 for grant in found.grants)
    assert sum((grant.left for grant in found.grants), found.total) == sum((grant.left for grant in held), D(0))
    assert [grant.id for grant in found.grants] == [grant.id for grant in held]


@given(grants(), MONEY, MONEY)
def test_drawing_twice_is_drawing_once(held: list[Grant], first: Decimal, second: Decimal) -> None:
    once = draw(held, first + second, ON)
    twice = draw(draw(held, first, ON).grants, second, ON)
    assert once.grants == twice.grants


def test_priority_then_expiry_then_age() -> None:
    held = [
        Grant("forever", D(10), ON),
        Grant("soon", D(10), ON, ON + timedelta(days=1)),
        Grant("gone", D(10), ON - timedelta(days=9), ON),
        Grant("first", D(10), ON, priority=1),
    ]
    assert draw(held, D(25), ON).by_grant == (("first", D(10)), ("soon", D(10)), ("forever", D(5)))
    assert expired(held, ON) == 10


def test_noise_of_a_number_does_not_reach_the_money() -> None:
    assert price_of_credits(D("17.9699999999999988631316"), D(1), 2) == D("17.97")


def test_a_commitment_is_rounded_as_it_is_told() -> None:
    year = Period(date(2022, 1, 1), date(2023, 1, 1))
    part = share(Period(date(2022, 2, 1), year.end), year, Every(1, "years"))
    each, once = (true_up(D(10000), [D(1000)], [], 2, part=part, round_on=on) for on in ("each", "difference"))
    assert (each.amount, once.amount) == (D("8235.61"), D("8235.62"))
    assert each.formula == "334/365 days of the commitment, less the fees that count = 8235.61, charged 8235.61"


@given(MONEY, st.lists(MONEY, max_size=4))
def test_a_commitment_is_reached_and_never_more(commitment: Decimal, fees: list[Decimal]) -> None:
    made = true_up(commitment, [], fees, 2)
    assert sum(fees, made.amount) == max(commitment, sum(fees, D(0)))
