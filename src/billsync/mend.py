"""The cures of a comparison, carried out through the books and the effect machine, never around them.  (shell)

curable, exceeded   what may be mended without a person, and whether that is within the bounds of one run
carry_out           writes released, voids planned, payments read again, the CRM told; everything sent
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from billsync import sync
from billsync.model.delivery import DONE, Delivery, DeliveryState
from billsync.model.drift import Act, Drift
from billsync.push import answer, bounds, payload
from billsync.settings.shape import Bounds
from billsync.stage import comparing, diagnosis, outgoing, returns
from billsync.stage.comparing import Report
from billsync.stage.world import End, World
from billsync.store import Tx

_S = DeliveryState
REASON: Final = "reconcile"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one cure, in a few words."""

    drift: Drift
    result: str


def curable(report: Report) -> list[Drift]:
    """The drifts that no person has to decide about."""
    return [drift for drift in report.drifts if drift.cure.act is not Act.PERSON]


def still(cures: Sequence[Drift], now: Report) -> tuple[list[Drift], list[Drift]]:
    """The cures that fit what differs now, and those that do not any more."""
    wanted = {_name(drift) for drift in now.drifts}
    return [d for d in cures if _name(d) in wanted], [d for d in cures if _name(d) not in wanted]


def _name(drift: Drift) -> str:
    """What a person agreed to: the difference and its cure, but not the words for its cause."""
    return drift.model_copy(update={"cause": ""}).json_text()


def exceeded(cures: Iterable[Drift], limits: Bounds) -> str:
    """Which bound of one run the cures exceed, in words; "" for none."""
    volume = bounds.Volume()
    for drift in cures:
        amount, currency = drift.amount, drift.currency
        if drift.cure.act is Act.VOID:
            volume.voids += len(drift.cure.ids)
        elif drift.cure.act in (Act.SEND, Act.RESEND):
            volume.creates += 1
            volume.single = max(volume.single, amount)
            volume.totals[currency] = volume.totals.get(currency, amount - amount) + amount
    return bounds.exceeded(volume, limits, bounds.Volume())


def carry_out(world: World, cures: Sequence[Drift]) -> list[Done]:
    """Mend what is still as it was when it was compared; gives what became of each.

    The caller holds the pipeline's lock and the run is on record.  Raises `TryLater` where a system is not reached:
    what was released then goes out with the next run.
    """
    world.progress.stage("Release writes", len(cures))
    for drift in cures:
        with world.store.tx("mend") as tx:
            _DEEDS.get(drift.cure.act, _nothing)(world, tx, drift)
        world.progress.advance(1)
    report = sync.Report(world.run, counts=world.tally.counts)
    sync.deliver(world, report, world.target)
    returns.sent(world)
    returns.payments(world)
    returns.write_back(world)
    _tell_again(world, [drift for drift in cures if drift.cure.act is Act.TELL])
    sync.deliver(world, report, world.source if world.status else None)
    with world.store.view() as tx:
        return [Done(drift, _result(world, tx, drift)) for drift in cures]


# ---------------------------------------------------------------- one cure each


def _nothing(_world: World, _tx: Tx, _drift: Drift) -> None:
    """What is on its way goes on by itself."""


def _write(world: World, tx: Tx, drift: Drift) -> Delivery | None:
    end = world.target
    return tx.outbox.latest(end.name, comparing.INVOICE, [drift.document]).get(drift.document) if end else None


def _resend(world: World, tx: Tx, drift: Drift) -> None:
    """What stood there is gone: its id leads nowhere, and the document is sent anew."""
    row = _held(world, tx, _write(world, tx, drift))
    if row is not None:
        tx.links.remove(row.kind, row.our_id, row.connection, at=world.now(), why="reconcile: it is gone there")
        answer.again(tx, row, reason=f"{REASON}: sent again", at=world.now(), remote_id=None)
        _close(world, tx, row)


def _overwrite(world: World, tx: Tx, drift: Drift) -> None:
    row = _held(world, tx, _write(world, tx, drift))
    if row is not None:
        answer.again(tx, row, reason=f"{REASON}: overwritten", at=world.now(), remote_id=drift.cure.keep)
        _close(world, tx, row)


def _adopt(world: World, tx: Tx, drift: Drift) -> None:
    """What stands there is ours as it is; the differences are on record and not told again."""
    row = _write(world, tx, drift)
    if row is None:
        return
    if row.state in DONE and row.remote_id != drift.cure.keep:
        row = _held(world, tx, row)
    if row is not None and row.state not in DONE:
        answer.exists(tx, row, drift.cure.keep, reason=f"{REASON}: adopted", at=world.now())
        _close(world, tx, row)
    elif row is not None:
        tx.outbox.touch(row, next_at=None)
    if row is not None:
        tx.outbox.observe(row.key, at=world.now(), note=diagnosis.adoption(drift))


def _void(world: World, tx: Tx, drift: Drift) -> None:
    """Each surplus record gets a write of its own that takes it back; the one that stays is ours."""
    end = world.target
    assert end is not None
    planned = [_taking_back(world, end, drift, id) for id in drift.cure.ids]
    tx.outbox.plan(planned, at=world.now())
    for row in tx.outbox.many(item.key for item in planned).values():
        if row.state in (_S.DEAD, _S.REVIEW):
            answer.again(tx, row, reason=f"{REASON}: again", at=world.now(), remote_id=row.remote_id)
    kept = _write(world, tx, drift)
    if drift.cure.keep and kept is not None and kept.state in (_S.REVIEW, _S.DEAD, _S.UNKNOWN):
        answer.exists(tx, kept, drift.cure.keep, reason=f"{REASON}: kept", at=world.now())
        _close(world, tx, kept)


def _taking_back(world: World, end: End, drift: Drift, id: str) -> Delivery:
    return payload.plan_void(
        connection=end.name,
        object=world.outbound[comparing.INVOICE].target_object,
        our_id=drift.document,
        remote_id=id,
        rank=outgoing.RANKS[comparing.INVOICE],
        reason=f"{REASON}: {drift.kind}",
    )


def _read(world: World, tx: Tx, drift: Drift) -> None:
    """Payments are read from their beginning and mapped again; one that is gone there counts as deleted until then."""
    end, mapping = world.target, world.payments
    if end is None or mapping is None:
        return
    tx.inbox.forget(end.name)
    if not any(field.theirs for field in drift.fields):
        tx.inbox.mark_deleted(end.name, mapping.source_object, drift.cure.ids, run=world.run, at=world.now())


def _tell_again(world: World, drifts: Sequence[Drift]) -> None:
    """A CRM that was told, and shows something else, is told once more."""
    for drift in drifts:
        with world.store.tx("mend") as tx:
            row = _status_write(world, tx, drift)
            held = _held(world, tx, row) if row is not None and row.state in (*DONE, _S.REVIEW, _S.DEAD) else None
            if held is not None:
                answer.again(tx, held, reason=f"{REASON}: told again", at=world.now(), remote_id=held.remote_id)
                _close(world, tx, held)


def _status_write(world: World, tx: Tx, drift: Drift) -> Delivery | None:
    return tx.outbox.latest(world.source.name, "status", [drift.document]).get(drift.document)


def _held(world: World, tx: Tx, row: Delivery | None) -> Delivery | None:
    """A write that may be released: one that took effect goes back to review first; None for one that is moving."""
    if row is not None and row.state in DONE:
        return tx.outbox.move(row, _S.REVIEW, at=world.now(), reason=f"{REASON}: differs there")
    return row if row is not None and row.state in (_S.REVIEW, _S.DEAD) else None


def _close(world: World, tx: Tx, row: Delivery) -> None:
    tx.problems.close(
        connection=row.connection, object=row.object, ids=[row.our_id], at=world.now(), codes_prefix="PUSH-"
    )


_DEEDS: Final[dict[Act, Callable[[World, Tx, Drift], None]]] = {
    Act.RESEND: _resend,
    Act.OVERWRITE: _overwrite,
    Act.ADOPT: _adopt,
    Act.VOID: _void,
    Act.READ: _read,
}


# ---------------------------------------------------------------- what became of it


def _result(world: World, tx: Tx, drift: Drift) -> str:
    match drift.cure.act:
        case Act.READ:
            return "payments were read again"
        case Act.TELL:
            return _stands(_status_write(world, tx, drift))
        case Act.VOID if world.target is not None:
            keys = [_taking_back(world, world.target, drift, id).key for id in drift.cure.ids]
            return ", ".join(_stands(row, "void") for row in tx.outbox.many(keys).values())
        case _:
            return _stands(_write(world, tx, drift))


def _stands(row: Delivery | None, done: str = "stands there") -> str:
    if row is None:
        return "nothing was planned"
    if row.state in DONE:
        return f"{done} as {row.remote_id}" if done != "void" else f"{row.remote_id} is void"
    return f"{row.state}: {row.reason.replace('_', ' ')}".rstrip(": ")
