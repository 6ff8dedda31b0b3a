"""A contract's line with all that was agreed about it, as it was known from a day on.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from billsync.billing.pricing import Consumption, price
from billsync.billing.proration import end_of_service
from billsync.billing.timeline import Grid, value_on
from billsync.model.amendment import Amendment
from billsync.model.contract import Contract, ContractLine
from billsync.model.convention import Policy, When
from billsync.model.exact import Exact
from billsync.model.period import anchor, calendar_anchor
from billsync.model.scheme import Scheme


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a line from a day on; `price` is never None here."""

    quantity: Decimal
    price: Scheme
    product: str
    description: str

    @property
    def rate(self) -> Exact:
        """The price of a whole cycle, before rounding."""
        return price(self.price, Consumption(quantity=self.quantity)).amount


@dataclass(frozen=True, slots=True)
class Line:
    """A line, resolved.

    Attributes:
        grid: where its cycles begin, or None for a line without cycles.
        starts_on: first day that is paid for; a trial is over by then.
        ends_on: first day without service, or None.
        steps: (first day, terms), in order; the first is not later than `starts_on`.
        cancelled: whether it ends by a cancellation.
    """

    id: str
    model: Literal["one_time", "recurring", "usage", "instalment"]
    billed: Literal["advance", "arrears"]
    grid: Grid | None
    starts_on: date
    ends_on: date | None
    steps: tuple[tuple[date, Terms], ...]
    tax_code: str | None = None
    cancelled: bool = False

    def on(self, day: date) -> Terms:
        """The terms that hold on a day; before the first step, the first ones."""
        return self.steps[0][1] if len(self.steps) == 1 else value_on(self.steps, day) or self.steps[0][1]


@dataclass(frozen=True, slots=True)
class Epoch:
    """A line as it is known from a day on; the first epoch's day is the beginning of time."""

    known_on: date
    line: Line


def resolve(contract: Contract, line: ContractLine) -> Line:
    """The line as it was agreed first, before any amendment.  Raises ValueError where it has no price."""
    if line.price is None:
        raise ValueError(f"the line {line.id} has no price")
    starts_on = line.starts_on or contract.start
    if line.trial is not None:
        starts_on = anchor(starts_on, line.trial.length, 1)
    terms = Terms(line.quantity, line.price, line.product, line.description)
    ends_on = line.ends_on
    if ends_on is None and not (line.model == "one_time" and line.billed == "advance"):
        ends_on = contract.ends_on  # the term does not cut what is billed once at its start
    return Line(
        id=line.id,
        model=line.model,
        billed="arrears" if line.model == "usage" else line.billed,
        grid=_grid(contract, line, starts_on),
        starts_on=starts_on,
        ends_on=ends_on,
        steps=_ramped(line, starts_on, terms),
        tax_code=line.tax_code,
    )


def epochs(contract: Contract, line: ContractLine, policy: Policy) -> tuple[Epoch, ...]:
    """The line by what was known of it, in order: first as agreed, then after each day with amendments."""
    now = resolve(contract, line)
    found = [Epoch(date.min, now)]
    if not contract.amendments:
        return tuple(found)
    mine = [item for item in contract.amendments if item.line in (None, line.id)]
    for known_on in sorted({item.known_on for item in mine}):
        for item in mine:
            if item.known_on == known_on:
                now = _amended(now, item, policy)
        if now != found[-1].line:
            found.append(Epoch(known_on, now))
    return tuple(found)


def _grid(contract: Contract, line: ContractLine, starts_on: date) -> Grid | None:
    if line.every is None:
        return None
    every = line.every.length
    first = line.anchor or contract.anchor or starts_on
    return Grid(calendar_anchor(every, first) if line.aligned == "calendar" else first, every)


def _ramped(line: ContractLine, starts_on: date, terms: Terms) -> tuple[tuple[date, Terms], ...]:
    steps = [(starts_on, terms)]
    if not line.ramp:
        return tuple(steps)
    for step in line.ramp:
        begin = step.starts_on or (anchor(starts_on, step.after.length, 1) if step.after else starts_on)
        terms = _changed(terms, step.quantity, step.price)
        steps.append((begin, terms))
    return _merged(sorted(steps, key=lambda item: item[0]))


def _merged(steps: Sequence[tuple[date, Terms]]) -> tuple[tuple[date, Terms], ...]:
    """Without steps that change nothing: what is taken back on its own day leaves no cut in a period."""
    return tuple(step for number, step in enumerate(steps) if not number or step[1] != steps[number - 1][1])


def _changed(
    terms: Terms,
    quantity: Decimal | None = None,
    price: Scheme | None = None,
    product: str | None = None,
    description: str | None = None,
) -> Terms:
    return Terms(
        terms.quantity if quantity is None else quantity,
        price or terms.price,
        product or terms.product,
        terms.description if description is None else description,
    )


def _amended(line: Line, item: Amendment, policy: Policy) -> Line:
    if item.cancel:
        return replace(line, ends_on=_earlier(line, end_of_service(item.effective, policy.end_day)), cancelled=True)
    if item.ends_on is not None:
        line = replace(line, ends_on=item.ends_on, cancelled=False)
    given = (item.quantity, item.price, item.product, item.description)
    if line.id != item.line or all(value is None for value in given):
        return line
    wanted = _changed(line.on(item.effective), *given)
    begin = _takes_effect(line, item, wanted, policy)
    before = [step for step in line.steps if step[0] < begin]
    later = [(since, _changed(terms, *given)) for since, terms in line.steps if since > begin]
    return replace(line, steps=_merged([*before, (begin, _changed(line.on(begin), *given)), *later]))


def _earlier(line: Line, day: date) -> date:
    """A cancellation never gives back more than the whole: service that has not begun ends as it begins."""
    day = max(day, line.starts_on)
    return day if line.ends_on is None else min(day, line.ends_on)


def _takes_effect(line: Line, item: Amendment, wanted: Terms, policy: Policy) -> date:
    """The first day of the change: its own, or the next cycle's, by the amendment, else by the policy."""
    if line.grid is None or line.model != "recurring":
        return item.effective
    dearer = wanted.rate > line.on(item.effective).rate
    when: When = item.when or (policy.upgrade if dearer else policy.downgrade)
    if policy.proration == "none" and item.when is None:
        when = "period_end"
    return item.effective if when == "now" else line.grid.first_from(item.effective)
