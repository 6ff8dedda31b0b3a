"""The plan as it is saved: every change that a run would make, in every system, and what it was made from.  (pure)"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import JsonValue, ValidationError

from billsync.model.base import Currency, Day, Id, Instant, Noun, Number, Text, canonical_json, digest_text
from billsync.model.problem import Problem
from billsync.strict import json
from billsync.strict.json import BadJson

FORMAT: Final = "billsync-plan/1"


class BadPlan(ValueError):
    """The text is no plan that this version can read; the message says why."""


class FieldChange(Noun):
    """One field of a record, by its path such as `lines[1].quantity`.

    Attributes:
        before: what was sent last, or None where nothing is known to stand there; after: what will be sent.
    """

    field: Text
    before: JsonValue = None
    after: JsonValue = None


class Write(Noun):
    """One write to an outside system.

    Attributes:
        system: connection; object: its own kind of record; kind, document: the canonical document that it carries.
        action: `create`; `update` a record that billsync wrote before; `adopt` one that carries our reference though
            billsync does not know it; `void` what stands there.
        remote_id: the record's id there, or None for a new one.
        key, sha256: of the delivery: its business key and the SHA-256 of its frozen payload.
        total: of a document with money, in its currency, tax included; else None.
        fields: those that differ from what was sent last; of a new record all.
    """

    system: Id
    object: Id
    kind: Id
    document: Text
    action: Literal["create", "update", "adopt", "void"]
    remote_id: Text | None = None
    key: Id
    sha256: Text
    total: Number | None = None
    currency: Currency | None = None
    fields: tuple[FieldChange, ...] = ()


class NewLine(Noun):
    """One line of a new invoice; `amount` before tax, `tax_rate` a fraction."""

    deal: Id
    product: Id
    description: Text
    quantity: Number
    unit_amount: Number
    amount: Number
    tax_rate: Number


class NewInvoice(Noun):
    """An invoice that the run would make.

    Attributes:
        number: the one that it gets where the plan is applied; it is not used up by the plan.
        name: the customer's.
        sha256: of the whole document.
    """

    number: Id
    customer: Id
    name: Text
    currency: Currency
    issued_on: Day
    due_on: Day
    subtotal: Number
    tax_total: Number
    total: Number
    lines: tuple[NewLine, ...]
    sha256: Text


class Booking(Noun):
    """A payment that would be booked; `settles` is invoice -> amount."""

    payment: Id
    currency: Currency
    amount: Number
    received_on: Day
    settles: dict[str, Number] = {}


class Turn(Noun):
    """Something in the ledger that would change its state, such as `invoice/INV-1` from `sent` to `paid`."""

    subject: Id
    before: Text
    after: Text
    note: Text = ""


class Pending(Noun):
    """A write that was planned earlier and would not go out in this run; `due_at` None where it waits for others."""

    system: Id
    object: Id
    kind: Id
    document: Text
    key: Id
    sha256: Text
    state: Id
    reason: Text = ""
    due_at: Instant | None = None


class Total(Noun):
    """How many writes of one kind go to one system, and the money of new documents per currency.

    Of the system `billsync` it is the invoices that are made and the payments that are booked in our own books.
    """

    system: Id
    kind: Id
    creates: int = 0
    updates: int = 0
    adopts: int = 0
    voids: int = 0
    amounts: dict[str, Number] = {}


class Plan(Noun):
    """Everything that one run would change.

    Attributes:
        through: the last day that is billed; full: whether everything is read again.
        connections: name -> SHA-256 of its settings (with the references of secrets, never the secrets).
        counts: what the run would do, by name, as `billsync sync` tells it.
        parked: connection -> why nothing would be sent to it.
        pending, problems: what is told, but is no change; a plan is not refused for them.
        sha256: of everything else.
    """

    format: Literal["billsync-plan/1"] = FORMAT
    pipeline: Id
    through: Day
    full: bool = False
    made_at: Instant
    connections: dict[str, Text]
    counts: dict[str, int] = {}
    totals: tuple[Total, ...] = ()
    invoices: tuple[NewInvoice, ...] = ()
    bookings: tuple[Booking, ...] = ()
    turns: tuple[Turn, ...] = ()
    writes: tuple[Write, ...] = ()
    pending: tuple[Pending, ...] = ()
    problems: tuple[Problem, ...] = ()
    parked: dict[str, Text] = {}
    sha256: Text = ""

    def sealed(self) -> Plan:
        """The plan with its own hash."""
        return self.model_copy(update={"sha256": self.seal()})

    def seal(self) -> str:
        """The hash that the content has: SHA-256 of the canonical JSON text of all other fields."""
        return digest_text(canonical_json(self.model_dump(mode="json", exclude={"sha256"})))

    @property
    def changes(self) -> int:
        """How many changes there are, in all systems and the ledger."""
        return len(self.invoices) + len(self.bookings) + len(self.turns) + len(self.writes)


def read_plan(text: bytes) -> Plan:
    """The plan in a file's text.  Raises `BadPlan`; whether it was edited is for the caller to ask (`seal`)."""
    try:
        found = json.loads(text)
    except BadJson as error:
        where = f"line {error.line}: " if error.line else ""
        raise BadPlan(f"{where}{error}") from None
    if not isinstance(found, dict) or not str(found.get("format", "")).startswith("billsync-plan/"):
        raise BadPlan("it is not a plan: expected a JSON object whose `format` is billsync-plan/1")
    if found["format"] != FORMAT:
        raise BadPlan(f"its format is {found['format']}, this version reads {FORMAT}: make a new plan")
    try:
        return Plan.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadPlan(f"{place}: {first['msg']}") from None
