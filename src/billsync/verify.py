"""The invariants of the ledger, as one read-only pass; docs/reference/promises.md lists them.  (shell)"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Final

from billsync.model.base import digest_text
from billsync.model.delivery import DONE, STUCK, Delivery, DeliveryState
from billsync.model.money import from_minor
from billsync.store import Store, StoredInvoice, Tx

PAGE = 500
INVARIANTS: Final = {
    "I1": "each invoice has one write to the ERP, or a reason",
    "I3": "what was sent sums to what was invoiced",
    "I4": "one remote id stands for one document",
    "I5": "each source record is mapped, skipped, gone or a problem",
    "I7": "each state of a write and an invoice follows from its audit",
    "I8": "the audit chain is unbroken",
    "I9": "frozen payloads and invoices are unchanged",
    "I10": "amounts add up and fit their currency",
    "I11": "nothing is stuck without a reason",
    "I12": "nothing is confirmed without its remote id",
    "I13": "numbers are unique and without gaps",
}
_S = DeliveryState


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken row.

    Attributes:
        invariant: `I1` to `I13`.
        row: what is broken, by its key.
        detail: how.
    """

    invariant: str
    row: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a pass found: how many rows each invariant looked at, and the broken ones."""

    checked: dict[str, int]
    broken: list[Broken]


def verify(store: Store, *, now: datetime, targets: frozenset[str] = frozenset()) -> Verdict:
    """Check every invariant over the whole ledger; memory stays flat but for the states that I7 follows.

    `targets` are the connections that invoices are sent to; without any, I1 and I3 have nothing to check.
    """
    checked: dict[str, int] = {}
    broken: list[Broken] = []
    with store.view() as tx:
        for check in (_invoices, _books, _deliveries, _records, _audit, _trails, _remote_ids):
            for invariant, fault in check(tx, now, targets):
                checked[invariant] = checked.get(invariant, 0) + 1
                if fault is not None:
                    broken.append(fault)
    return Verdict(dict(sorted(checked.items(), key=lambda item: int(item[0][1:]))), broken)


Finding = tuple[str, Broken | None]
Check = Callable[[Tx, datetime, frozenset[str]], Iterator[Finding]]


def _found(invariant: str, row: str, *, ok: bool, detail: str) -> Finding:
    return invariant, None if ok else Broken(invariant, row, detail)


def _all_invoices(tx: Tx) -> Iterator[StoredInvoice]:
    after = ""
    while page := tx.ledger.invoices(after=after, limit=PAGE):
        yield from page
        after = page[-1].invoice.number


def _all_deliveries(tx: Tx) -> Iterator[Delivery]:
    after = ""
    while page := tx.outbox.list(after=after, limit=PAGE):
        yield from page
        after = page[-1].key


def _invoices(tx: Tx, _now: datetime, targets: frozenset[str]) -> Iterator[Finding]:
    numbers: dict[str, set[int]] = {}
    invoiced: dict[str, Decimal] = {}
    for item in _all_invoices(tx):
        invoice, number = item.invoice, item.invoice.number
        yield _found(
            "I9", number, ok=digest_text(invoice.json_text()) == item.row_hash, detail="the invoice was changed"
        )
        lines = sum((line.amount for line in invoice.lines), Decimal(0))
        sums = lines == invoice.subtotal and invoice.subtotal + invoice.tax_total == invoice.total
        yield _found("I10", number, ok=sums and item.paid <= invoice.total, detail="its amounts do not add up")
        invoiced[invoice.currency] = invoiced.get(invoice.currency, Decimal(0)) + invoice.total
        digits = re.findall(r"\d+", number)
        if digits:
            numbers.setdefault(invoice.series, set()).add(int(digits[-1]))
        if targets:
            there = any(tx.outbox.latest(target, "invoice", [number]) for target in targets)
            yield _found("I1", number, ok=there, detail=f"no write to {' or '.join(sorted(targets))} was ever planned")
    for series, found in numbers.items():
        gaps = sorted(set(range(1, max(found) + 1)) - found)
        yield _found("I13", series, ok=not gaps, detail=f"numbers are missing: {gaps[:10]}")
    for currency, _count, total, _paid in tx.ledger.totals():
        same = from_minor(total, currency) == invoiced.get(currency, Decimal(0))
        yield _found(
            "I3",
            currency,
            ok=same,
            detail=f"{from_minor(total, currency)} in rows, {invoiced.get(currency)} in documents",
        )


def _books(tx: Tx, _now: datetime, _targets: frozenset[str]) -> Iterator[Finding]:
    """The invoices against their columns, charges, allocations, and the hash that the audit noted."""
    faults = tx.ledger.verify()
    yield _found("I9", "invoices", ok=not faults, detail="; ".join(faults[:5]))


def _deliveries(tx: Tx, now: datetime, _targets: frozenset[str]) -> Iterator[Finding]:
    for row in _all_deliveries(tx):
        same = digest_text(row.payload) == row.payload_digest
        yield _found("I9", row.key, ok=same, detail="the frozen payload was changed")
        if row.state in DONE:
            yield _found("I12", row.key, ok=bool(row.remote_id), detail="confirmed without a remote id")
        else:
            yield _found(
                "I11", row.key, ok=_explained(tx, row, now), detail=f"stuck in {row.state} without a next step"
            )


def _explained(tx: Tx, row: Delivery, now: datetime) -> bool:
    if row.state is _S.INFLIGHT:
        return row.lease_until is not None and now <= row.lease_until
    if row.state in (_S.RETRY, _S.UNKNOWN):
        return row.next_at is not None
    if row.state is _S.WAITING:
        found = tx.outbox.many(row.needs)
        return bool(row.needs) and all(key in found for key in row.needs)
    return row.state is _S.READY or (row.state in STUCK and bool(row.reason))


def _records(tx: Tx, _now: datetime, _targets: frozenset[str]) -> Iterator[Finding]:
    for (connection, object), states in tx.inbox.counts().items():
        name = f"{connection}/{object}"
        unknown = set(states) - {"new", "mapped", "skipped", "problem", "gone"}
        yield _found("I5", name, ok=not unknown, detail=f"records in states that do not exist: {sorted(unknown)}")


def _audit(tx: Tx, _now: datetime, _targets: frozenset[str]) -> Iterator[Finding]:
    breaks = tx.audit.verify()
    yield _found("I8", "audit", ok=not breaks, detail="; ".join(breaks[:5]))


def _trails(tx: Tx, _now: datetime, _targets: frozenset[str]) -> Iterator[Finding]:
    """Each change of state has one row that begins where the one before ended, and the last leads to the state of now.

    Keeps the last state of every write and invoice in memory: some 200 bytes each.
    """
    last: dict[str, str] = {}
    torn: dict[str, str] = {}
    for subject, before, after in tx.audit.changes():
        if subject.startswith(("delivery/", "invoice/")):
            if last.get(subject, "") != before:
                torn[subject] = f"a change from {before or 'nothing'} follows one to {last.get(subject) or 'nothing'}"
            last[subject] = after
    states = ((f"delivery/{row.key}", str(row.state)) for row in _all_deliveries(tx))
    moved = ((f"invoice/{item.invoice.number}", str(item.state)) for item in _all_invoices(tx))
    for subject, state in chain(states, moved):
        if last.get(subject) != state:
            torn.setdefault(subject, f"it is {state}, the audit leaves it at {last.get(subject) or 'nothing'}")
        yield _found("I7", subject, ok=subject not in torn, detail=torn.get(subject, ""))


def _remote_ids(tx: Tx, _now: datetime, _targets: frozenset[str]) -> Iterator[Finding]:
    doubled = tx.outbox.doubled_remote_ids()
    yield _found("I4", "deliveries", ok=not doubled, detail=f"records that stand for two documents: {doubled[:10]}")
