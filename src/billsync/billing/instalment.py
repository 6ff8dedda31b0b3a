"""Due dates by rule, and one total in several instalments that sum to it.  (pure)"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from billsync.model.exact import round_ratio
from billsync.model.money import Rounding
from billsync.model.paying import DueRule, Instalment, Payable
from billsync.model.period import add_months
from billsync.model.scalar import plain


def due_on(start: date, rule: DueRule) -> date:
    """The due date, counted from `start`, such as the invoice's date."""
    due = add_months(start, rule.months) + timedelta(days=rule.days)
    if rule.on_day is not None:
        due = _on(due, rule.on_day)
    if rule.next_day is not None:
        due = _next(due, (rule.next_day,))
    return _next(due, rule.payment_days) if rule.payment_days else due


def _on(day: date, number: int) -> date:
    return day.replace(day=min(number, calendar.monthrange(day.year, day.month)[1]))


def _next(day: date, numbers: Sequence[int]) -> date:
    month = day.replace(day=1)
    ahead = [_on(begin, number) for begin in (month, add_months(month, 1)) for number in numbers]
    return min(candidate for candidate in ahead if candidate >= day)


def instalments(
    total: Decimal,
    parts: Sequence[Instalment],
    issued_on: date,
    places: int,
    rounding: Rounding = Rounding.HALF_UP,
) -> tuple[Payable, ...]:
    """The total (zero or more) in parts that sum to it, in the order given.

    Each part is rounded; the last one takes what is left where it has neither percent nor amount, or where the percents
    of the total come to 100 %.  Raises ValueError where the parts are more or less than the total.
    """
    left, found = total, []
    whole = sum((part.percent or Decimal(0) for part in parts if part.of == "total"), Decimal(0)) == 1
    for number, part in enumerate(parts, start=1):
        last = number == len(parts)
        amount = left if last and whole else _amount(part, total, left, places, rounding)
        if amount > left:
            raise ValueError(f"the instalments come to more than the total of {plain(total)}")
        found.append(Payable(due_on=due_on(issued_on, part.due), amount=amount))
        left -= amount
    if left:
        raise ValueError(f"the instalments leave {plain(left)} of {plain(total)}: let the last one be the rest")
    return tuple(found)


def _amount(part: Instalment, total: Decimal, left: Decimal, places: int, rounding: Rounding) -> Decimal:
    if part.amount is not None:
        return part.amount
    if part.percent is None:
        return left
    base = total if part.of == "total" else left
    return min(left, round_ratio(Fraction(base) * Fraction(part.percent), places, rounding))


@dataclass(frozen=True, slots=True)
class Settled:
    """An instalment and what was paid of it."""

    payable: Payable
    paid: Decimal

    @property
    def open(self) -> Decimal:
        """What is still to be paid."""
        return self.payable.amount - self.paid


def settle(payables: Sequence[Payable], paid: Decimal) -> tuple[tuple[Settled, ...], Decimal]:
    """A sum of money over instalments, the one that is due first to begin with; and what is left over of it."""
    left, rows = paid, {}
    for index, payable in sorted(enumerate(payables), key=lambda item: (item[1].due_on, item[0])):
        part = min(left, payable.amount)
        rows[index] = Settled(payable, part)
        left -= part
    return tuple(rows[index] for index in range(len(payables))), left
