"""The CRM's side of a comparison: its deals as they are now, what they come to, and what it was told.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby, islice
from typing import Final

from billsync import reconcile
from billsync.billing import charges, mending, terms
from billsync.cash import status
from billsync.connector import Record, Refused, Standing
from billsync.invoicing.window import slot_of
from billsync.mapping import Mapping as FieldMapping
from billsync.mapping import record_of
from billsync.model.base import canonical_json, digest_text
from billsync.model.charge import Charge
from billsync.model.contract import Contract
from billsync.model.deal import Deal
from billsync.model.delivery import DONE
from billsync.model.drift import Drift, DriftKind
from billsync.model.payment import InvoiceStatus
from billsync.model.product import Product
from billsync.model.proposal import Agreed, ProposalState
from billsync.reconcile import Billed, Evidence, Sold, Totals
from billsync.stage import diagnosis
from billsync.stage.agreed import KIND
from billsync.stage.spool import Row, Spool
from billsync.stage.standing import frozen, thawed
from billsync.stage.world import World
from billsync.store import StoredInvoice, Tx
from billsync.store.comparing import Comparing

PAGE: Final = 500
STATUS: Final = "status"


def compare(
    world: World,
    totals: Totals,
    drifts: list[Drift],
    remarks: list[str],
    *,
    customer: str | None = None,
    as_of: date | None = None,
) -> None:
    """Add the CRM's sums to `totals` and its differences to `drifts`.  Raises `TryLater`, `Refused`."""
    day = as_of or world.through
    with Spool() as spool:
        _read_deals(world, spool)
        spool.add((deal, ["billed"]) for deal in _billed_deals(world))
        listed = as_of is None and _read_told(world, spool, remarks)
        remarks += _waiting(world)
        if as_of is not None:
            remarks.append(f"{world.source.name} shows its deals and their invoice status only as they are now")
        rows = groupby(spool, key=lambda row: row[0])
        lots = (_lot(key, [values for _, values in found]) for key, found in rows)
        while page := list(islice(lots, PAGE)):
            with world.store.view() as tx:
                asked = _Asked(world, tx, page, day, customer=customer, listed=listed, telling=as_of is None)
                drifts += asked.judged(totals)


@dataclass(frozen=True, slots=True)
class _Lot:
    """What the CRM says of one deal; `doubt` where its record cannot be read as one now."""

    id: str
    deal: Deal | None
    told: tuple[Standing, ...]
    doubt: bool


def _lot(id: str, rows: Iterable[list[object]]) -> _Lot:
    deal: Deal | None = None
    told: list[Standing] = []
    doubt = False
    for kind, *values in rows:
        if kind == "deal":
            deal = Deal.model_validate_json(str(values[0]))
        elif kind == "told":
            told.append(thawed(values))
        doubt = doubt or kind == "doubt"
    return _Lot(id, deal, tuple(told), doubt)


# ---------------------------------------------------------------- reading


def _read_deals(world: World, spool: Spool) -> None:
    """The won deals as the CRM has them now; what a record made before that cannot be mapped now stays in doubt."""
    for mapping in world.inbound:
        if mapping.target == "deal":
            for page in world.source.connector.read(mapping.source_object, None):
                live = {record.id: record for record in page.records if not record.deleted}
                spool.add(_rows(world, mapping, live))
                world.progress.advance(len(page.records))


def _rows(world: World, mapping: FieldMapping, records: Mapping[str, Record]) -> list[Row]:
    mapped = {id: mapping.apply(record, lambda _name, id: id) for id, record in records.items()}
    made: list[Row] = [(m.noun.id, ["deal", m.noun.json_text()]) for m in mapped.values() if isinstance(m.noun, Deal)]
    bad = [id for id, result in mapped.items() if result.problems]
    if bad:
        with world.store.view() as tx:
            known = tx.facts.by_source(world.source.name, mapping.source_object, bad)
        made += [(our_id, ["doubt"]) for pairs in known.values() for kind, our_id in pairs if kind == "deal"]
    return made


def _billed_deals(world: World) -> Iterator[str]:
    after = ""
    while True:
        with world.store.view() as tx:
            page = Comparing(tx.conn).billed_deals(world.source.name, after=after, limit=PAGE)
        if not page:
            return
        yield from page
        after = page[-1]


def _waiting(world: World) -> Iterator[str]:
    """Deals that say something else than what is agreed are no difference, as long as it waits for a person."""
    with world.store.view() as tx:
        count = tx.changes.counts().get(str(ProposalState.WAITING), 0) if world.changes is not None else 0
    if count:
        yield f"changes that wait for a decision: {count}; deals are compared as agreed: `billsync change list`"


def _read_told(world: World, spool: Spool, remarks: list[str]) -> bool:
    """What the CRM shows of its deals' invoices; False where it cannot list that."""
    if world.status is None:
        return False
    try:
        for page in world.source.connector.standing(world.status.target_object):
            spool.add(_told_row(item) for item in page)
    except Refused as fault:
        if fault.reason != "not_supported":
            raise
        remarks.append(f"{world.source.name} does not list what it was told: what was sent last is compared")
        return False
    return True


def _told_row(item: Standing) -> Row:
    return item.reference, ["told", *frozen(item)]


# ---------------------------------------------------------------- comparing


class _Asked:
    """A page of deals, with what the books say of them."""

    def __init__(
        self,
        world: World,
        tx: Tx,
        lots: Sequence[_Lot],
        day: date,
        *,
        customer: str | None,
        listed: bool,
        telling: bool,
    ) -> None:
        ids = [lot.id for lot in lots]
        self._world, self._tx, self._lots, self._day = world, tx, lots, day
        self._customer, self._listed, self._telling = customer, listed, telling
        self._charges = tx.ledger.charges_of_many(ids)
        self._invoices = tx.ledger.invoices_of_deals(ids)
        self._writes = tx.outbox.latest(world.source.name, STATUS, ids) if telling else {}
        self._products = _products(tx, lots)
        agreed = tx.facts.many(KIND, ids) if world.changes is not None else {}
        self._agreed = {id: Agreed.reread(fact.doc).contract for id, fact in agreed.items()}

    def judged(self, totals: Totals) -> list[Drift]:
        """The differences of the page, with causes and cures."""
        found: list[Drift] = []
        for lot in self._lots:
            sold, billed = self._sold(lot), self._billed(lot)
            whose = sold or billed
            if whose is None or (self._customer is not None and whose.customer != self._customer):
                continue
            if sold is not None and sold.ripe:
                totals.of(sold.currency).crm.add(net=sold.ripe, tax=None, total=None, open=None)
            drifts = reconcile.judge_deal(sold, billed, lot.told if self._listed else None)
            untold = billed is not None and billed.untold
            told = [drift for drift in drifts if not lot.doubt or drift.kind is DriftKind.TOLD]
            found += [self._diagnosed(drift, untold=untold) for drift in told]
        return found

    def _sold(self, lot: _Lot) -> Sold | None:
        """What the deal comes to; where changes are agreed, what is agreed by it, whatever it says meanwhile."""
        if lot.id in self._agreed:
            agreed = self._agreed[lot.id]
            stored = self._charges.get(lot.id, {}).values()
            billed = [item.charge for item in stored if not item.is_open and item.charge.due_on <= self._day]
            standing, policy = mending.Standing(billed), self._world.rules.policy()
            return self._sums(agreed, mending.owed(agreed, standing, through=self._day, policy=policy).charges)
        deal = lot.deal
        if deal is None:
            return None
        contract, _ = terms.contract_of(deal, self._products)
        if contract is None:
            return Sold(deal.id, deal.customer, deal.currency, None, None)
        due = charges.due(contract, through=self._day, policy=self._world.rules.policy(), source="").charges
        return self._sums(contract, due)

    def _sums(self, contract: Contract, due: Sequence[Charge]) -> Sold:
        grouping = self._world.rules.grouping
        ripe = [item for item in due if slot_of(item, item.customer, grouping).last_day <= self._day]
        return Sold(contract.id, contract.customer, contract.currency, _sum(due), _sum(ripe))

    def _billed(self, lot: _Lot) -> Billed | None:
        """The deal in the books as they stood on the day."""
        invoices = [item for item in self._invoices.get(lot.id, []) if item.invoice.issued_on <= self._day]
        numbers = {item.invoice.number for item in invoices}
        stored = [item for item in self._charges.get(lot.id, {}).values() if item.charge.due_on <= self._day]
        if not stored:
            return None
        first = stored[0].charge
        wanted = self._wanted(lot.id, invoices)
        return Billed(
            deal=lot.id,
            customer=first.customer,
            currency=first.currency,
            charged=_sum(item.charge for item in stored),
            invoiced=_sum(item.charge for item in stored if item.invoice in numbers),
            status=wanted,
            untold=wanted is not None and self._untold(lot.id, wanted),
        )

    def _wanted(self, deal: str, invoices: Sequence[StoredInvoice]) -> InvoiceStatus | None:
        if not self._telling or self._world.status is None or not invoices:
            return None
        return status.status_of(deal, [status.Row(item.invoice, item.state, item.paid_on) for item in invoices])

    def _untold(self, deal: str, wanted: InvoiceStatus) -> bool:
        """Whether what was sent last is something else, or has not taken effect."""
        last = self._writes.get(deal)
        if last is None or last.state not in DONE or self._world.status is None:
            return True
        doc = self._world.status.apply(record_of(STATUS, wanted, deal), lambda _kind, id: id).doc
        return digest_text(canonical_json({"document": doc or {}})) != last.payload_digest

    def _diagnosed(self, drift: Drift, *, untold: bool) -> Drift:
        problems = Comparing(self._tx.conn).problems("billsync", "deal", drift.document)
        write = self._writes.get(drift.document) if drift.kind is DriftKind.TOLD else None
        known = Evidence(now=self._world.now(), delivery=write, problems=problems, record="untold" if untold else "")
        return diagnosis.told(drift, known, self._world.source.name, "report")


def _sum(items: Iterable[Charge]) -> Decimal:
    return sum((item.amount for item in items), Decimal(0))


def _products(tx: Tx, lots: Sequence[_Lot]) -> dict[str, Product]:
    ids = {line.product for lot in lots if lot.deal is not None for line in lot.deal.lines}
    return {id: Product.model_validate_json(fact.doc) for id, fact in tx.facts.many("product", ids).items()}
