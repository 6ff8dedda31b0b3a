"""What goes into a system: intents, what a system offers for exactly one effect, and what became of them.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from billsync.connector.calls import CallLimit
from billsync.connector.faults import Refused, TryLater, Unclear
from billsync.connector.reading import Data, ReadSheet
from billsync.model.base import Noun


class Target(StrEnum):
    """What a system offers so that one intent has one effect (docs/reference/promises.md).

    KEY: an idempotency key of ours, honoured for a lifetime.  UPSERT: writing by an id of ours.  SEARCH: our reference
    can be looked up, nothing more.  NONE: neither; an unknown outcome is for a person.
    """

    KEY = "A"
    UPSERT = "B"
    SEARCH = "C"
    NONE = "D"


class RatingSheet(Noun):
    """How a system comes to the amounts of a document from the lines that it is sent.

    Attributes:
        lines, quantity, unit_price, tax_rate, product, description: names of the written fields; of those that lie
            deeper, the path with dots (`item.items`, `SalesItemLineDetail.Qty`).
        unit_price_places: decimals that it keeps of a unit price, None for any number.
        tax_rounding: whether it rounds the tax of each line, of each rate, or of the document.
    """

    lines: str = "lines"
    quantity: str = "quantity"
    unit_price: str = "unit_price"
    tax_rate: str = "tax_rate"
    product: str = "product"
    description: str = "description"
    unit_price_places: int | None = None
    tax_rounding: Literal["line", "rate", "document"] = "rate"


class WriteSheet(Noun):
    """How one kind of record is written, and what an unknown outcome means.

    Attributes:
        target: the strongest guarantee that the system gives for it.
        reference: the field that carries our reference and can be searched.
        into: the field of the record that holds all that is written, or "" where each is a field of its own.
        settle_s: seconds after which a request that was given up can no longer take effect there.
        key_lifetime_s: how long an idempotency key is honoured (KEY only), else None.
        batch_max: how many intents one `write` may hold.
        serial: True where two writes at once are not safe.
        voids: True where `Intent.void` is understood.
        rating: how it computes what a document comes to, None where that is not known: then only what is read back
            after the write is compared.
        ordered: True where a document is refused after a later one (numbers and dates must rise together): the engine
            then sends nothing before an earlier one whose outcome is open.
        attaches: True where `attach` is understood: a file goes to a record that stands there.
        key_scope: within what an idempotency key counts, such as "one company and one kind of request"; "" where there
            is none.
        batch: what happens to the others where one of a batch is refused: they stand ("apart"), none does
            ("together"), or there is no batch ("none").
        proofs: answers that prove that nothing was executed, in the system's own terms.
        closed_period: what becomes of a document that is dated into a closed period.
    """

    target: Target
    reference: str
    into: str = ""
    settle_s: float = 60.0
    key_lifetime_s: float | None = None
    batch_max: int = 1
    serial: bool = True
    ordered: bool = False
    voids: bool = False
    rating: RatingSheet | None = None
    attaches: bool = False
    key_scope: str = ""
    batch: Literal["none", "apart", "together"] = "none"
    proofs: tuple[str, ...] = ()
    closed_period: str = ""


class Capabilities(Noun):
    """What a connector can do, as data: the engine acts on it, docs are made from it.

    Attributes:
        system: entry point name, such as `tryton`.
        calls_per_s: requests a second that the system bears, or None for any number.
        calls_at_once: writes that may be under way at once, each through a connector of its own; what a `WriteSheet`
            says of `serial` and `ordered` holds all the same.
        money_decimals: decimals of a unit price there, or None for any.
        tax: who works the tax out: the system, from a code ("there"), or what we send is taken ("ours").
        limits: what the system bears, in its own terms.
        budgets: the same in figures, for the calls that all processes make together.
        unproven: what the connector rests on that was taken from memory or hearsay, and never seen at the vendor's.
    """

    system: str
    title: str
    reads: dict[str, ReadSheet] = {}
    writes: dict[str, WriteSheet] = {}
    money_decimals: int | None = None
    calls_per_s: Decimal | None = None
    calls_at_once: int = 1
    notes: tuple[str, ...] = ()
    tax: Literal["there", "ours"] | None = None
    limits: tuple[str, ...] = ()
    budgets: tuple[CallLimit, ...] = ()
    unproven: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the written document must show when it is read back; None means "not compared"."""

    total: Decimal | None = None
    tax: Decimal | None = None
    currency: str | None = None
    lines: int | None = None
    on: date | None = None
    """Its date."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One record that shall exist there in the state that the payload describes.

    Attributes:
        key: our reference, the same for every attempt: it must be stored in the sheet's `reference` field.
        object: the system's own name of the kind of record.
        payload: the content; references are already the remote ids.
        remote_id: the record that already stands for it, or None.  Where given, that record is brought to the wanted
            state and no other is made.
        idempotency_key: for KEY targets: the same for every attempt of one generation.
        expect: what the document must show, or None.
        void: True where the record `remote_id` shall count for nothing there any more: cancelled or taken back,
            as that system does it.  One that is void already is `Applied`.
    """

    key: str
    object: str
    payload: Data
    remote_id: str | None = None
    idempotency_key: str = ""
    expect: Expectation | None = None
    void: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """The record stands there as intended.

    Attributes:
        remote_id: its id there.
        echo: what was read back, by the names of `Expectation` and `number`, `state`; None-valued where not known.
    """

    remote_id: str
    echo: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The record exists, but is not yet in the wanted state; writing again with its `remote_id` finishes it."""

    remote_id: str
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The record exists and shows something else than was sent: a person has to look."""

    remote_id: str
    message: str
    echo: Data = field(default_factory=dict)


Outcome = Applied | Unfinished | Mismatch | TryLater | Refused | Unclear
"""What became of one intent."""


@dataclass(frozen=True, slots=True)
class Found:
    """Records that carry the reference: one is an answer, two are a doubled document.

    Attributes:
        remote_ids: at least one.
        complete: False where the (only) record still has to be finished by another `write`.
        echo: as in `Applied`, of the only record.
    """

    remote_ids: tuple[str, ...]
    complete: bool = True
    echo: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Absent:
    """No record carries the reference, as far as the system shows at this moment."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """The look-up itself did not work: ask again later.

    Attributes:
        offline: as in `TryLater`.
    """

    reason: str
    message: str = ""
    offline: bool = False


Probe = Found | Absent | Unsure
"""What a look-up by our reference says."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One document as it stands in the outside system, in our words; None means that the system does not say.

    Attributes:
        id: its id there; reference: ours, as the sheet's `reference` field shows it, "" where it carries none.
        number: the document's own number there, or None.
        customer: id there of the record that it is for, or None.
        applies_to: of payments: our reference of the document that it settles, "" where none; else None.
        total: with tax, of a payment its amount; tax: of it; open: what is still to be paid.
        on: date of the document.
        state: `draft`, `sent`, `partly_paid`, `paid` or `void`; of payments `booked` or `void`.
    """

    id: str
    reference: str
    currency: str
    total: Decimal
    number: str | None = None
    customer: str | None = None
    applies_to: str | None = None
    tax: Decimal | None = None
    open: Decimal | None = None
    on: date | None = None
    due_on: date | None = None
    lines: int | None = None
    state: str | None = None


def differences(expect: Expectation | None, echo: Data) -> str:
    """What the echo shows otherwise than expected, in words; "" where all that can be compared is equal."""
    if expect is None:
        return ""
    named = {"on": "date"}
    pairs = [(name, getattr(expect, name)) for name in ("total", "tax", "currency", "lines", "on")]
    return ", ".join(
        f"{named.get(name, name)} is {echo[name]} there, {wanted} here"
        for name, wanted in pairs
        if wanted is not None and echo.get(name) is not None and echo[name] != wanted
    )
