"""A payment and the invoice that it names -> what of it settles the invoice.  (pure)"""

from __future__ import annotations

from decimal import Decimal

from billsync.model.invoice import Invoice
from billsync.model.money import to_minor
from billsync.model.payment import Allocation, Payment
from billsync.model.problem import Place, Problem, Severity
from billsync.model.scalar import plain, show


def allocate(payment: Payment, invoice: Invoice | None, open_amount: Decimal) -> tuple[list[Allocation], list[Problem]]:
    """The part of the payment that settles the invoice (by its number), at most `open_amount` of it.

    `invoice` is the one that the payment names, or None where it is not one of ours.  Problems: CASH-PAYMENT-01 (no
    invoice), -03 (another currency), -04 (not an amount that can be paid), and as a warning -02: what is left over.
    """
    fault = _fault(payment, invoice)
    if fault is not None or invoice is None:
        return [], [] if fault is None else [fault]
    settled = min(payment.amount, max(open_amount, Decimal(0)))
    allocations = []
    if settled > 0:
        name = invoice.number or invoice.id
        allocations = [Allocation(payment=payment.id, invoice=name, amount=settled, on=payment.received_on)]
    rest = payment.amount - settled
    return allocations, [_over(payment, invoice, rest)] if rest else []


def _fault(payment: Payment, invoice: Invoice | None) -> Problem | None:
    if not _is_payable(payment):
        message = f"expected an amount of {payment.currency} above zero, got {plain(payment.amount)}"
        return _problem("CASH-PAYMENT-04", payment, "amount", message, "correct it where it was recorded")
    if invoice is None:
        named = "no invoice" if payment.invoice is None else f"the invoice {show(payment.invoice)}, which is not ours"
        message = f"the payment of {plain(payment.amount)} {payment.currency} names {named}"
        return _problem("CASH-PAYMENT-01", payment, "invoice", message, "name one of our invoices on it, or refund it")
    if invoice.currency != payment.currency:
        name = invoice.number or invoice.id
        message = f"the payment is in {payment.currency}, the invoice {name} in {invoice.currency}"
        return _problem("CASH-PAYMENT-03", payment, "currency", message, "record it in the invoice's currency")
    return None


def _is_payable(payment: Payment) -> bool:
    try:
        return to_minor(payment.amount, payment.currency) > 0
    except ValueError:
        return False


def _over(payment: Payment, invoice: Invoice, rest: Decimal) -> Problem:
    name = invoice.number or invoice.id
    message = (
        f"{plain(rest)} of the payment of {plain(payment.amount)} {payment.currency} is more than is open on {name}"
    )
    problem = _problem("CASH-PAYMENT-02", payment, "amount", message, "refund the rest, or name another invoice for it")
    return problem.model_copy(update={"severity": Severity.WARNING})


def _problem(code: str, payment: Payment, field: str, message: str, hint: str) -> Problem:
    place = Place(system="billsync", object="payment", id=payment.id, field=field)
    return Problem(code=code, message=message, hint=hint, place=place)
