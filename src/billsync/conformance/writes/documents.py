"""What the kit wants to be written, and what stands in the system's own books.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

_DUE: Final = timedelta(days=30)


class Role(StrEnum):
    """What a kind of record is to billsync, whatever the system calls it."""

    CUSTOMER = "customer"
    ITEM = "item"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an invoice or credit note.

    Attributes:
        unit_price: without tax.
        rate: of its tax, as a fraction: `Subject.rate`, or 0.
    """

    text: str
    quantity: Decimal
    unit_price: Decimal
    rate: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice or credit note that shall be written.

    Attributes:
        number: our number for it; systems that number by themselves leave it out.
        customer, item: ids there; every line is of this item.
        invoice: of credit notes, the id there of the invoice that it is for.
    """

    number: str
    customer: str
    item: str
    currency: str
    on: date
    lines: tuple[Line, ...]
    invoice: str = ""

    @property
    def due_on(self) -> date:
        """When it is to be paid."""
        return self.on + _DUE


@dataclass(frozen=True, slots=True)
class Money:
    """A payment that shall be written.

    Attributes:
        invoice, customer: ids there.
    """

    number: str
    invoice: str
    customer: str
    amount: Decimal
    currency: str
    on: date


@dataclass(frozen=True, slots=True)
class Booked:
    """One record as the system's own books have it, past the connector.  None means that it has no such thing.

    Attributes:
        reference: ours, as `WriteSheet.reference` holds it; "" where it carries none.
        name: of customers and items.
        note: what `annotate` wrote.
        customer: the customer's id.
        total: with tax, positive for credit notes too; of a payment its amount.
        open: of an invoice what is still to be paid; of a credit note or payment what is applied to nothing.
        texts: the lines' descriptions, in order.
        applied: id of an invoice -> how much of this credit note or payment is applied to it.
        draft: it does not count yet.
        void: it does not count any more: voided, cancelled, reversed.
        files: name of each file that lies at it -> how many bytes it has.
    """

    id: str
    reference: str
    name: str | None = None
    note: str | None = None
    number: str | None = None
    customer: str | None = None
    currency: str | None = None
    total: Decimal | None = None
    tax: Decimal | None = None
    open: Decimal | None = None
    on: date | None = None
    lines: int | None = None
    texts: tuple[str, ...] | None = None
    applied: Mapping[str, Decimal] | None = None
    draft: bool = False
    void: bool = False
    files: Mapping[str, int] = field(default_factory=dict)
