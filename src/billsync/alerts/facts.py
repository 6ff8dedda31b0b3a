"""What is looked at to see whether somebody has to be alerted: one moment of the store and its machine.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from billsync.model.alert import Alert
from billsync.model.gate import Gate


@dataclass(frozen=True, slots=True)
class PipelineFacts:
    """How a pipeline stands.

    Attributes:
        target: the connection that it writes to, or "".
        fresh_s: seconds after which it counts as stale, or None where it only runs when asked to.
        last_state: how its last ended run ended, or "" where none did; last_at: when.
        good_at: end of the last run that did its work, or None.
        since: end of the first of the runs after that; None where the last one is good.
        looked_at: when the kind of record that was looked at longest ago was looked at; None where nobody notes it.
        begun_at: when billsync first knew of the pipeline, or None.
        problems: open ones of it.
    """

    name: str
    source: str
    target: str = ""
    fresh_s: int | None = None
    last_state: str = ""
    last_at: datetime | None = None
    good_at: datetime | None = None
    since: datetime | None = None
    looked_at: datetime | None = None
    begun_at: datetime | None = None
    problems: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Planned writes of a connection that are neither done nor stuck: how many, and when the oldest was planned."""

    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Flag:
    """What a part of billsync wants told that the tables do not show: raised and taken back by that part.

    Attributes:
        code: one of the catalogue; reason: one sentence; until: the day that it is about, or None.
    """

    code: str
    subject: str
    reason: str
    at: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """One moment.

    Attributes:
        stuck: (connection, state, reason) -> how many writes.
        missed: pipeline -> slots that passed without a run lately.
        dead: processes that stopped without a word lately, as `kind on host`.
        free_bytes: room on the store's disk, or None where that is the server's matter.
        store_fault: reason of `StoreUnusable`, or "".
        known: the alerts that stand, for what they say about channels.
    """

    now: datetime
    pipelines: tuple[PipelineFacts, ...] = ()
    gates: tuple[Gate, ...] = ()
    stuck: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    missed: Mapping[str, int] = field(default_factory=dict)
    dead: tuple[str, ...] = ()
    free_bytes: int | None = None
    store_fault: str = ""
    flags: tuple[Flag, ...] = ()
    known: tuple[Alert, ...] = ()
