"""One run tried out: the real stages in a rehearsal of the store; what they would change is the plan.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final, TypedDict

from billsync import sync
from billsync.connector import Intent
from billsync.model.customer import Customer
from billsync.model.delivery import DONE, Delivery, DeliveryState
from billsync.model.gate import GateState
from billsync.planning.document import Booking, NewInvoice, NewLine, Pending, Plan, Total, Turn, Write
from billsync.planning.fields import changed
from billsync.planning.refusal import Unreached
from billsync.planning.stand_ins import NEW, Understudy
from billsync.planning.tape import Tape
from billsync.push import Clock
from billsync.push.bounds import Volume
from billsync.push.gatekeeper import DOCUMENTS
from billsync.push.payload import expectation, idempotency_key
from billsync.settings.shape import Bounds
from billsync.stage.world import End, Tally, World
from billsync.store import Store, StoredInvoice, StoredPayment, Tx

_HUGE: Final = 10**17
UNBOUND: Final = Bounds(creates=_HUGE, voids=_HUGE, single=Decimal(_HUGE), total=Decimal(_HUGE))
"""What is only tried out is not held back for its volume."""
_OPEN: Final = tuple(state for state in DeliveryState if state not in DONE)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a rehearsal showed.

    Attributes:
        volumes: connection -> what would go out to it for the first time, as bounds count it.
    """

    plan: Plan
    volumes: Mapping[str, Volume]


class _Ahead:
    """A clock that nobody waits for: sleeping only moves it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._slept = timedelta()

    def now(self) -> datetime:
        """The instant now, and what was slept."""
        return self._clock.now() + self._slept

    def sleep(self, seconds: float) -> None:
        """Pass over it."""
        self._slept += timedelta(seconds=seconds)


def rehearse(
    world: World, copy: Store, *, full: bool, connections: Mapping[str, str], tape: Tape | None = None
) -> Tried:
    """Run the pipeline in a rehearsal of its store.  Reads are real, and kept on the tape; nothing is written.

    Raises `Unreached` where a system could not be reached, and what reading raises.
    """
    trial, players = _trial(world, copy, tape)
    begun = trial.now()
    with copy.view() as tx:
        head, _ = tx.audit.head()
    report = sync.run(trial, full=full)
    if report.offline:
        raise Unreached(report.offline)
    with copy.view() as tx:
        sent = {idempotency_key(delivery): delivery for delivery in tx.traces.sent(begun)}
        pairs = {name: [(sent[item.idempotency_key], item) for item in one.written] for name, one in players.items()}
        writes = [write for name, found in pairs.items() for write in _writes(tx, name, found)]
        ledger = _ledger(tx, trial.run, head)
        plan = Plan(
            pipeline=world.pipeline,
            through=world.through,
            full=full,
            made_at=begun,
            connections=dict(connections),
            counts={name: count for name, count in report.counts.items() if count},
            totals=(*_ours(ledger), *_totals(writes)),
            writes=tuple(writes),
            **ledger,
            pending=tuple(_pending(tx, players)),
            problems=tuple(item.problem for item in tx.problems.list(pipeline=world.pipeline, limit=100_000)),
            parked=_parked(tx, players),
        )
    return Tried(plan.sealed(), {name: _volume(found) for name, found in pairs.items()})


def _trial(world: World, copy: Store, tape: Tape | None) -> tuple[World, dict[str, Understudy]]:
    """The world of the rehearsal, and who plays the systems in it.

    The run's name is always the same, so that two rehearsals can be compared.
    """
    run = f"{world.pipeline}@plan"
    players = {end.name: Understudy(end, tape) for end in (world.target, world.source) if end is not None}
    source = End(world.source.name, players[world.source.name])
    target = End(world.target.name, players[world.target.name]) if world.target is not None else None
    trial = replace(
        world,
        store=copy,
        source=source,
        target=target,
        run=run,
        clock=_Ahead(world.clock),
        chance=Random(run),  # noqa: S311  jitter, not secrets
        options=replace(world.options, bounds=UNBOUND),
        tally=Tally(),
    )
    return trial, players


# ---------------------------------------------------------------- writes


def _writes(tx: Tx, system: str, pairs: Sequence[tuple[Delivery, Intent]]) -> Iterator[Write]:
    stood: dict[tuple[str, str], Delivery] = {}
    keys = {delivery.key for delivery, _ in pairs}
    for kind in {delivery.kind for delivery, intent in pairs if intent.remote_id is not None}:
        ids = [delivery.our_id for delivery, _ in pairs if delivery.kind == kind]
        before = tx.traces.stood(system, kind, ids, except_=keys)
        stood |= {(kind, our_id): delivery for our_id, delivery in before.items()}
    for delivery, intent in pairs:
        yield _write(delivery, intent, stood.get((delivery.kind, delivery.our_id)))
        stood[delivery.kind, delivery.our_id] = delivery


def _write(delivery: Delivery, intent: Intent, before: Delivery | None) -> Write:
    expect = expectation(delivery)
    return Write(
        system=delivery.connection,
        object=delivery.object,
        kind=delivery.kind,
        document=delivery.our_id,
        action=_action(intent, known=before is not None),
        remote_id=None if (intent.remote_id or NEW).startswith(NEW) else intent.remote_id,
        key=delivery.key,
        sha256=delivery.payload_digest,
        total=expect and expect.total,
        currency=expect and expect.currency,
        fields=() if intent.void else changed(before, delivery),
    )


def _action(intent: Intent, *, known: bool) -> str:
    if intent.void:
        return "void"
    if intent.remote_id is None:
        return "create"
    return "update" if known else "adopt"


def _totals(writes: Sequence[Write]) -> Iterator[Total]:
    groups: dict[tuple[str, str], list[Write]] = {}
    for write in writes:
        groups.setdefault((write.system, write.kind), []).append(write)
    for (system, kind), group in groups.items():
        counts = {f"{action}s": sum(item.action == action for item in group) for action in ACTIONS}
        new = [(item.currency, item.total) for item in group if item.action == "create"]
        amounts = _sums((currency, total) for currency, total in new if currency is not None and total is not None)
        yield Total(system=system, kind=kind, amounts=amounts, **counts)


ACTIONS: Final = ("create", "update", "adopt", "void")


def _volume(pairs: Sequence[tuple[Delivery, Intent]]) -> Volume:
    volume = Volume()
    volume.add(delivery for delivery, _ in pairs if delivery.kind in DOCUMENTS and delivery.attempt == 1)
    return volume


# ---------------------------------------------------------------- the ledger


class _Ledger(TypedDict):
    """What changes in our own books."""

    invoices: tuple[NewInvoice, ...]
    bookings: tuple[Booking, ...]
    turns: tuple[Turn, ...]


def _ledger(tx: Tx, run: str, head: int) -> _Ledger:
    made = tx.traces.invoices(run)
    names = tx.facts.many("customer", {item.invoice.customer for item in made})
    customers = {id: Customer.model_validate_json(fact.doc).name for id, fact in names.items()}
    turns = [Turn(subject=s, before=b, after=a, note=n) for s, b, a, n in tx.traces.moves(head) if _is_turn(s, b)]
    return {
        "invoices": tuple(_invoice(item, customers.get(item.invoice.customer, "")) for item in made),
        "bookings": tuple(_booking(item) for item in tx.traces.payments(run)),
        "turns": tuple(turns),
    }


def _ours(ledger: _Ledger) -> Iterator[Total]:
    """The totals of our own books."""
    made = [(item.currency, item.total) for item in ledger["invoices"]]
    booked = [(item.currency, item.amount) for item in ledger["bookings"]]
    for kind, found in (("invoice", made), ("payment", booked)):
        if found:
            yield Total(system="billsync", kind=kind, creates=len(found), amounts=_sums(found))


def _sums(items: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for currency, amount in items:
        sums[currency] = sums.get(currency, Decimal(0)) + amount
    return sums


def _is_turn(subject: str, before: str) -> bool:
    """What is not told as an invoice, a booking or a write already."""
    kind = subject.partition("/")[0]
    return kind not in ("delivery", "gate") and not (kind in ("invoice", "payment") and before == "")


def _invoice(item: StoredInvoice, name: str) -> NewInvoice:
    invoice = item.invoice
    lines = tuple(
        NewLine(**line.model_dump(include=set(NewLine.model_fields)))  # the same names, fewer of them
        for line in invoice.lines
    )
    names = ("number", "customer", "currency", "issued_on", "due_on", "subtotal", "tax_total", "total")
    return NewInvoice(
        name=name, lines=lines, sha256=item.row_hash, **{field: getattr(invoice, field) for field in names}
    )


def _booking(item: StoredPayment) -> Booking:
    payment = item.payment
    return Booking(
        payment=payment.id,
        currency=payment.currency,
        amount=payment.amount,
        received_on=payment.received_on,
        settles={part.invoice: part.amount for part in item.allocations},
    )


# ---------------------------------------------------------------- what stays


def _pending(tx: Tx, systems: Mapping[str, Understudy]) -> Iterator[Pending]:
    for system in systems:
        after = ""
        while page := tx.outbox.list(connection=system, states=_OPEN, after=after):
            yield from map(_still, page)
            after = page[-1].key


def _still(delivery: Delivery) -> Pending:
    return Pending(
        system=delivery.connection,
        object=delivery.object,
        kind=delivery.kind,
        document=delivery.our_id,
        key=delivery.key,
        sha256=delivery.payload_digest,
        state=str(delivery.state),
        reason=delivery.reason,
        due_at=delivery.next_at,
    )


def _parked(tx: Tx, systems: Mapping[str, Understudy]) -> dict[str, str]:
    shut = [gate for gate in tx.gates.list() if gate.connection in systems and gate.state is not GateState.OPEN]
    return {gate.connection: f"{gate.state}, {gate.reason}: {gate.detail}" for gate in shut}
