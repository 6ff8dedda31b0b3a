"""One record after the other: what proves that more would be in vain ends a batch, and nothing else does.  (pure)"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from billsync.connector import Intent, Outcome, TryLater, Unclear


def in_turn(intents: Sequence[Intent], one: Callable[[Intent], Outcome]) -> list[Outcome]:
    """One outcome per intent; a record that somebody saved at the same moment is read and sent once more.

    After no answer in time, too many requests or no way in, the rest is not sent, and told to be tried later.
    """
    outcomes: list[Outcome] = []
    held: Outcome | None = None
    for intent in intents:
        outcome = held or one(intent)
        if isinstance(outcome, TryLater) and outcome.reason == "record_changed":
            outcome = one(intent)
        outcomes.append(outcome)
        held = held or _stops(outcome)
    return outcomes


def _stops(outcome: Outcome) -> Outcome | None:
    if isinstance(outcome, TryLater) and (outcome.offline or outcome.reason == "rate_limited"):
        return outcome
    if isinstance(outcome, Unclear) and outcome.reason == "timeout":
        return TryLater("held_back", "a request of the same batch had no answer in time; nothing was sent")
    return None
