"""One plan in an opened world: made, checked against the world again, and carried out.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Final

from billsync import sync
from billsync.logbook import on_record
from billsync.model.delivery import DeliveryState
from billsync.planning.compare import allowed, differences
from billsync.planning.document import Plan
from billsync.planning.refusal import Edited, Exceeded, Moved
from billsync.planning.rehearse import Tried, rehearse
from billsync.planning.stand_ins import Replay
from billsync.planning.tape import Tape, fresh
from billsync.push.bounds import Volume, exceeded
from billsync.push.bounds import allowed as let_pass
from billsync.settings.shape import Bounds
from billsync.stage.world import End, World
from billsync.store import Run, Store

HOLD_S: Final = 86_400
"""How long a write that is not in the plan stays held back, beside the run's patience, should this process be killed
before it lets it go."""

REASON: Final = "not_in_plan"
_S = DeliveryState
_MAY_GO: Final = (_S.WAITING, _S.READY, _S.RETRY, _S.UNKNOWN)
_FINISHED: Final = ("ok", "problems")


@dataclass(slots=True)
class Applied:
    """What came of a plan.

    Attributes:
        report: of the run, or None where the plan was carried out before.
        before: the run that carried it out before, or None.
        held_back: keys of writes that were not in the plan and stayed here: the next run sends them.
    """

    report: sync.Report | None
    before: Run | None = None
    held_back: list[str] = field(default_factory=list)


def make(world: World, connections: Mapping[str, str], bounds: Bounds, *, full: bool = False) -> Plan:
    """What a run in this world would change now; nothing is changed, and others wait only while the store is copied.

    `connections` are the digests of the settings.  Raises `Held` while the pipeline runs, `Unreached`, `Exceeded`.
    """
    with ExitStack() as stack:
        with world.store.lock(f"pipeline-{world.pipeline}", world.owner):
            copy = stack.enter_context(world.store.rehearsal())
        tried = rehearse(world, copy, full=full, connections=connections)
    _guard(world.store, tried, bounds)
    return tried.plan


def carry_out(world: World, plan: Plan, connections: Mapping[str, str], bounds: Bounds) -> Applied:
    """Carry a plan out where a run in this world would still do exactly that; the caller holds the pipelines' locks.

    Raises `Moved` with every difference, `Edited`, `Unreached` and `Exceeded`, before anything is changed.  Where it
    was killed, the same again finishes it.
    """
    if plan.seal() != plan.sha256:
        raise Edited("the plan was changed after it was made, or is not whole: make a new one")
    slot, earlier = _slot(world.store, plan)
    if earlier is not None and earlier.state in _FINISHED:
        return Applied(None, earlier)
    with fresh() as tape:
        with world.store.rehearsal() as copy:
            tried = rehearse(world, copy, full=plan.full, connections=connections, tape=tape)
        found = differences(plan, tried.plan, begun=earlier is not None)
        if found:
            raise Moved(f"{len(found)} of the changes would not be what the plan says", found)
        _guard(world.store, tried, bounds)
        return _act(_on_tape(world, slot, bounds, tape), plan, slot)


def _guard(store: Store, tried: Tried, bounds: Bounds) -> None:
    """Nothing beyond the bounds, and what a person let pass beyond them.  Raises `Exceeded`."""
    with store.view() as tx:
        gates = {gate.connection: gate for gate in tx.gates.list()}
    for system, volume in tried.volumes.items():
        passing = let_pass(gates[system].allowance) if system in gates else Volume()
        over = exceeded(volume, bounds, passing)
        if over:
            raise Exceeded(f"{system}: {over}", tried.plan)


def _slot(store: Store, plan: Plan) -> tuple[str, Run | None]:
    """The slot in which the plan is carried out, and the newest run that tried to before, or None."""
    first = f"apply-{plan.sha256[:16]}"
    slot, earlier, count = first, None, 1
    with store.view() as tx:
        while found := tx.runs.get(f"{plan.pipeline}@{slot}"):
            earlier, count = found, count + 1
            slot = f"{first}-{count}"
    return slot, earlier


def _on_tape(world: World, slot: str, bounds: Bounds, tape: Tape) -> World:
    """The world that acts: what it reads is what the check has read."""
    run = f"{world.pipeline}@{slot}"
    return replace(
        world,
        run=run,
        source=End(world.source.name, Replay(world.source, tape)),
        target=world.target and End(world.target.name, Replay(world.target, tape)),
        chance=Random(run),  # noqa: S311  jitter, not secrets
        options=replace(world.options, bounds=bounds),
    )


def _act(world: World, plan: Plan, slot: str) -> Applied:
    """The real run, from the tape; what is not in the plan stays here."""
    passing, held = allowed(plan), dict[str, str]()

    def journey(_run: str) -> sync.Report:
        return sync.run(world, full=plan.full, before_push=lambda end: _hold(world, end.name, passing, held))

    try:
        report = on_record(world.store, world.clock, world.owner, world.pipeline, slot, journey)
    finally:
        _let_go(world, held)
    return Applied(report, held_back=sorted(held))


def _hold(world: World, system: str, passing: frozenset[tuple[str, str]], held: dict[str, str]) -> None:
    """Hold back what is not in the plan: something let it loose after the check."""
    until, after = world.now() + timedelta(seconds=HOLD_S + world.options.patience_s), ""
    while True:
        with world.store.tx("hold") as tx:
            page = tx.outbox.list(connection=system, states=_MAY_GO, after=after)
            for delivery in page:
                if (delivery.key, delivery.payload_digest) not in passing:
                    tx.outbox.touch(delivery, next_at=until, reason=REASON)
                    held[delivery.key] = delivery.reason
        if not page:
            return
        after = page[-1].key


def _let_go(world: World, held: Mapping[str, str]) -> None:
    if not held:
        return
    with world.store.tx("let-go") as tx:
        for delivery in tx.outbox.many(held).values():
            if delivery.reason == REASON:
                tx.outbox.touch(delivery, next_at=None, reason=held[delivery.key])
