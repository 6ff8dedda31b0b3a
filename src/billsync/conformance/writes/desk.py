"""The real effect machine on a real store, writing by the connector, on a clock that is moved by hand.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

from billsync.conformance.broken import Broken
from billsync.conformance.writes.bench import MASTERS, WriteBench
from billsync.conformance.writes.documents import Role
from billsync.connector import Intent
from billsync.model.delivery import DONE, Delivery
from billsync.model.problem import Problem
from billsync.push import Options, Pushed, deliver
from billsync.push.payload import key, plan, plan_void
from billsync.store import Store, Tx

CONNECTION: Final = "erp"
_PATIENCE_S: Final = 2 * 3600.0


class HandClock:
    """Time that passes only by sleeping, in the system too."""

    def __init__(self, bench: WriteBench) -> None:
        self._at, self._pass = datetime(2026, 4, 1, tzinfo=UTC), bench.subject.pass_time

    def now(self) -> datetime:
        """The instant now, in UTC."""
        return self._at

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._at += timedelta(seconds=seconds)
        self._pass(seconds)


@dataclass
class Desk:
    """One connection `erp`, with what was planned for it.

    Attributes:
        problems: what people were told.
    """

    bench: WriteBench
    store: Store
    problems: list[Problem] = field(default_factory=list)
    chance: Random = field(default_factory=lambda: Random(1))  # noqa: S311  repeatable on purpose

    def __post_init__(self) -> None:
        self.clock = HandClock(self.bench)

    def plan(self, role: Role, *intents: Intent) -> None:
        """Plan these writes."""
        rows = [
            plan(
                connection=CONNECTION, object=intent.object, kind=str(role), our_id=intent.key, number=1,
                document=intent.payload, mapping="conformance", rank=0 if role in MASTERS else 1,
                sequence=intent.key, needs=(), expect=intent.expect,
            )
            for intent in intents
        ]  # fmt: skip
        self._planned(rows)

    def plan_void(self, role: Role, our_id: str, remote_id: str) -> None:
        """Plan that a record is taken back."""
        object = self.bench.object(role)
        made = plan_void(
            connection=CONNECTION, object=object, our_id=our_id, remote_id=remote_id, rank=2, reason="the kit"
        )
        self._planned([made])

    def _planned(self, rows: list[Delivery]) -> None:
        with self.store.tx("plan") as tx:
            tx.outbox.plan(rows, at=self.clock.now())

    def push(self, *, after_s: float = 0, patience_s: float = _PATIENCE_S, **options: Any) -> Pushed:
        """One push, so much later."""

        def report(_tx: Tx, found: Iterable[Problem]) -> None:
            self.problems.extend(found)

        if after_s:
            self.clock.sleep(after_s)
        return deliver(
            self.store, self.bench.connector, CONNECTION, owner="kit", clock=self.clock, chance=self.chance,
            options=Options(patience_s=patience_s, **options), report=report,
        )  # fmt: skip

    def row(self, role: Role, our_id: str) -> Delivery:
        """Where a planned write stands."""
        with self.store.view() as tx:
            found = tx.outbox.get(key(str(role), our_id, CONNECTION, 1))
        if found is None:
            raise LookupError(f"{role} {our_id} was not planned")
        return found

    def state(self, role: Role, our_id: str) -> str:
        """State and reason."""
        row = self.row(role, our_id)
        return f"{row.state} {row.reason}".strip()

    def done(self, role: Role, our_id: str, when: str) -> str:
        """The id of what took effect.  Raises `Broken` where it did not."""
        row = self.row(role, our_id)
        if row.state not in DONE or row.remote_id is None:
            raise Broken(f"{when}: {role} {our_id} ended as {row.state} {row.reason}, {self._note(our_id)}")
        return row.remote_id

    def _note(self, our_id: str) -> str:
        return next((str(p.message) for p in reversed(self.problems) if our_id in str(p)), "and nobody was told why")


@contextmanager
def desk(bench: WriteBench) -> Iterator[Desk]:
    """A desk with a new store, for this rule."""
    file = bench.folder / f"{len(list(bench.folder.iterdir()))}.db"
    file.write_bytes(_empty_store())
    opened = Store.open(f"sqlite:///{file}")
    try:
        yield Desk(bench, opened)
    finally:
        opened.close()


@cache
def _empty_store() -> bytes:
    """A new store, made once: its tables are made in many steps."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        Store.open(f"sqlite:///{file}", create=True).close()
        return file.read_bytes()
