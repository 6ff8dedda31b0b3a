"""What is billed: made from a deal by rules, the same document that `billsync preview` takes.  (pure)"""

from __future__ import annotations

from typing import Literal

from billsync.model.base import Currency, Day, Id, Noun, Number, Text
from billsync.model.deal import Cycle


class UnitPrice(Noun):
    """A price scheme: `per_unit` multiplies by the quantity, `flat` does not."""

    scheme: Literal["per_unit", "flat"] = "per_unit"
    unit_amount: Number


class ContractLine(Noun):
    """One line that makes charges.

    Attributes:
        model: `one_time` or `recurring`.
        every: cycle of a recurring line, else None.
        billed: `advance` (at the period's start) or `arrears` (at its end).
        anchor: the day that recurring cycles are counted from; may lie before `starts_on`, which makes a stub.
        starts_on: first day of service.
        ends_on: first day without service (half-open), or None while it runs.
    """

    id: Id
    product: Id
    description: Text = ""
    model: Literal["one_time", "recurring"]
    quantity: Number
    price: UnitPrice
    every: Cycle | None = None
    billed: Literal["advance", "arrears"] = "advance"
    anchor: Day
    starts_on: Day
    ends_on: Day | None = None
    tax_code: Text | None = None


class Contract(Noun):
    """What a customer is billed for.

    Attributes:
        deal: id of the deal that it was made from.
        start: first day of service of the whole.
    """

    id: Id
    customer: Id
    deal: Id
    currency: Currency
    start: Day
    lines: tuple[ContractLine, ...]
