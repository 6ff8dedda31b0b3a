"""One job with the outside system: look first where that is needed, then write.  (shell)

Runs in the push's own thread or in a hand's, with a connector that belongs to that thread; it stores nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from billsync import observe
from billsync.connector import Connector, Found, Intent, Outcome, Target, TryLater
from billsync.mapping.ownership import without
from billsync.model.delivery import Delivery
from billsync.push import decide, echo, port
from billsync.push.claiming import Job
from billsync.push.payload import once
from billsync.push.session import Push


@dataclass(frozen=True, slots=True)
class Done:
    """A job, with one outcome per delivery; `sent` is False where nothing left."""

    job: Job
    outcomes: list[Outcome]
    sent: bool = True


def act(push: Push, connector: Connector, job: Job) -> Done:
    """Look first where only a search tells what is there, then write what is not; nothing where it must not."""
    with observe.span("batch", connection=push.connection, object=job.object, writes=len(job.claimed)):
        return _act(push, connector, job)


def _act(push: Push, connector: Connector, job: Job) -> Done:
    outside_of_transactions(push)
    kept = _kept_back(push)
    if kept is not None:
        return unsent(job, *kept)
    claimed, intents = job.claimed, job.intents
    outcomes = echo.heed(push, connector, claimed, intents)
    outcomes |= _untied(push, connector, job)
    if push.sheet(job.object).target is Target.SEARCH:
        fresh = [i for i, intent in enumerate(intents) if intent.remote_id is None and i not in outcomes]
        probes = port.probe(connector, job.object, [intents[i].key for i in fresh]) if fresh else []
        for i, probe in zip(fresh, probes, strict=True):
            outcome = decide.before_create(probe, intents[i].expect)
            if outcome is not None:
                outcomes[i] = outcome
            elif isinstance(probe, Found):
                intents[i] = _adopted(claimed[i], intents[i], probe.remote_ids[0])
    rest = [i for i in range(len(intents)) if i not in outcomes]
    outcomes.update(zip(rest, _write(push, connector, claimed, [intents[i] for i in rest]), strict=True))
    return Done(job, [outcomes[i] for i in range(len(intents))])


def unsent(job: Job, why: str, after_s: float = 0.0) -> Done:
    """A job that was claimed and must not go out."""
    return Done(job, [TryLater("held_back", why, after_s=after_s) for _ in job.claimed], sent=False)


def heed(push: Push, done: Done) -> None:
    """Leave the system alone for as long as it asked."""
    asked = [answer.after_s for answer in done.outcomes if isinstance(answer, TryLater) and answer.after_s]
    if asked and done.sent:
        until = push.clock.now() + timedelta(seconds=min(max(asked), decide.CAP_S))
        push.hold_until = max(until, push.hold_until or until)


def _kept_back(push: Push) -> tuple[str, float] | None:
    """Why a job that was claimed must not go out now, and for how many seconds; None where it may.

    While it waited for its hand another may have been told to wait, or to stop.
    """
    if push.stopped:
        return "another write stopped the push; nothing was sent", 0.0
    if push.hold_until is not None and push.held():
        wait = (push.hold_until - push.clock.now()).total_seconds()
        return "the system asked for a pause; nothing was sent", max(0.0, wait)
    return None


def _untied(push: Push, connector: Connector, job: Job) -> dict[int, Outcome]:
    """Look first, on every kind of target, for documents whose tie a person undid; those that a person has to answer.

    One that was sent again by a person goes out.
    """
    claimed, intents, refs = job.claimed, job.intents, job.untied
    mine = [i for i, row in enumerate(claimed) if (row.kind, row.our_id) in refs and _creates(row, intents[i])]
    mine = [i for i in mine if refs[claimed[i].kind, claimed[i].our_id].kind == job.object]
    searched = bool(push.sheet(job.object).reference)
    probes = port.probe(connector, job.object, [intents[i].key for i in mine]) if mine and searched else ()
    held: dict[int, Outcome] = {}
    for n, i in enumerate(mine):
        probe = probes[n] if searched else None
        outcome = decide.about_untied(refs[claimed[i].kind, claimed[i].our_id].id, probe)
        if outcome is None and probe is not None:
            outcome = decide.before_create(probe, intents[i].expect)
        if outcome is not None:
            held[i] = outcome
        elif isinstance(probe, Found):
            intents[i] = _adopted(claimed[i], intents[i], probe.remote_ids[0])
    return held


def _creates(row: Delivery, intent: Intent) -> bool:
    return intent.remote_id is None and row.gen == 1


def _write(
    push: Push, connector: Connector, claimed: Sequence[Delivery], intents: Sequence[Intent]
) -> Sequence[Outcome]:
    """Send, unless the process was suspended since the claim: another run may have taken over, so nothing leaves."""
    lease = claimed[0].lease_until
    late = lease is not None and push.clock.now() > lease - timedelta(seconds=push.options.lease_s / 2)
    if intents and (late or not push.sure()):
        return [TryLater("lease_lost", "held up between claim and send; nothing was sent") for _ in intents]
    return port.write(connector, claimed[0].object, intents) if intents else []


def _adopted(delivery: Delivery, intent: Intent, remote_id: str) -> Intent:
    return replace(intent, remote_id=remote_id, payload=without(intent.payload, once(delivery)))


def outside_of_transactions(push: Push) -> None:
    """No call leaves while a transaction is open: what it did would be forgotten with a rollback."""
    if push.store.in_transaction:
        raise RuntimeError("a call to an outside system inside of a transaction")
