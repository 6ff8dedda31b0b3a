"""The source's payments and refunds -> deliveries: what came in or went back, told to the ERP.  (shell)

Each is a document of its own there, sent after the invoice or payment that it belongs to; the invoice is never touched.
What was read from the ERP is never sent back to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from billsync.cash import allocate as allocation
from billsync.connector import Expectation
from billsync.model.delivery import DONE, Delivery, DeliveryState
from billsync.model.payment import Payment, Refund
from billsync.model.problem import Problem
from billsync.push import payload
from billsync.stage import outgoing
from billsync.stage.outgoing import RANKS, Wanted
from billsync.stage.world import End, World
from billsync.store import StoredPayment, StoredRefund, Tx

PAGE = 500


def plan(world: World) -> None:
    """Plan the writes of what is booked and of what was taken back, where the pipeline sends payments or refunds."""
    end = world.target
    if end is None:
        return
    if "payment" in world.outbound:
        world.progress.stage("Plan payments")
        for payments in _payments(world):
            with world.store.tx("plan-payments") as tx:
                _plan_payments(world, tx, end, payments)
    if "refund" in world.outbound:
        world.progress.stage("Plan refunds")
        for refunds in _refunds(world):
            with world.store.tx("plan-refunds") as tx:
                _plan_refunds(world, tx, end, refunds)


def _payments(world: World) -> Iterator[list[StoredPayment]]:
    after = ""
    while True:
        with world.store.view() as tx:
            page = tx.ledger.payments(source=world.source.name, after=after, limit=PAGE)
        if not page:
            return
        yield page
        after = page[-1].payment.id


def _refunds(world: World) -> Iterator[list[StoredRefund]]:
    after = ""
    while True:
        with world.store.view() as tx:
            page = tx.ledger.refunds_page(after=after, limit=PAGE)
        if not page:
            return
        yield [item for item in page if item.source.system == world.source.name]
        after = page[-1].refund.id


# ---------------------------------------------------------------- payments


def _plan_payments(world: World, tx: Tx, end: End, payments: Sequence[StoredPayment]) -> None:
    """Plan those of a page that stand otherwise than they were planned last."""
    last = tx.outbox.latest(end.name, "payment", [item.payment.id for item in payments])
    fresh = [item for item in payments if not _is_planned(last.get(item.payment.id), _place(item.payment, item.n))]
    invoices = tx.outbox.latest(end.name, "invoice", {item.payment.invoice or "" for item in fresh})
    wanted = []
    for item in fresh:
        needs = _invoice_of(world, tx, item.payment, invoices) if item.state == "booked" else None
        if needs is not None:
            payment = item.payment
            expect = Expectation(total=payment.amount, currency=payment.currency, on=payment.received_on)
            place = _place(item.payment, item.n)
            wanted.append(Wanted(item.payment.id, item.payment, place, expect, needs=needs))
    outgoing.plan(world, tx, "payment", wanted)
    gone = {item.payment.id: item.payment for item in payments if item.state != "booked"}
    _take_back(world, tx, end, [last[id] for id in gone if id in last], gone)


def _invoice_of(world: World, tx: Tx, payment: Payment, sent: dict[str, Delivery]) -> tuple[str, ...] | None:
    """Keys of what has to stand there before the payment; None where the payment can't be sent yet.

    One for an invoice that is not ours, in another currency or not planned itself is held back: a person is told of it.
    """
    if payment.invoice is None:
        return ()
    stored = tx.ledger.invoice(payment.invoice)
    if stored is None or stored.invoice.currency != payment.currency:
        return None
    if "invoice" not in world.outbound:
        return ()
    return (sent[payment.invoice].key,) if payment.invoice in sent else None


# ---------------------------------------------------------------- refunds


def _plan_refunds(world: World, tx: Tx, end: End, refunds: Sequence[StoredRefund]) -> None:
    last = tx.outbox.latest(end.name, "refund", [item.refund.id for item in refunds])
    fresh = [item for item in refunds if not _is_planned(last.get(item.refund.id), _place(item.refund, item.n))]
    ids = [item.refund.payment for item in fresh]
    payments = {item.payment.id: item for item in tx.ledger.payments(ids=ids, limit=None)}
    sent = tx.outbox.latest(end.name, "payment", ids)
    wanted = []
    for item in fresh:
        refund, payment = item.refund, payments.get(item.refund.payment)
        needs = None
        if item.state == "booked" and payment is not None and payment.payment.currency == refund.currency:
            needs = _payment_of(world, end, payment, sent)
        if needs is not None:
            expect = Expectation(total=refund.amount, currency=refund.currency, on=refund.paid_on)
            wanted.append(Wanted(refund.id, refund, _place(refund, item.n), expect, needs=needs))
    outgoing.plan(world, tx, "refund", wanted)
    gone = {item.refund.id: item.refund for item in refunds if item.state != "booked"}
    _take_back(world, tx, end, [last[id] for id in gone if id in last], gone)


def _payment_of(world: World, end: End, payment: StoredPayment, sent: dict[str, Delivery]) -> tuple[str, ...] | None:
    """Keys of what has to stand there before a refund of the payment; None where it can't be sent yet."""
    if payment.source.system == end.name or "payment" not in world.outbound:
        return ()
    return (sent[payment.payment.id].key,) if payment.payment.id in sent else None


# ---------------------------------------------------------------- both


def _place(noun: Payment | Refund, n: int) -> str:
    """Its place among those of its kind: by day, then id; with the telling that it is of."""
    day = noun.received_on if isinstance(noun, Payment) else noun.paid_on
    return f"{day}/{noun.id}/{n}"


def _is_planned(last: Delivery | None, place: str) -> bool:
    """Whether this telling was planned; one that was refused may come out otherwise by the mapping of now."""
    return last is not None and last.sequence == place and last.state is not DeliveryState.DEAD


def _take_back(
    world: World, tx: Tx, end: End, sent: Iterable[Delivery], nouns: dict[str, Payment] | dict[str, Refund]
) -> None:
    """What was taken back at its source and stands in the ERP is taken back there, or a person is told."""
    standing = [delivery for delivery in sent if delivery.state in DONE and delivery.remote_id]
    problems: list[Problem] = []
    voids: list[Delivery] = []
    for delivery in standing:
        remote = delivery.remote_id or ""
        sheet = end.connector.capabilities.writes.get(delivery.object)
        if sheet is None or not sheet.voids:
            problems.append(allocation.stands_there(nouns[delivery.our_id], end.name, remote))
            continue
        voids.append(
            payload.plan_void(
                connection=end.name,
                object=delivery.object,
                our_id=delivery.our_id,
                remote_id=remote,
                rank=RANKS[delivery.kind],
                reason="taken back at its source",
            )
        )
        tx.outbox.touch(delivery, next_at=None)  # no look may wonder why it is void
    world.tally.add("takings back planned", tx.outbox.plan(voids, at=world.now()))
    world.report(tx, problems)
