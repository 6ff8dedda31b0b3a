"""Whether anything may be sent to a connection now: bounds, breaker, and what a person has to release.  (shell)

A system that was not reached several times in a row is only looked at once a minute, by its `check`, until it answers:
deliveries then lose no attempts to it.  What exceeds a bound or breaks an invariant parks the connection before
anything leaves.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from billsync.connector import TryLater
from billsync.model.gate import Gate, GateState
from billsync.model.problem import Place, Problem
from billsync.push import bounds, port, telling
from billsync.push.session import OFFLINE_TRIES, Push
from billsync.store import Tx
from billsync.verify import cheap

LOOK_S: Final = 60
LOOK_AFTER_REFUSAL_S: Final = 300
"""Seconds between two looks at a system that is not reached, or that does not let us in."""

DOCUMENTS: Final = ("invoice", "credit_note", "payment", "refund", "void")
"""Kinds of deliveries that bounds are about."""

_G = GateState


def enter(push: Push) -> bool:
    """Whether the push may begin; says in its result why not."""
    with push.store.view() as tx:
        gate = tx.gates.get(push.connection)
    if gate is None or gate.state is _G.OPEN:
        push.hold_until = gate.until if gate is not None else None
        push.offline_tries = push.offline_before = min(gate.failures, OFFLINE_TRIES - 1) if gate is not None else 0
        return True
    if gate.state is _G.OFFLINE:
        return _back_again(push, gate)
    _tell_parked(push, gate)
    return False


def _tell_parked(push: Push, gate: Gate) -> None:
    push.result.parked = f"{gate.reason}: {gate.detail}"
    if gate.state is _G.RECOVERING:
        hint = "run `billsync recover`; nothing is sent before"
    else:
        hint = f"look at it, then `billsync gates open {push.connection} --reason ...`; nothing is sent before"
    place = Place(system=push.connection)
    problem = Problem(code="PUSH-PARKED-01", message=push.result.parked, hint=hint, place=place)
    with push.store.tx("parked") as tx:
        push.report(tx, [problem])


def _back_again(push: Push, gate: Gate) -> bool:
    """Look whether a system that was offline answers; not more often than once a minute, unless a person asks."""
    now = push.clock.now()
    if gate.until is not None and now < gate.until and not push.options.insists:
        push.result.offline = gate.detail
        return False
    fault = port.check(push.connector)
    if fault is None:
        _put(push, _G.OPEN, "", "it answers again")
        return True
    shut(push, fault, gate.failures + 1)
    return False


def shut(push: Push, fault: TryLater, failures: int) -> None:
    """Note that the system is not reached: the next look is a while away."""
    wait = LOOK_AFTER_REFUSAL_S if fault.reason == "auth" else LOOK_S
    until = push.clock.now() + timedelta(seconds=wait)
    _put(push, _G.OFFLINE, fault.reason, fault.message, until=until, failures=failures)
    push.result.offline = fault.message


def leave(push: Push) -> None:
    """Keep for the next run what this one learnt about the system: that it is offline, or wants to be left alone."""
    if push.result.parked:
        return
    if push.offline_tries >= OFFLINE_TRIES:
        shut(push, TryLater(push.offline_reason, push.result.offline), push.offline_tries)
    elif push.held():
        _put(push, _G.OPEN, "rate_limited", "it asked to be left alone", until=push.hold_until)
    elif push.offline_tries != push.offline_before:
        _put(push, _G.OPEN, "", "", failures=push.offline_tries, keeps=True)


# ---------------------------------------------------------------- in the transaction that claims


def shut_now(push: Push, tx: Tx) -> Gate | None:
    """The gate, where it lets nothing out: another process or a person may have moved it.

    Where it only holds writes back for a while, the push knows until when.
    """
    gate = tx.gates.get(push.connection)
    if gate is None:
        return None
    if gate.state is not _G.OPEN:
        return gate
    if gate.until is not None and gate.until > push.clock.now():
        push.hold_until = max(gate.until, push.hold_until or gate.until)
    return None


def obey(push: Push, gate: Gate) -> None:
    """End the push: the gate was shut while it was at work."""
    if gate.state is _G.OFFLINE:
        push.offline_tries, push.offline_reason, push.result.offline = OFFLINE_TRIES, gate.reason, gate.detail
    else:
        _tell_parked(push, gate)


def hold(push: Push, tx: Tx) -> None:
    """Let other processes know that the system asked to be left alone: they send to it as well."""
    if push.options.alive is None or not push.held():
        return
    gate = tx.gates.get(push.connection) or Gate(connection=push.connection, at=push.clock.now())
    if gate.state is _G.OPEN and (gate.until is None or push.hold_until is None or gate.until < push.hold_until):
        tx.gates.put(gate.altered(reason="rate_limited", until=push.hold_until, at=push.clock.now()))


def led(push: Push, tx: Tx) -> bool:
    """Whether somebody who is alive has found the connection sound and within bounds: always, where this push did."""
    if not push.helps:
        return True
    owner = tx.foremen.get(push.connection)
    return owner is not None and (push.options.alive is None or owner in push.options.alive(tx))


def lead(push: Push) -> None:
    """From now on others may help, where there are others."""
    if push.options.alive is not None:
        with push.store.tx("lead") as tx:
            tx.foremen.put(push.connection, push.owner, at=push.clock.now())


def follow(push: Push) -> None:
    """Nobody is to help any more."""
    if push.options.alive is not None:
        push.store.run("lead", lambda tx: tx.foremen.remove(push.connection, push.owner))


# ---------------------------------------------------------------- bounds and parking


def park(push: Push, reason: str, detail: str, *, state: GateState = _G.PARKED, allowance: str = "{}") -> None:
    """Stop everything to the connection until a person has looked."""
    _put(push, state, reason, detail, allowance=allowance)
    with push.store.view() as tx:
        gate = tx.gates.get(push.connection)
    if gate is not None:
        _tell_parked(push, gate)


def sound(push: Push) -> bool:
    """Whether the invariants that can be looked at quickly hold; parks the connection where one does not."""
    with push.store.view() as tx:
        broken = cheap(tx, push.connection, push.clock.now())
    if broken:
        first = broken[0]
        more = f", and {len(broken) - 1} more" if len(broken) > 1 else ""
        park(push, "invariant_broken", f"{first.invariant}: {first.row}: {first.detail}{more}")
    return not broken


def within_bounds(push: Push) -> bool:
    """Whether what is about to go out for the first time is within bounds; parks the connection where it is not."""
    volume, after = bounds.Volume(), ""
    with push.store.view() as tx:
        gate = tx.gates.get(push.connection)
        while page := tx.outbox.fresh(push.connection, DOCUMENTS, after=after):
            volume.add(page)
            after = page[-1].key
    allowance = bounds.allowed(gate.allowance if gate is not None else "{}")
    over = bounds.exceeded(volume, push.options.bounds, allowance)
    if over:
        park(push, "safety_bound", over, allowance=volume.text())
    elif (
        gate is not None
        and gate.allowance != "{}"
        and not bounds.exceeded(volume, push.options.bounds, bounds.Volume())
    ):
        _put(push, gate.state, gate.reason, gate.detail)
    return not over


def _put(
    push: Push,
    state: GateState,
    reason: str,
    detail: str,
    *,
    until: datetime | None = None,
    failures: int = 0,
    allowance: str = "{}",
    keeps: bool = False,
) -> None:
    """Store the gate; one that stays open `keeps` what a person let pass."""
    gate = Gate(
        connection=push.connection,
        state=state,
        reason=reason,
        detail=detail[:500],
        at=push.clock.now(),
        until=until,
        failures=failures,
        allowance=allowance,
    )
    with push.store.tx("gate") as tx:
        was = tx.gates.get(push.connection)
        if was is not None and (keeps or until is not None):
            gate = gate.model_copy(update={"allowance": was.allowance})
        tx.gates.put(gate)
    telling.gate(was, gate)
