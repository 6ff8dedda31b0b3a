"""What the two sides of a comparison are made of.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billsync.connector import Standing
from billsync.model.delivery import DONE, DeliveryState


@dataclass(frozen=True, slots=True)
class Booked:
    """A payment that our books have for an invoice.

    Attributes:
        remote: its id in the other system, or "" where it did not come from there.
        amount: the whole payment; settled: the part of it that settles this invoice.
    """

    id: str
    remote: str
    currency: str
    amount: Decimal
    settled: Decimal
    on: date


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the write of a document.

    Attributes:
        remote_id: its id there, or None where it is not known.
        lines: lines that were sent, or None.
        customer: id there of the customer, or None.
    """

    key: str
    state: DeliveryState
    reason: str
    remote_id: str | None
    lines: int | None = None
    customer: str | None = None

    @property
    def compared(self) -> bool:
        """Whether it once stood there exactly as it was sent, so that a difference came later.

        A person's answer says that a document is there, not what it shows.
        """
        if self.state in DONE:
            return not self.reason.startswith(("answered_by_person", "superseded"))
        return self.reason in ("edited_there", "voided_there", "remote_missing", "remote_replaced", "duplicate_found")


@dataclass(frozen=True, slots=True)
class Ours:
    """One of our finalised documents.

    Attributes:
        reference: what the other system carries of ours: the invoice's number.
        total: with tax; tax: of it; open: what is still to be paid.
        void: True where it counts for nothing any more.
        written: None where no write of it was ever planned.
    """

    reference: str
    customer: str
    currency: str
    total: Decimal
    tax: Decimal
    open: Decimal
    on: date
    due_on: date
    void: bool = False
    payments: tuple[Booked, ...] = ()
    written: Written | None = None

    @property
    def state(self) -> str:
        """In the port's words: `sent`, `partly_paid`, `paid`, `void`."""
        if self.void:
            return "void"
        if self.open >= self.total:
            return "sent"
        return "partly_paid" if self.open > 0 else "paid"


@dataclass(frozen=True, slots=True)
class There:
    """One document or payment of the other system.

    Attributes:
        reference: our number that it belongs to: of a payment the document that it settles; "" for none.
    """

    reference: str
    standing: Standing
    payment: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """All that carries one reference; `ours` is None where only the other system has it."""

    reference: str
    ours: Ours | None
    documents: tuple[Standing, ...]
    payments: tuple[Standing, ...]

    @property
    def live(self) -> tuple[Standing, ...]:
        """Their documents that count."""
        return tuple(item for item in self.documents if item.state != "void")
