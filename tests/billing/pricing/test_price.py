"""Price schemes: tiers and their bounds, allowances and limits; a period billed in parts costs what it costs in one."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from billsync.billing.pricing import Change, Consumption, bill, limit, price, rerate
from billsync.model.exact import exact_sum
from billsync.model.money import Rounding
from billsync.model.period import Period
from billsync.model.scheme import AnyScheme, Scheme

SCHEMES: TypeAdapter[Scheme] = TypeAdapter(AnyScheme)
D = Decimal
QUANTITIES = st.decimals("0", "100000", places=3)
MONEY = st.decimals("0", "1000", places=4)


def scheme(name: str, **fields: object) -> Scheme:
    return SCHEMES.validate_python({"scheme": name, **fields})


def cost(made: Scheme, quantity: str | Decimal) -> Decimal | Fraction:
    return price(made, Consumption(quantity=D(quantity))).amount


TIERS = [
    {"up_to": "10", "unit_amount": "3", "flat_amount": "100"},
    {"up_to": "20", "unit_amount": "2"},
    {"unit_amount": "1", "flat_amount": "5"},
]


@pytest.mark.parametrize(
    ("name", "quantity", "amount"),
    [
        ("graduated", "0", "100"),
        ("graduated", "10", "130"),
        ("graduated", "10.5", "131"),
        ("graduated", "25", "160"),
        ("volume", "10", "130"),
        ("volume", "11", "22"),
        ("volume", "21", "26"),
    ],
)
def test_a_bound_belongs_to_the_tier_below(name: str, quantity: str, amount: str) -> None:
    assert cost(scheme(name, tiers=TIERS), quantity) == D(amount)


def test_stairstep_charges_the_step_and_no_units() -> None:
    steps = scheme("stairstep", tiers=[{"up_to": "5", "flat_amount": "20"}, {"flat_amount": "35"}])
    assert [cost(steps, quantity) for quantity in ("0", "5", "5.1")] == [20, 20, 35]


def test_blocks_that_are_begun_are_whole() -> None:
    made = scheme(
        "graduated", tiers=[{"up_to": "1000", "unit_amount": "1", "per": "100"}, {"unit_amount": "2", "per": "50"}]
    )
    assert cost(made, "1001") == 12
    assert cost(made, "901") == 10
    assert cost(scheme("package", size="10", amount="7", free_units="5"), "16") == 14
    assert cost(scheme("package", size="10", amount="7", free_units="5"), "5") == 0


def test_free_units_never_become_a_credit() -> None:
    assert cost(scheme("per_unit", unit_amount="2", free_units="10"), "4") == 0
    assert cost(scheme("per_unit", unit_amount="2", free_units="10"), "14") == 8


def test_a_formula_tells_every_step() -> None:
    made = price(scheme("graduated", tiers=TIERS), Consumption(quantity=D(12)))
    assert made.formula == "10 x 3 + 100 flat + 2 x 2 = 134"
    assert price(scheme("dynamic"), Consumption()).formula == "nothing = 0"


def test_an_allowance_in_transactions_and_amount_ends_with_the_first_of_them() -> None:
    both = scheme("percentage", rate="0.1", fixed_amount="1", free_transactions=2, free_amount="50")
    assert price(both, Consumption(transactions=(D(40), D(40), D(40)))).amount == D("3") + 1 + D("4") + 1
    none_free = scheme("percentage", rate="0.1", free_transactions=0)
    assert price(none_free, Consumption(transactions=(D(40),))).amount == 4


def test_a_free_transaction_pays_no_minimum() -> None:
    made = scheme("percentage", rate="0.1", free_amount="40", minimum="2", maximum="5")
    assert price(made, Consumption(transactions=(D(40), D(1), D(30), D(900)))).amount == 2 + 3 + 5


def test_dynamic_prices_come_with_the_transaction() -> None:
    made = scheme("dynamic", multiplier="1.2")
    assert price(made, Consumption(transactions=(D("1.05"), D("2")))).amount == D("3.66")


def test_a_minimum_and_a_maximum_hold_for_the_period() -> None:
    made = scheme("per_unit", unit_amount="1", minimum_spend="10", maximum_spend="20")
    assert [cost(made, units) for units in ("0", "15", "25")] == [10, 15, 20]
    told = price(made, Consumption(quantity=D(25)))
    assert told.formula == "25 x 1 + -5 above the maximum = 20"
    assert exact_sum(step.amount for step in told.steps) == told.amount


def test_a_change_outside_its_period_is_refused() -> None:
    made = scheme("prorated_graduated", tiers=TIERS)
    period = Period(date(2026, 3, 1), date(2026, 4, 1))
    with pytest.raises(ValueError, match="outside"):
        price(made, Consumption(period=period, changes=(Change(date(2026, 4, 1), D(1)),)))
    with pytest.raises(ValueError, match="below zero"):
        price(made, Consumption(period=period, changes=(Change(date(2026, 3, 1), D(-1)),)))
    with pytest.raises(ValueError, match="needs the period"):
        price(made, Consumption())


@pytest.mark.parametrize(
    "fields",
    [
        {"scheme": "graduated", "tiers": []},
        {"scheme": "graduated", "tiers": [{"up_to": "10"}]},
        {"scheme": "volume", "tiers": [{"up_to": "10"}, {"up_to": "10"}, {}]},
        {"scheme": "volume", "tiers": [{"up_to": "0"}, {}]},
        {"scheme": "volume", "tiers": [{}, {}]},
        {"scheme": "stairstep", "tiers": [{"unit_amount": "1"}]},
        {"scheme": "prorated_graduated", "tiers": [{"per": "10"}]},
        {"scheme": "package", "size": "0", "amount": "1"},
        {"scheme": "flat", "amount": "1", "minimum_spend": "3", "maximum_spend": "2"},
        {"scheme": "flat", "amount": 1.5},
        {"scheme": "by_the_moon"},
    ],
)
def test_a_scheme_that_makes_no_sense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SCHEMES.validate_python(fields)


@st.composite
def tiered(draw: st.DrawFn, names: tuple[str, ...] = ("graduated", "volume")) -> Scheme:
    bounds = sorted(draw(st.sets(st.integers(1, 50000), max_size=4)))
    flats = draw(st.lists(MONEY, min_size=len(bounds) + 1, max_size=len(bounds) + 1))
    tiers = [
        {"up_to": bound, "unit_amount": draw(MONEY), "flat_amount": flat}
        for bound, flat in zip([*bounds, None], flats, strict=True)
    ]
    return scheme(draw(st.sampled_from(names)), tiers=tiers)


@given(tiered(), st.lists(QUANTITIES, min_size=1, max_size=6))
def test_a_period_in_parts_costs_what_it_costs_in_one(made: Scheme, parts: list[Decimal]) -> None:
    billed, before = price(made, Consumption()).amount, Consumption()
    for part in parts:
        now = Consumption(quantity=before.quantity + part)
        billed, before = exact_sum((billed, rerate(made, before, now).amount)), now
    assert billed == price(made, before).amount


@given(
    tiered(),
    st.lists(QUANTITIES, min_size=1, max_size=6),
    st.sampled_from(Rounding),
    st.sampled_from([0, 2, 3]),
    st.none() | MONEY,
)
def test_however_many_bills_they_charge_what_one_would(
    made: Scheme, parts: list[Decimal], rounding: Rounding, places: int, minimum: Decimal | None
) -> None:
    made = made.model_copy(update={"minimum_spend": minimum})
    billed, used = D(0), Consumption()
    for number, part in enumerate(parts, start=1):
        used = Consumption(quantity=used.quantity + part)
        last = number == len(parts)
        billed += bill(made, used, billed=billed, places=places, rounding=rounding, last=last).amount
    assert billed == bill(made, used, billed=D(0), places=places, rounding=rounding).amount
    assert bill(made, used, billed=billed, places=places, rounding=rounding).amount == 0


def test_a_bill_after_late_usage_tells_what_was_billed() -> None:
    made = bill(scheme("graduated", tiers=TIERS), Consumption(quantity=D(12)), billed=D("100"), places=2)
    assert made.formula == "10 x 3 + 100 flat + 2 x 2 = 134, rounded 134.00, less 100 billed before = 34.00"


@given(tiered(("graduated",)), QUANTITIES, QUANTITIES)
def test_more_units_never_cost_less_when_graduated(made: Scheme, left: Decimal, right: Decimal) -> None:
    assert cost(made, min(left, right)) <= cost(made, max(left, right))


@given(tiered(), QUANTITIES)
def test_steps_sum_to_the_amount(made: Scheme, quantity: Decimal) -> None:
    found = price(made, Consumption(quantity=quantity))
    assert exact_sum(step.amount for step in found.steps) == found.amount


@given(st.lists(MONEY, min_size=1, max_size=6), MONEY, st.none() | MONEY)
def test_limits_hold_over_the_parts_of_a_period(
    charges: list[Decimal], maximum: Decimal, minimum: Decimal | None
) -> None:
    least = None if minimum is None else min(minimum, maximum)
    billed: Decimal | Fraction = D(0)
    for number, charge in enumerate(charges):
        last = number == len(charges) - 1
        part = limit(charge, minimum=least if last else None, maximum=maximum, already_billed=billed)
        assert part.net >= 0
        billed = exact_sum((billed, part.net))
    assert billed == max(least or 0, min(sum(charges), maximum))


@given(
    st.lists(st.tuples(st.integers(0, 29), st.integers(1, 60)), min_size=1, max_size=6),
    st.integers(1, 20),
    MONEY,
)
def test_units_that_come_and_go_on_a_day_cost_nothing(events: list[tuple[int, int]], up_to: int, unit: Decimal) -> None:
    made = scheme("prorated_graduated", tiers=[{"up_to": up_to, "unit_amount": unit}, {"unit_amount": "0.5"}])
    start = date(2026, 9, 1)
    period = Period(start, date(2026, 10, 1))
    changes = tuple(
        Change(start + timedelta(days=offset), D(sign * units)) for offset, units in sorted(events) for sign in (1, -1)
    )
    assert price(made, Consumption(period=period, changes=changes)).amount == 0
