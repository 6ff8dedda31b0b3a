"""Runs of pipelines as flows: any process may carry one out, go on with one, or help with it.  (shell)

    run      one run of a pipeline; its stages are steps, so that another process goes on after the last one
    read     all records of one kind, for a run that reads them for the first time
    hand     sends documents of a run that another process leads

A run is led by one process, which holds the pipeline's lock; who helps does nothing that the leader has not planned.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from billsync import observe, push, sync, workspace
from billsync.engine.port import Engine, Flow
from billsync.fleet.company import HAND, READ, Company
from billsync.fleet.stepping import Steps, fault_of
from billsync.stage import facts, looking, ownership, schemas
from billsync.stage.world import Silent, World
from billsync.store import Held, Tx
from billsync.store.errors import is_away
from billsync.workspace import Workspace

RUN: Final = "run"
RUNS: Final = "runs"
"""The queue of runs: of one pipeline one at a time."""

FREE_S: Final = 20.0
"""Seconds that a run waits for its pipeline's lock: as long as it takes until a dead process holds nothing."""
IDLE_S: Final = 10.0
"""Seconds without anything to send, after which a helping hand goes."""


def flow_id(pipeline: str, slot: str) -> str:
    """The flow of a slot: the same in every process, so that it is started once."""
    return f"run:{pipeline}@{slot}"


class Runs:
    """The flows, on one engine.

    Args:
        opened: gives the workspace as it is configured now.
        alive: the processes that live, by a transaction; sure: whether this one may still act.
        troubled: tells people here of what ended a run.
    """

    def __init__(
        self,
        opened: Callable[[], Workspace],
        engine: Engine,
        *,
        alive: Callable[[Tx], frozenset[str]],
        sure: Callable[[], bool],
        troubled: Callable[[Exception], None],
    ) -> None:
        self._opened, self._engine, self._alive, self._sure = opened, engine, alive, sure
        self._troubled = troubled
        engine.register(RUN, self._run)
        engine.register(READ, self._read)
        engine.register(HAND, self._hand)

    def start(
        self, pipeline: str, slot: str, *, full: bool = False, through: date | None = None, insists: bool = False
    ) -> str:
        """Give a run to whoever is free; in a slot that was given already nothing happens.  Gives the flow's id."""
        id = flow_id(pipeline, slot)
        asked = {"pipeline": pipeline, "slot": slot, "full": full, "insists": insists}
        asked["through"] = None if through is None else str(through)
        self._engine.enqueue(RUNS, RUN, id, asked, partition=pipeline)
        return id

    # ------------------------------------------------------------ flows

    def _run(self, flow: Flow, asked: dict[str, Any]) -> dict[str, Any]:
        """One run; gives what became of it, as `told` says."""
        opened, name, slot = self._opened(), asked["pipeline"], asked["slot"]
        pipeline = opened.settings.pipelines.get(name)
        if pipeline is None:
            return _untold(name, slot, "failed", f"no pipeline is called {name}: was the configuration changed?")
        day = flow.step("day", lambda: asked["through"] or str(pipeline.billing.day(opened.clock.now())))
        run = partial(
            workspace.run_pipeline,
            opened,
            name,
            slot=slot,
            through=date.fromisoformat(day),
            insists=asked["insists"],
            carry=partial(self._carry, opened, flow, full=asked["full"]),
        )
        try:
            report = _when_free(opened, run)
        except Held as held:
            return _untold(name, slot, "skipped", f"another instance is at work ({held.owner})")
        except Exception as error:  # whatever ends a run ends no other
            if is_away(error):
                raise  # the engine calls it again
            self._troubled(error)
            return _untold(name, slot, "failed", type(error).__name__)
        return _untold(name, slot, "ran before", "") if report is None else told(report)

    def _carry(self, opened: Workspace, flow: Flow, world: World, *, full: bool) -> sync.Report:
        """The run itself: who died is known, and others help with what there is much of."""
        shared = self._shared(world)
        company = Company(flow.id, self._engine, shared, self._helpers(world))
        instead = {
            "facts.read": lambda alone: company.read(alone, full=full),
            "sync.to_target": lambda alone: company.push(alone, shared.target),
            "sync.to_source": lambda alone: company.push(alone, shared.source),
        }
        return sync.run(shared, full=full, step=Steps(flow, instead))

    def _read(self, _flow: Flow, asked: dict[str, Any]) -> dict[str, Any]:
        """All records of one kind; gives the counts, and what the system said where it was not reached."""
        counts: dict[str, int] = {}

        def read() -> None:
            with self._world(asked) as world:
                try:
                    schemas.look(world, full=asked["full"])
                    facts.read(world, full=asked["full"], only=asked["object"])
                    with world.store.tx("looked") as tx:
                        looking.note(tx, world.pipeline, world.run, world.looks)
                finally:
                    counts.update({name: count for name, count in world.tally.counts.items() if count})

        return {"fault": fault_of(read), "counts": counts}

    def _hand(self, _flow: Flow, asked: dict[str, Any]) -> dict[str, int]:
        """Send documents of one connection until there are none; gives how many of each kind."""
        with self._world(asked) as made:
            world = self._shared(made)
            world.shares[asked["end"]] = asked["calls"]
            end = next(end for end in (world.target, world.source) if end is not None and end.name == asked["end"])
            pushed = push.help_out(
                world.store,
                end.connector,
                end.name,
                owner=world.owner,
                clock=world.clock,
                chance=world.chance,
                options=ownership.options(world, end),
                report=world.report,
                more=end.more,
                idle_s=IDLE_S,
            )
        return pushed.sent

    def _world(self, asked: dict[str, Any]) -> AbstractContextManager[World]:
        opened = self._opened()
        name = asked["pipeline"]
        return workspace.world(
            opened,
            name,
            opened.settings.pipelines[name],
            run=asked["run"],
            through=date.fromisoformat(asked["through"]),
            progress=Silent(),
            insists=False,
        )

    def _shared(self, world: World) -> World:
        """The world of a run that others may work at too."""
        return replace(world, options=replace(world.options, alive=self._alive, sure=self._sure))

    def _helpers(self, world: World) -> int:
        with world.store.view() as tx:
            others = len(self._alive(tx) - {world.owner})
        return min(others, self._opened().settings.engine.helpers)


def _when_free(opened: Workspace, run: Callable[[], sync.Report | None]) -> sync.Report | None:
    """Run, also where a process that died holds the lock for some moments more.  Raises `Held` for a living one."""
    until = opened.clock.now().timestamp() + FREE_S
    while True:
        try:
            return run()
        except Held as held:
            if opened.clock.now().timestamp() > until:
                raise
            observe.event("lock_awaited", level="debug", owner=held.owner)
            opened.clock.sleep(0.5)


def told(report: sync.Report) -> dict[str, Any]:
    """A run's report as a value."""
    return {"state": "ended", "note": ""} | report.facts()


def report_of(value: dict[str, Any]) -> sync.Report:
    """The report that `told` told."""
    until = value["waiting_until"]
    return sync.Report(
        value["run"],
        exit_code=value["exit_code"],
        counts=value["counts"],
        offline=value["offline"],
        parked=value["parked"],
        waiting_until=until and datetime.fromisoformat(until),
    )


def _untold(pipeline: str, slot: str, state: str, note: str) -> dict[str, Any]:
    exit_code = {"failed": 2, "skipped": 5}.get(state, 0)
    report = sync.Report(f"{pipeline}@{slot}", exit_code=exit_code)
    return told(report) | {"state": state, "note": note}
