"""A system that many hands write to at once, and that notes whatever must not happen; a file for several processes."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from billsync.connector import (
    Absent,
    Applied,
    Capabilities,
    Connector,
    Context,
    Found,
    Health,
    Intent,
    Outcome,
    Probe,
    Target,
    WriteSheet,
)
from tests.push.fakes import NoConfig

HANDS = 5


def sheet(target: Target, *, serial: bool = False, ordered: bool = False) -> WriteSheet:
    lifetime = 86_400.0 if target is Target.KEY else None
    return WriteSheet(
        target=target, reference="ref", settle_s=0.2, key_lifetime_s=lifetime, serial=serial, ordered=ordered
    )


SHEETS = {
    "invoice": sheet(Target.UPSERT),
    "customer": sheet(Target.UPSERT),
    "product": sheet(Target.UPSERT, serial=True),
    "credit_note": sheet(Target.SEARCH, ordered=True),
}


class There:
    """What stands there: one line per event in a file that only grows; whole lines, whoever writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def note(self, event: str, object: str, key: str) -> None:
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(handle, f"{event} {object} {key} {os.getpid()}\n".encode())
        finally:
            os.close(handle)

    def events(self) -> list[tuple[str, str, str]]:
        """Event, kind of record and key, in order."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        return [tuple(line.split()[:3]) for line in lines]  # type: ignore[misc]

    def written(self, object: str) -> list[str]:
        """Keys in the order in which their writes ended."""
        return [key for event, kind, key in self.events() if (event, kind) == ("ends", object)]

    def standing(self, object: str, key: str) -> bool:
        return key in self.written(object)

    def wrong(self) -> list[str]:
        """What must not happen: a document of which two writes are under way, two at once of a kind that bears one."""
        found, open_ = [], Counter[tuple[str, str]]()
        for event, kind, key in self.events():
            name = (kind, "" if SHEETS[kind].serial or SHEETS[kind].ordered else key)
            open_[name] += 1 if event == "begins" else -1
            if open_[name] > 1:
                found.append(f"two writes at once: {kind} {key}")
        return found

    def most_at_once(self) -> int:
        most = now = 0
        for event, _, _ in self.events():
            now += 1 if event == "begins" else -1
            most = max(most, now)
        return most


class Crowded(Connector):
    """The connector of `There`: for one thread, as the port says, and it notices where that is broken."""

    capabilities = Capabilities(system="crowd", title="Crowd", writes=SHEETS, calls_at_once=HANDS)
    config = NoConfig
    there: There
    takes_s = 0.002
    open: Counter[str]

    def __init__(self, context: Context, config: Any) -> None:
        self.at_work = False

    @classmethod
    def of(cls, there: There, *, takes_s: float = 0.002) -> Crowded:
        made = cls(Context("erp", Path()), NoConfig())
        made.there, made.takes_s = there, takes_s
        return made

    def check(self) -> Health:
        return Health(system="crowd")

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        return [Found((f"{object}-{key}",)) if self.there.standing(object, key) else Absent() for key in keys]

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        assert not self.at_work, "one instance in two threads"
        self.at_work = True
        try:
            return [self.one(intent) for intent in intents]
        finally:
            self.at_work = False

    def one(self, intent: Intent) -> Outcome:
        self.there.note("begins", intent.object, intent.key)
        time.sleep(self.takes_s)
        self.there.note("ends", intent.object, intent.key)
        return Applied(f"{intent.object}-{intent.key}")
