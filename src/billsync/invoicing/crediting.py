"""Credit notes: in full, in part or by line; they never exceed the invoice, and the last one closes it.  (pure)

A line is credited by amounts before its discount; its share of the discount is taken off, since nobody paid it.  Net
and tax of a note are each rounded from their exact values; the note that credits the last of the invoice takes what is
left of both, so that all notes together are the invoice to the minor unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billsync.model.exact import Exact, ratio_text, round_ratio
from billsync.model.money import Rounding, allocate
from billsync.model.scalar import plain


@dataclass(frozen=True, slots=True)
class InvoicedLine:
    """A line as it was invoiced.

    Attributes:
        amount: before its discount; below zero where the line itself gives something back.
        discount: its exact share of the discounts.
        rate: of its tax, a fraction; of a gross amount, the part of it that is tax.
    """

    id: str
    amount: Exact
    rate: Exact = Decimal(0)
    discount: Exact = Decimal(0)


@dataclass(frozen=True, slots=True)
class Invoiced:
    """A finalised invoice, as far as credit notes need it.

    Attributes:
        net: its lines less discounts, as it stands on it; tax: its tax.
        places, rounding: of its policy.
    """

    lines: tuple[InvoicedLine, ...]
    net: Decimal
    tax: Decimal
    places: int
    rounding: Rounding = Rounding.HALF_UP


@dataclass(frozen=True, slots=True)
class Note:
    """A credit note; amounts are positive.

    Attributes:
        items: by line, what was credited before discounts.
        discount: the part of the items that discounts had paid for.
    """

    items: dict[str, Fraction]
    discount: Decimal
    net: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        """Net and tax."""
        return self.net + self.tax


def credit(invoice: Invoiced, earlier: Sequence[Note], items: Mapping[str, Exact]) -> Note:
    """The next note, for the items (line -> amount before discount).

    Raises ValueError for a line that is not on the invoice, and for more than is left of one.
    """
    wanted = {name: Fraction(amount) for name, amount in items.items()}
    left = _left(invoice, earlier)
    for name, amount in wanted.items():
        if name not in left:
            raise ValueError(f"the line {name} is not on the invoice")
        if not min(Fraction(0), left[name]) <= amount <= max(Fraction(0), left[name]):
            raise ValueError(f"at most {ratio_text(left[name])} is left to credit of the line {name}")
    lines = {line.id: line for line in invoice.lines}
    exact = {name: _after_discount(lines[name], amount) for name, amount in wanted.items()}
    net_left = invoice.net - sum((note.net for note in earlier), Decimal(0))
    tax_left = invoice.tax - sum((note.tax for note in earlier), Decimal(0))
    if all(left[name] == wanted.get(name, 0) for name in left):
        net, tax = net_left, tax_left
    else:
        taxed = sum((amount * Fraction(lines[name].rate) for name, amount in exact.items()), Fraction(0))
        net = min(net_left, round_ratio(sum(exact.values(), Fraction(0)), invoice.places, invoice.rounding))
        tax = min(tax_left, round_ratio(taxed, invoice.places, invoice.rounding))
    whole = round_ratio(sum(wanted.values(), Fraction(0)), invoice.places, invoice.rounding)
    return Note(wanted, whole - net, net, tax)


def by_origin(amount: Decimal, paid: Mapping[str, Decimal], places: int) -> dict[str, Decimal]:
    """A refund divided over the ways by which the money came, in proportion to what came by each.

    Raises ValueError for more than was paid.
    """
    if amount > sum(paid.values(), Decimal(0)):
        raise ValueError(f"only {plain(sum(paid.values(), Decimal(0)))} was paid: {plain(amount)} cannot go back")
    if not amount:
        return {way: Decimal(0) for way in paid}
    return dict(zip(paid, allocate(amount, list(paid.values()), places), strict=True))


def _left(invoice: Invoiced, earlier: Sequence[Note]) -> dict[str, Fraction]:
    left = {line.id: Fraction(line.amount) for line in invoice.lines}
    for note in earlier:
        for name, amount in note.items.items():
            left[name] -= amount
    return left


def _after_discount(line: InvoicedLine, amount: Fraction) -> Fraction:
    return amount * (1 - Fraction(line.discount) / Fraction(line.amount)) if line.amount else Fraction(0)
