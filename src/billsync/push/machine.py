"""The loop of the effect machine: release, reap, look up, claim, send, note the outcome.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from billsync.connector import Connector, Found, Intent, Outcome, Target, TryLater
from billsync.mapping.ownership import without
from billsync.model.base import digest_text
from billsync.model.delivery import Delivery, DeliveryState
from billsync.model.gate import GateState
from billsync.push import decide, echo, gatekeeper, port
from billsync.push.outcome import apply
from billsync.push.payload import (
    expectation,
    holding,
    idempotency_key,
    is_void,
    once,
    reference_of,
    references,
    resolved,
)
from billsync.push.session import Clock, Options, Push, Pushed, Report
from billsync.push.sweep import sweep
from billsync.push.waiting import release
from billsync.store import Store, Tx

_S = DeliveryState
_OPEN: Final = (_S.READY, _S.RETRY)


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
) -> Pushed:
    """Send what is due to one connection, until nothing is left that can move within the patience.

    The patience begins again whenever a delivery ends or goes out for the first time, so that a push is never cut off
    in the middle; it does not for one that is tried again, so that none can hold up a run for ever.  The caller holds
    the connection's push lock.  Raises the store's errors; never for a record's or the system's fault.
    """
    push = Push(store, connector, connection, owner, clock, chance, options, report, advance, Pushed())
    if gatekeeper.enter(push):
        _reap(push)
        if gatekeeper.sound(push) and gatekeeper.within_bounds(push):
            sweep(push)
            _work(push)
        gatekeeper.leave(push)
    return push.result


def _work(push: Push) -> None:
    clock, options = push.clock, push.options
    give_up = clock.now() + timedelta(seconds=options.patience_s)
    while not push.stopped:
        advanced, began = push.advanced, clock.now()
        waiting = release(push)
        looked_up = _look_up(push)
        busy = _send_batch(push, waiting) or looked_up
        if push.advanced > advanced:
            give_up = clock.now() + timedelta(seconds=options.patience_s)
        elif not (busy and clock.now() <= give_up) and not _wait(push, began, give_up):
            break


def _wait(push: Push, began: datetime, give_up: datetime) -> bool:
    """Sleep until the next delivery is due; False where none is, or not within the patience.

    What was due when the last look `began` and did not move waits for another that is not due yet.
    """
    held = push.hold_until if push.hold_until is not None and push.hold_until > began else None
    with push.store.view() as tx:
        due = tx.outbox.next_at(push.connection, after=None if held else began)
    if due is None:
        return False
    due = max(due, held) if held is not None else due
    if max(due, push.clock.now()) > give_up:
        push.result.waiting_until = due
        return False
    push.clock.sleep(max(0.05, (due - push.clock.now()).total_seconds()))
    return True


def _reap(push: Push) -> None:
    """Take over what an earlier run left in flight, one of this process too: under the lock nobody else is sending."""
    now = push.clock.now()
    with push.store.tx("reap") as tx:
        for delivery in tx.outbox.stale(push.connection, now, owner=""):
            until = decide.unknown_until(
                push.sheet(delivery.object), delivery, delivery.last_sent_at or now, push.chance
            )
            columns = {"next_at": max(now, until), "probes": 0}
            tx.outbox.move(delivery, _S.UNKNOWN, at=now, reason="lease_expired", **columns)


# ---------------------------------------------------------------- unknown outcomes


def _look_up(push: Push) -> bool:
    """Deal with unknown outcomes that are due; True where something was."""
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
    for object, deliveries in to_send.items():
        _send(push, deliveries[: push.sheet(object).batch_max], unclear=True)
    return True


def _search(push: Push, object: str, deliveries: Sequence[Delivery]) -> None:
    sheet = push.sheet(object)
    push.pace(len(deliveries))
    _outside_of_transactions(push)
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
    now = push.clock.now()
    if push.stopped or push.held():
        return False
    with push.store.view() as tx:
        due = tx.outbox.due(push.connection, now, states=_OPEN, limit=1000)
        held = tx.outbox.first_open(push.connection, now)
    batch = _next_batch(push, due, (held, waiting))
    if batch:
        _send(push, batch)
    return bool(batch)


def _next_batch(push: Push, due: Sequence[Delivery], held: Sequence[Mapping[str, str]]) -> list[Delivery]:
    """The first deliveries of one kind of record; where order matters there, none before an earlier one that waits."""
    batch: list[Delivery] = []
    for delivery in due:
        sheet = push.sheet(delivery.object)
        earlier = (first[delivery.object] for first in held if delivery.object in first)
        if sheet.ordered and any(delivery.sequence >= sequence for sequence in earlier):
            continue
        if batch and (delivery.object != batch[0].object or len(batch) >= sheet.batch_max):
            break
        batch.append(delivery)
    return batch


def _send(push: Push, batch: Sequence[Delivery], *, unclear: bool = False) -> None:
    """One batch of one kind of record: claim, send, note the outcomes.

    `unclear` where an earlier attempt of each may have taken effect: an idempotency key covers both, but a refusal of
    this one says nothing about that one.
    """
    push.pace(len(batch))
    claimed, intents = _claim(push, batch)
    if not claimed:
        return
    outcomes = _act(push, claimed, intents)
    now = push.clock.now()
    sheet = push.sheet(claimed[0].object)
    unclear = unclear and sheet.target is Target.KEY
    moves = [
        (
            delivery,
            decide.after_write(
                delivery, outcome, sheet, now=now, chance=push.chance, expect=intent.expect, unclear=unclear
            ),
        )
        for delivery, intent, outcome in zip(claimed, intents, outcomes, strict=True)
    ]
    apply(push, "outcome", moves, attempted=True)
    echo.keep(push, intents, outcomes)
    _heed(push, outcomes, now)
    _suspect(push, moves)
    push.advance(sum(move.to in (_S.CONFIRMED, _S.DEAD, _S.REVIEW) for _, move in moves))


def _suspect(push: Push, moves: Sequence[tuple[Delivery, decide.Move]]) -> None:
    """Stop where a number that we never sent stands there for something else: an older backup may be in use here."""
    for delivery, move in moves:
        if move.reason == decide.TAKEN and delivery.attempt == delivery.gen == 1 and not push.result.parked:
            gatekeeper.park(push, decide.TAKEN, move.note, state=GateState.RECOVERING)


def _heed(push: Push, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Leave the system alone for as long as it asked."""
    asked = [outcome.after_s for outcome in outcomes if isinstance(outcome, TryLater) and outcome.after_s]
    if asked:
        until = now + timedelta(seconds=min(max(asked), decide.CAP_S))
        push.hold_until = max(until, push.hold_until or until)


def _claim(push: Push, batch: Sequence[Delivery]) -> tuple[list[Delivery], list[Intent]]:
    """Commit the intention to send before anything leaves.  Gives the rows as claimed, with their intents."""
    with push.store.view() as tx:
        there = _ids_there(push, tx, batch)
    if changed := next((row.key for row in batch if digest_text(row.payload) != row.payload_digest), ""):
        gatekeeper.park(push, "invariant_broken", f"I9: the frozen payload of {changed} was changed in the store")
        return [], []
    lost = [(delivery, decide.unresolved(name)) for delivery in batch if (name := _missing(delivery, there))]
    lost += _drifted(push, [row for row in batch if row.id not in {delivery.id for delivery, _ in lost}], there)
    if lost:
        apply(push, "unfit", lost)
    unfit = {delivery.id for delivery, _ in lost}
    now = push.clock.now()
    lease = now + timedelta(seconds=push.options.lease_s)
    with push.store.tx("claim") as tx:
        moves = [
            (
                delivery,
                _S.INFLIGHT,
                f"attempt {delivery.attempt + 1}",
                {
                    "attempt": delivery.attempt + 1,
                    "fence": delivery.fence + 1,
                    "owner": push.owner,
                    "lease_until": lease,
                    "first_sent_at": delivery.first_sent_at or now,
                    "last_sent_at": now,
                },
            )
            for delivery in batch
            if delivery.id not in unfit
        ]
        claimed = [row for row in tx.outbox.move_many(moves, at=now) if row is not None]
        tx.outbox.begin(claimed, at=now)
    return claimed, [_intent(delivery, there) for delivery in claimed]


def _drifted(
    push: Push, batch: Sequence[Delivery], there: Mapping[tuple[str, str], str]
) -> list[tuple[Delivery, decide.Move]]:
    """Those that a change of the system's fields keeps from being written as they were meant."""
    found = []
    for delivery in batch:
        changes, into = push.options.changes.get(delivery.object, ()), push.sheet(delivery.object).into
        change = holding(delivery, changes, into=into, creates=(delivery.kind, delivery.our_id) not in there)
        if change is not None:
            found.append((delivery, decide.drifted(str(change))))
    return found


def _ids_there(push: Push, tx: Tx, batch: Sequence[Delivery]) -> dict[tuple[str, str], str]:
    documents = {(delivery.kind, delivery.our_id) for delivery in batch}
    documents.update(reference for delivery in batch for reference in references(delivery))
    return tx.outbox.remote_ids(push.connection, documents)


def _missing(delivery: Delivery, there: Mapping[tuple[str, str], str]) -> str:
    """What the payload refers to and has no id there, or ""."""
    return next((f"{kind}/{our_id}" for kind, our_id in references(delivery) if (kind, our_id) not in there), "")


def _intent(delivery: Delivery, there: Mapping[tuple[str, str], str]) -> Intent:
    """What is sent; of a record that is there already without what is only said when it is made."""
    remote_id = delivery.remote_id or there.get((delivery.kind, delivery.our_id))
    whole = resolved(delivery, lambda kind, our_id: there.get((kind, our_id)))
    return Intent(
        key=reference_of(delivery),
        object=delivery.object,
        payload=whole if remote_id is None else without(whole, once(delivery)),
        remote_id=remote_id,
        idempotency_key=idempotency_key(delivery),
        expect=expectation(delivery),
        void=is_void(delivery),
    )


def _act(push: Push, claimed: Sequence[Delivery], intents: list[Intent]) -> list[Outcome]:
    """Look first where only a search tells what is there, then write what is not."""
    _outside_of_transactions(push)
    object = claimed[0].object
    outcomes = echo.heed(push, claimed, intents)
    outcomes |= _untied(push, claimed, intents)
    if push.sheet(object).target is Target.SEARCH:
        fresh = [i for i, intent in enumerate(intents) if intent.remote_id is None and i not in outcomes]
        probes = port.probe(push.connector, object, [intents[i].key for i in fresh]) if fresh else []
        for i, probe in zip(fresh, probes, strict=True):
            outcome = decide.before_create(probe, intents[i].expect)
            if outcome is not None:
                outcomes[i] = outcome
            elif isinstance(probe, Found):
                intents[i] = _adopted(claimed[i], intents[i], probe.remote_ids[0])
    rest = [i for i in range(len(intents)) if i not in outcomes]
    outcomes.update(zip(rest, _write(push, claimed, [intents[i] for i in rest]), strict=True))
    return [outcomes[i] for i in range(len(intents))]


def _untied(push: Push, claimed: Sequence[Delivery], intents: list[Intent]) -> dict[int, Outcome]:
    """Look first, on every kind of target, for documents whose tie a person undid; those that a person has to answer.

    One that was sent again by a person goes out.
    """
    object, kind = claimed[0].object, claimed[0].kind
    mine = [i for i, intent in enumerate(intents) if intent.remote_id is None and claimed[i].gen == 1]
    with push.store.view() as tx:
        refs = tx.links.unlinked(push.connection, kind, [claimed[i].our_id for i in mine])
    mine = [i for i in mine if claimed[i].our_id in refs and refs[claimed[i].our_id].kind == object]
    searched = bool(push.sheet(object).reference)
    probes = port.probe(push.connector, object, [intents[i].key for i in mine]) if mine and searched else ()
    held: dict[int, Outcome] = {}
    for n, i in enumerate(mine):
        probe = probes[n] if searched else None
        outcome = decide.about_untied(refs[claimed[i].our_id].id, probe)
        if outcome is None and probe is not None:
            outcome = decide.before_create(probe, intents[i].expect)
        if outcome is not None:
            held[i] = outcome
        elif isinstance(probe, Found):
            intents[i] = _adopted(claimed[i], intents[i], probe.remote_ids[0])
    return held


def _write(push: Push, claimed: Sequence[Delivery], intents: Sequence[Intent]) -> Sequence[Outcome]:
    """Send, unless the process was suspended since the claim: another run may have taken over, so nothing leaves."""
    lease = claimed[0].lease_until
    if lease is not None and push.clock.now() > lease - timedelta(seconds=push.options.lease_s / 2):
        return [TryLater("lease_lost", "held up between claim and send; nothing was sent") for _ in intents]
    return port.write(push.connector, claimed[0].object, intents) if intents else []


def _adopted(delivery: Delivery, intent: Intent, remote_id: str) -> Intent:
    return replace(intent, remote_id=remote_id, payload=without(intent.payload, once(delivery)))


def _outside_of_transactions(push: Push) -> None:
    """No call leaves while a transaction is open: what it did would be forgotten with a rollback."""
    if push.store.in_transaction:
        raise RuntimeError("a call to an outside system inside of a transaction")
