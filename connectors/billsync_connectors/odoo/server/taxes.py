"""Lines and totals as Odoo computes them: by line or over the whole, prices with tax in them or not.  (pure)"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from billsync_connectors.odoo.server.values import rounded

_HUNDRED: Final = Decimal(100)
_FINE: Final = 10


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax, groups already taken apart."""

    id: int
    percent: bool
    amount: Decimal
    included: bool


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says."""

    quantity: Decimal
    price: Decimal
    discount: Decimal
    taxes: Sequence[Tax]


@dataclass(slots=True)
class Sums:
    """What comes out: per line net and gross, per tax its amount, and the whole."""

    lines: list[tuple[Decimal, Decimal]] = field(default_factory=list)
    taxes: dict[int, Decimal] = field(default_factory=dict)
    untaxed: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)


def computed(lines: Sequence[Line], places: int, *, by_line: bool) -> Sums:
    """The sums of a document; `by_line` rounds each line's tax, else each tax is rounded once."""
    told, whole = Sums(), defaultdict[int, Decimal](Decimal)
    for line in lines:
        net, taxes = _line(line, places)
        net = rounded(net, places)
        parts = {id: rounded(amount, places if by_line else _FINE) for id, amount in taxes.items()}
        told.lines.append((net, rounded(net + sum(parts.values(), Decimal(0)), places)))
        told.untaxed += net
        for id, amount in parts.items():
            whole[id] += amount
    told.taxes = {id: rounded(amount, places) for id, amount in whole.items()}
    told.tax = sum(told.taxes.values(), Decimal(0))
    return told


def _line(line: Line, places: int) -> tuple[Decimal, dict[int, Decimal]]:
    """A line's net amount and its taxes, not yet rounded."""
    price = line.price * (_HUNDRED - line.discount) / _HUNDRED
    gross = rounded(price * line.quantity, places)
    fixed = sum((tax.amount * line.quantity for tax in line.taxes if tax.included and not tax.percent), Decimal(0))
    percent = sum((tax.amount for tax in line.taxes if tax.included and tax.percent), Decimal(0))
    net = (gross - fixed) * _HUNDRED / (_HUNDRED + percent)
    taxes: dict[int, Decimal] = {}
    for tax in line.taxes:
        amount = net * tax.amount / _HUNDRED if tax.percent else tax.amount * line.quantity
        taxes[tax.id] = taxes.get(tax.id, Decimal(0)) + amount
    included = [tax.id for tax in line.taxes if tax.included]
    if included:
        net = gross - sum((rounded(taxes[id], places) for id in included), Decimal(0))
    return net, taxes
