"""Money over many documents: every cent is accounted for, in whatever order it became known."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.cash.settlement import Advice, OpenItem, Remittance, Tolerance, position

RUNS = settings(max_examples=40)
START = date(2026, 1, 1)
MONEY = st.decimals("0.01", "300", places=2)
DAYS = st.integers(0, 60).map(lambda days: START + timedelta(days=days))
CURRENCIES = st.sampled_from(["EUR", "USD"])
ADVICE = st.builds(Advice, document=st.sampled_from(["A", "B", "X"]), amount=st.none() | MONEY)


@st.composite
def accounts(draw: st.DrawFn) -> tuple[list[OpenItem], list[Remittance]]:
    names = draw(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 3)), unique=True, max_size=6))
    items = [
        OpenItem(
            document=name, part=part, issued_on=draw(DAYS), due_on=draw(DAYS), amount=draw(MONEY), currency=currency
        )
        for name, part in names
        for currency in [draw(CURRENCIES)]
    ]
    money = [
        Remittance(
            id=f"P{number}",
            received_on=draw(DAYS),
            amount=draw(MONEY),
            currency=draw(CURRENCIES),
            advice=tuple(draw(st.lists(ADVICE, max_size=3))),
            reversed_on=draw(st.none() | DAYS),
        )
        for number in range(draw(st.integers(0, 5)))
    ]
    return items, money


TOLERANCES = st.builds(
    Tolerance, short=st.just(Decimal(0)) | MONEY, percent=st.none() | st.just(Decimal("0.01")), over=MONEY
)


@RUNS
@given(accounts(), DAYS, TOLERANCES)
def test_every_cent_is_accounted_for(
    account: tuple[list[OpenItem], list[Remittance]], on: date, within: Tolerance
) -> None:
    items, money = account
    found = position(items, money, on, within)
    for item in items:
        if item.issued_on <= on:
            rows = [row for row in found.settled if (row.document, row.part) == (item.document, item.part)]
            open_ = found.open[item.document, item.part]
            assert open_ >= 0
            assert sum(row.amount + row.written_off for row in rows) + open_ == item.amount
    for each in money:
        used = sum(row.amount for row in found.settled if row.remittance == each.id)
        left = found.on_account.get(each.id, Decimal(0)) + found.kept.get(each.id, Decimal(0))
        assert used + left == (each.amount if each.counts_on(on) else 0)
    assert all(row.written_off <= within.short for row in found.settled)
    assert all(kept <= within.over for kept in found.kept.values())


@RUNS
@given(accounts(), DAYS)
def test_the_order_in_which_it_became_known_makes_no_difference(
    account: tuple[list[OpenItem], list[Remittance]], on: date
) -> None:
    items, money = account
    assert position(items, money, on) == position(items[::-1], money[::-1], on)


@RUNS
@given(accounts(), DAYS)
def test_money_without_advice_leaves_nothing_open_that_it_could_pay(
    account: tuple[list[OpenItem], list[Remittance]], on: date
) -> None:
    items, money = account
    found = position(items, [each.model_copy(update={"advice": ()}) for each in money], on)
    for each in money:
        if each.id in found.on_account:
            mine = [item for item in items if item.currency == each.currency and item.issued_on <= on]
            assert all(not found.open[item.document, item.part] for item in mine)
