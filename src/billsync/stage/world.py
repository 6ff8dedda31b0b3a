"""What the stages of one run share: the store, the connectors, the mappings, the rules, and the ports.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Protocol

from billsync import observe
from billsync.connector import Connector
from billsync.invoicing.policy import InvoicingRules
from billsync.mapping import Mapping as FieldMapping
from billsync.mapping.shape import Change
from billsync.mapping.tables import LIVE
from billsync.model.problem import Problem
from billsync.push import Clock, More, Options
from billsync.settings.changes import Changes
from billsync.settings.shape import Conflicts, Parity
from billsync.stage.look import Look
from billsync.store import Store, Tx


class Progress(Protocol):
    """Who is told how far a run is: a bar on a terminal, lines in a pipe, nobody in a test."""

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins; `total` units are ahead, or None where that is not known."""

    def advance(self, count: int = 1) -> None:
        """So many units of the stage are done."""

    def note(self, text: str) -> None:
        """A remark that a person should see."""


class Silent:
    """Tells nobody."""

    def stage(self, name: str, total: int | None = None) -> None:
        """Nothing."""

    def advance(self, count: int = 1) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class End:
    """One side of a pipeline: a connection's name and its connector.

    Attributes:
        more: opens one more connector to the same system, which whoever asked for it closes; None where there is but
            the one.
    """

    name: str
    connector: Connector
    more: More | None = None


@dataclass(slots=True)
class Tally:
    """What a run did, by name of the count; shown at its end and stored with it."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, count: int) -> None:
        """Add to a count."""
        self.counts[name] = self.counts.get(name, 0) + count


@dataclass(slots=True)
class Shapes:
    """How the fields of outside systems differ from those that the mappings were made for.

    Attributes:
        changes: by connection and kind of record, as this run found them at its start.
    """

    changes: dict[tuple[str, str], tuple[Change, ...]] = field(default_factory=dict)

    def of(self, connection: str) -> dict[str, tuple[Change, ...]]:
        """Kind of record -> its changes, of one connection."""
        return {object: found for (name, object), found in self.changes.items() if name == connection and found}


_EXACT = Parity()


@dataclass(frozen=True, slots=True)
class World:
    """One run of one pipeline.

    Attributes:
        pipeline: its name.
        source: the CRM; target: the ERP, or None where invoices stay in billsync.
        inbound: source record -> canonical document, in an order in which references come first.
        outbound: canonical document -> target record, by canonical kind.
        payments: target payment -> canonical payment, or None.
        status: canonical invoice status -> source record, or None where nothing is written back.
        through: the last day that is billed; the run's only idea of today.
        run: id of the run; owner: of this process.
        looks: kinds of records that this run looked at.
        tables: live tables as this run knows them, with when they were read; read_tables: those that it read itself.
        conflicts: what is done where a side changed a field that is not its own; None where the configuration says
            nothing of it.
        heard: (connection, kind of record) of what other pipelines read: there, too, what we wrote is no news.
        parity: what is done where the target would come to another total than a document.
        recovering: True where this run catches up after a backup was restored: only then are invoices made for a
            target whose gate is `recovering`, and they take the numbers that stand there.
        shares: connection -> how many calls at once this process may make there, where others help.
        fetch_ahead: whether connectors read in a thread of their own while pages are stored.
    """

    pipeline: str
    store: Store
    source: End
    target: End | None
    inbound: tuple[FieldMapping, ...]
    outbound: Mapping[str, FieldMapping]
    payments: FieldMapping | None
    status: FieldMapping | None
    rules: InvoicingRules
    through: date
    run: str
    owner: str
    clock: Clock
    chance: Random
    options: Options
    progress: Progress
    tally: Tally = field(default_factory=Tally)
    shapes: Shapes = field(default_factory=Shapes)
    looks: list[Look] = field(default_factory=list)
    tables: dict[tuple[str, ...], tuple[dict[str, str], datetime]] = field(default_factory=dict)
    read_tables: set[tuple[str, ...]] = field(default_factory=set)
    conflicts: Conflicts | None = None
    heard: frozenset[tuple[str, str]] = frozenset()
    recovering: bool = False
    parity: Parity = _EXACT
    changes: Changes | None = None
    fetch_ahead: bool = False
    shares: dict[str, int] = field(default_factory=dict)

    @property
    def lives(self) -> tuple[str, ...]:
        """Names of the live tables that mappings look into: read before anything is planned."""
        ways = (*self.inbound, *self.outbound.values(), *([self.status] if self.status is not None else []))
        found = (name for mapping in ways for name in mapping.lookups if name.startswith(LIVE))
        return tuple(dict.fromkeys(found))

    def now(self) -> datetime:
        """The instant now."""
        return self.clock.now()

    def report(self, tx: Tx, problems: Iterable[Problem]) -> None:
        """Keep problems in the store, and count the errors among them."""
        found = list(problems)
        if found:
            tx.problems.report(found, pipeline=self.pipeline, run=self.run, at=self.now())
            self.tally.add("problems", len(found))
            self._tell(found)

    def _tell(self, found: list[Problem]) -> None:
        for problem in found if observe.watched() else ():
            place = problem.place
            observe.count("billsync_problems_found_total", pipeline=self.pipeline, code=problem.code)
            id = None if place.id is None else observe.unnamed(place.id)
            facts = {"code": problem.code, "system": place.system, "object": place.object, "id": id}
            observe.event("problem_found", level="warning", **facts)
