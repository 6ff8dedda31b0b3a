"""READ FIRST: one run of one pipeline, a line per stage.  (shell)

    CRM ──▶ records ──▶ facts ──▶ charges ──▶ invoices ──▶ deliveries ──▶ ERP ──▶ payments ──▶ status ──▶ CRM

Every stage takes what the one before left in the store and leaves what the next one needs; each may be stopped at any
moment and picks up where it was.  `stage/` holds the stages, `push/` the effect machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from billsync import observe, push
from billsync.connector import Fault, TryLater
from billsync.model.delivery import DONE, STUCK
from billsync.stage import (
    agreed,
    bills,
    contracting,
    crediting,
    facts,
    looking,
    money,
    outgoing,
    ownership,
    references,
    remit,
    returns,
    schemas,
)
from billsync.stage.changing import deciding, proposing
from billsync.stage.garbage import collected_seldom
from billsync.stage.look import Look
from billsync.stage.world import End, World

FINAL = DONE | STUCK


@dataclass(slots=True)
class Report:
    """How a run ended.

    Attributes:
        exit_code: 0 done, 1 done but something has problems, 3 an outside system was not reached.
        counts: what was done, by name.
        offline: what the system that was not reached said, or ""; reason: the token of that, such as `auth`, or "".
        parked: why nothing may be written to a system until a person has looked, or "".
        waiting_until: when the next write is due that this run did not wait for, or None.
        looks: what was looked at.
    """

    run: str
    exit_code: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    offline: str = ""
    reason: str = ""
    parked: str = ""
    waiting_until: datetime | None = None
    looks: list[Look] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """The report as a value, for programs: times in ISO 8601, counts that are not 0; `looks` are not in it."""
        return {
            "run": self.run,
            "exit_code": self.exit_code,
            "counts": {name: count for name, count in self.counts.items() if count},
            "offline": self.offline,
            "parked": self.parked,
            "waiting_until": self.waiting_until and self.waiting_until.isoformat(),
        }


Step = Callable[[str, Callable[[], None], "Report"], None]
"""Carries out a stage by its name; on an engine, one that was carried out before a crash only tells what came of it."""


def at_once(_name: str, do: Callable[[], None], _report: Report) -> None:
    """Each stage in this process, now."""
    do()


@collected_seldom()
def run(
    world: World,
    *,
    full: bool = False,
    before_push: Callable[[End], None] = lambda _end: None,
    step: Step = at_once,
) -> Report:
    """Run the pipeline once.  The caller holds its lock, and gets the store's errors; others are in the report.

    `before_push` is called when everything for one system is planned and before anything is sent to it.
    """
    report = Report(world.run, counts=world.tally.counts, looks=world.looks)
    looking.expect(world)
    try:
        _journey(world, report, before_push, step, full=full)
    except Fault as fault:
        report.offline, report.reason = fault.message, fault.reason
    return _finish(world, report)


def _journey(world: World, report: Report, before_push: Callable[[End], None], step: Step, *, full: bool) -> None:
    def do(stage: Callable[..., None], *args: Any, **named: Any) -> None:
        name = f"{stage.__module__.rpartition('.')[2]}.{stage.__name__}"
        with observe.span("stage", stage=name):
            step(name, lambda: stage(world, *args, **named), report)

    schemas.look(world, full=full)  #        fields of both ends -> what has changed, and what waits for it
    references.warm(world, world.lives)  #   reference tables of either end, for look-ups
    do(facts.read, full=full)  #             CRM        -> records in the inbox
    do(facts.make)  #                        records    -> customers, products, deals
    do(proposing.propose)  #                 deals      -> proposals -> what is agreed, where the policy says so
    do(agreed.charge)  #                     deals, or what they agreed -> charges
    do(contracting.charge)  #                contracts, usage -> charges
    do(outgoing.masters)  #                  customers, products -> planned writes
    do(bills.unsent)  #                      invoices without a write that may succeed -> planned again
    do(crediting.unsent)  #                  and credit notes
    do(bills.invoice)  #                     charges    -> invoices, numbered, with their planned writes
    do(deciding.refresh)  #                  proposals that wait -> what they come to by now
    do(money.settle)  #                      payments that came before their invoice -> invoices settled
    do(remit.plan)  #                        the source's payments and refunds -> planned writes
    do(to_target, report, before_push)  #    planned    -> ERP
    do(returns.sent)
    do(crediting.sent)
    do(returns.payments)  #                  ERP        -> payments, invoices settled
    do(returns.write_back)  #                invoices   -> planned status
    do(to_source, report, before_push)  #    planned    -> CRM


def to_target(world: World, report: Report, before_push: Callable[[End], None]) -> None:
    """Send what is planned for the ERP.  Raises `TryLater` where it could not be reached."""
    deliver(world, report, world.target, before_push)


def to_source(world: World, report: Report, before_push: Callable[[End], None]) -> None:
    """Send what is planned for the CRM.  Raises `TryLater` where it could not be reached."""
    deliver(world, report, world.source if world.status else None, before_push)


@collected_seldom()
def bill(world: World) -> Report:
    """Charges and invoices from what the books hold already: no outside system is asked, none is written to.

    What is to be sent is planned, and goes out with the next run.  The caller holds the pipeline's lock.
    """
    report = Report(world.run, counts=world.tally.counts)
    proposing.propose(world)
    agreed.charge(world)
    contracting.charge(world)
    bills.invoice(world)
    deciding.refresh(world)
    money.settle(world)
    return _finish(world, report)


def deliver(
    world: World, report: Report, end: End | None, before_push: Callable[[End], None] = lambda _end: None
) -> None:
    """Send what is planned for one system.  Raises `TryLater` where it could not be reached."""
    if end is None:
        return
    before_push(end)
    schemas.release(world, end)
    world.progress.stage(f"Write to {end.name}", to_send(world, end))
    began = world.now()
    with world.store.lock(f"push-{end.name}", world.owner):
        pushed = push.deliver(
            world.store,
            end.connector,
            end.name,
            owner=world.owner,
            clock=world.clock,
            chance=world.chance,
            options=ownership.options(world, end),
            report=world.report,
            advance=world.progress.advance,
            more=end.more,
        )
    looking.sent(world, end.name, began, pushed)
    for kind, count in pushed.sent.items():
        world.tally.add(f"{kind} writes confirmed", count)
    world.tally.add("writes refused", pushed.refused)
    world.tally.add("writes for review", pushed.review)
    if pushed.waiting_until is not None:
        report.waiting_until = min(pushed.waiting_until, report.waiting_until or pushed.waiting_until)
    report.parked = report.parked or pushed.parked
    if pushed.offline:
        raise TryLater("offline", pushed.offline, offline=True)


def to_send(world: World, end: End) -> int:
    """How many planned writes to a system have not come to their end."""
    with world.store.view() as tx:
        states = tx.outbox.counts(end.name).get(end.name, {})
    return sum(count for state, count in states.items() if state not in FINAL)


def _finish(world: World, report: Report) -> Report:
    with world.store.view() as tx:
        problems = tx.problems.count_open()
        stuck = sum(
            count for states in tx.outbox.counts().values() for state, count in states.items() if state in STUCK
        )
    if report.offline:
        report.exit_code = 3
    elif problems or stuck or report.parked or report.waiting_until is not None:
        report.exit_code = 1
    return report
