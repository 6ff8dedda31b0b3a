"""The bench: one connector, what it shall write, and what stands in the system's own books afterwards.  (shell)"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from billsync.conformance.broken import Broken
from billsync.conformance.writes.documents import Bill, Booked, Line, Money, Role
from billsync.conformance.writes.following import follow
from billsync.conformance.writes.subject import Skill, WriteSubject
from billsync.conformance.writes.watched import WatchedWriter
from billsync.connector import (
    Context,
    Data,
    Expectation,
    Intent,
    Keep,
    Memory,
    Outcome,
    Probe,
    RatingSheet,
    Refused,
    WriteSheet,
)
from billsync.invoicing.parity import SentLine, come_to
from billsync.model.currency import exponent

_RULES: Final = itertools.count(1)
"""Rules tried so far by this process: no two use the same references."""
MASTERS: Final = (Role.CUSTOMER, Role.ITEM)
_OPTIONAL: Final = {Role.CREDIT_NOTE: Skill.CREDIT_NOTE, Role.PAYMENT: Skill.PAYMENT}


@dataclass
class WriteBench:
    """What a rule works with.

    Attributes:
        folder: for stores.
        tag: what all references and numbers of this rule begin with.
        keep: what the connectors keep, over all of them.
        heard: every message so far.
    """

    subject: WriteSubject
    folder: Path
    tag: str = field(default_factory=lambda: f"K{next(_RULES):04}")
    keep: Keep = field(default_factory=Memory)
    heard: list[str] = field(default_factory=list)
    _closing: ExitStack = field(default_factory=ExitStack)
    _names: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _opened: WatchedWriter | None = None
    _masters: dict[Role, str] = field(default_factory=dict)

    def can(self, skill: Skill) -> bool:
        """Whether the system has this skill."""
        return skill not in self.subject.lacks

    def close(self) -> None:
        """Close every connector that was opened."""
        self._closing.close()

    def open(self) -> WatchedWriter:
        """A new connector."""
        watched = WatchedWriter(self.subject.open(Context("conformance", self.folder, self.keep)), self.heard)
        self._closing.callback(partial(_quietly, watched))
        return watched

    @property
    def connector(self) -> WatchedWriter:
        """The connector that rules use where one is enough."""
        if self._opened is None:
            self._opened = self.open()
        return self._opened

    # ------------------------------------------------------------ kinds of record

    def roles(self, *of: Role) -> list[Role]:
        """Those of these roles, all without, that can be written there."""
        return [role for role in of or Role if role not in _OPTIONAL or self.can(_OPTIONAL[role])]

    def object(self, role: Role) -> str:
        """The system's own name of the kind of record.  Raises `Broken` where the connector does not know it."""
        return self.subject.objects[role]

    def sheet(self, role: Role) -> WriteSheet:
        """How the connector says that it writes it.  Raises `Broken` where it says nothing."""
        found = self.connector.capabilities.writes.get(self.object(role))
        if found is None:
            raise Broken(f"the capability sheet says nothing of writing {self.object(role)}")
        return found

    # ------------------------------------------------------------ what shall be written

    def name(self) -> str:
        """A reference or number that was not used before."""
        return f"{self.tag}-{next(self._names):03}"

    def line(self, price: str = "50.00", quantity: str = "2", text: str = "Seats", *, taxed: bool = True) -> Line:
        """A line of 100.00 with tax, or another."""
        return Line(text, Decimal(quantity), Decimal(price), self.subject.rate if taxed else Decimal(0))

    def bill(
        self, *lines: Line, currency: str = "", on: date | None = None, invoice: str = "", customer: str = ""
    ) -> Bill:
        """An invoice or credit note of these lines, of one line without."""
        return Bill(
            number=self.name(),
            customer=customer or self.master(Role.CUSTOMER),
            item=self.master(Role.ITEM),
            currency=currency or self.subject.currency,
            on=on or self.subject.on,
            lines=lines or (self.line(),),
            invoice=invoice,
        )

    def money(self, invoice: str, amount: Decimal, customer: str = "") -> Money:
        """A payment of so much."""
        own = (customer or self.master(Role.CUSTOMER), amount, self.subject.currency, self.subject.on)
        return Money(self.name(), invoice, *own)

    def billed(self, bill: Bill, role: Role = Role.INVOICE) -> Intent:
        """The intent that writes an invoice or credit note, with what it must come to."""
        made = self.subject.invoice if role is Role.INVOICE else self.subject.credit_note
        return self.intent(role, bill.number, made(bill), self.expected(bill, role))

    def paid(self, money: Money) -> Intent:
        """The intent that writes a payment."""
        expect = Expectation(total=money.amount, currency=money.currency)
        return self.intent(Role.PAYMENT, money.number, self.subject.payment(money), expect)

    def intent(self, role: Role, key: str, payload: Data, expect: Expectation | None = None) -> Intent:
        """Any intent, with the idempotency key of its first generation."""
        digest = hashlib.sha256(f"{role}:{key}".encode()).hexdigest()[:32]
        return Intent(key, self.object(role), payload, idempotency_key=digest, expect=expect)

    def expected(self, bill: Bill, role: Role = Role.INVOICE) -> Expectation:
        """What the lines come to, computed as the capability sheet says that the system computes."""
        rating = self.sheet(role).rating or RatingSheet()
        sent = [SentLine(line.quantity, line.unit_price, line.rate) for line in bill.lines]
        places = exponent(bill.currency)
        come = come_to(sent, places, unit_price_places=rating.unit_price_places, tax_rounding=rating.tax_rounding)
        return Expectation(come.total, come.tax, bill.currency, len(bill.lines), bill.on)

    def master(self, role: Role) -> str:
        """The id of the customer or item that all documents of this rule are for."""
        if role not in self._masters:
            self._masters[role] = self.made(self.sample(role))
        return self._masters[role]

    def sample(self, role: Role) -> Intent:
        """A new record of this role: credit notes and payments of an invoice that is made first."""
        name = self.name()
        if role is Role.CUSTOMER:
            return self.intent(role, name, self.subject.customer(f"Customer {name}"))
        if role is Role.ITEM:
            return self.intent(role, name, self.subject.item(f"Item {name}"))
        if role is Role.INVOICE:
            return self.billed(self.bill())
        invoice = self.made(self.billed(self.bill()))
        if role is Role.CREDIT_NOTE:
            return self.billed(self.bill(self.line("25.00", "1", "Taken back"), invoice=invoice), role)
        return self.paid(self.money(invoice, Decimal(30)))

    # ------------------------------------------------------------ writing

    def write(self, *intents: Intent, connector: WatchedWriter | None = None) -> list[Outcome]:
        """Write intents of one kind of record at once."""
        return (connector or self.connector).write(intents[0].object, intents)

    def probe(self, role: Role, *keys: str) -> list[Probe]:
        """Look up by reference."""
        return self.connector.probe(self.object(role), keys)

    def made(self, intent: Intent, *, connector: WatchedWriter | None = None, first: Outcome | None = None) -> str:
        """Write until it stands there, by the connector alone, as the engine would go on after each outcome; its id.

        `first` is the outcome of a write that was made already.  Raises `Broken` where it does not come to that.
        """
        role = next(role for role in Role if self.subject.objects.get(role) == intent.object)
        return follow(
            connector or self.connector, intent, self.sheet(role), first=first, pass_time=self.subject.pass_time
        )

    def void(self, role: Role, id: str, key: str) -> Outcome:
        """Take a record back."""
        intent = replace(self.intent(role, key, {}), remote_id=id, void=True)
        return self.write(replace(intent, idempotency_key=intent.idempotency_key[::-1]))[0]

    # ------------------------------------------------------------ what is there

    def there(self, role: Role, key: str) -> list[Booked]:
        """What carries the reference there and counts, drafts too."""
        return [booked for booked in self.subject.truth(role) if booked.reference == key and not booked.void]

    def one(self, role: Role, key: str, when: str) -> Booked:
        """The one record that stands there for it.  Raises `Broken` where there are none, more, or a draft."""
        found = self.there(role, key)
        if len(found) != 1:
            ids = ", ".join(booked.id for booked in found)
            raise Broken(f"{when}: {len(found)} records {ids} stand there for the {role} {key}, not one")
        if found[0].draft:
            raise Broken(f"{when}: the {role} {key} was left as a draft")
        return found[0]

    def none(self, role: Role, key: str, when: str) -> None:
        """Raises `Broken` where something stands there for it."""
        found = self.there(role, key)
        if found:
            raise Broken(f"{when}: {role} {key} stands there as {', '.join(booked.id for booked in found)}")

    def by_id(self, role: Role, id: str) -> Booked:
        """The record with this id, void or not.  Raises `Broken` where it is not there."""
        found = next((booked for booked in self.subject.truth(role) if booked.id == id), None)
        if found is None:
            raise Broken(f"there is no {role} {id} although the connector says so")
        return found

    @contextmanager
    def struck(self, fault: Skill, role: Role, *, skip: int = 0, after_s: int = 1) -> Iterator[None]:
        """One fault, taken back at the end where it has not struck."""
        self.subject.strike(fault, role, after_s=after_s, skip=skip)
        try:
            yield
        finally:
            self.subject.calm()

    def each(self, roles: Sequence[Role], act: Callable[[Role], None]) -> None:
        """Try something on every role that can be written."""
        for role in self.roles(*roles):
            act(role)


def _quietly(connector: WatchedWriter) -> None:
    """Close once more, whatever was done to it before."""
    with suppress(Broken, Refused):
        connector.close()
