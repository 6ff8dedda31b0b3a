"""Mistakes that such systems are known to make, planted into the real code one at a time: each has to be found.

Each names the small functions that it replaces: where one gets another name, planting fails, and with it its test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from unittest.mock import patch

from billsync.connector import Absent, Applied, Checkpoint, Found, Outcome, Page, Target, TryLater, Unclear
from billsync.model.delivery import Delivery, DeliveryState
from billsync.push import acting, claiming, decide, machine, payload, port, turn
from billsync.stage import money
from billsync.store import Outbox
from tests.simulation import crm, erp_connector, feed
from tests.simulation.feed import PUBLISH_MS, Feed, Key, Row
from tests.simulation.network import Failed, Network
from tests.simulation.scheduler import SEC
from tests.simulation.setup import Setup

Plant = Callable[[ExitStack], None]
A, B, C, D = Target.KEY, Target.UPSERT, Target.SEARCH, Target.NONE
_S: Final = DeliveryState


@dataclass(frozen=True)
class Bug:
    """One planted mistake.

    Attributes:
        plant: puts it into the code, for the length of the stack.
        kinds: targets on which it does harm.
        rare: True where hundreds of seeds pass before it does, so that only the long run looks for it.
        late_s, duplicates: what the network is like where it does.
        near: a seed shortly before the first one that finds it: the tests look from there, `score` from 0.
    """

    name: str
    plant: Plant
    kinds: tuple[Target, ...]
    rare: bool = False
    late_s: int = Setup.late_s
    duplicates: float = 0.0
    near: int = 0

    def setups(self, first: int, count: int) -> Iterator[Setup]:
        """Histories to look in, the kinds in turn."""
        for n in range(count):
            kind = self.kinds[n % len(self.kinds)]
            yield Setup(first + n, kind, late_s=self.late_s, duplicates=self.duplicates)

    @contextmanager
    def planted(self) -> Iterator[None]:
        """The code has the mistake for the length of the block."""
        with ExitStack() as stack:
            self.plant(stack)
            yield


BUGS: dict[str, Bug] = {}


def bug(*kinds: Target, **more: Any) -> Callable[[Plant], Plant]:
    """Lists a mistake under its function's name."""

    def note(plant: Plant) -> Plant:
        BUGS[plant.__name__] = Bug(plant.__name__, plant, kinds, **more)
        return plant

    return note


def _put(stack: ExitStack, owner: Any, name: str, new: Any) -> None:
    """A function in another's place, which has to be there."""
    stack.enter_context(patch.object(owner, name, new))


# ---------------------------------------------------------------- keys and payloads


@bug(A)
def key_per_attempt(stack: ExitStack) -> None:
    """Every attempt gets an idempotency key of its own."""
    old = payload.idempotency_key
    _put(stack, claiming, "idempotency_key", lambda row: f"{old(row)}{row.attempt}")


@bug(A)
def rebuild_payload(stack: ExitStack) -> None:
    """The payload is made anew for each attempt: under the same key another body is sent."""
    old = payload.resolved
    _put(stack, claiming, "resolved", lambda row, resolve: {**old(row, resolve), "memo": str(row.last_sent_at)})


@bug(A, rare=True)
def ignore_key_ttl(stack: ExitStack) -> None:
    """A key is taken to live for ever."""
    _put(stack, decide, "KEY_MARGIN_S", -1e9)


@bug(A, D)
def update_creates(stack: ExitStack) -> None:
    """A change of a record is sent without the id that it has there."""
    old = claiming._intent
    _put(stack, claiming, "_intent", lambda row, there: replace(old(row, there), remote_id=row.remote_id))


# ---------------------------------------------------------------- outcomes


@bug(C, D)
def timeout_is_failure(stack: ExitStack) -> None:
    """A reply that never came is taken for "nothing happened"."""
    old = decide.after_write

    def after_write(row: Delivery, result: Outcome, *rest: Any, **more: Any) -> decide.Move:
        result = TryLater(result.reason, result.message) if isinstance(result, Unclear) else result
        return old(row, result, *rest, **more)

    _put(stack, decide, "after_write", after_write)


@bug(B, C, near=30)
def trust_200(stack: ExitStack) -> None:
    """The connector takes every status 200 for success, also a login page."""
    old = erp_connector.unclear

    def unclear(failed: Failed) -> Outcome:
        return Applied(f"page-{id(failed)}") if failed.kind == "not_json" else old(failed)

    _put(stack, erp_connector, "unclear", unclear)


@bug(C, D, near=12)
def send_before_intent(stack: ExitStack) -> None:
    """The intention to send is written down only after it was sent."""

    def take(push: Any, waiting: Any, room: Any) -> claiming.Taken:
        with push.store.view() as tx:
            batches = claiming.choose(push, tx, waiting, room)
            there: Any = claiming._ids_there(push, tx, [row for batch in batches for row in batch])
        for batch in batches:
            job = claiming.Job(batch, [claiming._intent(row, there) for row in batch], {})
            results = acting.act(push, push.connector, job).outcomes
            with push.store.tx("claim") as tx:
                claimed = claiming.claim(push, tx, [batch]).jobs
            for late in claimed:
                turn.settle(push, acting.Done(late, results[: len(late.claimed)]))
        return claiming.Taken(seen=sum(map(len, batches)))

    _put(stack, turn, "take", take)


@bug(D)
def resend_blind(stack: ExitStack) -> None:
    """What may have happened is sent again, though nothing protects from doing it twice."""
    _put(stack, decide, "about_unknown", lambda *_args, **_more: decide.Resend())


@bug(C)
def no_settle(stack: ExitStack) -> None:
    """A request that was given up is looked for at once, and not for once more."""
    _put(stack, decide, "unknown_until", lambda _sheet, _row, now, _chance: now)
    _put(stack, decide, "LOOKS", 1)


@bug(C, rare=True)
def one_probe(stack: ExitStack) -> None:
    """One empty look-up is taken for proof."""
    _put(stack, decide, "LOOKS", 1)


@bug(C, rare=True)
def reap_keeps_probes(stack: ExitStack) -> None:
    """What was left in flight is looked up at once, with the look-ups of the attempt before it."""
    old = Outbox.move

    def move(self: Outbox, row: Delivery, to: DeliveryState, **more: Any) -> Delivery | None:
        if more.get("reason") == "lease_expired":
            more = {**more, "next_at": more["at"]}
            del more["probes"]
        return old(self, row, to, **more)

    _put(stack, Outbox, "move", move)


@bug(C, D, rare=True)
def no_lease_check(stack: ExitStack) -> None:
    """A process that was stopped between claim and send goes on as if nothing had happened."""
    _put(
        stack,
        acting,
        "_write",
        lambda _push, connector, rows, intents: port.write(connector, rows[0].object, intents) if intents else [],
    )


@bug(A, B, C, D, rare=True)
def no_fence(stack: ExitStack) -> None:
    """A move counts, whatever became of the row meanwhile."""
    old = Outbox._swap

    def swap(self: Outbox, changes: Sequence[tuple[Delivery, dict[str, Any]]]) -> list[Delivery | None]:
        now = self.many(row.key for row, _ in changes)
        return old(self, [(now.get(row.key, row), columns) for row, columns in changes])

    _put(stack, Outbox, "_swap", swap)


@bug(A, B, rare=True)
def newer_overtakes(stack: ExitStack) -> None:
    """A newer version of a record does not wait for the older one."""
    old = payload.plan

    def plan(**more: Any) -> Delivery:
        mine = f"{more['kind']}:{more['our_id']}:"
        return old(**{**more, "needs": tuple(key for key in more["needs"] if not key.startswith(mine))})

    _put(stack, payload, "plan", plan)


# ---------------------------------------------------------------- sweeps


@bug(C, late_s=5400)
def no_sweeps(stack: ExitStack) -> None:
    """Nobody looks again at what took effect."""
    _put(stack, machine, "sweep", lambda _push: None)


@bug(C, duplicates=0.05, near=15)
def sweep_counts_nothing(stack: ExitStack) -> None:
    """The look takes the first of two documents, and is content."""
    old = decide.after_sweep

    def after_sweep(row: Delivery, probe: Any, *rest: Any, **more: Any) -> decide.Move:
        first = replace(probe, remote_ids=(row.remote_id or "",)) if isinstance(probe, Found) else probe
        return old(row, first, *rest, **more)

    _put(stack, decide, "after_sweep", after_sweep)


@bug(B, C, near=14)
def sweep_recreates(stack: ExitStack) -> None:
    """What a person took back there is taken for well."""
    old = decide.after_sweep

    def after_sweep(row: Delivery, probe: Any, *rest: Any, **more: Any) -> decide.Move:
        found = Found((row.remote_id or "",)) if isinstance(probe, Absent) else probe
        return old(row, found, *rest, **more)

    _put(stack, decide, "after_sweep", after_sweep)


# ---------------------------------------------------------------- reading


@bug(B, near=6)
def cursor_first(stack: ExitStack) -> None:
    """The checkpoint is stored before the records that lie before it."""
    old = feed.pages

    def pages(network: Network, system: str, source: Feed, since: Checkpoint | None) -> Iterator[Page]:
        for page in old(network, system, source, since):
            yield Page([], checkpoint=page.checkpoint)
            yield page

    for place in (crm, erp_connector):
        _put(stack, place, "pages", pages)


@bug(B, near=54)
def no_overlap(stack: ExitStack) -> None:
    """The checkpoint is the last record seen, though others may still be published behind it."""
    _put(stack, feed, "checkpoint", lambda start, last, _ceiling: max(start, last))


@bug(B, rare=True)
def overlap_from_max(stack: ExitStack) -> None:
    """The look-back is counted from the last record seen, not from when the read began."""

    def checkpoint(start: Key, last: Key, _ceiling: int) -> Key:
        return max(start, (last[0] - PUBLISH_MS // SEC, ""))

    _put(stack, feed, "checkpoint", checkpoint)


@bug(B, near=12)
def offset_paging(stack: ExitStack) -> None:
    """Pages are counted, while records move from one to another."""

    def ask(source: Feed, start: Key, _after: Key, seen: int) -> tuple[list[Row], int]:
        return source.from_offset(start[0], seen)

    _put(stack, feed, "ask", ask)


# ---------------------------------------------------------------- payments


@bug(B)
def payment_per_telling(stack: ExitStack) -> None:
    """A payment that is told again, otherwise, is another payment."""
    old = money._hear

    def hear(desk: Any, row: Any, ref: Any, told: Any, stranger: Any) -> None:
        another = ref.model_copy(update={"id": f"{ref.id}#{row.version}"})
        renamed = told and told.model_copy(update={"id": f"{told.id}#{row.version}"})
        old(desk, row, another, renamed, stranger)

    _put(stack, money, "_hear", hear)


@bug(B, near=144)
def payments_only_grow(stack: ExitStack) -> None:
    """A payment that was taken back there goes on counting here."""
    _put(stack, money, "_withdraw", lambda *_args: None)


# ---------------------------------------------------------------- the books


@bug(A, B, C, D)
def silent_moves(stack: ExitStack) -> None:
    """A write whose outcome is unknown leaves no line in the audit."""
    old = Outbox.move_many

    def move_many(self: Outbox, moves: Sequence[Any], **more: Any) -> list[Delivery | None]:
        with _muted(self, when=any(move[1] is _S.UNKNOWN for move in moves)):
            return old(self, moves, **more)

    _put(stack, Outbox, "move_many", move_many)


def _muted(outbox: Outbox, *, when: bool) -> AbstractContextManager[Any]:
    """The audit hears nothing."""
    return patch.object(outbox._audit, "append", lambda *_args, **_more: None) if when else ExitStack()
