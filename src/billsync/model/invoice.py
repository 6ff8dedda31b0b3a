"""The documents, their states, and the one table of allowed moves.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Final

from pydantic import model_validator

from billsync.model.base import Currency, Day, Id, Noun, Number, Text
from billsync.model.charge import Why
from billsync.model.convention import Policy
from billsync.model.currency import exponent
from billsync.model.exact import EXACT
from billsync.model.exchange import FxRate
from billsync.model.money import to_minor
from billsync.model.paying import Payable
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
        amount: before discounts; before tax, or with it where the policy's prices include it; negative where an
            earlier charge is given back.
        discount: its share of the document's discounts, taken off the amount.
        tax: its share of the document's tax, or None on documents that were made before shares were kept.
        corrects: key of the charge that it gives back of, else None.
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
    discount: Number = Decimal(0)
    tax_code: Text
    tax_rate: Number
    tax: Number | None = None
    corrects: Id | None = None
    why: Why


class TaxTotal(Noun):
    """The tax of one rate on a document.

    Attributes:
        rate: a fraction, 0.19 for 19 %.
        base: sum of the lines that it applies to, less discounts, without the tax.
        amount: the tax on the base.
        note: what the law wants said on the document, such as the reason for a rate of zero; "" for nothing.
    """

    code: Text
    name: Text
    rate: Number
    base: Number
    amount: Number
    note: Text = ""


class Discount(Noun):
    """What one coupon of a contract takes off a document; `amount` is positive."""

    coupon: Id
    contract: Id
    name: Text = ""
    amount: Number


class Draw(Noun):
    """Prepaid credits of a contract that a document uses; `amount` is positive."""

    grant: Id
    contract: Id
    amount: Number


class Invoice(Noun):
    """A bill.  Raises ValueError where lines, discounts, taxes and total do not add up to the minor unit.

    Attributes:
        id: business key, the same however often invoicing runs: grouping, customer, window.
        number: gapless in its series; "" for a draft.
        entity: the company that bills, "" for the only one.
        customer: id of the customer that owes.
        issued_on: date of the invoice, in the customer's zone.
        due_on: last day to pay; of several instalments, the last one's.
        window: the days whose charges it groups, or None where it is one deal's.
        subtotal: sum of the lines; discount_total: what coupons take off it; tax_total: sum of the taxes.
        total: subtotal less discounts, and the tax where prices do not include it.
        prepaid: credits that pay part of the total.
        instalments: its parts with their due dates, () for one part on `due_on`; they sum to the total less `prepaid`.
        contract_currency, fx: the currency that was agreed and the rate that made this one of it, or None.
        policy: the conventions that made it.
        replaces: number of the void invoice that it stands for, or None.
    """

    id: Id
    number: Text = ""
    series: Text = ""
    entity: Text = ""
    customer: Id
    currency: Currency
    issued_on: Day
    due_on: Day
    window: Period | None = None
    lines: tuple[InvoiceLine, ...]
    discounts: tuple[Discount, ...] = ()
    taxes: tuple[TaxTotal, ...] = ()
    subtotal: Number
    discount_total: Number = Decimal(0)
    tax_total: Number
    total: Number
    prepaid: tuple[Draw, ...] = ()
    instalments: tuple[Payable, ...] = ()
    contract_currency: Currency | None = None
    fx: FxRate | None = None
    policy: Policy = Policy()
    replaces: Id | None = None

    @property
    def due(self) -> Decimal:
        """What is to be paid in money: the total less prepaid credits."""
        return self.total - sum((draw.amount for draw in self.prepaid), Decimal(0))

    @model_validator(mode="after")
    def _adds_up(self) -> Invoice:
        return checked(self)


class CreditNote(Noun):
    """What takes back (part of) an invoice; amounts are positive.

    Attributes:
        number: gapless in its series; "" for a draft.
        invoice: number of the invoice that it corrects, or None where it corrects lines of several.
        window, discounts ... policy: as on the invoice.
        reason: why, in words.
    """

    id: Id
    number: Text = ""
    series: Text = ""
    entity: Text = ""
    invoice: Id | None = None
    customer: Id
    currency: Currency
    issued_on: Day
    window: Period | None = None
    lines: tuple[InvoiceLine, ...]
    discounts: tuple[Discount, ...] = ()
    taxes: tuple[TaxTotal, ...] = ()
    subtotal: Number
    discount_total: Number = Decimal(0)
    tax_total: Number
    total: Number
    contract_currency: Currency | None = None
    fx: FxRate | None = None
    policy: Policy = Policy()
    reason: Text = ""

    @model_validator(mode="after")
    def _adds_up(self) -> CreditNote:
        _check(self.id, self)
        return self


def checked(invoice: Invoice) -> Invoice:
    """The invoice, where its amounts add up.  Raises ValueError where they do not."""
    _check(invoice.id, invoice)
    if invoice.instalments and _sum(part.amount for part in invoice.instalments) != invoice.due:
        raise ValueError(f"the instalments of {invoice.id} do not sum to what is due, {invoice.due}")
    return invoice


def _check(name: str, document: Invoice | CreditNote) -> None:
    """Raises ValueError where the amounts of a document do not add up, or have more decimals than its currency."""
    lines, taxes = document.lines, document.taxes
    if _sum(line.amount for line in lines) != document.subtotal:
        raise ValueError(f"the lines of {name} do not sum to its subtotal {document.subtotal}")
    if _sum(line.discount for line in lines) != document.discount_total:
        raise ValueError(f"the discounts of {name}'s lines do not sum to {document.discount_total}")
    if _sum(tax.amount for tax in taxes) != document.tax_total:
        raise ValueError(f"the taxes of {name} do not sum to {document.tax_total}")
    shares = [line.tax for line in lines if line.tax is not None]
    if shares and (len(shares) < len(lines) or _sum(shares) != document.tax_total):
        raise ValueError(f"the taxes of {name}'s lines do not sum to {document.tax_total}")
    added = Decimal(0) if document.policy.prices_include_tax else document.tax_total
    if document.subtotal - document.discount_total + added != document.total:
        raise ValueError(f"subtotal, discounts and tax of {name} do not come to its total {document.total}")
    _check_decimals(lines, (document.subtotal, document.tax_total, document.total), document.currency)


def _check_decimals(lines: Sequence[InvoiceLine], sums: Iterable[Decimal], currency: str) -> None:
    unit = Decimal(1).scaleb(-exponent(currency))
    for amount in (*sums, *[line.amount for line in lines]):
        if amount != amount.quantize(unit, context=EXACT):
            to_minor(amount, currency)  # says what is wrong


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
