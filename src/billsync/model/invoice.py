"""The documents, their states, and the one table of allowed moves.  (pure)"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Final

from pydantic import model_validator

from billsync.model.base import Currency, Day, Id, Noun, Number, Text
from billsync.model.charge import Why
from billsync.model.money import Rounding, to_minor
from billsync.model.period import Period


class InvoiceState(StrEnum):
    """Where an invoice stands.  From `FINALISED` on, its content never changes."""

    DRAFT = "draft"
    APPROVED = "approved"
    FINALISED = "finalised"
    SENT = "sent"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


_S = InvoiceState
MOVES: Final[dict[InvoiceState, frozenset[InvoiceState]]] = {
    _S.DRAFT: frozenset({_S.APPROVED, _S.FINALISED, _S.VOID}),
    _S.APPROVED: frozenset({_S.DRAFT, _S.FINALISED, _S.VOID}),
    _S.FINALISED: frozenset({_S.SENT, _S.PARTLY_PAID, _S.PAID, _S.VOID, _S.UNCOLLECTIBLE}),
    _S.SENT: frozenset({_S.PARTLY_PAID, _S.PAID, _S.VOID, _S.UNCOLLECTIBLE}),
    _S.PARTLY_PAID: frozenset({_S.SENT, _S.PAID, _S.UNCOLLECTIBLE}),
    _S.PAID: frozenset({_S.PARTLY_PAID, _S.SENT}),  # a payment that is reversed opens the invoice again
    _S.VOID: frozenset(),
    _S.UNCOLLECTIBLE: frozenset({_S.PARTLY_PAID, _S.PAID}),
}
"""State -> states that it may move to.  Every write of a state is checked against it."""


def may_move(before: InvoiceState, after: InvoiceState) -> bool:
    """Whether the table allows the move."""
    return after in MOVES[before]


class InvoiceLine(Noun):
    """One charge on an invoice.

    Attributes:
        charge: key of the charge.
        tax_rate: a fraction, 0.19 for 19 %; the rate that was applied.
        amount: before tax.
    """

    id: Id
    charge: Id
    deal: Id
    product: Id
    description: Text
    period: Period | None = None
    quantity: Number
    unit_amount: Number
    amount: Number
    tax_code: Text
    tax_rate: Number
    why: Why


class TaxTotal(Noun):
    """The tax of one rate on a document.

    Attributes:
        rate: a fraction, 0.19 for 19 %.
        base: sum of the lines that it applies to.
        amount: the tax on the base.
    """

    code: Text
    name: Text
    rate: Number
    base: Number
    amount: Number


class Policy(Noun):
    """The conventions that a document was made by, pinned on it.

    Attributes:
        grouping: `deal`, `customer-month` or `customer-quarter`.
        tax_rounding: `rate` rounds the tax once per rate, `line` rounds it on each line and sums.
        rounding: how amounts with too many decimals are rounded.
        proration: how a part of a cycle is priced: `days` in proportion to its days, `none` in full.
    """

    grouping: Text = "deal"
    tax_rounding: Text = "rate"
    rounding: Rounding = Rounding.HALF_UP
    proration: Text = "days"


class Invoice(Noun):
    """A bill.  Raises ValueError where lines, taxes and total do not add up to the minor unit.

    Attributes:
        id: business key, the same however often invoicing runs: grouping, customer, window.
        number: gapless in its series; "" for a draft.
        customer: id of the customer that owes.
        issued_on: date of the invoice, in the customer's zone.
        due_on: last day to pay.
        window: the days whose charges it groups, or None where it is one deal's.
        subtotal: sum of the lines; tax_total: sum of the taxes; total: both.
        policy: the conventions that made it.
    """

    id: Id
    number: Text = ""
    series: Text = ""
    customer: Id
    currency: Currency
    issued_on: Day
    due_on: Day
    window: Period | None = None
    lines: tuple[InvoiceLine, ...]
    taxes: tuple[TaxTotal, ...] = ()
    subtotal: Number
    tax_total: Number
    total: Number
    policy: Policy = Policy()

    @model_validator(mode="after")
    def _adds_up(self) -> Invoice:
        if sum((line.amount for line in self.lines), Decimal(0)) != self.subtotal:
            raise ValueError(f"the lines of {self.id} do not sum to its subtotal {self.subtotal}")
        if sum((tax.amount for tax in self.taxes), Decimal(0)) != self.tax_total:
            raise ValueError(f"the taxes of {self.id} do not sum to {self.tax_total}")
        if self.subtotal + self.tax_total != self.total:
            raise ValueError(f"subtotal and tax of {self.id} do not sum to its total {self.total}")
        for amount in (self.subtotal, self.tax_total, self.total, *(line.amount for line in self.lines)):
            to_minor(amount, self.currency)
        return self


class CreditNote(Noun):
    """What takes back (part of) an invoice; amounts are positive.

    Attributes:
        invoice: number of the invoice that it corrects.
    """

    id: Id
    number: Text = ""
    invoice: Id
    customer: Id
    currency: Currency
    issued_on: Day
    lines: tuple[InvoiceLine, ...]
    taxes: tuple[TaxTotal, ...] = ()
    subtotal: Number
    tax_total: Number
    total: Number
    reason: Text = ""
