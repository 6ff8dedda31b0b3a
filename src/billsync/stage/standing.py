"""Both sides as streams in order of their reference: ours from the store, theirs sorted outside of memory.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from billsync import reconcile
from billsync.connector import Connector, Refused, Standing
from billsync.model.delivery import Delivery
from billsync.model.invoice import InvoiceState
from billsync.model.scalar import plain
from billsync.push.payload import expectation
from billsync.stage.spool import Row, Spool
from billsync.store import Store, StoredInvoice, Tx
from billsync.store.comparing import Comparing, Settlement

PAGE: Final = 500


def ours(store: Store, connection: str) -> Iterator[reconcile.Ours]:
    """Our invoices and what became of their writes to one connection, in order of their number."""
    after = ""
    while True:
        with store.view() as tx:
            page = _page(tx, connection, after)
        if not page:
            return
        yield from page
        after = page[-1].reference


def _page(tx: Tx, connection: str, after: str) -> list[reconcile.Ours]:
    found = tx.ledger.invoices(after=after, limit=PAGE)
    numbers = [item.invoice.number for item in found]
    writes = tx.outbox.latest(connection, "invoice", numbers)
    paid = Comparing(tx.conn).settlements(connection, numbers)
    customers = {("customer", item.invoice.customer) for item in found}
    there = {our_id: id for (_, our_id), id in tx.outbox.remote_ids(connection, customers).items()}
    return [_ours(item, writes.get(item.invoice.number), paid.get(item.invoice.number, []), there) for item in found]


def _ours(
    item: StoredInvoice, write: Delivery | None, paid: Iterable[Settlement], there: dict[str, str]
) -> reconcile.Ours:
    invoice = item.invoice
    return reconcile.Ours(
        reference=invoice.number,
        customer=invoice.customer,
        currency=invoice.currency,
        total=invoice.total,
        tax=invoice.tax_total,
        open=item.open,
        on=invoice.issued_on,
        due_on=invoice.due_on,
        void=item.state is InvoiceState.VOID,
        payments=tuple(_booked(settlement) for settlement in paid),
        written=None if write is None else _written(write, there.get(invoice.customer)),
    )


def _booked(settlement: Settlement) -> reconcile.Booked:
    payment = settlement.payment
    return reconcile.Booked(
        id=payment.id,
        remote=settlement.remote_id,
        currency=payment.currency,
        amount=payment.amount,
        settled=settlement.settled,
        on=payment.received_on,
    )


def _written(write: Delivery, customer: str | None) -> reconcile.Written:
    expect = expectation(write)
    return reconcile.Written(
        key=write.key,
        state=write.state,
        reason=write.reason,
        remote_id=write.remote_id,
        lines=expect.lines if expect else None,
        customer=customer,
    )


# ---------------------------------------------------------------- theirs


class Theirs:
    """The documents and payments of another system, in order of the reference of ours that they carry.

    Attributes:
        listed: whether the system lists its payments.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.listed = False

    def __iter__(self) -> Iterator[reconcile.There]:
        for reference, (kind, *values) in self._spool:
            yield reconcile.There(reference, thawed(values), payment=kind == "payment")

    def take(self, pages: Iterable[Sequence[Standing]]) -> None:
        """Take in pages of documents or payments."""
        for page in pages:
            self._spool.add(_row(item) for item in page)

    def read(self, connector: Connector, document: str, payment: str | None) -> None:
        """Take in what stands there.  Raises `TryLater`, and `Refused` where documents cannot be listed."""
        self.take(connector.standing(document))
        if payment is None:
            return
        try:
            self.take(connector.standing(payment))
        except Refused as fault:
            if fault.reason != "not_supported":
                raise
            return
        self.listed = True


def _row(item: Standing) -> Row:
    """A payment goes to the document that it settles."""
    if item.applies_to is None:
        return item.reference, ["document", *frozen(item)]
    return item.applies_to, ["payment", *frozen(item)]


def frozen(item: Standing) -> list[object]:
    """A standing document as JSON values."""
    money = [None if value is None else plain(value) for value in (item.total, item.tax, item.open)]
    days = [None if day is None else day.isoformat() for day in (item.on, item.due_on)]
    return [
        *(item.id, item.reference, item.currency, item.number, item.customer, item.applies_to),
        *(item.lines, item.state),
        *money,
        *days,
    ]


def thawed(values: list[object]) -> Standing:
    """The way back from `frozen`."""
    id, reference, currency, number, customer, applies_to, lines, state, total, tax, left, on, due_on = values
    return Standing(
        id=str(id),
        reference=str(reference),
        currency=str(currency),
        total=Decimal(str(total)),
        number=_text(number),
        customer=_text(customer),
        applies_to=_text(applies_to),
        tax=_number(tax),
        open=_number(left),
        on=_day(on),
        due_on=_day(due_on),
        lines=lines if isinstance(lines, int) else None,
        state=_text(state),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _day(value: object) -> date | None:
    return None if value is None else date.fromisoformat(str(value))
