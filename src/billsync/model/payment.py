"""Money in, money back, and which document it settles.  (pure)"""

from __future__ import annotations

from typing import Literal

from billsync.model.base import Currency, Day, Id, Noun, Number, Text


class Payment(Noun):
    """Money that came in.

    Attributes:
        id: ours, the same however often it is read.
        invoice: number of the invoice that the payer or the ERP names, or None.
        customer: id of the customer, or None where only the invoice is known.
        amount: above zero; a refund is a `Refund`.
        version: orders what is told of one payment, as text: the greatest counts.  "" where the source's record is
            the payment itself, as it is now.
    """

    id: Id
    invoice: Text | None = None
    customer: Text | None = None
    amount: Number
    currency: Currency
    received_on: Day
    method: Text = ""
    reference: Text = ""
    version: Text = ""


class Refund(Noun):
    """Money that went back.

    Attributes:
        id: ours, the same however often it is read.
        payment: id of the payment that it takes back, wholly or in part.
        amount: above zero, in the payment's currency.
        kind: `refund` where we gave it back, `chargeback` where the payer's bank took it.
        fee_reference: what the bank's fee for a chargeback is booked under there, "" for none.
        version: as in `Payment`.
    """

    id: Id
    payment: Id
    amount: Number
    currency: Currency
    paid_on: Day
    kind: Literal["refund", "chargeback"] = "refund"
    reason: Text = ""
    reference: Text = ""
    fee_reference: Text = ""
    version: Text = ""


class Allocation(Noun):
    """The part of a payment that settles one invoice.

    Attributes:
        amount: in the invoice's currency; below zero where it takes an earlier one back, wholly or in part.
        on: day of the payment; of one that takes back, the day on which that was booked.
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
