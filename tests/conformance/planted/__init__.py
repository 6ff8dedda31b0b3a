"""Acme's connector with one fault planted in it: what the kit must find, one class for each way to get it wrong."""

from __future__ import annotations

from typing import ClassVar

from billsync.conformance.subject import Ability
from billsync.connector import Connector, Context
from tests.conformance.acme_billsync.conformance import SECRET, AcmeSubject
from tests.conformance.acme_billsync.connector import Acme
from tests.conformance.planted.behaviour import (
    AlwaysHealthy,
    AnyKind,
    ClosesOnce,
    GivesUp,
    Leaks,
    LogsInOnce,
    Loud,
    Nameless,
    Nowhere,
    Shared,
    Silent,
    Swallows,
    TakesForGone,
    Terse,
    Trusting,
    WaitsNot,
)
from tests.conformance.planted.going_on import (
    HOUR_S,
    Chatty,
    CheckpointTooEarly,
    CompleteTooEarly,
    ForgetsDeletes,
    GoneForEver,
    LagFromTheHighest,
    MarksTheStart,
    NoLag,
    NotJson,
    Offsets,
    OnePage,
    OnlyNew,
    OwnFieldsOnly,
    ReadTime,
    SaysSnapshot,
    SaysSnapshotLater,
    StampAlone,
    Sweeping,
)
from tests.conformance.planted.shape import (
    AllOrNothing,
    Bytes,
    Floats,
    Guesses,
    MoreThanTold,
    NeedsRecords,
    OneForAll,
    OtherFetch,
    Retyped,
    Trims,
)

PLANTED: dict[str, tuple[type[Acme], ...]] = {
    "edited": (OnlyNew,),
    "deleted": (ForgetsDeletes,),
    "restored": (GoneForEver,),
    "merged": (ForgetsDeletes,),
    "related": (OwnFieldsOnly,),
    "untold": (Acme,),
    "checkpoints": (CheckpointTooEarly, NotJson, OnePage),
    "restarts": (MarksTheStart,),
    "same-instant": (StampAlone,),
    "late": (NoLag,),
    "slow-read": (LagFromTheHighest,),
    "shifting-pages": (Offsets, ForgetsDeletes),
    "no-news": (ReadTime,),
    "quiet-requests": (Chatty,),
    "lazy": (OnePage,),
    "two-at-once": (Shared,),
    "check": (Nameless,),
    "locked-out": (AlwaysHealthy, Terse),
    "unknown-kind": (AnyKind,),
    "odd-questions": (Trusting,),
    "secrets": (Loud,),
    "close": (ClosesOnce,),
    "described": (MoreThanTold, Retyped),
    "keys": (OneForAll,),
    "values": (Bytes, Floats),
    "decimals": (Floats,),
    "texts": (Guesses, Trims),
    "nul": (AllOrNothing,),
    "empty": (NeedsRecords,),
    "fetched": (OtherFetch,),
    "snapshots": (SaysSnapshot, SaysSnapshotLater, CompleteTooEarly),
    "session-ends": (LogsInOnce,),
    "busy": (GivesUp, Swallows),
    "long-wait": (WaitsNot,),
    "other-limit": (GivesUp, Swallows),
    "server-error": (GivesUp, Swallows, Leaks),
    "cut": (GivesUp, Swallows, Leaks),
    "truncated": (GivesUp, Swallows, TakesForGone),
    "login-page": (GivesUp, Swallows, TakesForGone),
    "wrong-types": (Silent, Nowhere),
    "huge": (AllOrNothing,),
    "random-walk": (
        NoLag,
        Offsets,
        ForgetsDeletes,
        StampAlone,
        CheckpointTooEarly,
        OwnFieldsOnly,
        Swallows,
    ),
}
"""Rule -> connectors that break it."""


class Planted(AcmeSubject):
    """Acme with a service that takes names of any length, and a connector of the test's choice."""

    lacks: ClassVar = {}
    untold_s = HOUR_S
    made: type[Acme] = Sweeping

    def open(self, context: Context) -> Connector:
        return self.made(context, self._config(SECRET))

    def locked_out(self, context: Context) -> Connector:
        return self.made(context, self._config("wrong-2041"))

    def reset(self) -> None:
        super().reset()
        Shared._all.clear()

    def link(self, object: str, id: str) -> None:
        self.crm.rows[id].tags.append("nobody knows when")

    def strike(self, fault: Ability, *, after_s: int = 1) -> None:
        if fault is Ability.HUGE:
            self.create("deals", {"name": "x" * 10_000_000})
        else:
            super().strike(fault, after_s=after_s)
