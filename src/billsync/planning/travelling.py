"""A pipeline's contracts billed on days that have not come yet: the real stages in a rehearsal of the store.  (shell)

The clock is the days' own, nothing leaves, and nothing stays: the store is as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from billsync import sync
from billsync.billing.timeline import day_start
from billsync.model.invoice import CreditNote, Invoice
from billsync.model.problem import Problem
from billsync.planning.refusal import Unreached
from billsync.planning.rehearse import UNBOUND
from billsync.planning.stand_ins import Understudy
from billsync.stage.world import End, Progress, Silent, Tally, World
from billsync.store import Store, Tx
from billsync.workspace import Workspace, world


@dataclass(frozen=True, slots=True)
class Stop:
    """A day on which billing ran, and the invoices and credit notes that it made."""

    on: date
    documents: tuple[Invoice | CreditNote, ...]


@dataclass(frozen=True, slots=True)
class Journey:
    """All stops in order, and the problems that were open at the last one."""

    stops: tuple[Stop, ...]
    problems: tuple[Problem, ...]


class _Then:
    """A clock that shows the day of the stop; sleeping only moves it."""

    def __init__(self) -> None:
        self._now = datetime.min.replace(tzinfo=UTC)

    def set(self, now: datetime) -> None:
        """Go to an instant."""
        self._now = now

    def now(self) -> datetime:
        """The instant of the stop, and what was slept."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Pass over it."""
        self._now += timedelta(seconds=seconds)


def travel(workspace: Workspace, name: str, days: Sequence[date], progress: Progress | None = None) -> Journey:
    """Bill the pipeline on each of the days, one after the other.

    On the first day the source is read; the later ones bill what is known by then.

    Raises `Held` while the pipeline runs, `Unreached`, `BadSettings`, `StoreUnusable`, `plugins.PluginProblem`.
    """
    pipeline = workspace.settings.pipelines[name]
    shown = progress or Silent()
    with ExitStack() as stack:
        opened = world(workspace, name, pipeline, run=f"{name}@simulate", through=days[0], progress=shown)
        made = stack.enter_context(opened)
        with made.store.lock(f"pipeline-{name}", made.owner):
            copy = stack.enter_context(made.store.rehearsal())
        return _journey(made, copy, days, pipeline.billing.zone)


def _journey(made: World, copy: Store, days: Sequence[date], zone: str) -> Journey:
    clock = _Then()
    stops = tuple(_stops(made, copy, days, zone, clock))
    with copy.view() as tx:
        problems = tuple(item.problem for item in tx.problems.list(pipeline=made.pipeline, limit=100_000))
    return Journey(stops, problems)


def _stops(made: World, copy: Store, days: Sequence[date], zone: str, clock: _Then) -> Iterator[Stop]:
    source = End(made.source.name, Understudy(made.source, None))
    target = End(made.target.name, Understudy(made.target, None)) if made.target is not None else None
    for number, day in enumerate(days):
        clock.set(day_start(day, zone) + timedelta(hours=12))
        run = f"{made.pipeline}@simulate-{day}"
        stop = replace(
            made,
            store=copy,
            source=source,
            target=target,
            through=day,
            run=run,
            clock=clock,
            chance=Random(run),  # noqa: S311  jitter, not secrets
            options=replace(made.options, bounds=UNBOUND),
            tally=Tally(),
        )
        report = sync.bill(stop) if number else sync.run(stop)
        if report.offline:
            raise Unreached(report.offline)
        with copy.view() as tx:
            yield Stop(day, (*(item.invoice for item in tx.traces.invoices(run)), *_notes(tx, run)))


def _notes(tx: Tx, run: str) -> Iterator[CreditNote]:
    after = ""
    while page := tx.ledger.credit_notes(after=after):
        yield from (item.note for item in page if item.run == run)
        after = page[-1].note.number
