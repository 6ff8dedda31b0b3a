"""Looks that came to their end: what was read through, what was sent, and whether anything was new.  (shell)

A look that ends early (a system that is away, records that changed in form, a gate that is shut) counts for nothing.
They are kept when the run ends, in the transaction that says how.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from billsync import observe
from billsync.push import Pushed
from billsync.store import Tx
from billsync.store.pulses import WRITES

if TYPE_CHECKING:
    from billsync.stage.world import World

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Look:
    """One look at a kind of record.

    Attributes:
        object: the kind of record, or `WRITES` for what was to be sent.
        began: what changed before then is seen by it.
        fresh: records that were new or changed; complete: whether it came to its end.
    """

    connection: str
    object: str
    began: datetime
    fresh: int = 0
    complete: bool = False

    def ended(self) -> None:
        """Everything was read."""
        self.complete = True

    def found(self, read: int, fresh: int) -> None:
        """What it brought."""
        self.fresh = fresh
        labels = {"connection": self.connection, "object": self.object}
        observe.count("billsync_records_read_total", read, **labels)
        observe.count("billsync_records_fresh_total", fresh, **labels)
        if self.complete:
            observe.event("object_read", connection=self.connection, object=self.object, records=read, fresh=fresh)
        else:
            observe.event("object_drifted", level="warning", connection=self.connection, object=self.object)


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
