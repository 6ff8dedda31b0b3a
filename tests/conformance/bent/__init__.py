"""The sandbox's connector with one fault planted in it: what the kit must find, a class for each way to be wrong."""

from __future__ import annotations

from billsync.connector import Connector, Context
from billsync_connectors.sandbox.conformance import SandboxWrites
from billsync_connectors.sandbox.connector import Sandbox
from tests.conformance.bent.answers import (
    AdoptsAny,
    AllOrNothing,
    CallsItFailed,
    Floats,
    GivesUp,
    LogsInOnce,
    Loud,
    NeverOurs,
    NoReason,
    Raises,
    Stubborn,
    TakesForDone,
    Trusts,
    VoidsNothing,
    WaitsNot,
)
from tests.conformance.bent.content import (
    Activates,
    Ascii,
    ByName,
    Cheaper,
    Cuts,
    DropsNegative,
    DropsTax,
    FillsIn,
    Ignores,
    NeverChanges,
    Overwrites,
    Redates,
    RoundsPrices,
    Unapplied,
)
from tests.conformance.bent.speech import (
    AnyKind,
    Blind,
    Boasts,
    ClosesOnce,
    ForgetsCredits,
    LeavesDraft,
    Mute,
    NamesAnew,
    Negative,
    Percent,
    Shuffles,
)

BENT: dict[str, tuple[type[Sandbox], ...]] = {
    "twice-is-once": (Blind,),
    "lost-reply": (CallsItFailed,),
    "lost-in-the-engine": (Blind,),
    "looked-up-before": (Blind,),
    "same-name": (ByName,),
    "nothing-executed": (TakesForDone,),
    "error-before-commit": (GivesUp,),
    "error-after-commit": (CallsItFailed,),
    "half-an-answer": (CallsItFailed,),
    "page-for-an-answer": (TakesForDone,),
    "too-many-requests": (WaitsNot,),
    "token-ends-in-a-batch": (LogsInOnce,),
    "one-of-a-batch": (AllOrNothing,),
    "batch-lost": (CallsItFailed,),
    "stale-token": (Stubborn,),
    "closed-period": (NoReason, Redates),
    "number-is-ours": (NeverOurs,),
    "number-of-others": (AdoptsAny,),
    "inactive-customer": (Activates,),
    "unknown-field": (Ignores,),
    "unknown-rate": (DropsTax,),
    "unknown-kind-of-write": (AnyKind, Raises),
    "cents": (Cheaper, Floats),
    "fine-prices": (RoundsPrices,),
    "yen": (Cheaper,),
    "dinar": (RoundsPrices,),
    "thousand-lines": (Cuts,),
    "no-lines": (FillsIn,),
    "negative-line": (DropsNegative,),
    "texts-arrive": (Ascii,),
    "emoji": (Ascii,),
    "other-total-is-told": (Trusts,),
    "void-twice": (VoidsNothing,),
    "lost-void": (VoidsNothing,),
    "credit-applied": (Unapplied,),
    "credit-beyond": (Cheaper,),
    "paid-in-parts": (Cheaper,),
    "overpaid": (Cheaper,),
    "payment-taken-back": (VoidsNothing,),
    "void-of-paid": (VoidsNothing,),
    "edit-is-told": (Mute,),
    "void-is-told": (Mute,),
    "notes-stay": (Overwrites,),
    "change-arrives": (NeverChanges,),
    "capability-sheet": (Boasts,),
    "looked-up": (Shuffles,),
    "standing-is-true": (ForgetsCredits, Negative),
    "secrets-of-writes": (Loud,),
    "attached-once": (NamesAnew,),
    "tried-and-removed": (LeavesDraft,),
    "books-are-told": (Percent,),
    "closed-after-writes": (ClosesOnce,),
    "storm": (Cheaper,),
}
"""Rule -> connectors that break it."""


class Bent(SandboxWrites):
    """The sandbox with a connector of the test's choice."""

    made: type[Sandbox] = Sandbox

    def open(self, context: Context) -> Connector:
        sound = super().open(context)
        assert isinstance(sound, Sandbox)
        sound.close()
        return self.made(context, sound._settings)
