"""Whatever becomes of a deal, whenever it is agreed: what was billed is what was agreed, day by day, and nothing twice.

The prices are such that each day of each month has an exact price: what should have been billed is counted by days,
without anything of the engine.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.billing import terms
from billsync.billing.mending import Standing, followed
from billsync.invoicing.policy import InvoicingRules
from billsync.model.contract import Contract
from billsync.model.customer import Customer
from billsync.model.deal import Deal
from billsync.model.product import Product
from billsync.model.proposal import Agreed
from billsync.settings.changes import Changes, Effective
from billsync.stage.changing.effects import Books, Part, Worth, effect
from billsync.stage.changing.steps import Case, Days, Step, steps

UNIT = 31 * 30 * 28  # minor units of a month are whole numbers for each day
START = date(2023, 1, 1)
RULES = InvoicingRules()
POLICY = RULES.policy()
PRODUCTS = {"p": Product(id="p", name="P")}
BOOKS = Books({"c": Customer(id="c", name="C")}, PRODUCTS, RULES)

Rates = dict[str, int]
"""Recurring line -> its price a month; the line `once` is billed once."""


@dataclass(frozen=True)
class Edit:
    """After so many days the deal says this (None: no longer won), and it is agreed then, or so many days later.

    It may name a day from which it holds, counted from the one on which it is said.
    """

    after: int
    says: Rates | None
    waits: int
    names: int | None = None


rates = st.fixed_dictionaries({}, optional={name: st.sampled_from([UNIT, 2 * UNIT, 3 * UNIT]) for name in ("a", "b")})
said = st.one_of(
    st.none(),
    st.builds(lambda lines, once: lines | ({"once": once} if once else {}), rates, st.sampled_from([0, 500, 900])),
).map(lambda found: found or None)
edits = st.lists(
    st.builds(Edit, st.integers(0, 40), said, st.sampled_from([0, 0, 3, 35]), st.none() | st.integers(-45, 0)),
    min_size=1,
    max_size=6,
)


def deal(says: Rates, names: date | None) -> Deal:
    lines = [
        {"id": name, "product": "p", "quantity": "1", "unit_amount": str(price)}
        | ({} if name == "once" else {"model": "recurring", "every": {"months": 1}})
        for name, price in says.items()
    ]
    told = {"id": "D", "customer": "c", "currency": "USD", "signed_on": START, "lines": lines}
    return Deal.model_validate(told | {"effective_on": names})


@dataclass
class Life:
    """One deal's books, and beside them what should hold on each day, counted by hand."""

    how: Effective
    agreed: Agreed | None = None
    version: int = 0
    standing: Standing = field(default_factory=Standing)
    says: Rates = field(default_factory=dict)
    held: list[tuple[date, str, int]] = field(default_factory=list)

    def bill(self, day: date) -> None:
        if self.agreed is not None:
            change, _ = followed(self.agreed.contract, self.standing, through=day, policy=POLICY)
            self.standing = self.standing.after(change).all_billed()

    def case(self, says: Rates | None, names: date | None) -> Case:
        told = deal(says, names) if says else None
        contract = terms.contract_of(told, PRODUCTS)[0] if told else None
        return Case("D", told, "x", contract, agreed=self.agreed, version=self.version, standing=self.standing)

    def propose(self, says: Rates | None, on: date, day: date, names: date | None) -> Step | None:
        found, problems = steps([self.case(says, names)], Changes(effective=self.how), POLICY, Days(on, day))
        assert problems == []
        return found[0] if found else None

    def agree(self, step: Step, says: Rates | None, on: date, names: date | None) -> None:
        used = self.agreed.effective_on if self.agreed else None
        since, whole = on, self.how == "next_period"
        if says and names is not None and names != used:
            since, whole = max(names, START), False
        if self.agreed is None or (self.how == "from_start" and (not says or names in (None, used))):
            since, whole = START, False
        new, since = dict(says or {}), _period(since) if whole else since
        for line in ("a", "b"):  # a line that stays as it was goes on as it was
            if new.get(line) != self.says.get(line):
                begun = min((day for day, name, _ in self.held if name == line), default=since)
                first = max(since, begun) if self.says.get(line) else since  # nothing changes before it began
                self.held.append((first, line, new.get(line, 0)))
        self.says = new
        self.agreed, self.version = step.change.agreed, self.version + 1

    # ------------------------------------------------------------ by hand

    def rates_on(self, line: str, day: date) -> int:
        """What the line costs a month on a day: by what was agreed last of all that holds by then."""
        found = [rate for since, name, rate in self.held if name == line and since <= day]
        return found[-1] if found else 0

    def expected(self, through: date) -> Fraction:
        once = self.says.get("once", 0)
        last = through.replace(day=calendar.monthrange(through.year, through.month)[1])
        days = [START + timedelta(days=n) for n in range((last - START).days + 1)]
        shares = (
            Fraction(self.rates_on(line, day), calendar.monthrange(day.year, day.month)[1])
            for day in days
            for line in ("a", "b")
        )
        return sum(shares, Fraction(0)) + once

    @property
    def billed(self) -> Decimal:
        return sum((charge.amount for charge in self.standing.billed), Decimal(0))


def _period(day: date) -> date:
    """The first of a month on the day or after it."""
    return day if day.day == 1 else (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def lived(life: Life, told: list[Edit]) -> Iterator[date]:
    """The days on which something was agreed, after what is due by then was billed."""
    day, now, waiting = START, Edit(0, {"a": UNIT}, 0), None
    for edit in [now, *told]:
        arrives = day + timedelta(days=edit.after)
        if waiting is not None and waiting[0] <= arrives:  # approved before the deal changed again
            yield from _decided(life, *waiting)
            day = max(day, waiting[0])
        day = max(day, arrives)
        life.bill(day)
        names = None if edit.names is None else day + timedelta(days=edit.names)
        waiting = (day + timedelta(days=edit.waits), edit.says, day, names)
        if not edit.waits:
            yield from _decided(life, *waiting)
            waiting = None
    if waiting is not None:
        yield from _decided(life, *waiting)


def _decided(life: Life, day: date, says: Rates | None, on: date, names: date | None) -> Iterator[date]:
    life.bill(day)
    step = life.propose(says, on, day, names)
    if step is None:
        return
    before = life.agreed.contract if life.agreed else None
    told = effect([Part(before, step.change.agreed.contract, life.standing)], BOOKS, Worth(), through=day, turns_on=day)
    was = life.billed
    life.agree(step, says, on, names)
    life.bill(day)
    assert sum((item.charged for item in told.now), Decimal(0)) == life.billed - was
    _worth(life, before, told.mrr[0].after if told.mrr else Decimal(0), told.mrr_on)
    yield day


def _worth(life: Life, before: Contract | None, after: Decimal, on: date) -> None:
    assert after == sum(life.rates_on(line, on) for line in ("a", "b"))


How = Literal["today", "next_period", "from_start"]


@settings(max_examples=80)
@given(told=edits, how=st.sampled_from(["today", "next_period", "from_start"]))
def test_what_was_billed_is_what_was_agreed_day_by_day(told: list[Edit], how: How) -> None:
    life = Life(how)
    for day in lived(life, told):
        assert life.billed == life.expected(day)
        made = len(life.standing.billed)
        life.bill(day)
        assert len(life.standing.billed) == made, "billing the same day again makes nothing"
    keys = [charge.key for charge in life.standing.billed]
    assert len(keys) == len(set(keys)), "nothing is billed twice"
    later = START + timedelta(days=400)
    life.bill(later)
    assert life.billed == life.expected(later)
