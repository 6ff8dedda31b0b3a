"""Revenue is earned over its service to the last cent, and what is deferred ties to what was invoiced."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.invoicing.exchange import convert, realised
from billsync.invoicing.parity import RatingProfile, recompute, sendable
from billsync.invoicing.revenue import Earned, by_selling_price, by_usage, roll_forward, straight_line
from billsync.model.exchange import FxRate
from billsync.model.period import Period, add_months, month_of

D = Decimal
MONEY = st.decimals("0", "100000", places=2)
SERVICES = st.tuples(st.dates(date(2019, 1, 1), date(2030, 1, 1)), st.integers(1, 900)).map(
    lambda row: Period(row[0], row[0] + timedelta(days=row[1]))
)


def test_the_last_month_takes_the_rest_or_nobody_does() -> None:
    service = Period(date(2019, 1, 10), date(2019, 3, 16))
    assert [part.amount for part in straight_line(D(100), service, 2)] == [D("33.85"), D("43.08"), D("23.07")]
    running = straight_line(D(100), service, 2, remainder="running")
    assert [part.amount for part in running] == [D("33.85"), D("43.07"), D("23.08")]
    equal = straight_line(D(100), service, 2, method="month")
    assert [part.amount for part in equal] == [D("33.33"), D("33.33"), D("33.34")]


@given(MONEY, SERVICES, st.sampled_from(["day", "month"]), st.sampled_from(["last", "running"]))
def test_revenue_sums_to_the_amount_and_ties_to_invoices(
    amount: Decimal, service: Period, method: str, remainder: str
) -> None:
    earned = straight_line(amount, service, 2, method=method, remainder=remainder)  # type: ignore[arg-type]
    assert sum(part.amount for part in earned) == amount
    first = month_of(service.start).start
    months = [month_of(add_months(first, number)) for number in range(len(earned) + 1)]
    rows = roll_forward([(service.start, amount)], earned, months)
    assert all(before.closing == after.opening for before, after in pairwise(rows))
    assert rows[0].opening == 0
    assert rows[-1].closing == 0
    assert sum(row.earned for row in rows) == sum(row.invoiced for row in rows)


def test_what_came_before_is_the_opening() -> None:
    march = month_of(date(2026, 3, 1))
    [row] = roll_forward([(date(2026, 1, 1), D(90))], [Earned(date(2026, 1, 31), D(30))], [march])
    assert (row.opening, row.closing) == (D(60), D(60))


@given(MONEY, st.lists(st.integers(0, 50), min_size=1, max_size=6))
def test_usage_and_bundles_are_divided_to_the_cent(amount: Decimal, weights: list[int]) -> None:
    used = [(date(2026, 1, 1) + timedelta(days=n), D(weight + 1)) for n, weight in enumerate(weights)]
    assert sum(part.amount for part in by_usage(amount, used, 2)) == amount
    alone = {str(n): D(weight + 1) for n, weight in enumerate(weights)}
    assert sum(by_selling_price(amount, alone, 2).values()) == amount


def rate(value: str, target: str = "JPY") -> FxRate:
    return FxRate(base="USD", target=target, rate=D(value), on=date(2026, 1, 2), source="ECB")


def test_another_currency_by_its_rate_and_decimals() -> None:
    assert convert(D("10.05"), rate("151.27")) == 1520
    assert convert(D("10.05"), rate("0.307", "KWD")) == D("3.085")
    assert realised(D(100), rate("80", "INR"), rate("85", "INR")) == 500
    with pytest.raises(ValueError, match="USD/JPY and USD/INR"):
        realised(D(1), rate("80"), rate("85", "INR"))


def test_a_line_is_sent_so_that_the_target_makes_our_amount_of_it() -> None:
    two, four = RatingProfile(), RatingProfile(unit_price_places=4)
    assert recompute(D(75), D("5.50"), two).difference == D("0.25")
    assert sendable(D(75), D("5.50"), two) == (D(1), D("5.50"))
    assert sendable(D(75), D("5.50"), four) == (D(75), D("0.0733"))
    assert sendable(D(0), D("5.50"), two) == (D(1), D("5.50"))
    with pytest.raises(ValueError, match="no unit price"):
        recompute(D(0), D(1), two)
    with pytest.raises(ValueError, match="needs more"):
        sendable(D(3), D("0.50"), RatingProfile(unit_price_places=0))
