"""Parts of cycles: each day-count convention by hand, part and rest make the whole, there and back is nothing."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.billing.proration import (
    Basis,
    change,
    end_of_service,
    months_and_days,
    prorate,
    second_share,
    share,
    whole_and_part,
)
from billsync.billing.timeline import Grid, ZoneHistory
from billsync.model.exact import exact_sum
from billsync.model.money import Rounding
from billsync.model.period import Every, Period, add_months

MONTH, YEAR = Every(1, "months"), Every(1, "years")
MONEY = st.decimals("0", "1000000", places=2)
DAYS = st.dates(date(2019, 1, 1), date(2030, 12, 31))


def period(text: str) -> Period:
    first, end = text.split(" ")
    return Period(date.fromisoformat(first), date.fromisoformat(end))


@pytest.mark.parametrize(
    ("part", "cycle", "every", "basis", "told"),
    [
        ("2026-01-27 2026-02-01", "2026-01-01 2026-02-01", MONTH, "actual/actual", "5/31 days"),
        ("2026-01-27 2026-02-01", "2026-01-01 2026-02-01", MONTH, "fixed 30", "5/30 days (fixed 30)"),
        ("2026-01-27 2026-02-01", "2026-01-01 2026-02-01", MONTH, "strict 30/360", "4/30 days (strict 30/360)"),
        ("2026-01-27 2026-02-01", "2026-01-01 2026-02-01", MONTH, "30/360", "4/30 days (30/360)"),
        ("2026-01-27 2026-02-01", "2026-01-01 2026-02-01", MONTH, "actual/365", "5/(365/12) days (actual/365)"),
        ("2026-02-27 2026-03-01", "2026-02-01 2026-03-01", MONTH, "strict 30/360", "4/30 days (strict 30/360)"),
        ("2026-02-01 2026-02-28", "2026-02-01 2026-03-01", MONTH, "strict 30/360", "27/30 days (strict 30/360)"),
        ("2026-01-31 2026-03-31", "2026-01-01 2027-01-01", YEAR, "30/360", "60/360 days (30/360)"),
        ("2026-01-31 2026-03-30", "2026-01-01 2027-01-01", YEAR, "30/360", "60/360 days (30/360)"),
        ("2024-01-01 2024-07-01", "2024-01-01 2025-01-01", YEAR, "actual/365", "182/365 days (actual/365)"),
        ("2026-01-01 2026-02-01", "2026-01-01 2026-02-01", MONTH, "actual/365", "31/31 days"),
    ],
)
def test_a_convention_by_hand(part: str, cycle: str, every: Every, basis: str, told: str) -> None:
    assert str(share(period(part), period(cycle), every, Basis(basis))) == told


def test_fixed_thirty_never_charges_more_than_the_month() -> None:
    found = share(period("2026-01-01 2026-02-01"), period("2025-12-15 2026-02-15"), MONTH, Basis.FIXED_30)
    assert found.ratio == 1


def test_weeks_have_no_months_to_count_by() -> None:
    week = period("2026-01-05 2026-01-12")
    with pytest.raises(ValueError, match="no months"):
        share(period("2026-01-05 2026-01-06"), week, Every(1, "weeks"), Basis.STRICT_30_360)


@given(
    DAYS, st.integers(1, 24), st.integers(0, 700), MONEY, st.sampled_from([Basis.ACTUAL_ACTUAL, Basis.STRICT_30_360])
)
def test_part_and_rest_make_the_whole(start: date, months: int, offset: int, price: Decimal, basis: Basis) -> None:
    every = Every(months, "months")
    cycle = Grid(start.replace(day=1), every).cycle(start)
    day = cycle.start + timedelta(days=offset % cycle.days)
    if day == cycle.start:
        return
    part, rest = (share(piece, cycle, every, basis) for piece in cycle.split_at(day))
    assert part.ratio + rest.ratio == 1
    assert abs(prorate(price, part, 2) + prorate(price, rest, 2) - price) <= Decimal("0.01")


@given(MONEY, MONEY, st.integers(1, 31), st.sampled_from(Rounding), st.sampled_from(["legs", "net"]))
def test_there_and_back_again_is_nothing(old: Decimal, new: Decimal, day: int, rounding: Rounding, on: str) -> None:
    cycle = period("2026-03-01 2026-04-01")
    rest = share(Period(date(2026, 3, day), cycle.end), cycle, MONTH)
    up, down = (
        change(*pair, rest, 2, rounding, round_on=on)  # type: ignore[arg-type]
        for pair in ((old, new), (new, old))
    )
    assert up.net + down.net == 0
    if on == "legs":
        assert up.net == exact_sum((up.credit, up.charge))


def test_legs_or_net_are_two_conventions() -> None:
    cycle = period("2024-03-01 2024-04-01")
    rest = share(period("2024-03-15 2024-04-01"), cycle, MONTH)
    assert change(Decimal(10), Decimal(20), rest, 2).net == Decimal("5.49")
    on_net = change(Decimal(10), Decimal(20), rest, 2, round_on="net")
    assert on_net.net == Decimal("5.48")
    assert on_net.formula == "(20 - 10) x 17/31 days = 5.48"


def test_seconds_count_the_hours_that_a_day_has() -> None:
    day, cycle = period("2024-03-10 2024-03-11"), period("2024-03-01 2024-04-01")
    found = second_share(day, cycle, ZoneHistory("America/New_York"))
    assert str(found) == f"{23 * 3600}/{31 * 86400 - 3600} seconds"


def test_the_last_day_is_in_or_out() -> None:
    on = date(2024, 1, 18)
    assert (end_of_service(on, "billed") - date(2024, 1, 1)).days == 18
    assert (end_of_service(on, "free") - date(2024, 1, 1)).days == 17


@given(DAYS, st.integers(0, 1500))
def test_months_and_days_lead_to_the_end(start: date, days: int) -> None:
    whole = Period(start, start + timedelta(days=days + 1))
    months, left = months_and_days(whole)
    assert add_months(start, months) + timedelta(days=left) == whole.end
    assert 0 <= left < 31


def test_a_long_period_is_whole_cycles_and_a_part() -> None:
    assert whole_and_part(period("2022-01-01 2022-02-15"), MONTH).ratio == Decimal("1.5")
    assert str(whole_and_part(period("2022-01-01 2022-02-15"), MONTH, 30)) == "(22/15)/1 months"
    assert whole_and_part(period("2022-01-01 2022-01-15"), Every(1, "weeks")).ratio == 2


def test_a_factor_can_be_kept_with_so_many_decimals() -> None:
    cycle = period("2026-03-01 2026-04-01")
    third = share(period("2026-03-01 2026-03-11"), cycle, MONTH)
    assert prorate(Decimal(1000), third, 2) == Decimal("322.58")
    assert prorate(Decimal(1000), third, 2, factor_places=2) == Decimal("320.00")
