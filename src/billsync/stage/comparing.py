"""CRM x billsync x ERP: what stands where, and for each difference its cause and its cure.  Writes nothing.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from billsync import reconcile
from billsync.connector import Connector
from billsync.invoicing import numbering
from billsync.invoicing.policy import InvoicingRules
from billsync.model.drift import Act, Drift
from billsync.reconcile import Comparison, Counted, Question, Totals
from billsync.stage import diagnosis, sold
from billsync.stage.spool import Spool
from billsync.stage.standing import Theirs, ours
from billsync.stage.world import End, World
from billsync.store import Store

INVOICE: Final = "invoice"
PAYMENT: Final = "payment"


@dataclass(slots=True)
class Report:
    """Three sides compared.

    Attributes:
        drifts: each with cause and cure; those with the ERP by number, then those with the CRM by deal.
        matched, agreed: documents that stand here and in the ERP; those of them without a difference.
        others: documents in the ERP that carry no number of ours.
        adopted: differences that a person accepted as they are.
        remarks: what could not be compared, or not as it stood on the day.
    """

    totals: Totals
    drifts: list[Drift] = field(default_factory=list)
    matched: int = 0
    agreed: int = 0
    others: int = 0
    adopted: int = 0
    remarks: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing differs."""
        return not self.drifts

    def by_class(self) -> list[Counted]:
        """The drifts counted by class and currency."""
        return reconcile.by_class(self.drifts)

    def of(self, acts: Iterable[Act]) -> list[Drift]:
        """The drifts that one of these acts mends."""
        wanted = frozenset(acts)
        return [drift for drift in self.drifts if drift.cure.act in wanted]


def compare(world: World, *, customer: str | None = None, as_of: date | None = None, edited: str = "report") -> Report:
    """Compare all three sides of a pipeline.

    Args:
        world: the pipeline, connected.
        customer: only this customer, or None for all.
        as_of: documents dated and payments received up to this day, or None for all that there are.
        edited: what the cure of a hand-edited document is: `report`, `adopt` or `overwrite`.

    Raises `TryLater`, and `Refused` where the ERP cannot list its documents.
    """
    report = Report(Totals())
    if world.target is not None and INVOICE in world.outbound:
        _with_erp(world, world.target, report, customer, as_of, edited)
    world.progress.stage(f"Compare with {world.source.name}")
    sold.compare(world, report.totals, report.drifts, report.remarks, customer=customer, as_of=as_of)
    return report


def documents(
    store: Store, connector: Connector, connection: str, question: Question, *, invoice: str, payment: str | None = None
) -> Comparison:
    """Our invoices and one system's, without causes and cures.

    `invoice` and `payment` are that system's own names of the kinds of record; payments are left out where `payment`
    is None or they cannot be listed.  Raises `TryLater`, and `Refused` where it cannot list its documents.
    """
    with Spool() as spool:
        theirs = Theirs(spool)
        theirs.read(connector, invoice, payment)
        found = reconcile.compare(ours(store, connection), theirs, replace(question, listed=theirs.listed))
        found.drifts = diagnosis.renamed(found.drifts, theirs, store, connection)
        return found


def mine(rules: Iterable[InvoicingRules]) -> Callable[[str], bool]:
    """Whether a reference is one that these rules make numbers of."""
    known = list(rules)
    return lambda reference: any(numbering.counted(rule, reference) is not None for rule in known)


def _with_erp(world: World, end: End, report: Report, customer: str | None, as_of: date | None, edited: str) -> None:
    object, payment = world.outbound[INVOICE].target_object, _payments_of(world)
    world.progress.stage(f"Compare with {end.name}")
    asked = Question(_invoices_of(world, report), customer, _ids_of(world, end.name, customer), as_of)
    found = documents(world.store, end.connector, end.name, asked, invoice=object, payment=payment)
    report.totals, report.matched = found.totals, found.matched
    report.agreed, report.others = found.agreed, found.others
    known = diagnosis.diagnosed(world, end, found.drifts, object, edited)
    report.adopted = len(found.drifts) - len(known)
    report.drifts += known
    if not found.listed:
        report.remarks.append(f"{end.name} does not list its payments: only what is open is compared")
    if as_of is not None:
        report.remarks.append(
            f"as of {as_of}: what was open is reckoned from the payments; amounts, edits and voids are as they are now"
        )


def _invoices_of(world: World, report: Report) -> Callable[[str], bool]:
    """Whether a reference is an invoice number of ours; credit notes are left out, which the report says."""
    with world.store.view() as tx:
        notes = tx.ledger.credit_note_numbers()
    if notes:
        report.remarks.append(f"{len(notes):,} credit notes are not compared; invoices are, with what is open on them")
    ours_ = mine([world.rules])
    return lambda reference: ours_(reference) and reference not in notes


def _payments_of(world: World) -> str | None:
    return world.payments.source_object if world.payments is not None else PAYMENT


def _ids_of(world: World, connection: str, customer: str | None) -> frozenset[str]:
    """The customer's id in the other system, if it has one."""
    if customer is None:
        return frozenset()
    with world.store.view() as tx:
        id = tx.outbox.remote_id(connection, "customer", customer)
    return frozenset([id] if id else [])
