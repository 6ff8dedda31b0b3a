"""Events count in the order of their instants, whatever their ids are called."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from billsync.billing.charges import Facts, due
from billsync.model.contract import Contract, ContractLine
from billsync.model.convention import Policy
from billsync.model.deal import Cycle
from billsync.model.scheme import PerUnitPrice, Tier, TieredPrice
from billsync.model.usage import UsageEvent


def _event(id: str, hour: int | None, value: int) -> UsageEvent:
    at = None if hour is None else datetime(2026, 1, 20, hour, tzinfo=UTC)
    return UsageEvent(id=id, meter="m", at=at, on=date(2026, 1, 20) if at is None else None, value=Decimal(value))


def _contract(line: ContractLine) -> Contract:
    return Contract(id="C", customer="a", currency="EUR", start=date(2026, 1, 1), lines=(line,))


def test_the_last_reading_of_a_day_is_the_one_that_came_last() -> None:
    line = ContractLine(
        id="disk", product="DISK", model="usage", meter="m", aggregate="last", every=Cycle(months=1),
        price=PerUnitPrice(scheme="per_unit", unit_amount=Decimal(1)),
    )  # fmt: skip
    events = [_event("9", 8, 50), _event("10", 23, 70), _event("99", None, 10)]
    found = due(_contract(line), through=date(2026, 2, 1), policy=Policy(), facts=Facts(usage=events))
    assert found.charges[0].amount == Decimal("70.00")
    assert found.charges[0].why.inputs["first event"] == "99 on 2026-01-20"
    assert found.charges[0].why.inputs["last event"] == "10 on 2026-01-20"


def test_a_rounded_amount_is_told_once() -> None:
    price = TieredPrice(scheme="graduated", tiers=(Tier(unit_amount=Decimal("0.0125")),))
    line = ContractLine(id="c", product="C", model="usage", meter="m", every=Cycle(months=1), price=price)
    found = due(_contract(line), through=date(2026, 2, 1), policy=Policy(), facts=Facts(usage=[_event("1", 1, 3)]))
    assert found.charges[0].why.formula == "3 x 0.0125 = 0.0375, rounded 0.04"
