"""What became of writes, told to whoever watches.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from billsync import observe
from billsync.model.delivery import Delivery, DeliveryState
from billsync.model.gate import Gate, GateState
from billsync.push import decide

_S = DeliveryState
_EVENTS: Final[dict[DeliveryState, tuple[str, observe.Level]]] = {
    _S.CONFIRMED: ("write_confirmed", "info"),
    _S.RETRY: ("write_put_off", "info"),
    _S.UNKNOWN: ("write_unknown", "warning"),
    _S.DEAD: ("write_refused", "warning"),
    _S.REVIEW: ("write_in_review", "warning"),
}


def moved(connection: str, moves: Iterable[tuple[Delivery, decide.Move]]) -> None:
    """Writes reached other states; after the commit that says so."""
    if not observe.watched():
        return
    for delivery, move in moves:
        if move.to is None:
            continue
        observe.count("billsync_writes_total", connection=connection, outcome=str(move.to).lower())
        if move.to in _EVENTS:
            name, level = _EVENTS[move.to]
            key = delivery.key.replace(delivery.our_id, observe.unnamed(delivery.our_id))
            facts = {"key": key, "reason": move.reason, "attempt": delivery.attempt}
            if remote := move.columns.get("remote_id"):
                facts["remote_id"] = observe.unnamed(remote)
            observe.event(name, level=level, connection=connection, **facts)


def gate(before: Gate | None, now: Gate) -> None:
    """A gate stands otherwise than before."""
    if now.state is (before.state if before is not None else GateState.OPEN):
        return
    state = str(now.state)
    observe.count("billsync_gate_moves_total", connection=now.connection, state=state)
    level: observe.Level = "info" if now.state is GateState.OPEN else "warning"
    observe.event("gate_moved", level=level, connection=now.connection, state=state, reason=now.reason)
