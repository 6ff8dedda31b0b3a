"""Whether the books are behind what the target holds, and which document there an invoice already is.  (shell)

The books are behind where an older backup was put in their place.  A run notices when the number that it is about to
draw stands on a document there; from then on the target's gate is `recovering`, and only `billsync recover` makes
invoices for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from billsync.connector import Found
from billsync.invoicing import numbering
from billsync.invoicing.adoption import Candidate, match
from billsync.invoicing.draft import Draft
from billsync.model.gate import Gate, GateState
from billsync.push import port
from billsync.stage.world import World
from billsync.store import Orphan, Tx

KIND: Final = "invoice"
BEHIND: Final = "store_behind"


@dataclass(frozen=True, slots=True)
class Adopted:
    """A draft and the document there that it is, or None for a draft that gets a new number."""

    draft: Draft
    orphan: Orphan | None = None


def ready(world: World, drafts: Sequence[Draft]) -> list[Adopted]:
    """The drafts that may become invoices now.

    None while the target recovers; in the run that recovers it those that stand there already: numbers are drawn for
    the others when the rest is accounted for, so that nothing is invoiced twice.
    """
    if not drafts:
        return []
    if recovers(world):
        return _claims(world, drafts) if world.recovering else []
    if _is_behind(world, drafts):
        return []
    return [Adopted(draft) for draft in drafts]


def claim(world: World, tx: Tx, adopted: Iterable[Adopted]) -> None:
    """Note whose documents they are, in the transaction that stores the invoices."""
    for item in adopted:
        if item.orphan is not None:
            tx.orphans.claim(item.orphan, f"is the invoice {item.draft.id}", at=world.now())
            world.tally.add("invoices found there", 1)


def ids_there(tx: Tx, connection: str, kind: str, our_ids: Iterable[str]) -> dict[str, str]:
    """Our id -> the id there: of documents that took effect, and of those that were found there and wait."""
    ids = list(dict.fromkeys(our_ids))
    found = {our_id: row.remote_id for our_id, row in tx.outbox.latest(connection, kind, ids).items() if row.remote_id}
    return found | {
        our_id: remote for (_, our_id), remote in tx.outbox.remote_ids(connection, [(kind, id) for id in ids]).items()
    }


def recovers(world: World) -> bool:
    """Whether the target's gate is `recovering`, so that no new documents are made for it."""
    if world.target is None:
        return False
    with world.store.view() as tx:
        gate = tx.gates.get(world.target.name)
    return gate is not None and gate.state is GateState.RECOVERING


def _claims(world: World, drafts: Sequence[Draft]) -> list[Adopted]:
    connection = world.target.name if world.target is not None else ""
    with world.store.view() as tx:
        open_ = [item for item in tx.orphans.unclaimed(connection) if item.kind == KIND and item.remote_id]
        there = ids_there(tx, connection, "customer", [draft.invoice.customer for draft in drafts])
    orphans = {item.reference: item for item in open_}
    found = match(drafts, [_candidate(item) for item in open_], there)
    return [Adopted(draft, orphans[found[draft.id].number]) for draft in drafts if draft.id in found]


def _candidate(item: Orphan) -> Candidate:
    return Candidate(item.reference, item.customer, item.currency, item.total, item.issued_on)


def _is_behind(world: World, drafts: Sequence[Draft]) -> bool:
    """Ask the target for the first number of each series that is about to be drawn; close its gate where it is there.

    A target that cannot answer is no reason to wait: what it holds is compared again before anything is written.
    """
    mapping = world.outbound.get(KIND)
    if world.target is None or mapping is None:
        return False
    numbers = _next_numbers(world, drafts)
    probes = port.probe(world.target.connector, mapping.target_object, numbers)
    taken = [number for number, probe in zip(numbers, probes, strict=True) if isinstance(probe, Found)]
    if taken:
        with world.store.tx("recovering") as tx:
            detail = f"{taken[0]} stands in {world.target.name}, but these books have not drawn it"
            tx.gates.put(recovering(world.target.name, BEHIND, detail, world))
        world.progress.note(f"{detail}: run `billsync recover`")
    return bool(taken)


def recovering(connection: str, reason: str, detail: str, world: World) -> Gate:
    """A gate that only `billsync recover` opens."""
    return Gate(connection=connection, state=GateState.RECOVERING, reason=reason, detail=detail, at=world.now())


def _next_numbers(world: World, drafts: Sequence[Draft]) -> list[str]:
    first: dict[str, Draft] = {}
    for draft in drafts:
        first.setdefault(numbering.series_of(world.rules, draft), draft)
    with world.store.view() as tx:
        return [
            numbering.number_of(world.rules, draft, tx.ledger.last_drawn(name) + 1) for name, draft in first.items()
        ]
