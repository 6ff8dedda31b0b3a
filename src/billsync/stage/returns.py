"""What comes back: payments from the ERP to the ledger, and the state of invoices to the CRM.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from billsync import pull
from billsync.cash import status
from billsync.cash.balance import state_after
from billsync.connector import Urgency
from billsync.model.delivery import DONE, DeliveryState
from billsync.model.invoice import InvoiceState
from billsync.model.payment import Payment, Refund
from billsync.model.ref import Ref
from billsync.stage import facts, looking, money, outgoing, schemas
from billsync.stage.outgoing import Wanted
from billsync.stage.world import World
from billsync.store import StoredInvoice, Tx

PAGE = 500
_ENDED = DONE | {DeliveryState.DEAD}


def sent(world: World) -> None:
    """Invoices that the ERP has taken are sent, and from there on as far as they are paid."""
    if world.target is None:
        return
    name = world.target.name
    for page in _invoices(world, InvoiceState.FINALISED):
        with world.store.tx("sent") as tx:
            latest = tx.outbox.latest(name, "invoice", [item.invoice.number for item in page])
            there = {number: delivery.remote_id for number, delivery in latest.items() if delivery.state in DONE}
            notes = {number: f"{name} has it as {remote_id}" for number, remote_id in there.items()}
            tx.ledger.move_invoices(notes, InvoiceState.SENT, at=world.now())
            for item in page:
                if item.invoice.number in there and _is_settled(item):
                    money.restate(world, tx, item.invoice.number)


def _is_settled(item: StoredInvoice) -> bool:
    """Whether something is paid or credited, or there is nothing to pay: then it is further than sent."""
    return state_after(item.due, item.paid, InvoiceState.SENT) is not InvoiceState.SENT


def payments(world: World) -> None:
    """Read payments from the ERP, and settle the invoices that they are for."""
    if world.target is None or world.payments is None:
        return
    end, mapping = world.target, world.payments
    world.progress.stage("Read payments")
    if not schemas.may_read(world, end, mapping.source_object, [mapping]):
        return
    look = looking.begin(world, end.name, mapping.source_object)
    end.connector.calls.press(Urgency.READ)
    seen, fresh = pull.changed(
        world.store,
        end.connector,
        end.name,
        mapping.source_object,
        run=world.run,
        now=world.now,
        report=world.report,
        advance=world.progress.advance,
        ended=look.ended,
    )
    look.found(seen, fresh)
    world.tally.add("payments read", seen)
    stranger = partial(_stranger, end.name)
    facts.map_pending(
        world,
        end.name,
        [mapping],
        lambda tx, _mapping, rows: money.book(world, tx, "payment", end.name, rows, stranger),
    )


def _stranger(target: str, tx: Tx, noun: Payment | Refund, ref: Ref) -> str:
    """Why a payment that the ERP tells is none that pays our invoices: somebody else's, or one that we sent there.

    While one of ours for the same invoice is on its way there and its outcome is open, none is believed to be another.
    """
    number = noun.invoice if isinstance(noun, Payment) else None
    if number is None or tx.ledger.invoice(number) is None:
        return "not_ours"
    link = tx.links.by_ref(target, ref.kind, [ref.id]).get(ref.id)
    if link is not None and link.kind == "payment":
        return "sent_by_us"
    ours = [item.payment.id for item in tx.ledger.payments(invoice=number, limit=None) if item.source.system != target]
    sent = tx.outbox.latest(target, "payment", ours)
    if isinstance(noun, Payment) and noun.reference in sent:
        return "sent_by_us"
    return "later" if any(delivery.attempt and delivery.state not in _ENDED for delivery in sent.values()) else ""


def write_back(world: World) -> None:
    """Plan what the CRM has to be told: the state of each deal's invoices, where it changed."""
    if world.status is None:
        return
    world.progress.stage("Plan invoice status")
    for deals in _billed_deals(world):
        with world.store.tx("plan-status") as tx:
            found = tx.ledger.invoices_of_deals(deals)
            wanted = [
                Wanted(deal, status.status_of(deal, [_row(item) for item in items]))
                for deal, items in found.items()
                if items
            ]
            outgoing.plan(world, tx, "status", wanted)
        world.progress.advance(len(deals))


def _row(stored: StoredInvoice) -> status.Row:
    return status.Row(stored.invoice, stored.state, stored.paid_on)


def _billed_deals(world: World) -> Iterator[list[str]]:
    after = ""
    while True:
        with world.store.view() as tx:
            page = [fact.id for fact in tx.facts.page("deal", source=world.source.name, after=after, limit=PAGE)]
        if not page:
            return
        yield page
        after = page[-1]


def _invoices(world: World, state: InvoiceState) -> Iterator[list[StoredInvoice]]:
    after = ""
    while True:
        with world.store.view() as tx:
            page = tx.ledger.invoices(state=state, after=after, limit=PAGE)
        if not page:
            return
        yield page
        after = page[-1].invoice.number
