"""What a document comes to: shares of discounts and taxes sum to their totals, under every convention."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from billsync.billing.amendment import Convention
from billsync.billing.timeline import ZoneHistory
from billsync.invoicing.convention import PRESETS
from billsync.invoicing.discount import discount
from billsync.invoicing.taxation import Taxable, taxes
from billsync.invoicing.totals import balance, totals
from billsync.model.convention import Conventions
from billsync.model.discount import Coupon
from billsync.model.money import Rounding
from billsync.model.period import Every, Period

D = Decimal
MONEY = st.decimals("0", "100000", places=2)
RATES = st.sampled_from([D("0"), D("0.05"), D("0.07"), D("0.19"), D("0.2"), D("0.0825"), D("0.09975")])
CONVENTIONS = st.builds(
    Conventions,
    rounding=st.sampled_from([Rounding.HALF_UP, Rounding.HALF_EVEN, Rounding.HALF_DOWN]),
    coupon_order=st.sampled_from(["as_given", "percentage_first", "fixed_first"]),
    tax_rounding=st.sampled_from(["line", "rate", "document"]),
    prices_include_tax=st.booleans(),
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[list[Taxable], list[Coupon]]:
    lines = [
        Taxable(f"L{n}", amount, rate, f"tax {rate}")
        for n, (amount, rate) in enumerate(draw(st.lists(st.tuples(MONEY, RATES), min_size=1, max_size=7)))
    ]
    names = [line.id for line in lines]
    coupons = []
    for number in range(draw(st.integers(0, 4))):
        targets = draw(st.none() | st.sets(st.sampled_from(names), min_size=1))
        kind = draw(st.sampled_from(["percent", "amount"]))
        value = draw(st.decimals("0", "1", places=3) if kind == "percent" else MONEY)
        held = None if targets is None else tuple(sorted(targets))
        at_most = draw(st.none() | MONEY)
        coupons.append(Coupon.model_validate({"id": f"c{number}", kind: value, "lines": held, "at_most": at_most}))
    return lines, coupons


@given(documents(), CONVENTIONS, MONEY)
def test_a_document_adds_up(document: tuple[list[Taxable], list[Coupon]], by: Conventions, credits: Decimal) -> None:
    lines, coupons = document
    made = totals(lines, coupons, 2, by, credits=credits)
    assert sum(made.discounts.shares.values()) == made.discounts.total
    assert sum(line.tax for line in made.taxed.lines) == made.taxed.total
    assert sum(rate.tax for rate in made.taxed.rates) == made.taxed.total
    charged = made.subtotal - made.discounts.total
    assert made.total == (charged if by.prices_include_tax else charged + made.taxed.total)
    assert made.net + made.taxed.total == made.total
    assert made.due >= 0
    assert made.due + made.prepaid == made.total
    assert made.prepaid <= credits
    assert all(value >= 0 for value in made.discounts.net.values())


@given(st.lists(MONEY, min_size=1, max_size=5), st.permutations([D("0.1"), D("0.25"), D("0.333"), D("0.5")]))
def test_percentages_commute(amounts: list[Decimal], percents: list[Decimal]) -> None:
    lines = {str(number): amount for number, amount in enumerate(amounts)}
    straight = [Coupon(id=str(n), percent=value) for n, value in enumerate(sorted(percents))]
    mixed = [Coupon(id=str(n), percent=value) for n, value in enumerate(percents)]
    found = (discount(lines, coupons, 2, order="as_given") for coupons in (straight, mixed))
    left, right = found
    assert (left.net, left.shares) == (right.net, right.shares)


def test_percent_before_fixed_or_the_other_way_is_a_convention() -> None:
    coupons = [Coupon(id="fixed", amount=D(50)), Coupon(id="ten", percent=D("0.1"))]
    orders = ("as_given", "percentage_first", "fixed_first")
    assert [discount({"a": D(100)}, coupons, 2, order=order).total for order in orders] == [55, 60, 55]  # type: ignore[arg-type]


def test_coupons_of_a_line_come_first_and_never_take_more_than_there_is() -> None:
    coupons = [Coupon(id="all", amount=D(10)), Coupon(id="one", amount=D(100), lines=("a",))]
    found = discount({"a": D(60), "b": D(40)}, coupons, 2)
    assert found.by_coupon == (("one", Fraction(60)), ("all", Fraction(10)))
    assert found.shares == {"a": D("60.00"), "b": D("10.00")}
    capped = discount({"a": D(60)}, [Coupon(id="half", percent=D("0.5"), at_most=D(20))], 2)
    assert capped.total == 20


def test_a_coupon_holds_for_its_days_and_lines() -> None:
    coupon = Coupon(id="c", percent=D("0.1"), starts_on=date(2026, 1, 1), ends_on=date(2026, 2, 1))
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1))
    assert [coupon.holds_on(day) for day in days] == [False, True, True, False]
    with pytest.raises(ValueError, match="not there"):
        discount({"a": D(1)}, [Coupon(id="c", percent=D("0.1"), lines=("b",))], 2)
    with pytest.raises(ValidationError, match="either a percent or an amount"):
        Coupon(id="c")


def test_three_ways_to_round_tax_give_three_totals() -> None:
    lines = [Taxable(str(n), D(amount), D("0.2"), "a") for n, amount in enumerate(["0.12", "0.12"])]
    lines += [Taxable("2", D("0.13"), D("0.1"), "b"), Taxable("3", D("0.13"), D("0.1"), "b")]
    found = {on: taxes(lines, 2, rounded_on=on).total for on in ("line", "rate", "document")}
    assert found == {"line": D("0.06"), "rate": D("0.08"), "document": D("0.07")}


def test_tax_within_prices_is_taken_out_of_them() -> None:
    found = taxes([Taxable("a", D("119.00"), D("0.19"), "DE")], 2, inclusive=True)
    assert (found.total, found.rates[0].base) == (D("19.00"), Fraction(100))


@given(st.lists(st.tuples(st.decimals("-1000", "1000", places=2), RATES), min_size=1, max_size=6))
def test_negative_lines_are_taxed_the_same_way(rows: list[tuple[Decimal, Decimal]]) -> None:
    lines = [Taxable(str(n), amount, rate, str(rate)) for n, (amount, rate) in enumerate(rows)]
    mirrored = [Taxable(line.id, -line.amount, line.rate, line.code) for line in lines]
    for on in ("line", "rate", "document"):
        made = taxes(lines, 2, rounded_on=on)
        assert sum(line.tax for line in made.lines) == made.total
        assert taxes(mirrored, 2, rounded_on=on).total == -made.total


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_sets_what_differs_and_says_why(name: str) -> None:
    preset, default = PRESETS[name], Conventions()
    made = preset.conventions
    assert preset.why
    assert {field for field in Conventions.model_fields if getattr(made, field) != getattr(default, field)} <= set(
        preset.sets
    )


@pytest.mark.parametrize(
    ("name", "amount"),
    [("default", "54.84"), ("stripe-like", "54.91"), ("zuora-like", "53.33"), ("killbill-like", "54.84")],
)
def test_a_preset_decides_what_a_part_of_a_cycle_costs(name: str, amount: str) -> None:
    by = Convention.by(PRESETS[name].conventions, 2, ZoneHistory("America/New_York"))
    cycle = Period(date(2024, 3, 1), date(2024, 4, 1))
    part = by.share(Period(date(2024, 3, 15), cycle.end), cycle, Every(1, "months"))
    assert by.price(D(100), part) == D(amount)


@given(*[st.decimals("0", "1000", places=2)] * 4)
def test_a_balance_is_owed_or_over_never_both(charged: Decimal, credits: Decimal, paid: Decimal, back: Decimal) -> None:
    owed, over = balance(charged, credits=credits, paid=paid, refunded=back)
    assert min(owed, over) == 0
    assert owed - over == charged - credits - paid + back
