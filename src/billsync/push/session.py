"""What all steps of one push share: the store, the connector, the ports, and what came of it so far.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Final, Protocol

from billsync.connector import Connector, Target, Urgency, WriteSheet
from billsync.mapping.shape import Change
from billsync.model.problem import Problem
from billsync.push.bucket import Bucket
from billsync.settings.shape import Bounds
from billsync.store import Store, Tx

OFFLINE_TRIES: Final = 3
"""Calls in a row that do not reach the system, until a push gives up."""


class Clock(Protocol):
    """The only source of time: `schedule.SystemClock` in production, a hand-driven one in tests."""

    def now(self) -> datetime:
        """The instant now, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is looked at of one kind of record.

    Attributes:
        policies: field there -> what becomes of a person's change of it: `report`, `ours` or `theirs`; fields that are
            not named are not looked at.
    """

    policies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how fast.

    Attributes:
        patience_s: how long a run waits for deliveries that are due later (an outcome to settle, a retry).
        lease_s: how long a claim holds; longer than any one `write` may take.
        settle_s: overrides the capability sheet's settle time, or None.
        edited: what a sweep does with a document that a person changed there: `report`, `adopt` or `overwrite`.
        calls_per_s: overrides the capability sheet's figure, or None; burst: calls that may go out at once before that.
        bounds: what one run may send before a person has looked.
        insists: True where a person waits for this run: a system that was offline is looked at at once.
        changes: kind of record -> changes of its fields there: documents that they touch are not sent.
        watched: kinds of record that are read back after they were written.
        calls_at_once: in place of the capability sheet's figure, or None.
        alive: the owners of claims that are alive, as the store has them; None where nobody else can be sending while
            the push lock is held.
        sure: False where this process may count as dead by now: then nothing leaves, and the push ends.
    """

    patience_s: float = 300.0
    lease_s: float = 600.0
    settle_s: float | None = None
    edited: str = "report"
    calls_per_s: Decimal | None = None
    burst: int = 10
    bounds: Bounds = field(default_factory=Bounds)
    insists: bool = True
    changes: Mapping[str, Sequence[Change]] = field(default_factory=dict)
    watched: Mapping[str, Watch] = field(default_factory=dict)
    calls_at_once: int | None = None
    alive: Callable[[Tx], frozenset[str]] | None = None
    sure: Callable[[], bool] = lambda: True


@dataclass(slots=True)
class Pushed:
    """What became of a push.

    Attributes:
        sent: deliveries that were confirmed in this push, by kind; refused, review: those that a person has to look at.
            What helpers did is counted in the result of the push that they helped, and in their own.
        offline: what the outside system said when it could not be reached, or "".
        parked: why nothing may be sent until a person has looked, or "".
        waiting_until: when the next delivery is due, where the push ended before it, or None.
    """

    sent: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    review: int = 0
    offline: str = ""
    parked: str = ""
    waiting_until: datetime | None = None


Report = Callable[[Tx, Iterable[Problem]], None]
"""Keeps problems in the store, in the transaction that found them."""


@dataclass(slots=True)
class Push:
    """One push to one connection: what all steps share."""

    store: Store
    connector: Connector
    connection: str
    owner: str
    clock: Clock
    chance: Random
    options: Options
    report: Report
    advance: Callable[[int], None]
    result: Pushed
    offline_tries: int = 0
    """Calls in a row that did not reach the system, those at the end of earlier pushes too."""
    offline_before: int = 0
    offline_reason: str = ""
    hold_until: datetime | None = None
    """The system asked not to be called before."""
    advanced: int = 0
    """Deliveries that were sent for the first time or came to their end: while it grows, the push goes on."""
    bucket: Bucket | None = None
    told_waits: bool = False
    reaped_at: datetime | None = None
    """When it was last looked for what dead processes left."""
    leaves: frozenset[str] = frozenset()
    """Kinds of record that are left to others."""
    helps: bool = False
    """True where another push, which holds the connection's lock, is the one that looks after it."""
    lost: bool = False
    """This process may count as dead: it sends nothing more."""

    def __post_init__(self) -> None:
        rate = self.options.calls_per_s or self.connector.capabilities.calls_per_s
        if rate is not None:
            self.bucket = Bucket(float(rate), self.options.burst)

    @property
    def stopped(self) -> bool:
        """Whether nothing more may go out in this push."""
        return self.lost or bool(self.result.parked) or self.offline_tries >= OFFLINE_TRIES

    def sure(self) -> bool:
        """Whether this process counts as alive; once it does not, it sends nothing more."""
        self.lost = self.lost or not self.options.sure()
        return not self.lost

    @property
    def calls_at_once(self) -> int:
        """How many calls may be under way."""
        return self.options.calls_at_once or self.connector.capabilities.calls_at_once

    @property
    def paced(self) -> bool:
        """Whether calls have to wait for their turn."""
        return self.bucket is not None or self.connector.calls.limited

    def held(self) -> bool:
        """Whether the system asked to be left alone for now, in whatever process it did."""
        self._hold(self.connector.calls.held_until())
        return self.hold_until is not None and self.clock.now() < self.hold_until

    def pace(self, calls: int, kind: str = "") -> bool:
        """Wait until so many calls may be made.  Before a claim, never after it: its lease is running.

        `kind` is that of the documents they are for.  False where they may not be made within reasonable time: the
        push is held until they may.
        """
        until = self.connector.calls.ahead(calls, _URGENCY.get(kind, Urgency.INVOICE))
        self._hold(until)
        wait = self.bucket.take(calls, self.clock.now()) if self.bucket is not None and until is None else 0.0
        if wait > 0:
            self.clock.sleep(wait)
        return until is None

    def _hold(self, until: datetime | None) -> None:
        if until is not None:
            self.hold_until = max(until, self.hold_until or until)

    def sheet(self, object: str) -> WriteSheet:
        """How the connector writes this kind of record."""
        sheet = self.connector.capabilities.writes.get(object)
        if sheet is None:
            return _UNKNOWN_KIND
        if self.options.settle_s is None:
            return sheet
        return sheet.model_copy(update={"settle_s": self.options.settle_s})


_URGENCY: Final = {
    "payment": Urgency.PAYMENT,
    "credit_note": Urgency.PAYMENT,
    "refund": Urgency.PAYMENT,
    "status": Urgency.STATUS,
}
"""What comes before and after invoices, where not all calls can be made."""

_UNKNOWN_KIND: Final = WriteSheet(target=Target.NONE, reference="")
"""A kind of record that the connector does not declare: it refuses each by itself, and the others go on."""
