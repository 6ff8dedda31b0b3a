"""The short way of most recurring lines: one price, no steps, nothing that was changed.  (pure)

Here the price of a whole cycle and its words are put together once, without the steps in between.  What comes out is
what `recurring` makes, its definition; `tests/billing/test_plain.py` compares the two.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billsync.billing.calendar import Portion, portions_until
from billsync.billing.key import charge_key
from billsync.billing.line import Line, resolve
from billsync.billing.made import Made, Making
from billsync.billing.rule import rule_of
from billsync.model.contract import Contract, ContractLine
from billsync.model.exact import EXACT, round_ratio
from billsync.model.scalar import plain
from billsync.model.scheme import FlatPrice, PerUnitPrice


def is_plain(contract: Contract, line: ContractLine) -> bool:
    """Whether each cycle of the line has one price: an amount, or so many units at the same price."""
    price = line.price
    if type(price) is PerUnitPrice:
        free = price.free_units
    elif type(price) is FlatPrice:
        free = None
    else:
        return False
    changes = line.trial or line.ramp or contract.amendments or free
    limited = price.minimum_spend is not None or price.maximum_spend is not None
    return line.model == "recurring" and line.every is not None and not changes and not limited


def plainly(
    contract: Contract, line: ContractLine, through: date, by: Making, since: date | None
) -> tuple[list[Made], date | None]:
    """What `recurring` makes of a line that `is_plain`."""
    resolved = resolve(contract, line)
    due, following = portions_until(resolved, through, since)
    unit, exact, words = _priced(resolved)
    amount = round_ratio(exact, by.convention.places, by.convention.rounding)
    whole = (amount, f"{words} = {plain(amount)}")
    made = [_made(portion, resolved, unit, whole, (exact, words), by) for portion in due]
    return made, None if following is None else following.due_on


def _priced(line: Line) -> tuple[Decimal, Decimal, str]:
    """The price of one, that of a whole cycle before rounding, and how it came about."""
    terms = line.steps[0][1]
    if isinstance(terms.price, PerUnitPrice):
        unit = terms.price.unit_amount
        return unit, EXACT.multiply(terms.quantity, unit), f"{plain(terms.quantity)} x {plain(unit)}"
    assert isinstance(terms.price, FlatPrice)
    return terms.price.amount, terms.price.amount, f"{plain(terms.price.amount)} flat"


def _made(
    portion: Portion, line: Line, unit: Decimal, whole: tuple[Decimal, str], exact: tuple[Decimal, str], by: Making
) -> Made:
    period, cycle, convention = portion.period, portion.cycle, by.convention
    assert period is not None
    assert cycle is not None
    assert line.grid is not None
    (amount, formula), is_stub = whole, period != cycle
    if is_stub and not convention.in_full:
        part = convention.share(period, cycle, line.grid.every)
        amount = convention.price(exact[0], part)
        formula = f"{exact[1]} x {part} = {plain(amount)}"
    terms = line.steps[0][1]
    return Made(
        key=charge_key(by.contract.id, line.id, period.start),
        due_on=portion.due_on,
        line=line,
        terms=terms,
        quantity=terms.quantity,
        unit_amount=unit,
        amount=amount,
        rule=rule_of(line, by.policy, is_stub=is_stub),
        formula=formula,
        period=period,
        cycle=cycle,
    )
