"""What comes back: payments from the ERP to the ledger, and the state of invoices to the CRM.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from billsync import pull
from billsync.cash import allocate as allocation
from billsync.cash import balance, status
from billsync.mapping import Mapped
from billsync.mapping import Mapping as FieldMapping
from billsync.model.delivery import DONE
from billsync.model.invoice import InvoiceState
from billsync.model.payment import Payment
from billsync.model.problem import Problem
from billsync.model.ref import Ref
from billsync.stage import facts, outgoing
from billsync.stage.outgoing import Wanted
from billsync.stage.world import End, World
from billsync.store import InboxRow, StoredInvoice, Tx

PAGE = 500


def sent(world: World) -> None:
    """Invoices that the ERP has taken are sent."""
    if world.target is None:
        return
    for page in _invoices(world, InvoiceState.FINALISED):
        with world.store.tx("sent") as tx:
            latest = tx.outbox.latest(world.target.name, "invoice", [item.invoice.number for item in page])
            for number, delivery in latest.items():
                if delivery.state in DONE:
                    note = f"{world.target.name} has it as {delivery.remote_id}"
                    tx.ledger.move_invoice(number, InvoiceState.SENT, note=note, at=world.now())


def payments(world: World) -> None:
    """Read payments from the ERP, and settle the invoices that they are for."""
    if world.target is None or world.payments is None:
        return
    end, mapping = world.target, world.payments
    world.progress.stage("Read payments")
    seen, _ = pull.changed(
        world.store,
        end.connector,
        end.name,
        mapping.source_object,
        run=world.run,
        now=world.now,
        report=world.report,
        advance=world.progress.advance,
    )
    world.tally.add("payments read", seen)
    facts.map_pending(world, end.name, mapping, lambda tx, rows: _book(world, tx, end, mapping, rows))


def _book(world: World, tx: Tx, end: End, mapping: FieldMapping, rows: Sequence[tuple[InboxRow, Mapped]]) -> None:
    for row, result in rows:
        if isinstance(result.noun, Payment):
            ref = Ref(system=end.name, kind=mapping.source_object, id=row.id)
            world.report(tx, _settle(world, tx, result.noun, ref))


def _settle(world: World, tx: Tx, payment: Payment, ref: Ref) -> list[Problem]:
    """Book a payment and settle its invoice.  One that is for none of ours is somebody else's: only counted.

    A payment that was booked before changes nothing, and neither closes nor repeats what was said of it then.
    """
    stored = tx.ledger.invoice(payment.invoice) if payment.invoice else None
    if stored is None:
        world.tally.add("payments of other invoices read", 1)
        return []
    allocations, problems = allocation.allocate(payment, stored.invoice, stored.open)
    if not tx.ledger.add_payment(payment, allocations, source=ref, run=world.run, at=world.now()):
        return []
    world.tally.add("payments booked", 1)
    if allocations:
        paid = stored.paid + sum(item.amount for item in allocations)
        state = balance.state_after(stored.invoice.total, paid, stored.state)
        if state is not stored.state:
            tx.ledger.move_invoice(stored.invoice.number, state, note=f"payment {payment.id}", at=world.now())
    return problems


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
