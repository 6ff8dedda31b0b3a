"""One turn of a push: what came back is noted, and what goes out next is claimed, in one transaction.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from billsync.connector import Target
from billsync.model.delivery import Delivery, DeliveryState
from billsync.model.gate import GateState
from billsync.push import decide, echo, gatekeeper, outcome
from billsync.push.acting import Done, act, heed
from billsync.push.claiming import NONE, Batch, Job, Room, Taken, choose, claim, may_go
from billsync.push.session import Push
from billsync.store import Tx

_S = DeliveryState
_ENDS = (_S.CONFIRMED, _S.DEAD, _S.REVIEW)
Moves = Sequence[tuple[Delivery, decide.Move]]
Waiting = Mapping[str, str]
"""Kind of record -> the first place in its order that still waits."""


# ---------------------------------------------------------------- claims


def take(push: Push, waiting: Waiting, room: Room) -> Taken:
    """Choose and claim in one transaction; a look before, so that nothing is written where nothing is due."""
    with push.store.view() as tx:
        seen = {row.id: row.kind for batch in choose(push, tx, waiting, room) for row in batch}
    if not seen or not push.pace(len(seen), next(iter(seen.values()))):
        return Taken()
    return _claimed(push, lambda tx: _of(set(seen), choose(push, tx, waiting, room)))


def take_again(push: Push, batch: Batch) -> Taken:
    """Claim deliveries whose earlier attempt may have taken effect."""
    if not push.pace(len(batch), batch[0].kind):
        return Taken()
    return _claimed(push, lambda tx: [may_go(push, tx, batch)], unclear=True)


def _of(seen: set[str], batches: Sequence[Batch]) -> list[Batch]:
    """The batches, of those deliveries alone whose calls were paid for."""
    return [[row for row in batch if row.id in seen] for batch in batches]


def _claimed(push: Push, chosen: Callable[[Tx], list[Batch]], *, unclear: bool = False) -> Taken:
    with push.store.tx("claim") as tx:
        taken = _claim(push, tx, chosen, unclear=unclear)
    _heed_taken(push, taken)
    return taken


def _claim(push: Push, tx: Tx, chosen: Callable[[Tx], list[Batch]], *, unclear: bool = False) -> Taken:
    """The claim, where the gate of the connection lets anything out at this moment."""
    shut = gatekeeper.shut_now(push, tx)
    if shut is not None:
        return Taken(gate=shut)
    if push.held() or not gatekeeper.led(push, tx):
        return Taken()
    taken = claim(push, tx, chosen(tx), unclear=unclear)
    if taken.unfit:
        taken.unfit = list(outcome.note(push, tx, taken.unfit, attempted=False))
    return taken


def _heed_taken(push: Push, taken: Taken) -> None:
    """Count what cannot be sent as it is; stop where the gate is shut, or the store was changed."""
    outcome.count(push, taken.unfit, attempted=False)
    if taken.gate is not None:
        gatekeeper.obey(push, taken.gate)
    if taken.changed:
        detail = f"I9: the frozen payload of {taken.changed} was changed in the store"
        gatekeeper.park(push, "invariant_broken", detail)


# ---------------------------------------------------------------- outcomes


def carry(push: Push, job: Job) -> None:
    """One job in this thread: send, note the outcomes, keep how the records stand there."""
    done = act(push, push.connector, job)
    settle(push, done)
    echo.keep(push, job.object, echo.read_back(push, push.connector, job.intents, done.outcomes))


def settle(push: Push, done: Done) -> None:
    """Note the outcomes of one job, and heed what they say of the system."""
    moves = _judged(push, done)
    heed(push, done)
    made = push.store.run("outcome", lambda tx: _noted(push, tx, [moves]))
    _after(push, [done], [moves], made)


def turn(push: Push, done: Sequence[Done], waiting: Waiting, room: Room) -> Taken:
    """Note the outcomes of jobs, and claim the next ones with the same commit.

    Where the commit has to be tried again, in the room of the reserve for a full disk too, nothing more is claimed.
    """
    judged = [_judged(push, each) for each in done]
    for each in done:
        heed(push, each)
    if push.stopped or push.held() or any(_stops(move) for moves in judged for _, move in moves):
        room = NONE
    rooms = iter([room])

    def step(tx: Tx) -> tuple[Moves, Taken]:
        made, now = _noted(push, tx, judged), next(rooms, NONE)
        return made, _claim(push, tx, lambda tx: choose(push, tx, waiting, now)) if now.free or now.ahead else Taken()

    made, taken = push.store.run("turn", step)
    _after(push, done, judged, made)
    _heed_taken(push, taken)
    return taken


def _judged(push: Push, done: Done) -> Moves:
    """What the outcomes of a job mean for its deliveries."""
    job, now, sheet = done.job, push.clock.now(), push.sheet(done.job.object)
    unclear = job.unclear and sheet.target is Target.KEY
    return [
        (
            row,
            decide.after_write(row, answer, sheet, now=now, chance=push.chance, expect=intent.expect, unclear=unclear),
        )
        for row, intent, answer in zip(job.claimed, job.intents, done.outcomes, strict=True)
    ]


def _noted(push: Push, tx: Tx, judged: Sequence[Moves]) -> Moves:
    gatekeeper.hold(push, tx)
    return outcome.note(push, tx, [pair for moves in judged for pair in moves], attempted=True)


def _stops(move: decide.Move) -> bool:
    """Whether a move may end the push: what comes of it is seen before more is claimed."""
    return move.offline or move.reason == decide.TAKEN


def _after(push: Push, done: Sequence[Done], judged: Sequence[Moves], made: Moves) -> None:
    """What the outcomes of each job mean for the push: counts, the breaker, a stop."""
    place = {row.id: n for n, each in enumerate(done) for row in each.job.claimed}
    for n, (each, moves) in enumerate(zip(done, judged, strict=True)):
        if each.sent:
            outcome.count(push, [pair for pair in made if place[pair[0].id] == n], attempted=True)
        _suspect(push, moves)
        push.advance(sum(move.to in _ENDS for _, move in moves))


def _suspect(push: Push, moves: Moves) -> None:
    """Stop where a number that we never sent stands there for something else: an older backup may be in use here."""
    for delivery, move in moves:
        if move.reason == decide.TAKEN and delivery.attempt == delivery.gen == 1 and not push.result.parked:
            gatekeeper.park(push, decide.TAKEN, move.note, state=GateState.RECOVERING)
