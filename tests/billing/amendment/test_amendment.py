"""Changes of a contract: credits never exceed what was billed, a second repair finds nothing, back again is neutral."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from billsync.billing.amendment import (
    Billed,
    Cancellation,
    Convention,
    Credited,
    LineTerms,
    Segment,
    apply,
    creditable,
    refund,
    repair,
    takes_effect,
    wanted,
)
from billsync.billing.proration import Basis
from billsync.billing.timeline import Grid, ZoneHistory
from billsync.model.period import Every, Period

MONTH = Every(1, "months")
START = date(2026, 1, 1)
D = Decimal
USD = Convention()


def terms(*rates: tuple[str, str], ends_on: date | None = None, start: date = START) -> LineTerms:
    steps = tuple((date.fromisoformat(since), D(rate)) for since, rate in rates)
    return LineTerms("seats", Grid(START, MONTH), start, steps, ends_on)


def bill(made: LineTerms, through: date, billed: tuple[Billed, ...] = (), by: Convention = USD) -> tuple[Billed, ...]:
    return apply(billed, repair(billed, wanted(made, through), by))


def worth(billed: tuple[Billed, ...]) -> Decimal:
    return sum((item.left for item in billed), D(0))


def test_an_upgrade_gives_back_the_rest_and_charges_the_new_price() -> None:
    through = date(2026, 1, 1)
    billed = bill(terms(("2026-01-01", "99")), through)
    found = repair(billed, wanted(terms(("2026-01-01", "99"), ("2026-01-16", "199")), through), USD)
    assert [(credit.amount, str(credit.period)) for credit in found.credits] == [
        (D("51.10"), "2026-01-16 to 2026-01-31")
    ]
    assert [charge.amount for charge in found.charges] == [D("102.71")]
    assert found.net == D("51.61")
    assert found.credits[0].formula == "99 x 16/31 days = 51.10"


def test_a_change_from_long_ago_repairs_every_period_since() -> None:
    through = date(2026, 3, 1)
    billed = bill(terms(("2026-01-01", "31")), through)
    found = repair(billed, wanted(terms(("2026-01-01", "31"), ("2026-02-01", "28")), through), USD)
    assert [credit.amount for credit in found.credits] == [D("31.00"), D("31.00")]
    assert [charge.amount for charge in found.charges] == [D("28.00"), D("28.00")]


def test_a_cancellation_gives_back_what_is_left_after_earlier_credits() -> None:
    segment = Segment(
        "plan", Period(START, date(2027, 1, 1)), Period(START, date(2027, 1, 1)), Every(1, "years"), D("249.95")
    )
    item = Billed("plan/2026", segment, D("249.95"), (Credited("plan/2026", D(10)),))
    found = repair([item], [], USD)
    assert [credit.amount for credit in found.credits] == [D("239.95")]
    assert found.net == D("-239.95")


def test_what_was_billed_twice_is_given_back_once() -> None:
    [once] = bill(terms(("2026-01-01", "31")), START)
    found = repair([once, once], [once.segment], USD)
    assert [credit.amount for credit in found.credits] == [D("31.00")]
    assert found.charges == ()


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[LineTerms, date]]:
    """What a line's terms were at several moments: prices change, also from long ago, and service ends or goes on."""
    found = []
    through = START
    for _ in range(draw(st.integers(1, 5))):
        through += timedelta(days=draw(st.integers(0, 45)))
        offsets = sorted(draw(st.sets(st.integers(0, 150), max_size=3)) | {0})
        steps = tuple((START + timedelta(days=offset), draw(st.decimals("0", "500", places=2))) for offset in offsets)
        end = draw(st.none() | st.integers(1, 150).map(lambda days: START + timedelta(days=days)))
        found.append((LineTerms("seats", Grid(START, MONTH), START, steps, end), through))
    return found


BASES = st.builds(
    Convention,
    places=st.sampled_from([0, 2, 3]),
    basis=st.sampled_from(Basis),
    seconds_in=st.sampled_from([None, ZoneHistory("America/New_York")]),
    factor_places=st.sampled_from([None, 4, 9]),
)


@settings(max_examples=200)
@given(histories(), BASES)
def test_credits_never_exceed_what_was_billed_and_a_second_repair_is_empty(
    history: list[tuple[LineTerms, date]], by: Convention
) -> None:
    billed: tuple[Billed, ...] = ()
    for made, through in history:
        billed = bill(made, through, billed, by)
        assert all(item.left >= 0 for item in billed)
        again = repair(billed, wanted(made, through), by)
        assert (again.credits, again.charges) == ((), ())


@given(histories())
def test_after_a_repair_the_days_billed_are_the_days_wanted(history: list[tuple[LineTerms, date]]) -> None:
    billed: tuple[Billed, ...] = ()
    for made, through in history:
        billed = bill(made, through, billed)
    live = sorted((part.start, part.end) for item in billed for part in item.live)
    segments = sorted((item.period.start, item.period.end) for item in wanted(*history[-1]))
    assert sum((end - start).days for start, end in live) == sum((end - start).days for start, end in segments)
    assert all(left[1] <= right[0] for left, right in pairwise(live))


@given(st.integers(1, 30), st.decimals("0", "500", places=2), st.decimals("0", "500", places=2))
def test_up_and_down_again_on_a_day_is_nothing(offset: int, old: Decimal, new: Decimal) -> None:
    on = (START + timedelta(days=offset)).isoformat()
    before = bill(terms(("2026-01-01", str(old))), START)
    there = bill(terms(("2026-01-01", str(old)), (on, str(new))), START, before)
    back = bill(terms(("2026-01-01", str(old))), START, there)
    assert worth(back) == old


def test_a_change_now_or_at_the_end_of_the_period() -> None:
    grid = Grid(START, MONTH)
    assert takes_effect(date(2026, 1, 15), grid, "now") == date(2026, 1, 15)
    assert takes_effect(date(2026, 1, 15), grid, "period_end") == date(2026, 2, 1)
    assert takes_effect(date(2026, 2, 1), grid, "period_end") == date(2026, 2, 1)


LADDER = Cancellation.model_validate(
    {"ladder": [{"days": 14, "refund": "full"}, {"days": 20, "refund": "prorated"}], "otherwise": "none"}
)


@pytest.mark.parametrize(
    ("ends_on", "rule", "amount"),
    [
        ("2026-01-15", LADDER, "310"),
        ("2026-01-16", LADDER, "160"),
        ("2026-01-22", LADDER, "0"),
        ("2026-01-01", Cancellation(otherwise="prorated"), "310"),
        ("2026-01-30", Cancellation(otherwise="full"), "310"),
        ("2026-02-01", Cancellation(otherwise="full"), "0"),
    ],
)
def test_a_cancellation_by_its_policy(ends_on: str, rule: Cancellation, amount: str) -> None:
    month = Period(START, date(2026, 2, 1))
    assert refund(D(310), month, MONTH, date.fromisoformat(ends_on), rule, USD).amount == D(amount)


def test_a_ladder_rises() -> None:
    with pytest.raises(ValidationError, match="rise"):
        Cancellation.model_validate({"ladder": [{"days": 14, "refund": "full"}, {"days": 14, "refund": "none"}]})


def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="zero or more"):
        Segment("seats", Period(START, date(2026, 2, 1)), Period(START, date(2026, 2, 1)), MONTH, D(-1))


@given(*[st.decimals("0", "1000", places=2)] * 3)
def test_a_credit_stays_within_what_was_paid(potential: Decimal, paid: Decimal, credited: Decimal) -> None:
    found = creditable(potential, paid, credited)
    assert 0 <= found <= potential
    assert found == 0 or found + credited <= paid


@pytest.mark.parametrize("basis", Basis)
def test_an_upgrade_costs_the_difference_for_the_days_that_are_left_whatever_the_basis(basis: Basis) -> None:
    grid = Grid(date(2026, 1, 31), MONTH)
    old, new = (
        LineTerms("seats", grid, grid.first, steps)
        for steps in (((grid.first, D(50)),), ((grid.first, D(50)), (date(2026, 2, 15), D(80))))
    )
    by = Convention(basis=basis)
    found = repair(bill(old, grid.first, by=by), wanted(new, grid.first), by)
    left = by.share(Period(date(2026, 2, 15), date(2026, 2, 28)), grid.cycle(grid.first), MONTH)
    assert [credit.amount for credit in found.credits] == [by.price(D(50), left)]
    assert [charge.amount for charge in found.charges] == [by.price(D(80), left)]
