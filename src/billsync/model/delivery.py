"""One intended write to an outside system, and the states that it moves through.  (pure)

A delivery is the *effect* of docs/reference/promises.md: one row, one business key, frozen bytes.  The moves below are
the whole effect machine; `push/decide.py` chooses among them and the store refuses every other.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from billsync.model.base import Id, Instant, Noun, Text


class DeliveryState(StrEnum):
    """Where one intended write stands."""

    WAITING = "WAITING"
    READY = "READY"
    INFLIGHT = "INFLIGHT"
    RETRY = "RETRY"
    UNKNOWN = "UNKNOWN"
    REVIEW = "REVIEW"
    DEAD = "DEAD"
    CONFIRMED = "CONFIRMED"
    SETTLED = "SETTLED"


_S = DeliveryState
MOVES: Final[dict[DeliveryState, frozenset[DeliveryState]]] = {
    _S.WAITING: frozenset({_S.READY, _S.DEAD}),
    _S.READY: frozenset({_S.INFLIGHT, _S.REVIEW}),
    _S.INFLIGHT: frozenset({_S.CONFIRMED, _S.RETRY, _S.UNKNOWN, _S.DEAD, _S.REVIEW}),
    _S.RETRY: frozenset({_S.INFLIGHT, _S.REVIEW}),
    _S.UNKNOWN: frozenset({_S.INFLIGHT, _S.CONFIRMED, _S.READY, _S.REVIEW}),
    _S.REVIEW: frozenset({_S.CONFIRMED, _S.READY}),
    _S.DEAD: frozenset({_S.READY, _S.CONFIRMED}),  # confirmed where a later version of the record took effect
    _S.CONFIRMED: frozenset({_S.SETTLED, _S.REVIEW}),
    _S.SETTLED: frozenset({_S.REVIEW}),
}
"""State -> states that it may move to; the only list of them."""

DONE: Final = frozenset({_S.CONFIRMED, _S.SETTLED})
"""The write took effect."""

STUCK: Final = frozenset({_S.REVIEW, _S.DEAD})
"""A person has to act."""


class Delivery(Noun):
    """One intended write.

    Attributes:
        key: business key, unique: `invoice:INV-2017-000001:erp`.
        connection: name of the outside system in the configuration.
        object: the system's own kind of record that is written.
        kind, our_id: the canonical document that it carries.
        rank: deliveries of a lower rank go first (customers before products before invoices).
        sequence: order inside a rank.
        payload: the frozen JSON text; references are still names, `{"$ref": "customer/acme"}`.
        payload_digest: SHA-256 of it.
        mapping: name and digest of the mapping that made it.
        needs: keys of the deliveries that have to take effect first.
        remote_id: the record's id there, as soon as it is known.
        gen: goes up when a person releases it after a refusal or a review.
        attempt: sends so far; fence: goes up with every claim, so that a late outcome can't overwrite a newer one.
        reason: why it is in its state, a token such as `timeout_after_send`.
        probes: look-ups that found nothing since the outcome became unknown.
    """

    id: Id
    key: Id
    connection: Id
    object: Id
    kind: Id
    our_id: Id
    rank: int = 0
    sequence: Text = ""
    payload: Text
    payload_digest: Text
    mapping: Text = ""
    needs: tuple[Id, ...] = ()
    remote_id: Text | None = None
    gen: int = 1
    state: DeliveryState = DeliveryState.READY
    reason: Text = ""
    attempt: int = 0
    fence: int = 0
    probes: int = 0
    owner: Text = ""
    lease_until: Instant | None = None
    next_at: Instant | None = None
    first_sent_at: Instant | None = None
    last_sent_at: Instant | None = None
