"""Money that came in, divided over many documents and their instalments; what is short, over, or taken back.  (pure)

The position of a day follows from all the money known by then, never from the order in which it became known: what was
received first settles first, and a payment that is taken back has never settled anything from that day on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from billsync.model.base import Currency, Day, Id, Noun, Number

NONE = Decimal(0)


class OpenItem(Noun):
    """A document, or one of its instalments, that is to be paid.

    Attributes:
        part: number of the instalment, from 1; documents without instalments have one part.
        issued_on: from this day on it can be settled.
        amount: in major units, above zero.
    """

    document: Id
    part: Annotated[int, Field(ge=1)] = 1
    issued_on: Day
    due_on: Day
    amount: Annotated[Number, Field(gt=0)]
    currency: Currency


class Advice(Noun):
    """What the payer says that money is for: so much of a document, or as much as is open where `amount` is None."""

    document: Id
    amount: Annotated[Number, Field(gt=0)] | None = None


class Remittance(Noun):
    """Money that came in from one customer.

    Attributes:
        advice: documents in the order in which they are settled; without any, what is due first is settled first.
        reversed_on: the day from which on it counts no more (returned debit, chargeback), or None.
    """

    id: Id
    received_on: Day
    amount: Annotated[Number, Field(gt=0)]
    currency: Currency
    advice: tuple[Advice, ...] = ()
    reversed_on: Day | None = None

    def counts_on(self, day: date) -> bool:
        """Whether it is with us at the end of the day."""
        return self.received_on <= day and (self.reversed_on is None or day < self.reversed_on)


class Tolerance(Noun):
    """Differences that nobody asks for.

    Attributes:
        short: a payment that leaves no more than this of an instalment settles it; the rest is written off.
        percent: and no more than this fraction of the instalment, or None for no such bound.
        over: no more than this above all that it was for is kept as income; anything above is credit of the account.
    """

    short: Annotated[Number, Field(ge=0)] = NONE
    percent: Annotated[Number, Field(ge=0, le=1)] | None = None
    over: Annotated[Number, Field(ge=0)] = NONE

    def forgives(self, rest: Decimal, item: OpenItem) -> bool:
        """Whether so small a rest of the item is written off."""
        return rest <= self.short and (self.percent is None or rest <= item.amount * self.percent)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a remittance did to an item.

    Attributes:
        amount: paid, above zero.
        written_off: the rest of the item, where it was within the tolerance; else zero.
    """

    remittance: str
    document: str
    part: int
    amount: Decimal
    written_off: Decimal = NONE


@dataclass(frozen=True, slots=True)
class Position:
    """Where items and money stand at the end of a day.

    Attributes:
        settled: in the order in which it came about.
        open: (document, part) -> what is still to be paid, for all items issued by then; zero for settled ones.
        on_account: remittance -> what is left of it and belongs to the customer; only where above zero.
        kept: remittance -> a difference above what it was for, kept as income; only where above zero.
    """

    settled: tuple[Settled, ...] = ()
    open: dict[tuple[str, int], Decimal] = field(default_factory=dict)
    on_account: dict[str, Decimal] = field(default_factory=dict)
    kept: dict[str, Decimal] = field(default_factory=dict)


def position(
    items: Sequence[OpenItem], remittances: Sequence[Remittance], as_of: date, tolerance: Tolerance | None = None
) -> Position:
    """The items of one customer and what was paid for them, at the end of a day.

    What the payer advised is never used for other documents.  Money settles items of its own currency only.
    """
    within = tolerance or Tolerance()
    ready = sorted((item for item in items if item.issued_on <= as_of), key=_due)
    found = Position(open={_key(item): item.amount for item in ready})
    settled: list[Settled] = []
    for money in sorted(remittances, key=lambda each: (each.received_on, each.id)):
        if money.counts_on(as_of):
            settled += _settle(money, ready, found, within)
    return Position(tuple(settled), found.open, found.on_account, found.kept)


def _settle(money: Remittance, ready: Sequence[OpenItem], found: Position, within: Tolerance) -> Iterator[Settled]:
    """Settles what it can, in the open amounts of `found`, and notes there what is left over."""
    left, used = money.amount, False
    for most, items in _wanted(money, [item for item in ready if item.currency == money.currency]):
        limit = left if most is None else min(left, most)
        for item in items:
            paid = min(limit, found.open[_key(item)])
            if not paid:
                continue
            rest = found.open[_key(item)] - paid
            forgiven = rest if rest and within.forgives(rest, item) else NONE
            found.open[_key(item)] = rest - forgiven
            limit, left, used = limit - paid, left - paid, True
            yield Settled(money.id, item.document, item.part, paid, forgiven)
    if left and used and left <= within.over:
        found.kept[money.id] = left
    elif left:
        found.on_account[money.id] = left


def _wanted(money: Remittance, items: Sequence[OpenItem]) -> Iterator[tuple[Decimal | None, list[OpenItem]]]:
    """How much at most goes to which items, in order."""
    if not money.advice:
        yield None, list(items)
    for advice in money.advice:
        yield advice.amount, [item for item in items if item.document == advice.document]


def _key(item: OpenItem) -> tuple[str, int]:
    return item.document, item.part


def _due(item: OpenItem) -> tuple[date, str, int]:
    return item.due_on, item.document, item.part
