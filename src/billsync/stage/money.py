"""Payments, refunds and chargebacks into the books, from whichever side they are told.  (shell)

A record *tells* a payment or refund.  What it tells is booked once, however often and in whatever order records come;
one that tells otherwise later corrects it, and one that is gone or counts no longer takes it back, unless another one
tells the same.  What then settles an invoice is worked out anew from all that is for it, so that the books follow from
what is told and never from the order in which it came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Final

from billsync.cash import allocate as allocation
from billsync.cash import balance
from billsync.cash.allocate import Receipt
from billsync.mapping import Mapped
from billsync.model.invoice import InvoiceState
from billsync.model.payment import Payment, Refund
from billsync.model.problem import Place, Problem
from billsync.model.ref import Ref
from billsync.stage.world import World
from billsync.store import CashEvent, InboxRow, StoredInvoice, StoredPayment, StoredRefund, Tx

_PARKED: Final = timedelta(days=1)
"""How long a refund waits for its payment before a person is told."""

Rows = Sequence[tuple[InboxRow, Mapped]]


Stranger = Callable[[Tx, Payment | Refund, Ref], str]
"""Why what a record tells counts for nothing here: a reason such as `not_ours`; `later` to look at it again in the next
run; "" where it counts."""


def nobody(_tx: Tx, _noun: Payment | Refund, _ref: Ref) -> str:
    """All that is told counts."""
    return ""


@dataclass(slots=True)
class _Desk:
    """The work on one page: what it touches is put in order at its end."""

    world: World
    tx: Tx
    kind: str
    payments: set[str] = field(default_factory=set)
    refunds: set[str] = field(default_factory=set)
    invoices: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)


def book(world: World, tx: Tx, kind: str, system: str, rows: Rows, stranger: Stranger = nobody) -> Mapping[str, str]:
    """Book what records tell of payments or refunds (`kind`), and settle invoices anew.

    Gives the inbox states of the records that did not come out as their mapping says: `new` and `problem` are looked
    at again, `skipped` counts for nothing.
    """
    desk = _Desk(world, tx, kind)
    for row, result in rows:
        if not result.problems:
            told = result.noun if isinstance(result.noun, Payment | Refund) else None
            _hear(desk, row, Ref(system=system, kind=row.object, id=row.id), told, stranger)
    if rows:
        place = Place(system=system, object=rows[0][0].object)
        _close(world, tx, place, [row.id for row, _ in rows], desk.problems, f"CASH-{kind.upper()}-")
    world.report(tx, desk.problems)
    order(world, tx, desk.payments, desk.refunds, desk.invoices)
    return desk.states


def _hear(desk: _Desk, row: InboxRow, ref: Ref, told: Payment | Refund | None, stranger: Stranger) -> None:
    """What one record tells, and what it told before."""
    was = desk.tx.ledger.event(ref, desk.kind)
    if was is not None and was.outcome == "booked" and (told is None or told.id != was.our_id):
        _withdraw(desk, was, "deleted" if row.deleted else "no_longer_told")
    if told is None:
        return
    reason = stranger(desk.tx, told, ref)
    if reason == "later":
        desk.states[row.id] = "new"
    elif reason:
        desk.states[row.id] = "skipped"
        if was is not None and was.outcome == "booked" and was.our_id == told.id:
            _withdraw(desk, was, reason)
        _note(desk, ref, told, "ignored", reason)
        desk.world.tally.add("payments of other invoices read", reason == "not_ours")
    elif (problem := allocation.unbookable(told) or _contradiction(desk, told, ref)) is not None:
        spot = row.place.at(problem.place.field) if problem.place.field else row.place
        desk.problems.append(problem.model_copy(update={"place": spot}))
        desk.states[row.id] = "problem"
        if was is None or was.outcome != "booked" or was.our_id != told.id:
            _note(desk, ref, told, "ignored", problem.code)
    else:
        _book(desk, ref, told)


def _contradiction(desk: _Desk, told: Payment | Refund, ref: Ref) -> Problem | None:
    """Two records that tell one payment differently, while nothing says which of them is later."""
    for other in desk.tx.ledger.told_by(desk.kind, told.id):
        if other.source != ref and other.noun.version == told.version and other.noun != told:
            return allocation.contradicted(told, other.noun, str(other.source))
    return None


def _book(desk: _Desk, ref: Ref, told: Payment | Refund) -> None:
    """What the record tells counts, unless another one tells something later."""
    _note(desk, ref, told, "booked", "")
    outcome = _stand(desk, told.id, f"{ref}: told")
    if outcome not in ("booked", "corrected"):
        _note(desk, ref, told, "booked", outcome)
    else:
        desk.world.tally.add(f"{desk.kind}s {outcome}", 1)


def _withdraw(desk: _Desk, was: CashEvent, reason: str) -> None:
    """The record tells this no longer: what others tell of it counts, and where none does, it is taken back."""
    _note(desk, was.source, was.noun, "gone", reason)
    outcome = _stand(desk, was.our_id, f"{was.source}: {reason}")
    desk.world.tally.add(f"{desk.kind}s taken back", outcome == "reversed")


def _stand(desk: _Desk, id: str, note: str) -> str:
    """Bring the payment or refund to what the latest of all tellings says; to nothing where there is none."""
    ledger, world = desk.tx.ledger, desk.world
    tellings = ledger.told_by(desk.kind, id)
    _touch(desk, id)
    if not tellings:
        take_back = ledger.reverse_payment if desk.kind == "payment" else ledger.reverse_refund
        outcome = "reversed" if take_back(id, note=note, run=world.run, at=world.now()) else ""
    else:
        latest = max(tellings, key=lambda item: item.noun.version)
        outcome = _write(desk, latest)
    _touch(desk, id)
    return outcome


def _write(desk: _Desk, telling: CashEvent) -> str:
    noun, source, run, at = telling.noun, telling.source, desk.world.run, desk.world.now()
    if isinstance(noun, Payment):
        return desk.tx.ledger.book_payment(noun, source=source, run=run, at=at)
    return desk.tx.ledger.book_refund(noun, source=source, run=run, at=at)


def _note(desk: _Desk, ref: Ref, noun: Payment | Refund, outcome: str, reason: str) -> None:
    event = CashEvent(ref, desk.kind, noun.id, outcome, reason, noun)
    desk.tx.ledger.note_event(event, at=desk.world.now())


def _touch(desk: _Desk, id: str) -> None:
    """Remember what is worked on, its payment, and the invoice that this is for at this moment."""
    payment: str | None = id
    if desk.kind == "refund":
        desk.refunds.add(id)
        refund = desk.tx.ledger.refund(id)
        payment = refund.refund.payment if refund is not None else None
    if payment is not None:
        desk.payments.add(payment)
        stored = desk.tx.ledger.payment(payment)
        if stored is not None and stored.payment.invoice is not None:
            desk.invoices.add(stored.payment.invoice)


# ---------------------------------------------------------------- settling


def settle(world: World) -> None:
    """Settle invoices with payments that came before them, and tell of refunds that wait too long for their payment."""
    with world.store.view() as tx:
        numbers = tx.ledger.invoices_to_settle()
        overdue = [item for item in tx.ledger.parked_refunds() if world.now() - item.since >= _PARKED]
    for number in numbers:
        with world.store.tx("settle") as tx:
            order(world, tx, (), (), [number])
    if overdue:
        with world.store.tx("parked-refunds") as tx:
            world.report(tx, [allocation.late(item.refund) for item in overdue])


def order(world: World, tx: Tx, payments: Iterable[str], refunds: Iterable[str], invoices: Iterable[str]) -> None:
    """Put what was touched in order: who settles what, the invoices' states, and what people have to know."""
    stored = {number: tx.ledger.invoice(number) for number in sorted(set(invoices))}
    for item in stored.values():
        if item is not None:
            _settle(world, tx, item)
    touched = {item.payment.id: item for item in tx.ledger.payments(ids=sorted(set(payments)), limit=None)}
    for number in stored:
        touched |= {item.payment.id: item for item in tx.ledger.payments(invoice=number, limit=None)}
    _tell(world, tx, list(touched.values()), refunds)


def _settle(world: World, tx: Tx, stored: StoredInvoice) -> None:
    number = stored.invoice.number
    receipts = [Receipt(item.payment, item.net) for item in tx.ledger.payments(invoice=number, limit=None)]
    shares = allocation.shares(stored.invoice, stored.state, receipts, stored.due)
    tx.ledger.settle(number, shares, at=world.now())
    restate(world, tx, number)


def restate(world: World, tx: Tx, number: str) -> None:
    """Move an invoice to the state that fits what is paid on it; one that the ERP does not have yet stays finalised."""
    stored = tx.ledger.invoice(number)
    if stored is None or (stored.state is InvoiceState.FINALISED and _is_sent_elsewhere(world)):
        return
    state = balance.state_after(stored.due, stored.paid, stored.state)
    if state is not stored.state:
        credited = f", {stored.credited} is credited" if stored.credited else ""
        tx.ledger.move_invoice(number, state, note=f"{stored.paid} is paid{credited}", at=world.now())


def _is_sent_elsewhere(world: World) -> bool:
    return world.target is not None and "invoice" in world.outbound


# ---------------------------------------------------------------- telling people


def _tell(world: World, tx: Tx, payments: Sequence[StoredPayment], refunds: Iterable[str]) -> None:
    """Report what is wrong with these payments and their refunds, and close what is not any more."""
    ids = [item.payment.id for item in payments]
    back = tx.ledger.refunds(payments=ids)
    problems = [problem for item in payments for problem in _complaints(tx, item, back)]
    _close(world, tx, Place(system="billsync", object="payment"), ids, problems, "CASH-")
    known = {*refunds, *(stored.refund.id for stored in back)}
    place = Place(system="billsync", object="refund")
    _close(world, tx, place, known, problems, "CASH-REFUND-03")
    _close(world, tx, place, [id for id in known if not _is_parked(tx, id)], problems, "CASH-")
    world.report(tx, problems)


def _complaints(tx: Tx, item: StoredPayment, back: Sequence[StoredRefund]) -> list[Problem]:
    payment = item.payment
    if item.state != "booked":
        return []  # its refunds wait, as if it had never come
    mine = [stored.refund for stored in back if stored.refund.payment == payment.id and stored.state == "booked"]
    told_back = sum((refund.amount for refund in mine if refund.currency == payment.currency), Decimal(0))
    invoice = tx.ledger.invoice(payment.invoice) if payment.invoice else None
    receipt = Receipt(payment, item.net, told_back)
    problems = allocation.complaints(receipt, invoice.invoice if invoice else None, item.settled)
    return problems + [allocation.foreign(refund, payment) for refund in mine if refund.currency != payment.currency]


def _is_parked(tx: Tx, refund: str) -> bool:
    stored = tx.ledger.refund(refund)
    if stored is None or stored.state != "booked":
        return False
    payment = tx.ledger.payment(stored.refund.payment)
    return payment is None or payment.state != "booked"


def _close(world: World, tx: Tx, place: Place, ids: Iterable[str], still: Sequence[Problem], codes: str) -> None:
    """Close what was open at these records of a system, but for what still holds."""
    kept = {problem.fingerprint for problem in still}
    where = {"connection": place.system or "", "object": place.object or ""}
    tx.problems.close(**where, ids=ids, except_=kept, at=world.now(), codes_prefix=codes)
