"""Invoices made void, and made anew, with the write that takes the record there back.  (shell)"""

from __future__ import annotations

from datetime import date

from billsync.invoicing.draft import Draft
from billsync.model.delivery import DONE, Delivery, DeliveryState
from billsync.model.invoice import Invoice, InvoiceState, may_move
from billsync.model.problem import Problem
from billsync.push import payload
from billsync.stage import adopting, bills, money, outgoing, pending
from billsync.stage.crediting import NotPossible, invoice_of
from billsync.stage.world import World
from billsync.store import StoredInvoice, Tx

_INSTEAD = "give it back with `billsync invoice credit`"


def void(world: World, number: str, reason: str) -> str:
    """Make an invoice void; what was charged on it is not billed again.  Gives what becomes of it in the target.

    Raises `NotPossible`.
    """
    with world.store.tx("void") as tx:
        return _void(world, tx, number, reason)[1]


def reissue(world: World, number: str, reason: str) -> list[Invoice]:
    """Make an invoice void and bill its charges anew, by the customers, products and rules of now.

    Of one invoice come several where the rules of grouping changed.  An invoice that is void already is only billed
    anew.  Raises `NotPossible`, and then nothing has changed.
    """
    with world.store.tx("reissue") as tx:
        stored = invoice_of(tx, number)
        charges = tx.ledger.charges_on(number)
        if not charges:
            raise NotPossible(f"the invoice {number} is void, and its charges stand on another one")
        needs: tuple[str, ...] = ()
        if stored.state is not InvoiceState.VOID:
            needs = _void(world, tx, number, reason)[0]
        tx.ledger.free_charges(number)
        page = pending.page_of(world, tx, charges)
        found = bills.drafted(world, page)
        if found.problems or not found.documents:
            raise NotPossible(f"the charges of {number} cannot be billed anew: {_why(found.problems)}")
        made = [_again(item, number, world.through) for item in found.documents if isinstance(item, Invoice)]
        if len(made) < len(found.documents):
            raise NotPossible(f"the charges of {number} would make a credit note now: credit it instead")
        return bills.finalise(world, tx, [adopting.Adopted(Draft(item)) for item in made], needs)


def _why(problems: tuple[Problem, ...]) -> str:
    return problems[0].message if problems else "they come to nothing"


def _again(invoice: Invoice, number: str, on: date) -> Invoice:
    """Dated the day on which it is made; what is due is due as many days after it as before."""
    later = max(on, invoice.issued_on) - invoice.issued_on
    parts = tuple(part.model_copy(update={"due_on": part.due_on + later}) for part in invoice.instalments)
    days = {"issued_on": invoice.issued_on + later, "due_on": invoice.due_on + later, "instalments": parts}
    return invoice.model_copy(update=days | {"replaces": number})


def _void(world: World, tx: Tx, number: str, reason: str) -> tuple[tuple[str, ...], str]:
    """Gives the keys of the writes that take it back, and what becomes of it there, in words."""
    stored = invoice_of(tx, number)
    _may_be_void(stored)
    planned = _taken_back(world, tx, number, reason)
    tx.ledger.move_invoice(number, InvoiceState.VOID, note=reason, at=world.now())
    money.order(world, tx, (), (), [number])
    world.tally.add("invoices made void", 1)
    if planned is None:
        return (), "nothing of it stands in an outside system"
    return (planned.key,), f"it is taken back in {planned.connection} with the next run"


def _may_be_void(stored: StoredInvoice) -> None:
    number, state = stored.invoice.number, stored.state
    if state is InvoiceState.VOID:
        raise NotPossible(f"the invoice {number} is void already")
    if stored.credited:
        raise NotPossible(f"of the invoice {number} {stored.credited} was credited already: {_INSTEAD}")
    if stored.paid or not may_move(state, InvoiceState.VOID):
        raise NotPossible(f"the invoice {number} is {str(state).replace('_', ' ')} and cannot be void: {_INSTEAD}")


def _taken_back(world: World, tx: Tx, number: str, reason: str) -> Delivery | None:
    """Plan the write that takes the record there back; None where none stands there."""
    end = world.target
    write = tx.outbox.latest(end.name, "invoice", [number]).get(number) if end is not None else None
    if end is None or write is None or (write.state is DeliveryState.DEAD and not write.remote_id):
        return None
    if write.state not in DONE or write.remote_id is None:
        raise NotPossible(
            f"the write of {number} to {end.name} is {write.state}: what stands there is not known. "
            "Run `billsync sync`, or answer it with `billsync errors`"
        )
    sheet = end.connector.capabilities.writes.get(write.object)
    if sheet is None or not sheet.voids:
        raise NotPossible(f"{end.name} cannot take an invoice back: {_INSTEAD}")
    planned = payload.plan_void(
        connection=end.name,
        object=write.object,
        our_id=number,
        remote_id=write.remote_id,
        rank=outgoing.RANKS["invoice"],
        reason=reason,
    )
    tx.outbox.plan([planned], at=world.now())
    tx.outbox.touch(write, next_at=None)  # no look may wonder why it is void
    return planned
