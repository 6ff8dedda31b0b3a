"""A target of each kind whose replies can be lost, and a clock that is moved by hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from billsync.connector import (
    Absent,
    Applied,
    Capabilities,
    Connector,
    Context,
    Data,
    Found,
    Health,
    Intent,
    Outcome,
    Probe,
    Refused,
    Target,
    TryLater,
    Unclear,
    Unsure,
    WriteSheet,
)


@dataclass
class HandClock:
    """Time that passes only by sleeping."""

    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    slept: float = 0.0
    naps: int = 0

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.naps += 1
        self.at += timedelta(seconds=seconds)


class NoConfig(BaseModel):
    """No settings."""


@dataclass
class Books:
    """What the outside system holds, and how it misbehaves: one entry of `faults` is used up per request.

    `lost`: the work is done, the reply never comes.  `dropped`: neither.  `busy`: 429.  `down`: no connection.
    `refused`: 400.  `late`: the reply is lost and the work is done only after `late_s` seconds.
    """

    target: Target
    documents: list[tuple[str, str]] = field(default_factory=list)
    faults: deque[str] = field(default_factory=deque)
    keys: dict[str, str] = field(default_factory=dict)
    content: dict[str, Data] = field(default_factory=dict)
    late: list[tuple[datetime, Intent]] = field(default_factory=list)
    late_s: float = 30.0
    requests: int = 0
    probes: int = 0
    checks: int = 0
    down: bool = False
    shows: dict[str, Data] = field(default_factory=dict)
    """What a look at a record shows, by its id there."""
    voided: list[str] = field(default_factory=list)

    def commit(self, intent: Intent) -> str:
        """The record is written, by the rules of the kind."""
        remote = self._stand_in(intent)
        self.content[remote] = intent.payload
        return remote

    def _stand_in(self, intent: Intent) -> str:
        if intent.remote_id is not None:
            return intent.remote_id
        if self.target is Target.KEY and intent.idempotency_key in self.keys:
            return self.keys[intent.idempotency_key]
        if self.target is Target.UPSERT:
            known = [remote for key, remote in self.documents if key == intent.key]
            if known:
                return known[0]
        remote = f"R{len(self.documents) + 1}"
        self.documents.append((intent.key, remote))
        self.keys[intent.idempotency_key] = remote
        return remote

    def count(self, key: str) -> int:
        return sum(held == key for held, _ in self.documents)


class Fake(Connector):
    """The connector of `Books`."""

    capabilities = Capabilities(system="fake", title="Fake")
    config = NoConfig

    def __init__(self, context: Context, config: Any) -> None:
        self.there: Books
        self.clock: HandClock

    @classmethod
    def of(cls, books: Books, clock: HandClock, *, batch_max: int = 1, ordered: bool = False) -> Fake:
        fake = cls(Context("erp", Path()), NoConfig())
        fake.there, fake.clock = books, clock
        sheet = WriteSheet(
            target=books.target,
            reference="ref",
            settle_s=60.0,
            key_lifetime_s=86400.0 if books.target is Target.KEY else None,
            batch_max=batch_max,
            ordered=ordered,
        )
        writes = dict.fromkeys(("invoice", "customer"), sheet)
        fake.__dict__["capabilities"] = Capabilities(system="fake", title="Fake", writes=writes)
        return fake

    def check(self) -> Health:
        self.there.checks += 1
        if self.there.down:
            raise TryLater("not_sent", "no connection", offline=True)
        return Health(system="fake")

    def _arrive(self) -> None:
        """Requests that were late take effect now."""
        due = [intent for at, intent in self.there.late if at <= self.clock.now()]
        self.there.late = [(at, intent) for at, intent in self.there.late if at > self.clock.now()]
        for intent in due:
            self.there.commit(intent)

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        self._arrive()
        return [self._write(intent) for intent in intents]

    def _write(self, intent: Intent) -> Outcome:
        self.there.requests += 1
        fault = self.there.faults.popleft() if self.there.faults else ""
        if intent.void:
            self.there.voided.append(str(intent.remote_id))
            return Applied(str(intent.remote_id))
        match "down" if self.there.down else fault:
            case "lost":
                self.there.commit(intent)
                return Unclear("timeout_after_send", "no reply")
            case "dropped":
                return Unclear("timeout_after_send", "no reply")
            case "late":
                self.there.late.append((self.clock.now() + timedelta(seconds=self.there.late_s), intent))
                return Unclear("timeout_after_send", "no reply")
            case "busy":
                return TryLater("rate_limited", "too many calls", after_s=120)
            case "down":
                return TryLater("not_sent", "no connection", offline=True)
            case "refused":
                return Refused("bad_reference", "no such customer", field="customer")
            case _:
                return Applied(self.there.commit(intent))

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        self._arrive()
        self.there.probes += 1
        if self.there.faults and self.there.faults[0] == "blind":
            self.there.faults.popleft()
            return [Unsure("timeout", "no reply") for _ in keys]
        found: list[Probe] = []
        for key in keys:
            ids = tuple(remote for held, remote in self.there.documents if held == key)
            ids = tuple(remote for remote in ids if remote not in self.there.voided) or ids
            shown = self.there.shows.get(ids[0], {}) if ids else {}
            found.append(Found(ids, echo=shown) if ids else Absent())
        return found
