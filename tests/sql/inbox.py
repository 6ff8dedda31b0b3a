"""What the engine makes of pages: the records that are known, by id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billsync.connector import Checkpoint, Connector, Data
from billsync.model.problem import Problem


class Inbox:
    """Keeps what reads show, as `billsync.pull` does."""

    def __init__(self, connector: Connector, object: str = "deals") -> None:
        self.connector, self.object = connector, object
        self.records: dict[str, Data] = {}
        self.problems: list[Problem] = []
        self.since: Checkpoint | None = None
        self.seen = 0

    def read(self, *, full: bool = False, pages: int | None = None) -> list[str]:
        """One read, or its first pages; the ids that came, in order."""
        came: list[str] = []
        self.problems = []
        for number, page in enumerate(self.connector.read(self.object, None if full else self.since), 1):
            for record in page.records:
                came.append(record.id)
                if record.deleted:
                    self.records.pop(record.id, None)
                else:
                    self.records[record.id] = record.data
            self.problems += page.problems
            self.since = page.checkpoint
            if page.snapshot:
                self.records = {id: data for id, data in self.records.items() if id in came}
            if number == pages:
                break
        self.seen += len(came)
        return came

    def field(self, name: str) -> Mapping[str, Any]:
        """One field of every record, by id."""
        return {id: data[name] for id, data in self.records.items()}
