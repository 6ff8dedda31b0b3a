"""One look of a run at a kind of record.  (shell)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from billsync import observe


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
