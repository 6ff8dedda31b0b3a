"""What a person says of a write, and of a gate, goes into the books here.  (shell)"""

from __future__ import annotations

from datetime import datetime

from billsync.model.delivery import Delivery, DeliveryState
from billsync.model.gate import Gate, GateState
from billsync.model.ref import Link, Ref
from billsync.push import decide
from billsync.store import Tx

_S = DeliveryState
_GONE = frozenset({"remote_missing", "voided_there"})
_LEFT_AS_IT_IS = frozenset({"edited_there", "voided_there", "readback_mismatch"})


class Contradiction(ValueError):
    """An answer that the books know to be wrong; `str()` says why."""


def exists(tx: Tx, delivery: Delivery, remote_id: str, *, reason: str, at: datetime) -> None:
    """The write took effect, as that record.  What a person accepted as it is is not looked at again.

    Raises `Contradiction` where the record stands for another document of ours.
    """
    tied = tx.links.by_ref(delivery.connection, delivery.object, [remote_id]).get(remote_id)
    if tied is not None and (tied.kind, tied.our_id) != (delivery.kind, delivery.our_id):
        raise Contradiction(f"{remote_id} stands for {tied.kind}/{tied.our_id} already")
    accepted = delivery.reason in _LEFT_AS_IT_IS
    sweep = {"probes": len(decide.SWEEPS_S), "next_at": None} if accepted else decide.first_sweep(at)
    moved = tx.outbox.move(
        delivery, _S.CONFIRMED, at=at, reason=f"answered_by_person {reason}".strip(), remote_id=remote_id, **sweep
    )
    if moved is not None:
        ref = Ref(system=delivery.connection, kind=delivery.object, id=remote_id)
        link = Link(kind=delivery.kind, our_id=delivery.our_id, ref=ref, sent=delivery.payload_digest)
        tx.links.put([link], at)


def absent(tx: Tx, delivery: Delivery, *, reason: str, at: datetime) -> None:
    """The write did not take effect, or what it made is gone: it goes out again, as a new generation."""
    if delivery.reason in _GONE:
        tx.links.remove(delivery.kind, delivery.our_id, delivery.connection, at=at, why=reason)
    again(tx, delivery, reason=f"answered_by_person {reason}".strip(), at=at, remote_id=None)


def again(tx: Tx, delivery: Delivery, *, reason: str, at: datetime, remote_id: str | None) -> None:
    """Send once more, with a key of its own; `remote_id` where a record stands for it already."""
    columns = {"gen": delivery.gen + 1, "remote_id": remote_id, "next_at": None, "first_sent_at": None, "probes": 0}
    tx.outbox.move(delivery, _S.READY, at=at, reason=reason, **columns)


def open_gate(tx: Tx, connection: str, *, reason: str, at: datetime) -> Gate:
    """Let writes go out again, those too that were held back for their volume.  Gives the gate as it is now."""
    was = tx.gates.get(connection)
    gate = Gate(
        connection=connection,
        state=GateState.OPEN,
        reason="released_by_person",
        detail=reason,
        at=at,
        allowance=was.allowance if was is not None else "{}",
    )
    tx.gates.put(gate)
    parked = tx.problems.list(code="PUSH-PARKED-01", limit=1000)
    mine = [item.problem.fingerprint for item in parked if item.problem.place.system == connection]
    tx.problems.close_fingerprints(mine, at=at)
    return gate


def close_gate(tx: Tx, connection: str, *, reason: str, at: datetime) -> Gate:
    """Hold every write back until somebody opens the gate again."""
    gate = Gate(connection=connection, state=GateState.PARKED, reason="parked_by_person", detail=reason, at=at)
    tx.gates.put(gate)
    return gate
