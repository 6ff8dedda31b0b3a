"""What the books know of each document that differs, and so its cause and its cure.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

from billsync import reconcile
from billsync.connector import WriteSheet
from billsync.model.base import canonical_json
from billsync.model.delivery import Delivery
from billsync.model.drift import Difference, Drift, DriftKind
from billsync.model.gate import GateState
from billsync.reconcile import Attempt, Evidence, There
from billsync.stage.world import End, World
from billsync.store import Store, Tx
from billsync.store.comparing import Comparing

_K = DriftKind
_ADOPTED: Final = "adopted_by_person: "


def adoption(drift: Drift) -> str:
    """The note that a person took these differences as they are; a comparison leaves out what such notes name."""
    return _ADOPTED + canonical_json([str(item) for item in drift.fields])


# ---------------------------------------------------------------- references that were changed there


def renamed(drifts: list[Drift], theirs: Iterable[There], store: Store, connection: str) -> list[Drift]:
    """A document that lost its reference looks missing: where its id still stands there, it was edited instead."""
    missing = {drift.document: drift for drift in drifts if drift.kind is _K.MISSING}
    with store.view() as tx:
        writes = tx.outbox.latest(connection, "invoice", missing)
    ids = {row.remote_id: number for number, row in writes.items() if row.remote_id}
    found = {ids[item.standing.id]: item.standing for item in theirs if not item.payment and item.standing.id in ids}
    if not found:
        return drifts
    gone = {standing.id for standing in found.values()}
    kept = [
        item for item in drifts if item.document not in found and not (item.kind is _K.EXTRA and gone & {*item.there})
    ]
    edits = [
        missing[number].model_copy(
            update={
                "kind": _K.EDITED,
                "fields": (Difference(field="reference", ours=number, theirs=standing.reference),),
                "there": (standing.id,),
            }
        )
        for number, standing in found.items()
        if standing.state != "void"
    ]
    voided = [missing[number] for number, standing in found.items() if standing.state == "void"]
    return sorted([*kept, *edits, *voided], key=lambda drift: drift.document)


# ---------------------------------------------------------------- documents


def diagnosed(world: World, end: End, drifts: Sequence[Drift], object: str, edited: str) -> list[Drift]:
    """The drifts with cause and cure; without those that a person accepted as they are."""
    with world.store.view() as tx:
        writes = tx.outbox.latest(end.name, "invoice", {drift.document for drift in drifts})
        known = [(drift, _known(world, tx, end, drift, writes.get(drift.document), object)) for drift in drifts]
    return [
        told(drift, evidence, end.name, edited)
        for drift, evidence in known
        if not (drift.fields and {str(item) for item in drift.fields} <= evidence.adopted)
    ]


def told(drift: Drift, evidence: Evidence, system: str, edited: str) -> Drift:
    """The drift with cause and cure."""
    update = {
        "system": system,
        "cause": reconcile.cause(drift, evidence),
        "cure": reconcile.cure(drift, evidence, edited),
    }
    return drift.model_copy(update=update)


def _known(world: World, tx: Tx, end: End, drift: Drift, write: Delivery | None, object: str) -> Evidence:
    gate = tx.gates.get(end.name)
    notes = [row["note"] for row in tx.outbox.observations(write.key)] if write else []
    fields = {item.field: item for item in drift.fields}
    return Evidence(
        now=world.now(),
        delivery=write,
        attempts=_attempts(tx, write),
        notes=[note for note in notes if not note.startswith(_ADOPTED)],
        problems=_problems(tx, end, drift, write),
        record=_record(world, tx, end, drift),
        renamed=fields["reference"].theirs if "reference" in fields else None,
        sheet=_sheet(world, end, object),
        recovering=gate is not None and gate.state is GateState.RECOVERING,
        reads_payments=world.payments is not None,
        adopted=frozenset(
            name for note in notes if note.startswith(_ADOPTED) for name in json.loads(note.removeprefix(_ADOPTED))
        ),
    )


def _sheet(world: World, end: End, object: str) -> WriteSheet | None:
    """How the documents are written, with the settle time that the pipeline is configured with."""
    sheet = end.connector.capabilities.writes.get(object)
    settle_s = world.options.settle_s
    return sheet if sheet is None or settle_s is None else sheet.model_copy(update={"settle_s": settle_s})


def _attempts(tx: Tx, write: Delivery | None) -> list[Attempt]:
    rows = tx.outbox.attempts(write.key) if write else []
    return [Attempt(row["n"], row["started_at"], row["outcome"], row["note"]) for row in rows]


def _problems(tx: Tx, end: End, drift: Drift, write: Delivery | None) -> list[str]:
    """Open problems of the document, of its write or of its payment."""
    spots = [("billsync", "invoice", drift.document)]
    if write is not None:
        spots.append((end.name, write.object, write.our_id))
    if drift.kind is _K.PAYMENT:
        spots += [("billsync", "payment", name) for name in drift.there]
        spots += [(end.name, "payment", name) for name in drift.there]
    return [text for system, object, id in spots for text in Comparing(tx.conn).problems(system, object, id)]


def _record(world: World, tx: Tx, end: End, drift: Drift) -> str:
    if drift.kind is not _K.PAYMENT or world.payments is None or not drift.there:
        return ""
    row = tx.inbox.get(end.name, world.payments.source_object, drift.there[0])
    return row.state if row is not None else ""
