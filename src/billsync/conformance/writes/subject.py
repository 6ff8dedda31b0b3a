"""What the kit has to be told of a connector that writes: its system, payloads, its own books, what people do.  (shell)

Who makes a connector writes one subclass of `WriteSubject` beside it and names it in the entry-point group
`billsync.conformance.writes`, under the connector's name.  `truth` and everything under "what people do" happen in the
outside system, past the connector: by its administration, by another client, by a person's hands.

    [project.entry-points."billsync.conformance.writes"]
    acme = "acme_billsync.conformance:AcmeWrites"
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from billsync.conformance.writes.documents import Bill, Booked, Line, Money, Role
from billsync.connector import Connector, Context, Data

__all__ = ["Bill", "Booked", "Line", "Money", "Role", "Skill", "WriteSubject"]


class Skill(StrEnum):
    """What a system, or who stands in for it, can do.  What it cannot is declared in `lacks`, with the reason."""

    # ------------------------------------------------------------ faults (`strike`)
    LOST = "lost"
    """The request is executed, then the connection ends without an answer."""
    DROPPED = "dropped"
    """The connection ends without an answer, and nothing is executed."""
    BUSY = "busy"
    """429 with a Retry-After of `after_s` seconds; nothing is executed."""
    ERROR_BEFORE = "error_before"
    """A 5xx; nothing is executed."""
    ERROR_AFTER = "error_after"
    """A 5xx after the request was executed."""
    TRUNCATED = "truncated"
    """The request is executed, half of the answer comes."""
    HTML = "html"
    """200 with a page of HTML; nothing is executed."""
    EXPIRED = "expired"
    """The access token or session is over when the request comes; a new one is given to who asks."""
    STALE = "stale"
    """The record was changed by somebody since it was read: a SyncToken, an ETag or a version is not the last."""
    OTHER_TOTAL = "other_total"
    """The document that is made or shown by the request has another total than was sent."""
    # ------------------------------------------------------------ people
    EDIT = "edit"
    """`edit`: a person changes what a document comes to."""
    ANNOTATE = "annotate"
    """`annotate`: a person fills a field of a customer that is not ours."""
    VOID_BY_HAND = "void_by_hand"
    """`void`: a person makes an invoice void."""
    CLOSE_BOOKS = "close_books"
    """`close_books`: a period is closed."""
    DEACTIVATE = "deactivate"
    """`deactivate`: a customer is made inactive, and documents for it are refused."""
    TAKE_NUMBER = "take_number"
    """`take_number`: we number documents there, and a number can't come twice."""
    # ------------------------------------------------------------ what can be written
    CREDIT_NOTE = "credit_note"
    """Credit notes."""
    PAYMENT = "payment"
    """Payments."""
    OVERPAY = "overpay"
    """A payment may be higher than what is open."""
    VOID_INVOICE = "void_invoice"
    """An invoice can be taken back (`Intent.void`)."""
    VOID_CREDIT_NOTE = "void_credit_note"
    """A credit note can be taken back."""
    VOID_PAYMENT = "void_payment"
    """A payment can be taken back."""
    YEN = "yen"
    """Invoices in JPY, without decimals."""
    DINAR = "dinar"
    """Invoices in KWD, with three decimals."""
    FINE_PRICE = "fine_price"
    """Unit prices with three decimals, such as 1.005."""
    MANY_LINES = "many_lines"
    """Invoices of 1,000 lines."""
    EMOJI = "emoji"
    """Texts with characters beyond the first plane."""
    ATTACH = "attach"
    """`Connector.attach` to invoices."""
    TRIAL = "trial"
    """`Connector.trial` of an invoice."""
    BOOKS = "books"
    """`Connector.books`."""


class WriteSubject(ABC):
    """A connector and the outside system that it writes to, in the hands of the kit.

    Class attributes:
        connector: the name under which it is reported.
        objects: role -> the connector's own name of the kind of record.  CUSTOMER, ITEM and INVOICE must be there.
        lacks: skills that the system does not have, with the reason: a rule that needs one is "not applicable".
        currency: ISO code of invoices, where a rule does not say another.
        rate: a tax rate that the system knows, as a fraction; its lines carry tax when the payload says this rate.
        steps: role -> requests that write while one new record is made (create, apply, post): faults strike each.
        batch: documents in one batch that the kit makes, at most what the sheet allows.
        on: date of documents; the kit closes books through days before it.

    Only what has no default and what is not in `lacks` must be implemented.  Errors of its own may be any exception.
    """

    connector: ClassVar[str]
    objects: ClassVar[Mapping[Role, str]]
    lacks: ClassVar[Mapping[Skill, str]] = {}
    currency: ClassVar[str] = "EUR"
    rate: ClassVar[Decimal] = Decimal("0.2")
    steps: ClassVar[Mapping[Role, int]] = {}
    batch: ClassVar[int] = 3
    on: ClassVar[date] = date(2026, 3, 15)

    def __init__(self, folder: Path) -> None:
        """`folder` is empty and belongs to this subject; nothing is started yet."""
        self.folder = folder

    # ------------------------------------------------------------ the system

    def up(self) -> None:
        """Start the system; called once, before all else."""

    def down(self) -> None:
        """Stop it; called once, at the end."""

    @abstractmethod
    def reset(self) -> None:
        """No faults, open books, and nothing there that carries a reference of the kit's: called before each rule.

        The kit's references and numbers are other ones in each rule, so that a system that cannot be emptied may leave
        what is there; `truth` may then show it too.
        """

    @abstractmethod
    def open(self, context: Context) -> Connector:
        """A new connector to it; the kit closes it.  Let its HTTP client not really wait between repeated reads."""

    def secrets(self) -> Sequence[str]:
        """Words that must never be in a message: passwords, tokens."""
        return ()

    def pass_time(self, seconds: float) -> None:
        """Let the system's clock go forward together with billsync's; by default it does not."""

    # ------------------------------------------------------------ payloads, in the system's own field names

    @abstractmethod
    def customer(self, name: str, *, city: str = "") -> Data:
        """A customer, in `currency` where a customer has one; with `city` where an address is written."""

    @abstractmethod
    def item(self, name: str) -> Data:
        """A product or service that is sold."""

    @abstractmethod
    def invoice(self, bill: Bill) -> Data:
        """An invoice, as a mapping would write it; without our reference, which the connector sets."""

    def credit_note(self, bill: Bill) -> Data:
        """CREDIT_NOTE: a credit note; `bill.invoice` is the invoice that it is for."""
        raise self._undeclared(Skill.CREDIT_NOTE)

    def payment(self, money: Money) -> Data:
        """PAYMENT: a payment of `money.invoice`."""
        raise self._undeclared(Skill.PAYMENT)

    # ------------------------------------------------------------ what is true

    @abstractmethod
    def truth(self, role: Role) -> Sequence[Booked]:
        """Every record of this role, those that people made and void ones too; deleted ones left out."""

    # ------------------------------------------------------------ what people do

    def edit(self, id: str) -> None:
        """EDIT: change a price or quantity of the invoice, so that it comes to something else."""
        raise self._undeclared(Skill.EDIT)

    def annotate(self, id: str, text: str) -> None:
        """ANNOTATE: fill a field of the customer that the kit's payloads do not hold; `Booked.note` shows it."""
        raise self._undeclared(Skill.ANNOTATE)

    def void(self, id: str) -> None:
        """VOID_BY_HAND: make the invoice void."""
        raise self._undeclared(Skill.VOID_BY_HAND)

    def close_books(self, through: date) -> None:
        """CLOSE_BOOKS: nothing may be dated up to and including this day."""
        raise self._undeclared(Skill.CLOSE_BOOKS)

    def deactivate(self, id: str) -> None:
        """DEACTIVATE: make the customer inactive or archived."""
        raise self._undeclared(Skill.DEACTIVATE)

    def take_number(self, number: str, customer: str) -> None:
        """TAKE_NUMBER: make an invoice with this number for this customer, without a reference of ours."""
        raise self._undeclared(Skill.TAKE_NUMBER)

    # ------------------------------------------------------------ what goes wrong

    def strike(self, fault: Skill, role: Role, *, after_s: int = 1, skip: int = 0) -> None:
        """Let the next request of a connector that writes (creates or changes) a record of this role meet the fault.

        `skip` such requests pass before; none after the one that is struck is.
        """
        raise self._undeclared(fault)

    def calm(self) -> None:
        """Take back all faults that have not struck."""

    # ------------------------------------------------------------ inside

    def _undeclared(self, skill: Skill) -> NotImplementedError:
        name = type(self).__name__
        return NotImplementedError(f"{name} implements no `{skill}`: do so, or say in `lacks` why it cannot be")
