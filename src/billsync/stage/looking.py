"""Looks that came to their end: what was read through, what was sent, and whether anything was new.  (shell)

A look that ends early (a system that is away, records that changed in form, a gate that is shut) counts for nothing.
They are kept when the run ends, in the transaction that says how.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final

from billsync import observe
from billsync.push import Pushed
from billsync.stage.look import Look
from billsync.stage.world import World
from billsync.store import Tx
from billsync.store.pulses import WRITES

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def expect(world: World) -> None:
    """Everything that a run of this pipeline looks at, before it does: what is not among it was looked at once."""
    ends = [(world.source.name, mapping.source_object) for mapping in world.inbound]
    if world.target is not None:
        ends += [(world.target.name, world.payments.source_object)] if world.payments is not None else []
        ends.append((world.target.name, WRITES))
    if world.status is not None:
        ends.append((world.source.name, WRITES))
    world.looks.extend(Look(connection, object, _NEVER) for connection, object in ends)


def begin(world: World, connection: str, object: str) -> Look:
    """A look of a run begins."""
    look = Look(connection, object, world.now())
    world.looks.append(look)
    return look


def sent(world: World, connection: str, began: datetime, pushed: Pushed) -> None:
    """A push ended: it counts where nothing is left that was due."""
    confirmed = sum(pushed.sent.values())
    why = "offline" if pushed.offline else "parked" if pushed.parked else "waiting" if pushed.waiting_until else ""
    facts = {"confirmed": confirmed, "refused": pushed.refused, "review": pushed.review, "reason": why}
    observe.event("push_ended", level="warning" if why else "info", connection=connection, **facts)
    world.looks.append(Look(connection, WRITES, began, confirmed, complete=not why))


def keep(tx: Tx, pipeline: str, run: str, looks: Collection[Look]) -> None:
    """Keep the looks of a run that came to their end, and forget what its pipeline looks at no more."""
    if looks:
        tx.pulses.forget(pipeline, {(look.connection, look.object) for look in looks})
    note(tx, pipeline, run, looks)


def note(tx: Tx, pipeline: str, run: str, looks: Collection[Look]) -> None:
    """Keep those that came to their end: of a part of a run that another process carries out."""
    for look in looks:
        if look.complete:
            tx.pulses.note(pipeline, look.connection, look.object, began=look.began, fresh=look.fresh, run=run)
