"""The loop of the effect machine: release, reap, look up, claim, send, note the outcome.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from billsync.connector import Connector
from billsync.model.delivery import Delivery, DeliveryState
from billsync.push import decide, gatekeeper, port, tallying, turn
from billsync.push.acting import outside_of_transactions
from billsync.push.claiming import ONE, Taken
from billsync.push.crew import LOOK_S, Crew, crew
from billsync.push.hands import More
from billsync.push.outcome import apply
from billsync.push.payload import expectation
from billsync.push.session import Clock, Options, Push, Pushed, Report
from billsync.push.sweep import sweep
from billsync.push.waiting import Waits
from billsync.store import Store

_S = DeliveryState


def deliver(
    store: Store,
    connector: Connector,
    connection: str,
    *,
    owner: str,
    clock: Clock,
    chance: Random,
    options: Options,
    report: Report,
    advance: Callable[[int], None] = lambda _n: None,
    more: More | None = None,
) -> Pushed:
    """Send what is due to one connection, until nothing is left that can move within the patience.

    The patience begins again whenever a delivery ends or goes out for the first time, so that a push is never cut off
    in the middle; it does not for one that is tried again, so that none can hold up a run for ever.  The caller holds
    the connection's push lock.  `more` opens further connectors to the same system, where several calls may be under
    way at once; None for one after the other.  Raises the store's errors; never for a record's or the system's fault.
    """
    push = Push(store, connector, connection, owner, clock, chance, options, report, advance, Pushed())
    since = tallying.mark(push)
    if gatekeeper.enter(push):
        _reap(push)
        if gatekeeper.sound(push) and gatekeeper.within_bounds(push):
            gatekeeper.lead(push)
            try:
                sweep(push)
                _work(push, more)
            finally:
                gatekeeper.follow(push)
        gatekeeper.leave(push)
    tallying.tally(push, since)
    return push.result


def _work(push: Push, more: More | None) -> None:
    if push.calls_at_once == 1 or more is None:
        _work_alone(push)
        return
    with crew(push, push.calls_at_once, more) as hands:
        _work_together(push, hands)


def _work_alone(push: Push) -> None:
    patience, waits, busy = Patience(push), Waits(push), False
    while not push.stopped:
        began = push.clock.now()
        _take_over(push)
        waiting = waits.look(idle=not busy)
        looked_up = _look_up(push)
        busy = _send_batch(push, waiting) or looked_up
        if patience.renewed() or (busy and push.clock.now() <= patience.until) or not (busy or waits.fresh):
            continue
        if not (_wait(push, began, patience.until) or waits.freed_by_others()):
            break


def _work_together(push: Push, hands: Crew) -> None:
    """Keep the hands busy; look at everything else now and then, and whenever they have nothing to do."""
    patience, waits, looked = Patience(push), Waits(push), None
    while not (push.stopped and hands.idle):
        began, moved, waits.fresh = push.clock.now(), False, False
        if not push.stopped and _is_time(looked, began, hands):
            _take_over(push)
            waits.look(idle=hands.idle)
            moved = _look_up(push)
            looked, hands.dry = push.clock.now(), False
        moved = hands.work(waits.first, LOOK_S) or moved
        if patience.renewed() or not hands.idle or (moved and push.clock.now() <= patience.until):
            continue
        if waits.fresh and not (_wait(push, began, patience.until) or waits.freed_by_others()):
            break
        hands.dry = True  # what was let go only now may be due


def _is_time(looked: datetime | None, now: datetime, hands: Crew) -> bool:
    """Whether to look around: seldom where hands have enough to do, at once where none has anything."""
    if looked is None or (hands.dry and hands.idle):
        return True
    return (now - looked).total_seconds() >= (LOOK_S / 10 if hands.dry else LOOK_S)


@dataclass(slots=True)
class Patience:
    """How long a push goes on: its patience begins again with whatever advances."""

    push: Push
    until: datetime = field(init=False)
    _advanced: int = 0

    def __post_init__(self) -> None:
        self.renewed()
        self.until = self.push.clock.now() + timedelta(seconds=self.push.options.patience_s)

    def renewed(self) -> bool:
        """Whether anything advanced since this was asked last."""
        if self.push.advanced == self._advanced:
            return False
        self._advanced = self.push.advanced
        self.until = self.push.clock.now() + timedelta(seconds=self.push.options.patience_s)
        return True


def _wait(push: Push, began: datetime, give_up: datetime) -> bool:
    """Sleep until the next delivery is due; False where none is, or not within the patience.

    What was due when the last look `began` and did not move waits for another that is not due yet.  What others are
    sending is waited for, too.
    """
    held = push.hold_until if push.hold_until is not None and push.hold_until > began else None
    with push.store.view() as tx:
        due = tx.outbox.next_at(push.connection, after=None if held else began)
        others = push.options.alive is not None and bool(tx.outbox.under_way(push.connection))
    if others and push.clock.now() <= give_up:
        push.clock.sleep(LOOK_S / 4)
        return True
    if due is None:
        return False
    due = max(due, held) if held is not None else due
    if max(due, push.clock.now()) > give_up:
        push.result.waiting_until = due
        return False
    push.clock.sleep(max(0.05, (due - push.clock.now()).total_seconds()))
    return True


# ---------------------------------------------------------------- taking over


def _reap(push: Push) -> None:
    """Take over what an earlier run left in flight, one of this process too: under the lock nobody else is sending.

    Where others may be, only what those left who are not alive, and what is not sent any more: its lease is over.
    """
    now, alive = push.clock.now(), push.options.alive
    with push.store.tx("reap") as tx:
        living = alive(tx) if alive is not None else frozenset[str]()
        for delivery in tx.outbox.stale(push.connection, now, *living):
            until = decide.unknown_until(
                push.sheet(delivery.object), delivery, delivery.last_sent_at or now, push.chance
            )
            columns = {"next_at": max(now, until), "probes": 0}
            dead = alive is not None and delivery.owner not in living
            reason = "owner_dead" if dead else "lease_expired"
            tx.outbox.move(delivery, _S.UNKNOWN, at=now, reason=reason, **columns)


def _take_over(push: Push) -> None:
    """Where others may be sending, look once a second for those who died."""
    now = push.clock.now()
    if push.options.alive is None or (push.reaped_at is not None and now < push.reaped_at + timedelta(seconds=LOOK_S)):
        return
    push.reaped_at = now
    with push.store.view() as tx:
        living = push.options.alive(tx)
        stale = tx.outbox.stale(push.connection, now, *living)
    if stale:
        _reap(push)


# ---------------------------------------------------------------- unknown outcomes


def _look_up(push: Push) -> bool:
    """Deal with unknown outcomes that are due; True where something was that others are not just sending."""
    now = push.clock.now()
    if push.held():
        return False
    with push.store.view() as tx:
        unknown = tx.outbox.due(push.connection, now, states=(_S.UNKNOWN,), limit=200)
    if not unknown:
        return False
    to_search: dict[str, list[Delivery]] = {}
    to_send: dict[str, list[Delivery]] = {}
    for delivery in unknown:
        what = decide.about_unknown(delivery, push.sheet(delivery.object), now=now)
        if isinstance(what, decide.LookUp):
            to_search.setdefault(delivery.object, []).append(delivery)
        elif isinstance(what, decide.Resend):
            to_send.setdefault(delivery.object, []).append(delivery)
        else:
            apply(push, "resolve", [(delivery, what)])
    for object, deliveries in to_search.items():
        _search(push, object, deliveries)
    moved = len(unknown) > sum(map(len, to_send.values()))
    for object, deliveries in to_send.items():
        if not push.stopped and not push.held():
            moved = _send(push, turn.take_again(push, deliveries[: push.sheet(object).batch_max])) or moved
    return moved


def _search(push: Push, object: str, deliveries: Sequence[Delivery]) -> None:
    sheet = push.sheet(object)
    if not push.pace(len(deliveries), deliveries[0].kind):
        return
    outside_of_transactions(push)
    probes = port.probe(push.connector, object, [delivery.our_id for delivery in deliveries])
    now = push.clock.now()
    moves = [
        (delivery, decide.after_look(delivery, probe, sheet, expectation(delivery), now=now, chance=push.chance))
        for delivery, probe in zip(deliveries, probes, strict=True)
    ]
    apply(push, "probe", moves)


# ---------------------------------------------------------------- sending


def _send_batch(push: Push, waiting: Mapping[str, str]) -> bool:
    """Claim and send the next batch that is due; False where nothing is."""
    if push.stopped or push.held():
        return False
    return _send(push, turn.take(push, waiting, ONE))


def _send(push: Push, taken: Taken) -> bool:
    """Send what was claimed, in this thread; False where nothing was even chosen."""
    for job in taken.jobs:
        turn.carry(push, job)
    return taken.seen > 0
