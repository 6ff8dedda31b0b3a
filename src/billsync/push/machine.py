"""The loop of the effect machine: release, reap, look up, claim, send, note the outcome.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final, Protocol

from billsync.connector import (
    Connector,
    Found,
    Intent,
    Outcome,
    Refused,
    Target,
    Unclear,
    WriteSheet,
)
from billsync.model.delivery import DONE, STUCK, Delivery, DeliveryState
from billsync.model.problem import Place, Problem
from billsync.model.ref import Link, Ref
from billsync.push import decide
from billsync.push.payload import expectation, idempotency_key, references, resolved
from billsync.store import Store, Tx

_S = DeliveryState
_OPEN: Final = (_S.READY, _S.RETRY)
OFFLINE_TRIES: Final = 3


class Clock(Protocol):
    """The only source of time: `schedule.SystemClock` in production, a hand-driven one in tests."""

    def now(self) -> datetime:
        """The instant now, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how fast.

    Attributes:
        patience_s: how long a run waits for deliveries that are due later (an outcome to settle, a retry).
        lease_s: how long a claim holds; longer than any one `write` may take.
        settle_s: overrides the capability sheet's settle time, or None.
    """

    patience_s: float = 300.0
    lease_s: float = 600.0
    settle_s: float | None = None


@dataclass(slots=True)
class Pushed:
    """What became of a push.

    Attributes:
        sent: deliveries that were confirmed in this push, by kind; adopted: those of them that were found there.
        offline: what the outside system said when it could not be reached, or "".
        waiting_until: when the next delivery is due, where the push ended before it, or None.
    """

    sent: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    review: int = 0
    offline: str = ""
    waiting_until: datetime | None = None


Report = Callable[[Tx, Iterable[Problem]], None]
"""Keeps problems in the store, in the transaction that found them."""


@dataclass(slots=True)
class _Push:
    """One push to one connection: what all steps share."""

    store: Store
    connector: Connector
    connection: str
    owner: str
    clock: Clock
    chance: Random
    options: Options
    report: Report
    advance: Callable[[int], None]
    result: Pushed
    offline_tries: int = 0

    def sheet(self, object: str) -> WriteSheet:
        sheet = self.connector.capabilities.writes.get(object)
        if sheet is None:
            raise Refused("not_supported", f"{self.connector.capabilities.title} does not take {object}")
        if self.options.settle_s is None:
            return sheet
        return sheet.model_copy(update={"settle_s": self.options.settle_s})


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

    The caller holds the connection's push lock.  Raises `Refused` where the connector lacks a kind of record that a
    delivery needs, and the store's errors; never for a record's or the system's fault.
    """
    push = _Push(store, connector, connection, owner, clock, chance, options, report, advance, Pushed())
    give_up = clock.now() + timedelta(seconds=options.patience_s)
    _reap(push)
    while push.offline_tries < OFFLINE_TRIES:
        _release(push)
        if _look_up(push) or _send_batch(push):
            give_up = clock.now() + timedelta(seconds=options.patience_s)
            continue
        if not _wait(push, give_up):
            break
    return push.result


def _wait(push: _Push, give_up: datetime) -> bool:
    """Sleep until the next delivery is due; False where none is, or not within the patience."""
    with push.store.view() as tx:
        due = tx.outbox.next_at(push.connection)
    if due is None:
        return False
    if due > give_up:
        push.result.waiting_until = due
        return False
    push.clock.sleep(max(0.05, (due - push.clock.now()).total_seconds()))
    return True


def _reap(push: _Push) -> None:
    """Take over what a killed process left in flight: its outcome is unknown."""
    now = push.clock.now()
    with push.store.tx("reap") as tx:
        for delivery in tx.outbox.stale(push.connection, now, push.owner):
            until = decide.unknown_until(
                push.sheet(delivery.object), delivery, delivery.last_sent_at or now, push.chance
            )
            columns = {"next_at": max(now, until), "probes": 0}
            tx.outbox.move(delivery, _S.UNKNOWN, at=now, reason="lease_expired", **columns)


def _release(push: _Push) -> None:
    """Let go what waited for others that have taken effect by now."""
    with push.store.view() as tx:
        waiting = tx.outbox.waiting(push.connection)
        needed = tx.outbox.many({key for delivery in waiting for key in delivery.needs})
    free = [d for d in waiting if all(key in needed and needed[key].state in DONE for key in d.needs)]
    if free:
        with push.store.tx("release") as tx:
            tx.outbox.move_many([(d, _S.READY, "", {}) for d in free], at=push.clock.now())


# ---------------------------------------------------------------- unknown outcomes


def _look_up(push: _Push) -> bool:
    """Deal with unknown outcomes that are due; True where something was."""
    now = push.clock.now()
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
            _apply(push, "resolve", [(delivery, what)])
    for object, deliveries in to_search.items():
        _search(push, object, deliveries)
    for object, deliveries in to_send.items():
        _send(push, deliveries[: push.sheet(object).batch_max])
    return True


def _search(push: _Push, object: str, deliveries: Sequence[Delivery]) -> None:
    sheet = push.sheet(object)
    probes = push.connector.probe(object, [delivery.our_id for delivery in deliveries])
    now = push.clock.now()
    moves = [
        (delivery, decide.after_look(delivery, probe, sheet, expectation(delivery), now=now, chance=push.chance))
        for delivery, probe in zip(deliveries, probes, strict=True)
    ]
    _apply(push, "probe", moves)


# ---------------------------------------------------------------- sending


def _send_batch(push: _Push) -> bool:
    """Claim and send the next batch that is due; False where nothing is."""
    now = push.clock.now()
    with push.store.view() as tx:
        due = tx.outbox.due(push.connection, now, states=_OPEN, limit=1000)
        held = tx.outbox.list(connection=push.connection, states=(_S.RETRY, _S.UNKNOWN, _S.INFLIGHT))
    batch = _next_batch(push, due, held)
    if batch:
        _send(push, batch)
    return bool(batch)


def _next_batch(push: _Push, due: Sequence[Delivery], held: Sequence[Delivery]) -> list[Delivery]:
    """The first deliveries of one kind of record; where order matters there, none before an earlier one that waits."""
    later = {delivery.key for delivery in due}
    blocked: dict[str, str] = {}
    for delivery in held:
        if delivery.key not in later:
            blocked[delivery.object] = min(delivery.sequence, blocked.get(delivery.object, delivery.sequence))
    batch: list[Delivery] = []
    for delivery in due:
        sheet = push.sheet(delivery.object)
        if sheet.ordered and delivery.object in blocked and delivery.sequence >= blocked[delivery.object]:
            continue
        if batch and (delivery.object != batch[0].object or len(batch) >= sheet.batch_max):
            break
        batch.append(delivery)
    return batch


def _send(push: _Push, batch: Sequence[Delivery]) -> None:
    """One batch of one kind of record: claim, send, note the outcomes."""
    claimed, intents = _claim(push, batch)
    if not claimed:
        return
    lease = claimed[0].lease_until
    if lease is not None and push.clock.now() > lease - timedelta(seconds=push.options.lease_s / 2):
        return  # suspended between claim and send: another run may have taken over, and the reaper will ask
    outcomes = _act(push, claimed, intents)
    now = push.clock.now()
    sheet = push.sheet(claimed[0].object)
    moves = [
        (delivery, decide.after_write(delivery, outcome, sheet, now=now, chance=push.chance))
        for delivery, outcome in zip(claimed, outcomes, strict=True)
    ]
    _apply(push, "outcome", moves, attempted=True)
    push.advance(sum(move.to in (_S.CONFIRMED, _S.DEAD, _S.REVIEW) for _, move in moves))


def _claim(push: _Push, batch: Sequence[Delivery]) -> tuple[list[Delivery], list[Intent]]:
    """Commit the intention to send before anything leaves.  Gives the rows as claimed, with their intents."""
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
        ]
        claimed = [row for row in tx.outbox.move_many(moves, at=now) if row is not None]
        documents = {(row.kind, row.our_id) for row in claimed}
        documents.update(reference for row in claimed for reference in references(row))
        there = tx.outbox.remote_ids(push.connection, documents)
        tx.outbox.begin(claimed, at=now)
    return claimed, [_intent(delivery, there) for delivery in claimed]


def _intent(delivery: Delivery, there: Mapping[tuple[str, str], str]) -> Intent:
    return Intent(
        key=delivery.our_id,
        object=delivery.object,
        payload=resolved(delivery, lambda kind, our_id: there.get((kind, our_id))),
        remote_id=delivery.remote_id or there.get((delivery.kind, delivery.our_id)),
        idempotency_key=idempotency_key(delivery),
        expect=expectation(delivery),
    )


def _act(push: _Push, claimed: Sequence[Delivery], intents: list[Intent]) -> list[Outcome]:
    """Look first where only a search tells what is there, then write what is not."""
    object = claimed[0].object
    outcomes: dict[int, Outcome] = {}
    if push.sheet(object).target is Target.SEARCH:
        fresh = [i for i, intent in enumerate(intents) if intent.remote_id is None]
        probes = push.connector.probe(object, [intents[i].key for i in fresh]) if fresh else []
        for i, probe in zip(fresh, probes, strict=True):
            outcome = decide.before_create(probe, intents[i].expect)
            if outcome is not None:
                outcomes[i] = outcome
            elif isinstance(probe, Found):
                intents[i] = _adopted(intents[i], probe.remote_ids[0])
    rest = [i for i in range(len(intents)) if i not in outcomes]
    written = push.connector.write(object, [intents[i] for i in rest]) if rest else []
    if len(written) != len(rest):
        written = [Unclear("connector_broke_port", "the connector gave another number of outcomes") for _ in rest]
    outcomes.update(zip(rest, written, strict=True))
    return [outcomes[i] for i in range(len(intents))]


def _adopted(intent: Intent, remote_id: str) -> Intent:
    return Intent(intent.key, intent.object, intent.payload, remote_id, intent.idempotency_key, intent.expect)


# ---------------------------------------------------------------- outcomes


def _apply(push: _Push, name: str, moves: Sequence[tuple[Delivery, decide.Move]], *, attempted: bool = False) -> None:
    """Write outcomes down in one transaction; one that came too late is kept as an observation."""
    now = push.clock.now()
    with push.store.tx(name) as tx:
        if attempted:
            tx.outbox.end([(d, str(move.to or ""), move.note or move.reason) for d, move in moves], at=now)
        rows = _write_moves(tx, moves, now)
        for (delivery, move), row in zip(moves, rows, strict=True):
            if row is None:
                there = move.columns.get("remote_id", "")
                tx.outbox.observe(delivery.key, at=now, note=f"{move.to}: {move.note} {there}")
        tx.links.put(
            [_link(row, push.connection) for row in rows if row is not None and row.state is _S.CONFIRMED], now
        )
        _tell(push, tx, moves, now)
    _count(push, moves)


def _write_moves(tx: Tx, moves: Sequence[tuple[Delivery, decide.Move]], now: datetime) -> list[Delivery | None]:
    """The rows as they are afterwards, in the order of the moves; None where another was faster."""
    steps = [(delivery, move.to, move.reason, move.columns) for delivery, move in moves if move.to is not None]
    moved = iter(tx.outbox.move_many(steps, at=now))
    return [
        tx.outbox.touch(delivery, reason=move.reason, **move.columns) if move.to is None else next(moved)
        for delivery, move in moves
    ]


def _link(delivery: Delivery, connection: str) -> Link:
    ref = Ref(system=connection, kind=delivery.object, id=delivery.remote_id or "")
    return Link(kind=delivery.kind, our_id=delivery.our_id, ref=ref, sent=delivery.payload_digest)


def _tell(push: _Push, tx: Tx, moves: Sequence[tuple[Delivery, decide.Move]], now: datetime) -> None:
    """What a person has to do stands among the problems, and goes from there when the write took effect after all."""
    mended: dict[str, list[str]] = {}
    for delivery, move in moves:
        if move.to in STUCK:
            push.report(tx, [_problem(delivery, move)])
        elif move.to is _S.CONFIRMED and delivery.attempt + delivery.gen > 2:
            mended.setdefault(delivery.object, []).append(delivery.our_id)
    for object, ids in mended.items():
        tx.problems.close(connection=push.connection, object=object, ids=ids, at=now, codes_prefix="PUSH-")


def _problem(delivery: Delivery, move: decide.Move) -> Problem:
    place = Place(system=delivery.connection, object=delivery.object, id=delivery.our_id)
    if move.to is _S.DEAD:
        hint = "mend the cause, then `billsync errors retry`"
        return Problem(code="PUSH-REFUSED-01", message=f"{move.reason}: {move.note}", hint=hint, place=place)
    differs = move.reason in ("readback_mismatch", "duplicate_found")
    return Problem(
        code="PUSH-REVIEW-02" if differs else "PUSH-REVIEW-01",
        message=f"{move.reason}: {move.note}",
        hint="look at it there, then answer with `billsync errors resolve`",
        place=place,
    )


def _count(push: _Push, moves: Sequence[tuple[Delivery, decide.Move]]) -> None:
    offline = [move for _, move in moves if move.offline]
    if offline:
        push.offline_tries += 1
        push.result.offline = offline[0].note if push.offline_tries >= OFFLINE_TRIES else ""
    elif moves:
        push.offline_tries = 0
    for delivery, move in moves:
        if move.to is _S.CONFIRMED:
            push.result.sent[delivery.kind] = push.result.sent.get(delivery.kind, 0) + 1
        push.result.refused += move.to is _S.DEAD
        push.result.review += move.to is _S.REVIEW
