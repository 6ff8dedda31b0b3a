"""What a deal proposes to change in what was agreed, and what that comes to in money.  (pure)"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Literal

from billsync.model.base import Currency, Day, Id, Noun, Number, Text, canonical_json, digest_text
from billsync.model.contract import Contract

Kind = Literal["new", "changed", "reopened", "cancelled", "won_again", "split", "renewed", "succeeded"]
"""`new`: a deal was won.  `changed`: it is told otherwise.  `reopened`: it is no longer won.  `cancelled`: its record
is gone.  `won_again` after one of these.  `split`: its lines were taken out of another deal.  `renewed`: another deal's
service goes on in it; that other one is `succeeded`."""

Movement = Literal["new", "reactivation", "expansion", "contraction", "churn", "none"]


class ProposalState(StrEnum):
    """Where a proposal stands.

    WAITING for a person; APPLIED: it is agreed now, and billed; REJECTED until the deal changes again; SUPERSEDED by a
    later change of the deal.
    """

    WAITING = "waiting"
    APPLIED = "applied"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class Agreed(Noun):
    """What is agreed by a deal, as it is billed; its id is the deal's.

    Attributes:
        contract: what is billed, with all that was changed since.
        terms: the contract as the deal gave it when that was agreed last, or None where the deal holds no more.
        lines: line of the deal -> the contract's lines that stood for it, in order: the last one stands for it now.
        effective_on: the deal's own day of its last change, as it was when that was agreed; it is used up.
        until: the day from which another deal gives its service, or None.
    """

    id: Id
    customer: Id
    contract: Contract
    terms: Contract | None = None
    lines: dict[str, tuple[Id, ...]] = {}
    effective_on: Day | None = None
    until: Day | None = None


class TermChange(Noun):
    """One term of a line; None where the line did not have it, or has it no more."""

    term: Text
    before: Text | None = None
    after: Text | None = None


class LineChange(Noun):
    """What becomes of one line of a deal.

    Attributes:
        line: of the contract.
        effective: the first day on which it holds: of a line that ends, the first one without service.
        terms: those that differ; of a line that is added or ends, all that matter.
    """

    line: Id
    description: Text = ""
    what: Literal["added", "changed", "ended"]
    effective: Day
    terms: tuple[TermChange, ...] = ()


class DocumentLine(Noun):
    """One line of a document that would be made; `amount` before tax, below zero where it gives back."""

    deal: Id
    description: Text = ""
    amount: Number


class EffectDocument(Noun):
    """A document that would be made at once; of a credit note, amounts are what is given back."""

    kind: Literal["invoice", "credit_note"]
    customer: Id
    issued_on: Day
    currency: Currency
    net: Number
    tax: Number
    total: Number
    lines: tuple[DocumentLine, ...] = ()


class Money(Noun):
    """What a change makes of billing in one currency: with it, less without it.

    Attributes:
        charged: what is owed, before tax, on documents or not.
        credited: what of it is given back, as a positive amount.
        invoices, credit_notes: how many more of them there are, or fewer.
        net, tax, total: of these documents; what credit notes give back is taken off.
    """

    currency: Currency
    charged: Number
    credited: Number = Decimal(0)
    invoices: int = 0
    credit_notes: int = 0
    net: Number = Decimal(0)
    tax: Number = Decimal(0)
    total: Number = Decimal(0)


class Recurrence(Noun):
    """Monthly recurring revenue of one customer in one currency, with all that is agreed with it, and why it moves."""

    customer: Id
    currency: Currency
    before: Number
    after: Number
    movement: Movement

    @property
    def delta(self) -> Decimal:
        """What it moves by."""
        return self.after - self.before


class Effect(Noun):
    """What a change comes to, as the books stand.

    Attributes:
        through: the day that it is worked out for; horizon: the last day that `later` counts.
        documents: those that would be made at once, and would not be without the change.
        now: through the day; later: from the next day to the horizon.
        mrr: on the day `mrr_on`, for each customer whose recurring revenue the change may move.
        untold: why documents cannot be told: the tax is not known, for example; then only `charged` counts.
    """

    through: Day
    horizon: Day
    documents: tuple[EffectDocument, ...] = ()
    now: tuple[Money, ...] = ()
    later: tuple[Money, ...] = ()
    mrr_on: Day
    mrr: tuple[Recurrence, ...] = ()
    untold: tuple[Text, ...] = ()

    def digest(self) -> str:
        """Of the money that the change makes, not of the days on which it was worked out."""
        shown = self.model_dump(mode="json", include={"documents", "now", "untold"})
        shown["mrr"] = [[item.customer, item.currency, item.delta] for item in self.mrr if item.delta]
        for document in shown["documents"]:
            del document["issued_on"]
        return digest_text(canonical_json(shown))


class Proposal(Noun):
    """One change of what is agreed by one deal.

    Attributes:
        id: `DEAL/NUMBER`; number: counts the deal's proposals from 1.
        lead: id of the proposal that it is decided with: itself where it stands alone, else the first of a group.
        base: version of what is agreed that it was made for; 0 for nothing.
        deal_digest: of the deal's document that it was made of, "" where the deal is gone.
        on: the day on which the change was seen; effective: the first day on which something changes.
        beside: the deals that it was made with, itself among them: those that it was split from, for example.
        changes: line by line.
        after: what is agreed once it is applied.
        asks: why a person has to decide, in the words of the policy; () where nobody has to.
        effect: of the whole group, on its lead; None on the others.
    """

    id: Id
    deal: Id
    number: int
    kind: Kind
    lead: Id
    customer: Id
    base: int
    deal_digest: Text
    on: Day
    effective: Day
    beside: tuple[Id, ...] = ()
    changes: tuple[LineChange, ...] = ()
    after: Agreed
    asks: tuple[Text, ...] = ()
    effect: Effect | None = None
