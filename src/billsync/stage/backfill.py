"""First and full reads: they come after everything else, and say when they will be done.  (shell)

One that was cut off goes on as such with the next run.  How far it is stands in the store, for `billsync budget list`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from billsync.connector import Calls, Urgency
from billsync.stage.world import End, World
from billsync.store.budgets import StoredBudget

POOL: Final = "read "
"""Begin of the names under which the progress of reads is kept among the budgets."""
_KEEP: Final = timedelta(seconds=2)
_TELL: Final = timedelta(seconds=30)


@dataclass(slots=True)
class Backfill:
    """The read of one kind of record, `whole` where it brings everything.

    Attributes:
        begun: when it began, in an earlier run too; records: so far, in this run; before: in earlier ones.
        total: how many it will bring, about, or None where nobody knows.
        made: calls of the connector before this run's read.
    """

    world: World
    connection: str
    object: str
    calls: Calls
    whole: bool
    begun: datetime
    at: datetime
    total: int | None
    before: int = 0
    made: int = 0
    records: int = 0
    kept: datetime | None = None
    told: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.told = self.at

    def advance(self, count: int) -> None:
        """A page came."""
        self.world.progress.advance(count)
        self.records += count
        now = self.world.now()
        if self.whole and (self.kept is None or now - self.kept >= _KEEP):
            self._keep(now)
        if self.whole and now - self.told >= _TELL:
            self.told = now
            self.world.progress.note(self.said(now))

    def expected(self, records: int) -> None:
        """The system says how many this run's read will bring."""
        self.total = self.before + records

    def ended(self) -> None:
        """Everything was read."""
        if self.whole:
            self._keep(self.world.now(), done=True)

    def said(self, now: datetime) -> str:
        """How far it is, and when it ends."""
        so_far = self.before + self.records
        ends = self.ends_at(now)
        what = f"{self.object}: {so_far:,} records" + ("" if self.total is None else f" of about {self.total:,}")
        return what if ends is None else f"{what}; at this budget the backfill ends about {ends:%Y-%m-%d %H:%M} UTC"

    def ends_at(self, now: datetime) -> datetime | None:
        """As fast as so far, and never faster than the budget allows; None where nobody knows how much is left."""
        if self.total is None or not self.records:
            return None
        left = max(0, self.total - self.before - self.records)
        calls = left * (self.calls.made - self.made) // self.records
        speed_s = left * (now - self.at).total_seconds() / self.records
        return now + timedelta(seconds=max(speed_s, self.calls.lasts_s(calls)))

    def _keep(self, now: datetime, *, done: bool = False) -> None:
        ends = None if done else self.ends_at(now)
        doc = {
            "begun": self.begun.isoformat(),
            "records": self.before + self.records,
            "total": self.total,
            "ends": None if ends is None else ends.isoformat(),
            "done": done,
        }
        with self.world.store.aside() as tx:
            tx.budgets.put([StoredBudget(self.connection, f"{POOL}{self.object}", 0, now, None, doc)])
        self.kept = now


def begin(world: World, end: End, object: str, *, full: bool = False) -> Backfill:
    """The read of one kind of record begins: its calls are a backfill's where it brings everything."""
    now, calls = world.now(), end.connector.calls
    with world.store.view() as tx:
        first = tx.inbox.cursor(end.name, object) is None
        kept = tx.budgets.get(end.name, f"{POOL}{object}")
        known = sum(tx.inbox.states(end.name, object).values()) if full else 0
    cut_off = kept is not None and not kept.doc["done"] and not full
    whole = first or full or cut_off
    calls.press(Urgency.BACKFILL if whole else Urgency.READ)
    begun, before, total = now, 0, known or None
    if cut_off and kept is not None and not first:
        begun, before, total = datetime.fromisoformat(kept.doc["begun"]), kept.doc["records"], kept.doc["total"]
    return Backfill(world, end.name, object, calls, whole, begun, now, total, before, calls.made)
