"""After an older backup was put in their place, the books catch up with what stands in the target.  (shell)

    look      every document there that carries a number of ours and that the books do not know: an orphan
    catch_up  everything is read again; an invoice that is an orphan takes its number and its id there
    settled   nothing is left over: the gate may open.  What is left is for a person

Nothing is sent meanwhile: the gate is `recovering`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from billsync.connector import Found, Refused, Standing, Target, Unsure
from billsync.invoicing import numbering
from billsync.model.delivery import DONE, Delivery, DeliveryState
from billsync.model.gate import Gate, GateState
from billsync.model.problem import Place, Problem
from billsync.push import port
from billsync.stage import bills, facts, outgoing
from billsync.stage.adopting import KIND
from billsync.stage.world import End, World
from billsync.store import UNLISTED, Orphan, Tx

BATCH: Final = 50
_OPEN: Final = frozenset(DeliveryState) - DONE - {DeliveryState.DEAD}
_CODES: Final = ("RECOVER-NUMBER-01", "RECOVER-NUMBER-02", "RECOVER-LIST-01")


@dataclass(frozen=True, slots=True)
class Recovered:
    """How far a connection is.

    Attributes:
        documents: how many there carry a number of ours; adopted: how many of them became invoices in this run.
        orphans: those that nothing accounts for; none where the gate was opened.
    """

    connection: str
    documents: int
    adopted: int
    orphans: tuple[Orphan, ...]


def recover(connection: str, worlds: Sequence[World]) -> Recovered:
    """Bring one target's pipelines up to date and open its gate where nothing is left over.

    The caller holds the pipelines' locks and the push lock.  Raises `TryLater`.
    """
    first = worlds[0]
    with first.store.tx("recover-start") as tx:
        tx.orphans.clear(connection)
        _close(first, tx, connection)
    documents = sum(look(world) for world in worlds)
    for world in worlds:
        catch_up(world)
    adopted = sum(world.tally.counts.get("invoices found there", 0) for world in worlds)
    return Recovered(connection, documents, adopted, tuple(settle(first, connection)))


def _close(world: World, tx: Tx, connection: str) -> None:
    """The gate is closed while it recovers, also where nobody had closed it before."""
    gate = tx.gates.get(connection)
    if gate is None or gate.state is not GateState.RECOVERING:
        detail = "`billsync recover` compares the books with what stands there"
        tx.gates.put(
            Gate(connection=connection, state=GateState.RECOVERING, reason="asked", detail=detail, at=world.now())
        )


# ---------------------------------------------------------------- what stands there


def look(world: World) -> int:
    """Note the documents there that the books do not know.  Gives how many carry a number of ours."""
    mapping, end = world.outbound.get(KIND), world.target
    if mapping is None or end is None:
        return 0
    world.progress.stage(f"Look through {end.name}")
    found = 0
    try:
        for page in end.connector.standing(mapping.target_object):
            with world.store.tx("recover-look") as tx:
                found += _note(world, tx, end, page)
            world.progress.advance(len(page))
    except Refused:
        with world.store.tx("recover-look") as tx:
            tx.orphans.put([Orphan(end.name, KIND, UNLISTED, remote_id="")], world.now())
    return found


def _note(world: World, tx: Tx, end: End, page: Sequence[Standing]) -> int:
    """One page: our documents tied to their writes, unknown ones kept, series raised above every number seen."""
    ours = [(item, counted) for item in page if (counted := numbering.counted(world.rules, item.reference))]
    known = tx.ledger.known_numbers([item.reference for item, _ in ours])
    there = {item.reference: item.id for item, _ in ours}
    tie(tx, tx.outbox.latest(end.name, KIND, known).values(), there)
    notes = tx.ledger.credit_note_numbers(there)
    tie(tx, tx.outbox.latest(end.name, "credit_note", notes).values(), there)
    known |= notes
    unknown = [item for item, _ in ours if item.reference not in known]
    tx.orphans.put([_orphan(end.name, item) for item in unknown if item.state != "void"], world.now())
    for item in unknown:
        if item.state == "void" and not tx.audit.tail(f"number/{item.reference}", limit=1):
            note = f"void in {end.name} as {item.id}, and not in these books"
            tx.audit.append([(f"number/{item.reference}", "", "void", note)], at=world.now())
    _raise(world, tx, end.name, [counted for _, counted in ours])
    return len(ours)


def _raise(world: World, tx: Tx, connection: str, seen: Iterable[tuple[str, int]]) -> None:
    highest: dict[str, int] = {}
    for name, seq in seen:
        highest[name] = max(seq, highest.get(name, 0))
    for name, seq in highest.items():
        before = tx.ledger.last_drawn(name)
        if tx.ledger.raise_series(name, seq):
            note = f"numbers up to {seq} stand in {connection}"
            tx.audit.append([(f"series/{name}", str(before), str(seq), note)], at=world.now())


def _orphan(connection: str, item: Standing) -> Orphan:
    return Orphan(
        connection=connection,
        kind=KIND,
        reference=item.reference,
        remote_id=item.id,
        customer=item.customer or "",
        currency=item.currency,
        total=item.total,
        issued_on=item.on,
    )


def tie(tx: Tx, deliveries: Iterable[Delivery], ids: Mapping[str, str]) -> None:
    """Writes whose record stands there already get its id: it is brought to the wanted state, and no other is made."""
    for delivery in deliveries:
        if delivery.our_id in ids and delivery.remote_id is None and delivery.state in _OPEN:
            tx.outbox.touch(delivery, remote_id=ids[delivery.our_id])


# ---------------------------------------------------------------- catching up


def catch_up(world: World) -> None:
    """Read everything again, and make the invoices that stand there already; nothing is sent."""
    with world.store.tx("recover-forget") as tx:
        for end in (world.source, world.target):
            if end is not None:
                tx.inbox.forget(end.name)
    facts.read(world, full=True)
    facts.make(world)
    bills.charge(world)
    outgoing.masters(world)
    tie_pending(world)
    bills.unsent(world)
    bills.invoice(world)


def tie_pending(world: World) -> None:
    """Look for the records that planned writes are about, but for invoices: those were looked through."""
    end, after = world.target, ""
    while end is not None:
        with world.store.view() as tx:
            page = tx.outbox.list(connection=end.name, states=_OPEN, after=after)
        if not page:
            return
        after = page[-1].key
        pending: dict[tuple[str, str], list[Delivery]] = {}
        for row in page:
            if row.remote_id is None and row.kind != KIND:
                pending.setdefault((row.kind, row.object), []).append(row)
        for (kind, object), rows in pending.items():
            _tie_kind(world, end, kind, object, rows)


def _tie_kind(world: World, end: End, kind: str, object: str, rows: Sequence[Delivery]) -> None:
    ids, unsure = _looked_up(end, object, [row.our_id for row in rows])
    listed = _listed(end, object, unsure) if unsure else {}
    sheet = end.connector.capabilities.writes.get(object)
    with world.store.tx("recover-tie") as tx:
        tie(tx, rows, ids | (listed or {}))
        if listed is None and sheet is not None and sheet.target is Target.NONE:
            tx.orphans.put([Orphan(end.name, kind, UNLISTED, remote_id="")], world.now())


def _looked_up(end: End, object: str, references: Sequence[str]) -> tuple[dict[str, str], set[str]]:
    """Reference -> id there, where one record carries it; and those that the system could not look up."""
    ids: dict[str, str] = {}
    unsure: set[str] = set()
    for start in range(0, len(references), BATCH):
        part = references[start : start + BATCH]
        for reference, probe in zip(part, port.probe(end.connector, object, part), strict=True):
            if not isinstance(probe, Found):
                unsure |= {reference} if isinstance(probe, Unsure) else set()
            elif len(probe.remote_ids) == 1:
                ids[reference] = probe.remote_ids[0]
    return ids, unsure


def _listed(end: End, object: str, references: set[str]) -> dict[str, str] | None:
    """The same by reading all that stands there; None where the system cannot list it either."""
    found: dict[str, str] = {}
    try:
        for page in end.connector.standing(object):
            found |= {item.reference: item.id for item in page if item.reference in references}
    except Refused:
        return None
    return found


# ---------------------------------------------------------------- what is left


def settle(world: World, connection: str) -> list[Orphan]:
    """Open the gate where every document there is accounted for; else tell people.  Gives what is left."""
    with world.store.tx("recover-settle") as tx:
        left = tx.orphans.unclaimed(connection)
        problems = [_problem(item) for item in left]
        known = [item for code in _CODES for item in tx.problems.list(code=code, limit=100_000)]
        still = {problem.fingerprint for problem in problems}
        mended = {item.problem.fingerprint for item in known if item.problem.place.system == connection} - still
        tx.problems.close_fingerprints(mended, at=world.now())
        world.report(tx, problems)
        if not left:
            detail = "what stands there was compared with the books: every document is accounted for"
            open_gate(tx, connection, detail, world.now())
    return left


def open_gate(tx: Tx, connection: str, detail: str, at: datetime) -> None:
    """Let writes go out again, and take back what people were told about it."""
    tx.gates.put(Gate(connection=connection, reason="recovered", detail=detail, at=at))
    told = tx.problems.list(code="PUSH-PARKED-01", limit=100_000)
    mine = [item.problem.fingerprint for item in told if item.problem.place.system == connection]
    tx.problems.close_fingerprints(mine, at=at)


def _problem(item: Orphan) -> Problem:
    place = Place(system=item.connection, object=item.kind, id=item.reference)
    accept = f"billsync recover --accept {item.reference} --reason '...'"
    if item.reference == UNLISTED:
        return Problem(
            code="RECOVER-LIST-01",
            message=f"{item.connection} cannot list its records of {item.kind}: what came after the backup is unknown",
            hint=f"compare the last ones there with the books by hand; when they agree: {accept}",
            place=place,
        )
    if not item.remote_id:
        return Problem(
            code="RECOVER-NUMBER-02",
            message=f"several documents in {item.connection} carry {item.reference}, which the books do not know",
            hint="void all but one of them there, then run `billsync recover` again",
            place=place,
        )
    on = f" of {item.issued_on}" if item.issued_on else ""
    return Problem(
        code="RECOVER-NUMBER-01",
        message=f"{item.reference}{on} over {item.total:f} {item.currency} stands in {item.connection} as "
        f"{item.remote_id}; nothing in the books comes to that invoice now",
        hint="set the deal in the CRM back as it was billed, or void the document there, and run `billsync recover` "
        f"again; if it may stay there without an invoice of ours: {accept}",
        place=place,
    )
