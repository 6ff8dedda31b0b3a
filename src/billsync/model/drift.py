"""A difference between our books and another system: its class, its likely cause and its cure.  (pure)"""

from __future__ import annotations

from enum import StrEnum

from billsync.model.base import Id, Noun, Number, Text


class DriftKind(StrEnum):
    """The classes of drift.

    With the ERP: a document is MISSING there, EXTRA there, a DUPLICATE, in another CURRENCY, of another AMOUNT, TAX or
    DATE, in another STATUS, or was EDITED there after it had been confirmed; a PAYMENT stands on one side only.  With
    the CRM: a won deal is UNBILLED, a billed one is not won any more (UNWON) or says something else now (DEAL), and
    what the CRM was TOLD differs from the books.
    """

    MISSING = "missing"
    EXTRA = "extra"
    DUPLICATE = "duplicate"
    CURRENCY = "currency"
    AMOUNT = "amount"
    TAX = "tax"
    DATE = "date"
    STATUS = "status"
    EDITED = "edited"
    PAYMENT = "payment"
    UNBILLED = "unbilled"
    UNWON = "unwon"
    DEAL = "deal"
    TOLD = "told"


class Act(StrEnum):
    """What mends a drift.

    SEND: a write that is on its way goes on.  RESEND: the write is released and sent anew.  VOID: surplus documents
    are taken back there.  ADOPT: what stands there is taken as it is.  OVERWRITE: the document there is brought back to
    what was sent.  READ: payments are read and booked again.  TELL: the CRM is told again.  PERSON: nothing that a
    machine may do.
    """

    SEND = "send"
    RESEND = "resend"
    VOID = "void"
    ADOPT = "adopt"
    OVERWRITE = "overwrite"
    READ = "read"
    TELL = "tell"
    PERSON = "person"


class Difference(Noun):
    """One field that the two sides say otherwise; "" on the side that has nothing."""

    field: Id
    ours: Text = ""
    theirs: Text = ""

    def __str__(self) -> str:
        return f"{self.field}: {self.ours or 'none'} here, {self.theirs or 'none'} there"


class Cure(Noun):
    """What mends one drift.

    Attributes:
        text: what is done by `--fix`; for PERSON what a person does, with the command where there is one.
        ids: ids there that are taken back (VOID), or of payments that are read again (READ).
        keep: id there of the document that stays or is taken as ours, or "".
    """

    act: Act = Act.PERSON
    text: Text = ""
    ids: tuple[Id, ...] = ()
    keep: Text = ""


class Drift(Noun):
    """One difference between our books and another system's.

    Attributes:
        document: our number of the invoice, or id of the deal.
        customer: id of the customer, or "" where only the other system has the document.
        system: name of the connection that differs.
        fields: what differs.
        amount: money at stake in `currency`, zero or more: the whole document where it stands on one side only.
        there: ids of the records there.
        cause: why this is likely so, in a sentence.
    """

    kind: DriftKind
    document: Id
    customer: Text = ""
    system: Text = ""
    fields: tuple[Difference, ...] = ()
    amount: Number
    currency: Text
    there: tuple[Text, ...] = ()
    cause: Text = ""
    cure: Cure = Cure()
