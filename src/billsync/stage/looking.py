"""Signs that a look came to its end: what was read through, what was sent, and whether anything was new.  (shell)

A look that ends early (a system that is away, records that changed in form, a gate that is shut) leaves no sign.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType

from billsync import observe
from billsync.push import Pushed
from billsync.stage.world import World
from billsync.store.pulses import WRITES


@dataclass(slots=True)
class Look:
    """One look at a kind of record.

    Attributes:
        began: what changed before then is seen by it.
        fresh: records that were new or changed; complete: whether it came to its end.
    """

    object: str
    began: datetime
    fresh: int = 0
    complete: bool = False

    def ended(self) -> None:
        """Everything was read."""
        self.complete = True


@dataclass(slots=True)
class Looks:
    """The looks of one stage at one connection; those that came to their end are kept when the stage ends, or fails."""

    world: World
    connection: str
    _looks: list[Look] = field(default_factory=list)

    def begin(self, object: str) -> Look:
        """A look begins."""
        look = Look(object, self.world.now())
        self._looks.append(look)
        return look

    def found(self, look: Look, read: int, fresh: int) -> None:
        """What it brought."""
        look.fresh = fresh
        labels = {"connection": self.connection, "object": look.object}
        observe.count("billsync_records_read_total", read, **labels)
        observe.count("billsync_records_fresh_total", fresh, **labels)
        if look.complete:
            observe.event("object_read", connection=self.connection, object=look.object, records=read, fresh=fresh)
        else:
            observe.event("object_drifted", level="warning", connection=self.connection, object=look.object)

    def __enter__(self) -> Looks:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        complete = [look for look in self._looks if look.complete]
        if not complete or not (kind is None or issubclass(kind, Exception)):
            return
        with self.world.store.tx("looked") as tx:
            for look in complete:
                tx.pulses.note(
                    self.world.pipeline,
                    self.connection,
                    look.object,
                    began=look.began,
                    fresh=look.fresh,
                    run=self.world.run,
                )


def sent(world: World, connection: str, began: datetime, pushed: Pushed) -> None:
    """A push ended: it counts where nothing is left that was due."""
    confirmed = sum(pushed.sent.values())
    why = "offline" if pushed.offline else "parked" if pushed.parked else "waiting" if pushed.waiting_until else ""
    facts = {"confirmed": confirmed, "refused": pushed.refused, "review": pushed.review, "reason": why}
    observe.event("push_ended", level="warning" if why else "info", connection=connection, **facts)
    if not why:
        with world.store.tx("looked") as tx:
            tx.pulses.note(world.pipeline, connection, WRITES, began=began, fresh=confirmed, run=world.run)
