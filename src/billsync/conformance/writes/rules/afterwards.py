"""What comes after an invoice: voids, credit notes, payments, and what is open then.  (shell)"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from billsync.conformance.broken import Broken
from billsync.conformance.writes.bench import WriteBench
from billsync.conformance.writes.desk import desk
from billsync.conformance.writes.documents import Booked, Role
from billsync.conformance.writes.rule import rule
from billsync.conformance.writes.subject import Skill
from billsync.conformance.writes.watched import told
from billsync.connector import Applied, Refused, TryLater, Unclear

_OPEN: Final = "a customer is reminded of what was paid, or not of what was not"
_VOIDS: Final = {
    Role.INVOICE: Skill.VOID_INVOICE,
    Role.CREDIT_NOTE: Skill.VOID_CREDIT_NOTE,
    Role.PAYMENT: Skill.VOID_PAYMENT,
}


def _invoice(bench: WriteBench) -> Booked:
    """A new invoice of 100.00 and tax, as it stands there."""
    intent = bench.billed(bench.bill())
    bench.made(intent)
    booked = bench.one(Role.INVOICE, intent.key, "written")
    if intent.expect is not None and booked.total != intent.expect.total:
        raise Broken(f"an invoice of {intent.expect.total} comes to {booked.total} there")
    return booked


def _still_open(bench: WriteBench, invoice: Booked, wanted: Decimal, when: str) -> None:
    """Raises `Broken` where the invoice shows something else as open."""
    shown = bench.by_id(Role.INVOICE, invoice.id).open
    if shown is not None and shown != wanted:
        raise Broken(f"{when}: of the invoice {shown} is open there, not {wanted}")


def _total(invoice: Booked) -> Decimal:
    if invoice.total is None:
        raise NotImplementedError("the subject's truth tells no total of an invoice")
    return invoice.total


@rule(costs="an invoice that you took back is still owed there")
def void_twice(bench: WriteBench) -> None:
    """What is taken back counts for nothing, and taking it back again is no error.

    Invoices, credit notes and payments are made void twice, as far as the system knows that; the look-up then does
    not tell them as standing, and an invoice that was paid is open again.
    """
    for role, skill in _VOIDS.items():
        if role not in bench.roles() or not bench.can(skill):
            continue
        intent = bench.sample(role)
        id = bench.made(intent)
        for time in ("first", "second"):
            outcome = bench.void(role, id, intent.key)
            if not isinstance(outcome, Applied):
                raise Broken(f"the {time} void of the {role} {intent.key} is answered with {told(outcome)}")
            bench.none(role, intent.key, f"after the {time} void")
        (probe,) = bench.probe(role, intent.key)
        echo = getattr(probe, "echo", {})
        if getattr(probe, "remote_ids", ()) and echo.get("state") != "void":
            raise Broken(f"the {role} {intent.key} is void, and its look-up finds it in the state {echo.get('state')}")


@rule(costs="an invoice that you took back is still owed there", needs=(Skill.VOID_INVOICE, Skill.LOST))
def lost_void(bench: WriteBench) -> None:
    """A void whose answer was lost is made in the end, by billsync's own effect machine.

    The connection ends after the system has executed.
    """
    invoice = _invoice(bench)
    with desk(bench) as one:
        one.plan_void(Role.INVOICE, invoice.reference, invoice.id)
        with bench.struck(Skill.LOST, Role.INVOICE):
            one.push(patience_s=0)
        one.push(after_s=60)
    bench.none(Role.INVOICE, invoice.reference, "voided, the answer was lost")


@rule(costs=_OPEN, needs=(Skill.CREDIT_NOTE,))
def credit_applied(bench: WriteBench) -> None:
    """A credit note is taken off its invoice, once, and is told with positive amounts.

    One of 25.00 and tax is written for an invoice of 100.00 and tax, and again with its id.
    """
    invoice = _invoice(bench)
    bill = bench.bill(bench.line("25.00", "1", "Taken back"), invoice=invoice.id)
    intent = bench.billed(bill, Role.CREDIT_NOTE)
    id = bench.made(intent)
    booked = bench.one(Role.CREDIT_NOTE, intent.key, "written")
    wanted = bench.expected(bill, Role.CREDIT_NOTE).total or Decimal(0)
    if booked.total is not None and booked.total != wanted:
        raise Broken(f"the credit note comes to {booked.total} there, not {wanted}")
    for when in ("credited", "written again"):
        _still_open(bench, invoice, _total(invoice) - wanted, when)
        bench.made(replace(intent, remote_id=id))


@rule(costs=_OPEN, needs=(Skill.CREDIT_NOTE, Skill.PAYMENT))
def credit_beyond(bench: WriteBench) -> None:
    """Of a credit note only as much is taken off its invoice as is open there; the rest stays the customer's.

    Of an invoice of 100.00 and tax half is paid before all of it is credited.
    """
    invoice = _invoice(bench)
    half = (_total(invoice) / 2).quantize(Decimal("0.01"))
    bench.made(bench.paid(bench.money(invoice.id, half)))
    intent = bench.billed(bench.bill(bench.line(text="All of it"), invoice=invoice.id), Role.CREDIT_NOTE)
    bench.made(intent)
    booked = bench.one(Role.CREDIT_NOTE, intent.key, "written for more than is open")
    applied = (booked.applied or {}).get(invoice.id)
    if applied is not None and applied != _total(invoice) - half:
        raise Broken(f"{applied} of it is taken off the invoice, of which {_total(invoice) - half} was open")
    if booked.total is not None and booked.total != _total(invoice):
        raise Broken(f"the credit note comes to {booked.total} there, not {_total(invoice)}")


@rule(costs=_OPEN, needs=(Skill.PAYMENT,))
def paid_in_parts(bench: WriteBench) -> None:
    """Payments are taken off their invoice, each once.

    An invoice is paid in two parts; each is written twice.
    """
    invoice = _invoice(bench)
    rest = _total(invoice)
    for amount in (Decimal(30), rest - Decimal(30)):
        intent = bench.paid(bench.money(invoice.id, amount))
        id = bench.made(intent)
        bench.made(replace(intent, remote_id=id))
        rest -= amount
        booked = bench.one(Role.PAYMENT, intent.key, "written twice")
        if booked.total != amount:
            raise Broken(f"a payment of {amount} stands there with {booked.total}")
        _still_open(bench, invoice, rest, f"after a payment of {amount}")


@rule(costs="what a customer paid too much is lost, or bends the invoice", needs=(Skill.PAYMENT, Skill.OVERPAY))
def overpaid(bench: WriteBench) -> None:
    """What is paid too much is kept, and the invoice is paid and unchanged.

    An invoice is paid with 50.00 more than it comes to.
    """
    invoice = _invoice(bench)
    amount = _total(invoice) + 50
    intent = bench.paid(bench.money(invoice.id, amount))
    bench.made(intent)
    booked = bench.one(Role.PAYMENT, intent.key, "paid too much")
    now = bench.by_id(Role.INVOICE, invoice.id)
    if booked.total != amount:
        raise Broken(f"a payment of {amount} stands there with {booked.total}")
    if now.total != invoice.total or (now.open is not None and now.open > 0):
        raise Broken(f"the invoice of {invoice.total} shows {now.total}, of which {now.open} is open")
    if booked.open is not None and booked.open != Decimal(50):
        raise Broken(f"of the payment {booked.open} is left, not 50")


@rule(costs=_OPEN, needs=(Skill.PAYMENT, Skill.VOID_PAYMENT))
def payment_taken_back(bench: WriteBench) -> None:
    """After a payment is taken back its invoice is open again, and can be paid by another.

    A payment is made void, and the next one of the whole amount is written.
    """
    invoice = _invoice(bench)
    first = bench.paid(bench.money(invoice.id, _total(invoice)))
    outcome = bench.void(Role.PAYMENT, bench.made(first), first.key)
    if not isinstance(outcome, Applied):
        raise Broken(f"the payment is not taken back: {told(outcome)}")
    _still_open(bench, invoice, _total(invoice), "the payment was taken back")
    second = bench.paid(bench.money(invoice.id, _total(invoice)))
    bench.made(second)
    bench.one(Role.PAYMENT, second.key, "paid again")
    _still_open(bench, invoice, Decimal(0), "paid again")


@rule(costs="a paid invoice is taken back, and the money hangs in the air", needs=(Skill.PAYMENT, Skill.VOID_INVOICE))
def void_of_paid(bench: WriteBench) -> None:
    """An invoice with a payment on it is taken back as the system does it, or refused; the payment never vanishes.

    Half of an invoice is paid before it is made void; what is said of it must be so.
    """
    invoice = _invoice(bench)
    payment = bench.paid(bench.money(invoice.id, Decimal(10)))
    bench.made(payment)
    outcome = bench.void(Role.INVOICE, invoice.id, invoice.reference)
    there = bench.there(Role.INVOICE, invoice.reference)
    if isinstance(outcome, Applied) and there:
        raise Broken("the void of a paid invoice counts as applied, and it stands there")
    if isinstance(outcome, Refused | TryLater) and not there:
        raise Broken(f"the void of a paid invoice is {told(outcome)}, and it is void there")
    if isinstance(outcome, Unclear):
        raise Broken(f"nothing went wrong, and the void of a paid invoice is {told(outcome)}")
    bench.one(Role.PAYMENT, payment.key, "its invoice was to be taken back")
