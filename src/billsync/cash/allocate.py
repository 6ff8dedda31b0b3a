"""What is for an invoice -> who settles how much of it, and what a person has to know of each payment.  (pure)

The answer follows from the payments as they stand now, never from the order in which they became known: the payment
that was received first settles first, and of one day the one with the lower id.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from billsync.model.invoice import Invoice, InvoiceState
from billsync.model.money import to_minor
from billsync.model.payment import Payment, Refund
from billsync.model.problem import Place, Problem, Severity
from billsync.model.scalar import plain, show

_BIGGEST: Final = 2**63 - 1
"""Minor units that the books hold."""


class Receipt(NamedTuple):
    """A payment and what of it is still with us.

    Attributes:
        net: its amount without what went back.
        told_back: what refunds and chargebacks say went back, which may be more than came in.
    """

    payment: Payment
    net: Decimal
    told_back: Decimal = Decimal(0)


def shares(
    invoice: Invoice, state: InvoiceState, receipts: Sequence[Receipt], due: Decimal | None = None
) -> dict[str, Decimal]:
    """Payment -> what of it settles the invoice: in its currency, in all at most what is due; nothing of a void one.

    `due` is what has to be paid in all, less than the total where something was credited; None for all of it.
    """
    rest = Decimal(0) if state is InvoiceState.VOID else invoice.due if due is None else due
    found: dict[str, Decimal] = {}
    for receipt in sorted(receipts, key=lambda item: (item.payment.received_on, item.payment.id)):
        if receipt.payment.currency == invoice.currency and min(rest, receipt.net) > 0:
            found[receipt.payment.id] = min(rest, receipt.net)
            rest -= found[receipt.payment.id]
    return found


def unbookable(noun: Payment | Refund) -> Problem | None:
    """CASH-PAYMENT-04 or CASH-REFUND-04 for what is not an amount that can move; else None."""
    try:
        fits = 0 < to_minor(noun.amount, noun.currency) <= _BIGGEST
    except ValueError:
        fits = False
    if fits:
        return None
    message = f"expected an amount of {noun.currency} above zero, got {plain(noun.amount)}"
    return _problem(
        _of(noun, "CASH-PAYMENT-04", "CASH-REFUND-04"), noun, "amount", message, "correct it where it was recorded"
    )


def contradicted(noun: Payment | Refund, other: Payment | Refund, teller: str) -> Problem:
    """CASH-PAYMENT-05 or CASH-REFUND-05: another record, `teller`, tells `other`."""
    message = (
        f"it is told as {plain(noun.amount)} {noun.currency}; {teller} told {plain(other.amount)} {other.currency}, "
        "or differs in another field"
    )
    return _problem(
        _of(noun, "CASH-PAYMENT-05", "CASH-REFUND-05"),
        noun,
        "",
        message,
        "correct one of the records, or map the field that says which is later",
    )


def complaints(receipt: Receipt, invoice: Invoice | None, settled: Decimal) -> list[Problem]:
    """What a person has to know of a booked payment, `invoice` being the one of ours that it is for, or None.

    CASH-PAYMENT-01 (no invoice), -03 (another currency), CASH-REFUND-02 (more went back than came in), and as a warning
    CASH-PAYMENT-02: what is left over.
    """
    payment, problems = receipt.payment, []
    if receipt.told_back > payment.amount:
        problems.append(_too_much_back(receipt))
    if receipt.net <= 0:
        return problems
    if invoice is None:
        problems.append(_no_invoice(payment))
    elif invoice.currency != payment.currency:
        message = f"the payment is in {payment.currency}, the invoice {invoice.number} in {invoice.currency}"
        problems.append(
            _problem("CASH-PAYMENT-03", payment, "currency", message, "record it in the invoice's currency")
        )
    elif settled < receipt.net:
        problems.append(_left_over(payment, invoice, receipt.net - settled))
    return problems


def late(refund: Refund) -> Problem:
    """CASH-REFUND-01: its payment has not come."""
    message = (
        f"{refund.kind} of {plain(refund.amount)} {refund.currency}: the payment {show(refund.payment)} is not here"
    )
    return _problem(
        "CASH-REFUND-01", refund, "payment", message, "it counts as soon as the payment is read; see why it is not"
    )


def foreign(refund: Refund, payment: Payment) -> Problem:
    """CASH-REFUND-03: it is in another currency than its payment."""
    message = f"the {refund.kind} is in {refund.currency}, the payment {show(payment.id)} in {payment.currency}"
    return _problem(
        "CASH-REFUND-03", refund, "currency", message, "record it in the payment's currency: nothing is converted"
    )


def stands_there(noun: Payment | Refund, system: str, remote_id: str) -> Problem:
    """CASH-PAYMENT-06 or CASH-REFUND-06: it counts for nothing here, and stands in a system that keeps it."""
    message = f"it was taken back at its source, and stands in {system} as {show(remote_id)}"
    return _problem(_of(noun, "CASH-PAYMENT-06", "CASH-REFUND-06"), noun, "", message, "take it back there by hand")


def _no_invoice(payment: Payment) -> Problem:
    named = "no invoice" if payment.invoice is None else f"the invoice {show(payment.invoice)}, which is not ours"
    message = f"the payment of {plain(payment.amount)} {payment.currency} names {named}"
    return _problem("CASH-PAYMENT-01", payment, "invoice", message, "name one of our invoices on it, or refund it")


def _left_over(payment: Payment, invoice: Invoice, rest: Decimal) -> Problem:
    message = (
        f"{plain(rest)} of the payment of {plain(payment.amount)} {payment.currency} is more than is open on "
        f"{invoice.number}"
    )
    problem = _problem("CASH-PAYMENT-02", payment, "amount", message, "refund the rest, or name another invoice for it")
    return problem.model_copy(update={"severity": Severity.WARNING})


def _too_much_back(receipt: Receipt) -> Problem:
    payment = receipt.payment
    message = f"{plain(receipt.told_back)} {payment.currency} went back of the {plain(payment.amount)} that came in"
    place = Place(system="billsync", object="payment", id=payment.id, field="amount")
    hint = "see its refunds and chargebacks with `billsync payments show`; ask for what was returned twice"
    return Problem(code="CASH-REFUND-02", message=message, hint=hint, place=place)


def _of(noun: Payment | Refund, payment: str, refund: str) -> str:
    return payment if isinstance(noun, Payment) else refund


def _problem(code: str, noun: Payment | Refund, field: str, message: str, hint: str) -> Problem:
    place = Place(system="billsync", object=_of(noun, "payment", "refund"), id=noun.id, field=field or None)
    return Problem(code=code, message=message, hint=hint, place=place)
