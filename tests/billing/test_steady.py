"""What need not be worked out anew: month after month only what is new comes to the same as from the first day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from billsync.billing.charges import Due, Facts, due
from billsync.billing.steady import goes_on, opens_on, reaches_back
from billsync.model.charge import Charge
from billsync.model.contract import Contract
from billsync.model.convention import Policy
from billsync.model.usage import UsageEvent

START = date(2026, 1, 31)
ZONE = "Pacific/Auckland"
CYCLES = st.sampled_from([{"months": 1}, {"weeks": 1}, {"quarters": 1}, {"days": 10}])
TIERS = [{"up_to": "10", "unit_amount": "1.25"}, {"unit_amount": "0.333"}]
PRICES = st.sampled_from(
    [
        {"scheme": "flat", "amount": "99.99"},
        {"scheme": "per_unit", "unit_amount": "3.333"},
        {"scheme": "graduated", "tiers": TIERS},
    ]
)
AFTER = st.integers(0, 60)


def days_after(number: int) -> str:
    return (START + timedelta(days=number)).isoformat()


@st.composite
def lines(draw: st.DrawFn, id: str) -> dict[str, Any]:
    model = draw(st.sampled_from(["recurring", "usage", "one_time", "instalment"]))
    line: dict[str, Any] = {"id": id, "product": "P", "model": model, "price": draw(PRICES), "quantity": "7"}
    line["starts_on"] = draw(st.none() | AFTER.map(days_after))
    line["ends_on"] = draw(st.none() | AFTER.map(lambda number: days_after(number + 70)))
    if model in ("recurring", "usage"):
        line |= {"every": draw(CYCLES), "aligned": draw(st.sampled_from(["anchored", "calendar"]))}
    if model == "recurring":
        line["billed"] = draw(st.sampled_from(["advance", "arrears"]))
        line["trial"] = draw(st.none() | st.just({"weeks": 2}))
        line["ramp"] = [{"starts_on": days_after(number), "quantity": "9"} for number in draw(st.lists(AFTER))]
    if model == "usage":
        line |= {"meter": draw(st.sampled_from(["a", "b"])), "aggregate": draw(st.sampled_from(["sum", "max", "last"]))}
    if model == "instalment":
        line["parts"] = [{"percent": "0.5"}, {"due": {"months": draw(st.integers(0, 3))}}]
    return line


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    given = {"id": "C", "customer": "K", "currency": "EUR", "start": START}
    return Contract.model_validate(given | {"lines": [draw(lines("1")), draw(lines("2"))]})


@st.composite
def events(draw: st.DrawFn) -> UsageEvent:
    used = START + timedelta(days=draw(st.integers(-5, 130)))
    late = draw(st.none() | st.integers(0, 40))
    told = None if late is None else used + timedelta(days=late)
    at = datetime(used.year, used.month, used.day, draw(st.integers(0, 23)), tzinfo=UTC)
    when = {"at": at} if draw(st.booleans()) else {"on": used}
    id, meter = draw(st.text("ab", min_size=1, max_size=6)), draw(st.sampled_from(["a", "b"]))
    return UsageEvent(id=id, meter=meter, value=Decimal(draw(st.integers(0, 30))), received_on=told, **when)


def recent(usage: Sequence[UsageEvent], opens: Sequence[tuple[str, date]]) -> list[UsageEvent]:
    """What may have become known since the first of the lines opened; a day too much does no harm."""
    begin = min((day for _, day in opens), default=date.max)
    return [item for item in usage if latest(item) >= begin]


def latest(item: UsageEvent) -> date:
    used = item.on or (item.at.date() + timedelta(days=1) if item.at else date.max)
    return max(used, item.received_on or used)


class Books:
    """Charges as they are kept from day to day."""

    def __init__(self, contract: Contract, usage: Sequence[UsageEvent], policy: Policy) -> None:
        self.contract, self.usage, self.policy = contract, usage, policy
        self.charges: list[Charge] = []
        self.since: date | None = None

    def bill(self, through: date) -> str:
        """Bill through a day the short way, where it may be taken.  Gives which it was."""
        way, since, usage = "from the first day", self.since, list(self.usage)
        if since is not None and since > through:
            return "nothing is due"
        if since is not None:
            opens = opens_on(self.contract, since)
            usage = recent(self.usage, opens)
            way = "late usage" if reaches_back(usage, opens, ZONE) else "short"
        if way != "short":
            since, usage = None, list(self.usage)
        standing = [charge for charge in self.charges if since is None or charge.due_on >= since]
        facts = Facts(usage=usage, zone=ZONE, billed=standing)
        found = due(self.contract, through=through, policy=self.policy, facts=facts, since=since)
        known = {charge.key for charge in self.charges}
        self.charges += [charge for charge in found.charges if charge.key not in known]
        self.since = self.next_on(found, through) if goes_on(self.contract) and not found.repaired else None
        return way

    def next_on(self, found: Due, through: date) -> date | None:
        days = [found.next_on, *(item.received_on for item in self.usage)]
        return min((day for day in days if day is not None and day > through), default=None)


@settings(max_examples=300, deadline=None)
@given(
    contracts(),
    st.lists(events(), max_size=8, unique_by=lambda item: item.id),  # as the books keep them
    st.lists(st.integers(1, 45), min_size=1, max_size=5),
    st.sampled_from(["true_up_line", "next_invoice", "rerate"]),
)
def test_month_after_month_comes_to_the_same_as_from_the_first_day(
    contract: Contract, usage: list[UsageEvent], steps: list[int], late: str
) -> None:
    policy = Policy.model_validate({"late_usage": late})
    short, long = Books(contract, usage, policy), Books(contract, usage, policy)
    day = START
    for step in steps:
        day += timedelta(days=step)
        event(short.bill(day))
        long.since = None
        long.bill(day)
        assert [charge.json_text() for charge in short.charges] == [charge.json_text() for charge in long.charges]
        assert short.since == long.since


MONTHLY: dict[str, Any] = {
    "id": "1",
    "product": "P",
    "every": {"months": 1},
    "price": {"scheme": "flat", "amount": "1"},
}


@pytest.mark.parametrize(
    "more",
    [
        {"amendments": [{"effective": "2026-03-05", "line": "1", "quantity": "2"}]},
        {"commitments": [{"id": "m", "product": "P", "amount": "5", "every": {"months": 1}}]},
        {"lines": [MONTHLY | {"model": "usage", "meter": "a", "threshold": "10"}]},
    ],
)
def test_a_contract_that_looks_back_is_billed_from_its_first_day(more: dict[str, Any]) -> None:
    plain = {"id": "C", "customer": "K", "currency": "EUR", "start": START, "lines": [MONTHLY | {"model": "recurring"}]}
    assert goes_on(Contract.model_validate(plain))
    assert not goes_on(Contract.model_validate(plain | more))
