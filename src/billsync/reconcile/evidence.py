"""What our books know about a document that differs: gathered for each drift, judged for its cause and cure.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from billsync.connector import Target, WriteSheet
from billsync.model.delivery import Delivery, DeliveryState


@dataclass(frozen=True, slots=True)
class Attempt:
    """One send: when, what came of it ("" while that is open), and what was said."""

    n: int
    at: datetime
    outcome: str
    note: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about the write of one document.

    Attributes:
        delivery: the one that was planned last, or None.
        notes: what was learned of its attempts too late.
        problems: open problems of the document, as sentences.
        record: state of the payment's record in the inbox, or "" where it was never read; of what a CRM was told,
            `untold` where the books say something else by now.
        renamed: another reference that the document carries there now, or None.
        now: when the question is asked.
        sheet: how the system is written, or None where this kind of document is not.
        recovering: whether the books were restored from a backup and are not complete yet.
        reads_payments: whether payments of that system are read at all.
        adopted: differences that a person accepted as they are.
    """

    now: datetime
    delivery: Delivery | None = None
    attempts: Sequence[Attempt] = ()
    notes: Sequence[str] = ()
    problems: Sequence[str] = ()
    record: str = ""
    renamed: str | None = None
    sheet: WriteSheet | None = None
    recovering: bool = False
    reads_payments: bool = True
    adopted: frozenset[str] = frozenset()

    @property
    def state(self) -> DeliveryState | None:
        """Where the write stands, or None where there is none."""
        return self.delivery.state if self.delivery else None

    @property
    def lost(self) -> Attempt | None:
        """The last attempt whose outcome was not known, or None."""
        unclear = [item for item in self.attempts if item.outcome in ("", str(DeliveryState.UNKNOWN))]
        return unclear[-1] if unclear else None

    @property
    def said(self) -> str:
        """What the other system said last about the write."""
        return next((item.note for item in reversed(self.attempts) if item.note), "")

    @property
    def may_resend(self) -> bool:
        """Whether another send can make no second document: nothing that was sent can still arrive."""
        if self.sheet is None or self.delivery is None or self.sheet.target is Target.NONE:
            return False
        last = self.delivery.last_sent_at
        return last is None or self.now >= last + timedelta(seconds=2 * self.sheet.settle_s)
