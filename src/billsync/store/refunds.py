"""Refunds and chargebacks: booked once, told again by further rows; one whose payment is not there waits.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from billsync.model.base import canonical_json
from billsync.model.payment import Refund
from billsync.model.ref import Ref
from billsync.store.invoices import minor
from billsync.store.payments import BOOKED, REVERSED, Payments, current_refunds, told_alike
from billsync.store.schema import receipts, refunds
from billsync.store.sql import among, rows
from billsync.store.types import with_whole


@dataclass(frozen=True, slots=True)
class StoredRefund:
    """A refund or chargeback as it is told now.

    Attributes:
        state: `booked`, or `reversed` where it was taken back: then the money is with us again.
        n: which telling of it this is, from 1.
        source: the record that told this.
        since: when it was booked first.
    """

    refund: Refund
    state: str
    n: int
    source: Ref
    since: datetime


class Refunds(Payments):
    """Part of the ledger."""

    def book_refund(self, refund: Refund, *, source: Ref, run: str, at: datetime) -> str:
        """Book a refund or what is told of it now.  Answers as `book_payment` does.

        What its payment settles beyond what is left of it is taken back.
        """
        was = self.refund(refund.id)
        if was is None:
            self._note_refund(None, refund, BOOKED, source=source, run=run, at=at)
            return BOOKED
        if was.state == BOOKED and told_alike(refund, was.refund):
            return "repeated"
        self._note_refund(was, refund, BOOKED, source=source, run=run, at=at)
        if refund.payment != was.refund.payment:
            self._stand_again(was.refund.payment, at)
        return "corrected"

    def reverse_refund(self, id: str, *, note: str, run: str, at: datetime) -> bool:
        """Take a refund back: the money came after all, or never went.  False where it is not booked."""
        was = self.refund(id)
        if was is None or was.state != BOOKED:
            return False
        self._note_refund(was, was.refund, REVERSED, source=was.source, run=run, at=at, note=note)
        return True

    def _note_refund(
        self,
        was: StoredRefund | None,
        refund: Refund,
        state: str,
        *,
        source: Ref,
        run: str,
        at: datetime,
        note: str = "",
    ) -> None:
        row = {
            "id": refund.id,
            "n": was.n + 1 if was else 1,
            "payment": refund.payment,
            "state": state,
            "currency": refund.currency,
            "amount_minor": minor(refund.amount, refund.currency),
            "paid_on": refund.paid_on,
            "note": note,
            "source": canonical_json(source.model_dump()),
            "run": run,
            "at": at,
            "doc": refund.json_text(),
        }
        self._conn.execute(insert(refunds), with_whole(row, "id", "payment"))
        words = note or f"{refund.kind} of {refund.amount} {refund.currency} of the payment {refund.payment}"
        self._audit.append([(f"refund/{refund.id}", was.state if was else "", state, words)], at=at)
        self._stand_again(refund.payment, at)

    def _stand_again(self, payment: str, at: datetime) -> None:
        """What is left of a payment, after a refund of it changed."""
        stored = self.payment(payment)
        if stored is not None:
            self._stand(stored.payment, stored.state, stored.n, stored.source.system)
            self._free(payment, at)

    # ------------------------------------------------------------ questions

    def refund(self, id: str) -> StoredRefund | None:
        """The refund of that id as it is told now, or None."""
        return next(iter(self._refunds(current_refunds().where(refunds.c.id == id))), None)

    def refunds(self, *, payments: Sequence[str]) -> list[StoredRefund]:
        """The refunds and chargebacks of these payments, by id; taken back ones too."""
        found = among(self._conn, current_refunds().order_by(refunds.c.id), refunds.c.payment, payments)
        return self._stored(found)

    def refunds_page(self, *, after: str = "", limit: int = 500) -> list[StoredRefund]:
        """All refunds and chargebacks as they are told now, by id, from the first after `after`."""
        query = current_refunds().where(refunds.c.id > after).order_by(refunds.c.id).limit(limit)
        return self._refunds(query)

    def parked_refunds(self) -> list[StoredRefund]:
        """Those whose payment has not come, or was taken back, by id."""
        here = select(receipts.c.payment).where(receipts.c.payment == refunds.c.payment, receipts.c.state == BOOKED)
        return self._refunds(current_refunds().where(~here.exists(), refunds.c.state == BOOKED).order_by(refunds.c.id))

    def _refunds(self, query: Any) -> list[StoredRefund]:
        return self._stored(rows(self._conn, query))

    def _stored(self, found: Sequence[dict[str, Any]]) -> list[StoredRefund]:
        first = select(refunds.c.id, refunds.c.whole, refunds.c.at).where(refunds.c.n == 1)
        since = {row["id"]: row["at"] for row in among(self._conn, first, refunds.c.id, [row["id"] for row in found])}
        return [
            StoredRefund(
                refund=Refund.model_validate_json(row["doc"]),
                state=row["state"],
                n=row["n"],
                source=Ref.model_validate_json(row["source"]),
                since=since[row["id"]],
            )
            for row in found
        ]
