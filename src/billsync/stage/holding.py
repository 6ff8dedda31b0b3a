"""Which drafts become documents now, and which wait: for their day, for a person, or for being too many.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from billsync.model.base import canonical_json, digest_text
from billsync.model.invoice import CreditNote, Invoice
from billsync.model.problem import Place, Problem
from billsync.model.scalar import plain, show
from billsync.stage.world import World
from billsync.store import DraftState, StoredDraft, Tx

Document = Invoice | CreditNote


def digest(document: Document) -> str:
    """Of what a person sees: whose it is, its lines and amounts; not of its days, which move while it waits."""
    lines = [[line.charge, plain(line.amount), plain(line.discount)] for line in document.lines]
    sums = [plain(document.subtotal), plain(document.tax_total), plain(document.total)]
    return digest_text(canonical_json([document.customer, document.currency, document.entity, lines, sums]))


@dataclass(slots=True)
class Desk:
    """What a run knows of bounds and of drafts that wait.

    Attributes:
        over: deal or contract that is beyond a bound of its own -> which.
        made, sums: documents that this run let pass, and their amounts by currency.
        waited: whether drafts wait from runs before.
    """

    world: World
    over: dict[str, str] = field(default_factory=dict)
    made: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)
    waited: bool = False

    # ------------------------------------------------------------ a page

    def ready(self, documents: Sequence[Document]) -> list[Document]:
        """Those of a page that become documents now; the others are kept as drafts, and what is beyond is told."""
        stored: Mapping[str, StoredDraft] = {}
        if self.waited:
            with self.world.store.view() as tx:
                stored = {item.id: item for item in tx.ledger.drafts(ids=[document.id for document in documents])}
        judged = [self._judged(document, stored.get(document.id)) for document in documents]
        kept = [item for item in judged if item.reason or item.state is DraftState.APPROVED]
        if kept or stored:
            self._keep(kept, [document.id for document in documents])
        return [item.document for item in judged if not item.reason or item.state is DraftState.APPROVED]

    def _judged(self, document: Document, was: StoredDraft | None) -> StoredDraft:
        """The draft with its state; one that is no draft any more has no reason to wait."""
        same = was is not None and was.digest == digest(document)
        if was is not None and same and was.state is not DraftState.DRAFT:
            return self._draft(document, was.state, was.reason)
        if beyond := self._beyond(document):
            return self._draft(document, DraftState.PARKED, beyond)
        waits = _waits(self.world, document)
        if not waits:
            self.made += 1
            self.sums[document.currency] = self._sum(document)
        return self._draft(document, DraftState.DRAFT, waits)

    def _draft(self, document: Document, state: DraftState, reason: str) -> StoredDraft:
        kept = reason or state is not DraftState.DRAFT
        return StoredDraft(document, self.world.source.name, state, reason, digest(document) if kept else "")

    def _sum(self, document: Document) -> Decimal:
        return self.sums.get(document.currency, Decimal(0)) + abs(document.total)

    def _beyond(self, document: Document) -> str:
        """The bound that the document is beyond, in words; "" for none."""
        limits = self.world.rules.limits
        for line in document.lines if self.over else ():
            if line.deal in self.over:
                return self.over[line.deal]
        if limits.invoices_per_run is not None and self.made >= limits.invoices_per_run:
            return f"the run has made {limits.invoices_per_run} documents, which is its bound"
        whole = self._sum(document)
        if limits.amount_per_run is not None and whole > limits.amount_per_run:
            return f"the run would come to {plain(whole)} {document.currency}, its bound is {limits.amount_per_run}"
        return ""

    def _keep(self, kept: Sequence[StoredDraft], ids: Sequence[str]) -> None:
        world, problems = self.world, [_problem(item) for item in kept if item.state is DraftState.PARKED]
        with world.store.tx("drafts") as tx:
            tx.ledger.keep_drafts(kept, run=world.run, at=world.now())
            _close(world, tx, ids, problems)
            world.report(tx, problems)
        world.tally.add("drafts that wait", sum(item.state is not DraftState.APPROVED for item in kept))

    # ------------------------------------------------------------ its end

    def close(self) -> None:
        """Drafts that nothing makes any more are gone."""
        world = self.world
        with world.store.tx("drafts-end") as tx:
            gone = tx.ledger.stale_drafts(world.source.name, world.run, world.through)
            tx.ledger.drop_drafts(gone, why="gone", at=world.now())
            _close(world, tx, gone, [])


def opened(world: World) -> Desk:
    """The desk of a run, with what is beyond the bounds of one contract."""
    rules, source = world.rules, world.source.name
    with world.store.view() as tx:
        bound = rules.limits.invoices_per_contract
        crowded = tx.ledger.crowded(world.through, rules.grouping, bound, source=source)
        waited = bool(tx.ledger.drafts(source=source, limit=1))
    over = {
        name: f"{count} documents of {show(name)} in one run, the bound is {bound}" for name, count in crowded.items()
    }
    return Desk(world, over | _too_much(world), waited=waited)


def became(tx: Tx, world: World, documents: Iterable[Document]) -> None:
    """Drafts that have their numbers now are drafts no more; in the transaction that stores them."""
    tx.ledger.drop_drafts([document.id for document in documents], why="finalised", at=world.now())


def _too_much(world: World) -> dict[str, str]:
    """Deals and contracts whose open charges come to more than their bound."""
    bound = world.rules.limits.amount_per_contract
    if bound is None:
        return {}
    sums: dict[tuple[str, str], Decimal] = {}
    with world.store.view() as tx:
        for charge in tx.ledger.open_charges(world.through, source=world.source.name):
            key = (charge.deal, charge.currency)
            sums[key] = sums.get(key, Decimal(0)) + abs(charge.amount)
    return {
        name: f"{plain(amount)} {currency} of {show(name)} in one run, the bound is {plain(bound)}"
        for (name, currency), amount in sums.items()
        if amount > bound
    }


def _close(world: World, tx: Tx, ids: Iterable[str], still: Sequence[Problem]) -> None:
    kept = {problem.fingerprint for problem in still}
    where = {"connection": "billsync", "object": "draft"}
    tx.problems.close(**where, ids=list(ids), except_=kept, at=world.now(), codes_prefix="BILL-LIMIT-")


def _waits(world: World, document: Document) -> str:
    """Why a draft that is within the bounds is no document yet; "" where it is one now."""
    rules = world.rules
    if rules.finalise == "on_approval":
        return "it waits for approval"
    ready_on = document.issued_on + timedelta(days=rules.grace_days)
    return f"its grace period ends on {ready_on}" if world.through < ready_on else ""


def _problem(draft: StoredDraft) -> Problem:
    document = draft.document
    return Problem(
        code="BILL-LIMIT-01",
        message=f"{show(document.customer)}, {plain(document.total)} {document.currency}: {draft.reason}",
        hint="look at it with `billsync invoice list --state draft`, then `billsync approve` or `billsync reject` it",
        place=Place(system="billsync", object="draft", id=document.id),
    )
