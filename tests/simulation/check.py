"""What must be true when everything has come to rest, told from the outside: by the CRM's and the ERP's own records."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from billsync.store import StoredProblem
from billsync.verify import verify
from tests.simulation.erp import Doc
from tests.simulation.simulation import Simulation

DOUBLES = {"duplicate_found", "readback_mismatch"}
CHANGED = {"BILL-DEAL-03", "BILL-DEAL-04"}
"""What may be told for good: a deal that changed or went after it was billed is for a person."""


def violations(done: Simulation) -> list[str]:
    """Everything that is wrong, in words; the first word is its kind."""
    return [
        *done.sim.violations,
        *_books(done),
        *_invoices(done),
        *_deals(done),
        *_records(done),
        *_payments(done),
        *_problems(done),
        *_told(done),
    ]


def _books(done: Simulation) -> Iterator[str]:
    verdict = verify(done.store, now=done.sim.now(), targets=frozenset({"erp"}))
    for broken in verdict.broken:
        yield f"INVARIANT {broken.invariant} {broken.row}: {broken.detail}"


def _invoices(done: Simulation) -> Iterator[str]:
    """Each invoice of ours is exactly one live document there, of the same content, and there is no other."""
    there = dict(done.erp.invoices())
    with done.store.view() as tx:
        ours = {item.invoice.number: item.invoice for item in tx.ledger.invoices(limit=10_000)}
        customers = tx.outbox.remote_ids("erp", [("customer", item.customer) for item in ours.values()])
    for number, invoice in ours.items():
        docs = there.pop(number, [])
        if len(docs) != 1:
            yield f"{'LOST' if not docs else 'DOUBLED'} {number}: {len(docs)} documents"
            continue
        wanted = (invoice.total, invoice.currency, customers.get(("customer", invoice.customer)), len(invoice.lines))
        if number in done.bookkeeper.accepted:
            continue
        if (found := _shown(docs[0])) != wanted or not docs[0].posted:
            yield f"WRONG {number}: {found} there, {wanted} here"
    for reference in there:
        yield f"ORPHAN {reference}"


def _told(done: Simulation) -> Iterator[str]:
    """What people did there, and doubles that could not be prevented, were told: never silence."""
    told = done.bookkeeper.told
    if done.draw.sweeps:
        for reference in sorted(done.erp.edited - done.erp.voided):
            if not {("edited_there", reference), ("readback_mismatch", reference)} & told:
                yield f"SILENT edit of {reference}"
        for reference in sorted(done.erp.voided):
            if not {reason for reason, id in told if id == reference}:
                yield f"SILENT void of {reference}"
        for name in sorted(done.erp.doubled):
            reference = name.partition("/")[2]
            # where somebody voided one of the two before it was looked for, the other is told as standing in its place
            wanted = DOUBLES | ({"remote_replaced"} if reference in done.erp.voided else set())
            if not {reason for reason, id in told if id == reference} & wanted:
                yield f"SILENT double of {name}"


def _shown(doc: Doc) -> tuple[Decimal, object, object, int]:
    return doc.total, doc.data["currency"], doc.data["customer"], len(doc.data["lines"])


def _deals(done: Simulation) -> Iterator[str]:
    """The ERP's lines of each deal come to what the deal was worth while it was won, or a person is told otherwise."""
    billed: dict[str, Decimal] = {}
    for docs in done.erp.invoices().values():
        for line in (line for doc in docs for line in doc.data["lines"]):
            amount = Decimal(line["quantity"]) * Decimal(line["price"])
            billed[line["deal"]] = billed.get(line["deal"], Decimal(0)) + amount
    told = {item.problem.place.id for item in _open(done) if item.problem.code in CHANGED}
    edited = {
        line["deal"]
        for docs in done.erp.invoices().values()
        for doc in docs
        for line in doc.data["lines"]
        if doc.reference in done.bookkeeper.accepted
    }
    for id, deal in done.crm.intended.items():
        won = deal["stage"] == "won" and not deal["deleted"]
        worth, sum_ = done.crm.worth.get(id, []), billed.get(id, Decimal(0))
        wanted = worth[-1] if won else Decimal(0)
        if id not in edited and sum_ != wanted and not (id in told and sum_ in worth):
            yield f"SUM {id}: {sum_} there, {wanted} agreed, {'told' if id in told else 'silent'}"
    for id in billed.keys() - done.crm.intended.keys():
        yield f"SUM {id}: billed, and no such deal"


def _records(done: Simulation) -> Iterator[str]:
    """What people saved last in the CRM is what was read last."""
    with done.store.view() as tx:
        for object, source in done.crm.feeds.items():
            for id, row in source.rows.items():
                read = tx.inbox.get("crm", object, id)
                if read is None or read.deleted != row.deleted or (not row.deleted and read.data != row.data):
                    yield f"UNREAD {object}/{id}: {row.data} there, {read and read.data} here"


def _payments(done: Simulation) -> Iterator[str]:
    """Each payment there counts once here, and the CRM knows of each deal what the ERP knows."""
    with done.store.view() as tx:
        ours = {item.invoice.number: item for item in tx.ledger.invoices(limit=10_000)}
    state: dict[str, list[str]] = {}
    for number, docs in done.erp.invoices().items():
        paid = sum((doc.paid for doc in docs), Decimal(0))
        if number in ours and ours[number].paid != paid:
            yield f"PAYMENT {number}: {paid} there, {ours[number].paid} here"
        for doc in docs:
            shown = "paid" if doc.paid == doc.total else "partly_paid" if doc.paid else "sent"
            for deal in {line["deal"] for line in doc.data["lines"]}:
                state.setdefault(deal, []).append(shown)
    for deal, intended in sorted(done.crm.intended.items()):
        if deal in state and intended["stage"] == "won" and not intended["deleted"]:
            wanted = min(state[deal], key=("sent", "partly_paid", "paid").index)
            found = done.crm.status.get(deal, {}).get("state")
            if found != wanted:
                yield f"STATUS {deal}: the CRM shows {found}, it is {wanted}"


def _problems(done: Simulation) -> Iterator[str]:
    for item in _open(done):
        if item.problem.code not in CHANGED:
            yield f"PROBLEM {item.problem.code} {item.problem.place} {item.problem.message}"


def _open(done: Simulation) -> list[StoredProblem]:
    with done.store.view() as tx:
        return tx.problems.list(limit=1000)
