"""Payments: booked once, corrected and taken back by further rows, and what they settle.  (shell)

`payments` holds what was booked first, `payment_versions` every correction, `allocations` what was settled and what of
it was taken back: these only grow.  `receipts` holds what they come to now; `verify` compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, func, insert, select, update

from billsync.model.base import canonical_json
from billsync.model.invoice import InvoiceState
from billsync.model.money import from_minor
from billsync.model.payment import Allocation, Payment, Refund
from billsync.model.ref import Ref
from billsync.store.audit import Audit
from billsync.store.errors import IllegalMove
from billsync.store.invoices import minor
from billsync.store.schema import allocations, invoices, payment_versions, payments, receipts, refunds
from billsync.store.sql import among, rows, upsert
from billsync.store.types import with_whole

BOOKED: Final = "booked"
REVERSED: Final = "reversed"


@dataclass(frozen=True, slots=True)
class StoredPayment:
    """A payment as it is told now, and what became of it.

    Attributes:
        state: `booked`, or `reversed` where it was taken back: then it is worth nothing.
        n: which telling of it this is, from 1.
        back: what of it was refunded or charged back, at most its amount.
        settled: what of it settles its invoice.
        source: the record that told it first.
        allocations: all that it settled and what of that was taken back, oldest first.
    """

    payment: Payment
    state: str
    n: int
    back: Decimal
    settled: Decimal
    source: Ref
    allocations: tuple[Allocation, ...]

    @property
    def net(self) -> Decimal:
        """What of it is still with us."""
        return self.payment.amount - self.back if self.state == BOOKED else Decimal(0)

    @property
    def left(self) -> Decimal:
        """What of it settles nothing: the payer's credit."""
        return self.net - self.settled


class Payments:
    """Part of the ledger."""

    _conn: Connection
    _audit: Audit

    # ------------------------------------------------------------ booking

    def book_payment(self, payment: Payment, *, source: Ref, run: str, at: datetime) -> str:
        """Book a payment or what is told of it now; it settles nothing by that.

        Gives `booked`; `corrected` where it was told otherwise before or was taken back: what it settled beyond its new
        content is taken back then; and `repeated` where it stands so already: then nothing changes.
        """
        was = self.payment(payment.id)
        if was is None:
            self._conn.execute(insert(payments), _payment_row(payment, source, run, at))
            self._stand(payment, BOOKED, 1, source.system)
            note = f"{payment.amount} {payment.currency} for {payment.invoice or 'nothing known'}"
            self._audit.append([(f"payment/{payment.id}", "", BOOKED, note)], at=at)
            return BOOKED
        if was.state == BOOKED and told_alike(payment, was.payment):
            return "repeated"
        self._tell_again(was, payment, BOOKED, f"now {payment.amount} {payment.currency}", run, at)
        return "corrected"

    def reverse_payment(self, id: str, *, note: str, run: str, at: datetime) -> bool:
        """Take a payment back with all that it settles; False where it is not booked.  The original row stays."""
        was = self.payment(id)
        if was is None or was.state != BOOKED:
            return False
        self._tell_again(was, was.payment, REVERSED, note, run, at)
        return True

    def _tell_again(self, was: StoredPayment, now: Payment, state: str, note: str, run: str, at: datetime) -> None:
        row = {
            "payment": now.id,
            "n": was.n + 1,
            "state": state,
            "currency": now.currency,
            "amount_minor": minor(now.amount, now.currency),
            "note": note,
            "run": run,
            "at": at,
            "doc": now.json_text(),
        }
        self._conn.execute(insert(payment_versions), row)
        self._stand(now, state, was.n + 1, was.source.system)
        elsewhere = (was.payment.invoice, was.payment.currency) != (now.invoice, now.currency)
        self._free(now.id, at, at_once=elsewhere)
        self._audit.append([(f"payment/{now.id}", was.state, state, note)], at=at)

    def _stand(self, payment: Payment, state: str, n: int, system: str) -> None:
        """What the payment comes to; what it settles is kept."""
        amount = minor(payment.amount, payment.currency) if state == BOOKED else 0
        row = {
            "payment": payment.id,
            "invoice": payment.invoice,
            "source_system": system,
            "state": state,
            "n": n,
            "currency": payment.currency,
            "amount_minor": amount,
            "back_minor": min(amount, self._went_back(payment.id, payment.currency)),
            "settled_minor": 0,
            "doc": payment.json_text(),
        }
        row = with_whole(row, *(("payment",) if payment.invoice is None else ("payment", "invoice")))
        kept = {"payment", "source_system", "settled_minor"}
        upsert(self._conn, receipts, [row], [name for name in row if name not in kept])

    def _went_back(self, id: str, currency: str) -> int:
        """Minor units that refunds and chargebacks in the payment's currency took back, as they are told now."""
        found = rows(self._conn, current_refunds().where(refunds.c.payment == id))
        return sum(row["amount_minor"] for row in found if (row["state"], row["currency"]) == (BOOKED, currency))

    # ------------------------------------------------------------ settling

    def settle(self, number: str, shares: Mapping[str, Decimal], *, at: datetime) -> bool:
        """Let an invoice be settled by these payments with these amounts, and by no others; False where it is already.

        Raises `IllegalMove` where the invoice or a payment is not there, in another currency or void, and where more is
        shared out than is owed or than a payment has.
        """
        query = select(invoices.c.currency, _due(), invoices.c.state)
        invoice = self._conn.execute(query.where(invoices.c.number == number).with_for_update()).one_or_none()
        if invoice is None:
            raise IllegalMove(f"there is no invoice {number} to settle")
        wanted = {id: minor(amount, invoice.currency) for id, amount in shares.items() if amount}
        total = sum(wanted.values())
        if total > max(invoice.due_minor, 0) or any(amount < 0 for amount in wanted.values()):
            raise IllegalMove(f"{shares} cannot be settled on {number}: it is more than what is owed there")
        if wanted and invoice.state == str(InvoiceState.VOID):
            raise IllegalMove(f"the invoice {number} is void: nothing can be settled on it")
        was = self._settling(number)
        moves = {id: wanted.get(id, 0) - was.get(id, 0) for id in [*wanted, *(id for id in was if id not in wanted)]}
        moves = {id: amount for id, amount in moves.items() if amount}
        for id, amount in moves.items():
            self._allocate(id, number, invoice.currency, amount, at)
        self._paid(number, at)
        return bool(moves)

    def _settling(self, number: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for row in rows(self._conn, select(allocations).where(allocations.c.invoice == number)):
            payment = Allocation.model_validate_json(row["doc"]).payment
            found[payment] = found.get(payment, 0) + row["amount_minor"]
        return found

    def _allocate(self, id: str, number: str, currency: str, amount: int, at: datetime) -> None:
        stands = self._conn.execute(select(receipts).where(receipts.c.payment == id)).one_or_none()
        if stands is None or stands.currency != currency:
            raise IllegalMove(f"there is no payment {id} in {currency}")
        settled = stands.settled_minor + amount
        if settled < 0 or (amount > 0 and settled > stands.amount_minor - stands.back_minor):
            raise IllegalMove(f"{from_minor(amount, currency)} of the payment {id} cannot settle {number}: it has less")
        last = select(func.coalesce(func.max(allocations.c.n), 0)).where(allocations.c.payment == id)
        day: date = Payment.model_validate_json(stands.doc).received_on if amount > 0 else at.date()
        item = Allocation(payment=id, invoice=number, amount=from_minor(amount, currency), on=day)
        values = {"payment": id, "n": self._conn.execute(last).scalar_one() + 1, "invoice": number}
        values |= {"amount_minor": amount, "settled_on": day, "doc": item.json_text()}
        self._conn.execute(insert(allocations), values)
        self._conn.execute(update(receipts).where(receipts.c.payment == id).values(settled_minor=settled))

    def _paid(self, number: str, at: datetime) -> None:
        """The invoice's own figures, from its allocations."""
        settling = {id: amount for id, amount in self._settling(number).items() if amount}
        paid = sum(settling.values())
        docs = among(self._conn, select(receipts.c.doc), receipts.c.payment, settling)
        days = [Payment.model_validate_json(row["doc"]).received_on for row in docs]
        due = self._conn.execute(select(_due()).where(invoices.c.number == number)).scalar_one()
        full = max(due, 0) == paid
        values = {"paid_minor": paid, "paid_on": max(days, default=None) if full else None}
        self._conn.execute(update(invoices).where(invoices.c.number == number).values(**values))

    def _free(self, id: str, at: datetime, *, at_once: bool = False) -> None:
        """Take back all that a payment settles where it is more than the payment has left, or `at_once`."""
        stands = self._conn.execute(select(receipts).where(receipts.c.payment == id)).one()
        if not at_once and stands.settled_minor <= stands.amount_minor - stands.back_minor:
            return
        settled: dict[str, tuple[int, str]] = {}
        query = select(allocations, invoices.c.currency).join(invoices, invoices.c.number == allocations.c.invoice)
        for row in rows(self._conn, query.where(allocations.c.payment == id)):
            settled[row["invoice"]] = (settled.get(row["invoice"], (0, ""))[0] + row["amount_minor"], row["currency"])
        for number, (amount, currency) in settled.items():
            if amount:
                self._take_back(id, number, currency, amount, at)
        self._conn.execute(update(receipts).where(receipts.c.payment == id).values(settled_minor=0))

    def _take_back(self, id: str, number: str, currency: str, amount: int, at: datetime) -> None:
        last = select(func.max(allocations.c.n)).where(allocations.c.payment == id)
        item = Allocation(payment=id, invoice=number, amount=from_minor(-amount, currency), on=at.date())
        values = {"payment": id, "n": self._conn.execute(last).scalar_one() + 1, "invoice": number}
        values |= {"amount_minor": -amount, "settled_on": at.date(), "doc": item.json_text()}
        self._conn.execute(insert(allocations), values)
        self._paid(number, at)

    # ------------------------------------------------------------ questions

    def payment(self, id: str) -> StoredPayment | None:
        """The payment of that id, or None."""
        return next(iter(self.payments(ids=[id])), None)

    def payments(
        self,
        *,
        invoice: str | None = None,
        ids: Sequence[str] | None = None,
        unallocated: bool = False,
        state: str | None = None,
        source: str | None = None,
        after: str = "",
        limit: int | None = 500,
    ) -> list[StoredPayment]:
        """Payments by id, from the first after `after`; a filter that is None or False lets all through.

        `invoice`: those that are for it as they are told now; `unallocated`: those with something left; `source`: those
        that this connection told first.
        """
        query = every_payment().where(receipts.c.payment > after).order_by(receipts.c.payment).limit(limit)
        for column, wanted in (("invoice", invoice), ("state", state), ("source_system", source)):
            query = query if wanted is None else query.where(receipts.c[column] == wanted)
        if unallocated:
            query = query.where(receipts.c.amount_minor - receipts.c.back_minor > receipts.c.settled_minor)
        found = rows(self._conn, query) if ids is None else among(self._conn, query, receipts.c.payment, ids)
        return stored_payments(self._conn, found)

    def invoices_to_settle(self, numbers: Iterable[str] | None = None) -> list[str]:
        """Numbers of invoices that are not paid in full while a payment that is for them has something left."""
        query = select(invoices.c.number).distinct().join(receipts, receipts.c.invoice == invoices.c.number)
        left = receipts.c.amount_minor - receipts.c.back_minor > receipts.c.settled_minor
        query = query.where(left, invoices.c.paid_minor < _due())
        query = query.where(invoices.c.state != str(InvoiceState.VOID)).order_by(invoices.c.number)
        found = rows(self._conn, query) if numbers is None else among(self._conn, query, invoices.c.number, numbers)
        return [row["number"] for row in found]


def _due() -> ColumnElement[int]:
    """What has to be paid of an invoice in money."""
    due = invoices.c.total_minor - invoices.c.prepaid_minor - invoices.c.credited_minor
    return due.label("due_minor")


def told_alike(one: Payment | Refund, other: Payment | Refund) -> bool:
    """Whether both say the same of the payment or refund, whichever was told later."""
    return one.model_copy(update={"version": ""}) == other.model_copy(update={"version": ""})


def current_refunds() -> Select[Any]:
    """The rows of refunds as they are told now: of each the last one."""
    newer = refunds.alias()
    later = select(newer.c.n).where(newer.c.id == refunds.c.id, newer.c.n > refunds.c.n).exists()
    return select(refunds).where(~later)


def _payment_row(payment: Payment, source: Ref, run: str, at: datetime) -> dict[str, Any]:
    row = {
        "id": payment.id,
        "currency": payment.currency,
        "amount_minor": minor(payment.amount, payment.currency),
        "received_on": payment.received_on,
        "source": canonical_json(source.model_dump()),
        "run": run,
        "at": at,
        "doc": payment.json_text(),
    }
    return with_whole(row, "id")


def every_payment() -> Select[Any]:
    """The rows that `stored_payments` takes."""
    return select(receipts, payments.c.source).join(payments, payments.c.id == receipts.c.payment)


def stored_payments(conn: Connection, found: Sequence[dict[str, Any]]) -> list[StoredPayment]:
    """Rows as callers get them, with what each settles."""
    parts = select(allocations.c.doc).order_by(allocations.c.payment, allocations.c.n)
    settled: dict[str, list[Allocation]] = {}
    for row in among(conn, parts, allocations.c.payment, [row["payment"] for row in found]):
        item = Allocation.model_validate_json(row["doc"])
        settled.setdefault(item.payment, []).append(item)
    return [_stored(row, tuple(settled.get(row["payment"], ()))) for row in found]


def _stored(row: dict[str, Any], parts: tuple[Allocation, ...]) -> StoredPayment:
    return StoredPayment(
        payment=Payment.model_validate_json(row["doc"]),
        state=row["state"],
        n=row["n"],
        back=from_minor(row["back_minor"], row["currency"]),
        settled=from_minor(row["settled_minor"], row["currency"]),
        source=Ref.model_validate_json(row["source"]),
        allocations=parts,
    )
