"""Money in, money back, and which document it settles.  (pure)"""

from __future__ import annotations

from billsync.model.base import Currency, Day, Id, Noun, Number, Text


class Payment(Noun):
    """Money that came in.

    Attributes:
        id: ours, the same however often it is read.
        invoice: number of the invoice that the payer or the ERP names, or None.
        customer: id of the customer, or None where only the invoice is known.
        amount: above zero; a refund is a `Refund`.
    """

    id: Id
    invoice: Text | None = None
    customer: Text | None = None
    amount: Number
    currency: Currency
    received_on: Day
    method: Text = ""
    reference: Text = ""


class Refund(Noun):
    """Money that went back.

    Attributes:
        payment: id of the payment that it takes back.
        amount: above zero.
    """

    id: Id
    payment: Id
    amount: Number
    currency: Currency
    paid_on: Day
    reason: Text = ""


class Allocation(Noun):
    """The part of a payment that settles one invoice.

    Attributes:
        amount: above zero, in the invoice's currency.
    """

    payment: Id
    invoice: Id
    amount: Number
    on: Day


class InvoiceStatus(Noun):
    """What a CRM is told about a deal's invoices.

    Attributes:
        deal: id of the deal; one status per deal.
        invoices: numbers, in order of issue.
        amount: of the deal's own lines on them, before tax.
        state: the least advanced state of the invoices: `sent`, `partly_paid`, `paid` ...
        paid_on: day of the last payment where all are paid, else None.
    """

    deal: Id
    invoices: tuple[Id, ...]
    amount: Number
    currency: Currency
    state: Text
    issued_on: Day
    due_on: Day
    paid_on: Day | None = None
