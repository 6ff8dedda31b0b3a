"""Whether anything may be sent to a connection now, and if not, why.  (pure)"""

from __future__ import annotations

from enum import StrEnum

from billsync.model.base import Id, Instant, Noun, Text


class GateState(StrEnum):
    """Where the gate of a connection stands.

    OPEN: writes go out.  OFFLINE: the system was not reached several times in a row; one look now and then, until it
    answers.  PARKED: a bound or an invariant was broken; nothing goes out until a person has looked.  RECOVERING: the
    store was restored from a backup; nothing goes out until what stands there was compared.
    """

    OPEN = "open"
    OFFLINE = "offline"
    PARKED = "parked"
    RECOVERING = "recovering"


class Gate(Noun):
    """The gate of one connection.

    Attributes:
        reason: token, such as `safety_bound`; detail: one sentence for people.
        at: since when it stands so; until: when it may be tried next, or None for "a person has to act" and "now".
        failures: times in a row that the system was not reached.
        allowance: what a person let pass beyond the bounds: JSON of counts and sums, "{}" for nothing.
    """

    connection: Id
    state: GateState = GateState.OPEN
    reason: Text = ""
    detail: Text = ""
    at: Instant
    until: Instant | None = None
    failures: int = 0
    allowance: Text = "{}"
