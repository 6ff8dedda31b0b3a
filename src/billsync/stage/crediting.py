"""Credit notes: numbered, taken off their invoices and planned for the target in one transaction.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from billsync.connector import Expectation
from billsync.invoicing import draft as drafting
from billsync.invoicing import pattern
from billsync.invoicing.credit_note import Earlier, credit_note, left_to_credit, spread
from billsync.model.currency import exponent
from billsync.model.delivery import DONE, Delivery, DeliveryState
from billsync.model.invoice import CreditNote, Invoice, InvoiceLine, InvoiceState
from billsync.model.money import allocate
from billsync.model.scalar import show
from billsync.stage import money, outgoing
from billsync.stage.outgoing import Wanted
from billsync.stage.world import World
from billsync.store import Crediting, StoredInvoice, Tx

KIND = "credit_note"
PAGE = 200


class NotPossible(ValueError):
    """What a person asked for cannot be done with the document; `str()` says why, and what can be done."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants to give back.

    Attributes:
        lines: id of a line -> amount before discounts, None for all that is left of it; {} for all lines.
        amount: over all lines, in proportion to what is left of them; None where the lines say it.
    """

    number: str
    lines: Mapping[str, Decimal | None] = field(default_factory=dict)
    amount: Decimal | None = None
    reason: str = ""


# ---------------------------------------------------------------- what a person asks for


def proposed(world: World, tx: Tx, asked: Asked) -> CreditNote:
    """The credit note that was asked for, without a number.  Raises `NotPossible`."""
    stored = invoice_of(tx, asked.number)
    if stored.state is InvoiceState.VOID:
        raise NotPossible(f"the invoice {asked.number} is void: nothing of it is owed")
    invoice = stored.invoice
    earlier = _earlier(tx, invoice)
    left = left_to_credit(invoice, earlier)
    if not any(left.values()):
        raise NotPossible(f"nothing is left to credit of the invoice {asked.number}")
    issued_on = max(world.through, invoice.issued_on)
    try:
        items = _items(asked, left, invoice.currency)
        return credit_note(invoice, earlier, items, issued_on=issued_on, reason=asked.reason)
    except ValueError as error:
        raise NotPossible(str(error)) from None


def invoice_of(tx: Tx, number: str) -> StoredInvoice:
    """The invoice of that number.  Raises `NotPossible`."""
    stored = tx.ledger.invoice(number)
    if stored is None:
        raise NotPossible(f"there is no invoice {show(number)}: `billsync invoice list` shows those there are")
    return stored


def _items(asked: Asked, left: Mapping[str, Decimal], currency: str) -> dict[str, Decimal]:
    if asked.lines:
        unknown = [name for name in asked.lines if name not in left]
        if unknown:
            raise NotPossible(f"the invoice has no line {show(unknown[0])}: its lines are {', '.join(left)}")
        found = {name: left[name] if amount is None else amount for name, amount in asked.lines.items()}
        if not any(found.values()):
            raise NotPossible(f"nothing is left to credit of these lines: {', '.join(found)}")
        return found
    return dict(left) if asked.amount is None else spread(asked.amount, left, currency)


def _earlier(tx: Tx, invoice: Invoice) -> Earlier:
    """What gave back something of the invoice before."""
    notes = [item.note for item in tx.ledger.credit_notes_of([invoice.number]).get(invoice.number, [])]
    mine = {line.charge for line in invoice.lines}
    charges = tx.ledger.charges_of_many({line.deal for line in invoice.lines})
    back = {
        item.invoice
        for of_deal in charges.values()
        for item in of_deal.values()
        if item.charge.corrects in mine and item.invoice not in (None, invoice.number)
    }
    found = (tx.ledger.invoice(number) for number in sorted(filter(None, back)))
    return [*notes, *(item.invoice for item in found if item is not None and item.state is not InvoiceState.VOID)]


def credit(world: World, asked: Asked) -> CreditNote:
    """Give back (part of) an invoice.  Raises `NotPossible`."""
    with world.store.tx("credit") as tx:
        [note] = add(world, tx, [proposed(world, tx, asked)])
    return note


# ---------------------------------------------------------------- numbered, stored, planned


def add(world: World, tx: Tx, notes: Sequence[CreditNote]) -> list[CreditNote]:
    """Number credit notes, take them off their invoices, and plan their writes; gives them with their numbers."""
    made: list[Crediting] = []
    for draft in notes:
        form = world.rules.pattern_of(draft)
        series = pattern.series(form, draft.issued_on)
        number = pattern.number(form, draft.issued_on, tx.ledger.draw(series))
        item = _crediting(tx, draft)
        only = next(iter(item.takes)) if len(item.takes) == 1 else None
        made.append(replace(item, note=drafting.finalise_note(draft, number, series, invoice=only)))
    tx.ledger.add_credit_notes(made, run=world.run, at=world.now())
    outgoing.tell(world, tx, KIND, [item.note.id for item in made], [])
    plan(world, tx, [(item.note, tuple(item.takes)) for item in made])
    money.order(world, tx, (), (), {number for item in made for number in item.takes})
    world.tally.add("credit notes made", len(made))
    return [item.note for item in made]


def _crediting(tx: Tx, note: CreditNote) -> Crediting:
    """What the note takes off which invoice: of several by what its lines give back of each."""
    own = tuple(line.charge for line in note.lines if line.charge != line.corrects)
    if note.invoice is not None:
        return Crediting(note, {note.invoice: note.total}, own)
    stands = _stands_on(tx, note.lines)
    weights: dict[str, Decimal] = {}
    for line in note.lines:
        number = stands.get(line.corrects or "")
        if number is not None and line.amount > 0:
            weights[number] = weights.get(number, Decimal(0)) + line.amount - line.discount
    shares = allocate(note.total, list(weights.values()), exponent(note.currency)) if weights else ()
    return Crediting(note, {number: share for number, share in zip(weights, shares, strict=True) if share}, own)


def _stands_on(tx: Tx, lines: Iterable[InvoiceLine]) -> dict[str, str]:
    """Charge that is corrected -> number of its invoice."""
    found = tx.ledger.charges_of_many({line.deal for line in lines})
    return {key: item.invoice for of_deal in found.values() for key, item in of_deal.items() if item.invoice}


def plan(world: World, tx: Tx, notes: Iterable[tuple[CreditNote, Sequence[str]]]) -> None:
    """Plan the write of each note; it goes out after those of its invoices, where there are any."""
    if world.target is None or KIND not in world.outbound:
        return
    wanted = []
    for note, numbers in notes:
        last = tx.outbox.latest(world.target.name, "invoice", numbers)
        needs = tuple(last[number].key for number in numbers if number in last)
        expect = Expectation(total=note.total, tax=note.tax_total, currency=note.currency, on=note.issued_on)
        wanted.append(Wanted(note.number, note, f"{note.issued_on}/{note.number}", expect, needs=needs))
    outgoing.plan(world, tx, KIND, wanted)


def unsent(world: World) -> None:
    """Plan credit notes again that have no write which may still succeed; see `bills.unsent`."""
    end, after = world.target, ""
    while end is not None and KIND in world.outbound:
        with world.store.tx("plan-unsent-credit") as tx:
            page = tx.ledger.credit_notes(state=InvoiceState.FINALISED, after=after, limit=PAGE)
            last = tx.outbox.latest(end.name, KIND, [item.note.number for item in page])
            open_ = [item for item in page if _may_plan(tx, item.note.number, last)]
            mine = {note.number for note in outgoing.of_source(tx, [item.note for item in open_], world.source.name)}
            plan(world, tx, [(item.note, tuple(item.takes)) for item in open_ if item.note.number in mine])
        if not page:
            return
        after = page[-1].note.number


def _may_plan(tx: Tx, number: str, last: Mapping[str, Delivery]) -> bool:
    if number in last:
        return last[number].state is DeliveryState.DEAD
    return not tx.outbox.list(kind=KIND, our_id=number, limit=1)


def sent(world: World) -> None:
    """Credit notes that the target has taken are sent."""
    if world.target is None or KIND not in world.outbound:
        return
    after = ""
    while True:
        with world.store.tx("sent-credit") as tx:
            page = tx.ledger.credit_notes(state=InvoiceState.FINALISED, after=after, limit=PAGE)
            latest = tx.outbox.latest(world.target.name, KIND, [item.note.number for item in page])
            for number, delivery in latest.items():
                if delivery.state in DONE:
                    note = f"{world.target.name} has it as {delivery.remote_id}"
                    tx.ledger.move_credit_note(number, InvoiceState.SENT, note=note, at=world.now())
        if not page:
            return
        after = page[-1].note.number
