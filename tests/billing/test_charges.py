"""What is owed: the same charges however often it is asked, no day twice, stubs by their days, and each says why."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billsync.billing.calendar import every_of
from billsync.billing.charges import charge_key, due
from billsync.model.amendment import Amendment
from billsync.model.contract import Contract, ContractLine
from billsync.model.convention import Policy
from billsync.model.deal import Cycle
from billsync.model.money import Rounding
from billsync.model.period import calendar_anchor
from billsync.model.scheme import FlatPrice, PerUnitPrice
from tests.billing.make import charges, contract, line, once

DAYS = st.dates(date(2023, 12, 1), date(2028, 12, 31))
UNITS = st.sampled_from(["days", "weeks", "months", "quarters", "years"])


@st.composite
def prices(draw: st.DrawFn) -> FlatPrice | PerUnitPrice:
    amount = draw(st.decimals("0", "10000", places=4))
    if draw(st.booleans()):
        return PerUnitPrice(scheme="per_unit", unit_amount=amount)
    return FlatPrice(scheme="flat", amount=amount)


@st.composite
def contract_lines(draw: st.DrawFn) -> ContractLine:
    start = draw(DAYS)
    cycle = draw(
        UNITS.flatmap(
            lambda unit: st.integers(5 if unit == "days" else 1, 40 if unit == "days" else 6).map(lambda n: {unit: n})
        )
    )
    every = Cycle(**cycle)
    term = draw(st.none() | st.integers(1, 900))
    return ContractLine(
        id="L1",
        product="seat",
        model="recurring",
        quantity=draw(st.decimals("0", "1000", places=2)),
        price=draw(prices()),
        every=every,
        billed=draw(st.sampled_from(["advance", "arrears"])),
        anchor=calendar_anchor(every_of(every), start) if draw(st.booleans()) else start,
        starts_on=start,
        ends_on=None if term is None else start + timedelta(days=term),
    )


def alone(item: ContractLine) -> Contract:
    assert item.starts_on is not None
    return Contract(id="C1", customer="acme", deal="D1", currency="EUR", start=item.starts_on, lines=(item,))


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    lines = draw(st.lists(contract_lines(), min_size=1, max_size=3))
    named = tuple(item.model_copy(update={"id": f"L{n}"}) for n, item in enumerate(lines))
    start = min(item.starts_on for item in named if item.starts_on)
    return Contract(id="C1", customer="acme", deal="D1", currency="EUR", start=start, lines=named)


@given(contracts(), DAYS, st.integers(0, 700))
def test_charges_through_a_day_are_the_first_ones_of_those_through_a_later_day(
    made: Contract, through: date, later: int
) -> None:
    first = due(made, through=through, policy=Policy())
    second = due(made, through=through + timedelta(days=later), policy=Policy())
    assert second.charges[: len(first.charges)] == first.charges
    new = second.charges[len(first.charges) :]
    if new:
        assert first.next_on == new[0].due_on
    assert all(charge.due_on > through for charge in new)


@given(contracts(), DAYS)
def test_the_next_day_is_the_next_charge_and_none_where_none_comes(made: Contract, through: date) -> None:
    found = due(made, through=through, policy=Policy())
    if found.next_on is None:
        assert due(made, through=date(2100, 1, 1), policy=Policy()).charges == found.charges
    else:
        assert found.next_on > through
        before = due(made, through=found.next_on - timedelta(days=1), policy=Policy())
        assert before.charges == found.charges
        assert len(due(made, through=found.next_on, policy=Policy()).charges) > len(found.charges)


@given(contract_lines(), DAYS)
def test_no_day_of_service_is_charged_twice_or_left_out(item: ContractLine, through: date) -> None:
    made = alone(item)
    periods = [charge.period for charge in due(made, through=through, policy=Policy()).charges]
    served = [period for period in periods if period is not None]
    assert len(served) == len(periods)
    assert all(before.end == after.start for before, after in pairwise(served))
    if served:
        assert served[0].start == made.start
        assert item.ends_on is None or served[-1].end <= item.ends_on


@given(contract_lines())
def test_a_term_that_has_ended_is_charged_to_its_last_day(item: ContractLine) -> None:
    end = item.ends_on or alone(item).start + timedelta(days=500)
    made = alone(item.model_copy(update={"ends_on": end}))
    found = due(made, through=end, policy=Policy())
    assert found.next_on is None
    assert sum(charge.period.days for charge in found.charges if charge.period) == (end - made.start).days


@given(contracts(), DAYS)
def test_keys_are_unique_and_the_same_again(made: Contract, through: date) -> None:
    keys = [charge.key for charge in due(made, through=through, policy=Policy()).charges]
    assert len(set(keys)) == len(keys)
    assert keys == [charge.key for charge in due(made, through=through, policy=Policy(proration="none")).charges]


@given(st.dates(date(2020, 1, 2), date(2030, 12, 31)), st.decimals("0", "100000", places=2), st.integers(1, 27))
def test_a_month_cut_in_two_costs_what_the_whole_costs(start: date, price: Decimal, cut: int) -> None:
    """Part and complement, each rounded once, are at most one cent off the full price; without rounding, none."""
    first = start.replace(day=1)
    middle = first + timedelta(days=cut)
    facts = {"unit_amount": str(price), "aligned": "calendar"}
    head = charges(contract(line(**facts, starts_on=first, ends_on=middle)), "2040-01-01")
    tail = charges(contract(line(**facts, starts_on=middle)), middle.isoformat())
    whole = charges(contract(line(**facts, starts_on=first)), first.isoformat())
    off = head[0].amount + tail[0].amount - whole[0].amount
    assert abs(off) <= Decimal("0.01")
    assert whole[0].amount == price


def test_the_31st_comes_back_after_a_short_month() -> None:
    found = charges(contract(line(), signed_on="2024-01-31"), "2024-05-30")
    assert [charge.due_on.isoformat() for charge in found] == ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]
    assert [charge.amount for charge in found] == [Decimal("10.00")] * 4
    assert found[1].key == "D1/L1/2024-02-29"


def test_a_charge_says_why_with_its_numbers() -> None:
    seats = line(quantity="3", aligned="calendar", starts_on="2026-03-15")
    why = due(contract(seats), through=date(2026, 4, 1), policy=Policy(), source="crm.csv:2").charges[0].why
    assert why.formula == "3 x 10.00 x 17/31 days = 16.45"
    assert why.rule == "every month in advance, anchored on the 1st; a part of a cycle by its days"
    assert why.inputs["cycle"] == "2026-03-01 to 2026-03-31"
    assert (why.inputs["period"], why.inputs["rounding"], why.source) == (
        "2026-03-15 to 2026-03-31",
        "half_up",
        "crm.csv:2",
    )


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"every": {"months": 1}}, "every month in advance, anchored on the 31st"),
        ({"every": {"months": 3}}, "every 3 months in advance, anchored on 31 January"),
        ({"every": {"years": 1}, "billed": "arrears"}, "every year in arrears, anchored on 31 January"),
        ({"every": {"weeks": 2}}, "every 2 weeks in advance, anchored on Saturday"),
        ({"every": {"days": 10}}, "every 10 days in advance, counted from 2026-01-31"),
        ({"every": {"quarters": 1}, "starts_on": "2026-02-02"}, "every quarter in advance, anchored on 2 February"),
    ],
)
def test_the_rule_is_told_in_words(facts: dict[str, object], rule: str) -> None:
    assert charges(contract(line(**facts)), "2027-02-01")[0].why.rule == rule


def test_a_stub_is_in_full_where_the_policy_says_so() -> None:
    seats = line(quantity="3", aligned="calendar", starts_on="2026-03-15")
    found = charges(contract(seats), "2026-04-01", Policy(proration="none"))
    assert [charge.amount for charge in found] == [Decimal("30.00")] * 2
    assert found[0].why.rule.endswith("a part of a cycle in full")


@pytest.mark.parametrize("end_day", ["free", "billed"])
def test_who_comes_back_within_days_paid_in_full_does_not_pay_them_again(end_day: str) -> None:
    gone = Amendment.model_validate({"effective": "2026-02-01", "line": "L1", "cancel": True})
    back = Amendment.model_validate({"effective": "2026-02-02", "line": "L1", "ends_on": "2026-02-03"})
    made = contract(line(unit_amount="2000")).model_copy(update={"amendments": (gone, back)})
    found = charges(made, "2026-02-02", Policy.model_validate({"proration": "none", "end_day": end_day}))
    assert [charge.due_on for charge in found] == [date(2026, 1, 31)]


def test_a_flat_price_ignores_the_quantity() -> None:
    made = contract(line(quantity="7"))
    flat = made.lines[0].model_copy(update={"price": FlatPrice(scheme="flat", amount=Decimal("25.00"))})
    found = charges(made.model_copy(update={"lines": (flat,)}), "2026-02-01")
    assert (found[0].amount, found[0].why.formula) == (Decimal("25.00"), "25.00 flat = 25.00")


def test_what_is_billed_once_is_due_at_its_start_or_its_end() -> None:
    made = contract(once(id="A"), once(id="B", billed="arrears", ends_on="2026-06-30"))
    before, after = (due(made, through=date(2026, month, 30), policy=Policy()) for month in (4, 6))
    assert ([charge.line for charge in before.charges], before.next_on) == (["A"], date(2026, 6, 30))
    assert ([charge.line for charge in after.charges], after.next_on) == (["A", "B"], None)
    assert after.charges[1].period is None


def test_arrears_are_due_when_the_period_is_over_not_on_its_last_day() -> None:
    made = contract(line(billed="arrears"), signed_on="2026-01-01")
    assert charges(made, "2026-01-31") == ()
    assert [charge.due_on for charge in charges(made, "2026-02-01")] == [date(2026, 2, 1)]


@pytest.mark.parametrize(("rounding", "amount"), [(Rounding.HALF_UP, "0.13"), (Rounding.HALF_EVEN, "0.12")])
def test_the_named_rounding_decides_a_tie(rounding: Rounding, amount: str) -> None:
    found = charges(contract(line(quantity="0.5", unit_amount="0.25")), "2026-02-01", Policy(rounding=rounding))
    assert found[0].amount == Decimal(amount)


def test_a_free_line_is_charged_at_nothing_rather_than_forgotten() -> None:
    assert [charge.amount for charge in charges(contract(line(unit_amount="0")), "2026-02-01")] == [Decimal("0.00")]


@example(["a/b", "c", "a", "b/c"])
@example(["a", "%2F", "a", "/"])
@given(st.lists(st.text("ab/%", min_size=1, max_size=4), min_size=4, max_size=4))
def test_two_lines_never_share_a_key(parts: list[str]) -> None:
    day = date(2026, 1, 1)
    same = (parts[0], parts[1]) == (parts[2], parts[3])
    assert (charge_key(parts[0], parts[1], day) == charge_key(parts[2], parts[3], day)) == same


def test_a_run_for_the_end_of_time_ends() -> None:
    made = contract(line(every={"years": 90}))
    assert due(made, through=date.max, policy=Policy()).next_on is None
