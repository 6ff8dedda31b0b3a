"""The invariants that only the ERP can answer: I1, I2, I3 and I12 against the documents that stand there.  (shell)

It shares nothing with `reconcile` but the port and the spool, so that each can be wrong without the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Final

from billsync.connector import Standing
from billsync.invoicing import pattern
from billsync.model.delivery import DONE
from billsync.model.money import from_minor
from billsync.stage.spool import Spool
from billsync.stage.world import End
from billsync.store import Store, Tx
from billsync.store.evidence import Evidence, Row
from billsync.verify import Scope, Verdict
from billsync.verify.found import Tally

KIND: Final = "invoice"

Group = tuple[str, str, str]
"""Customer, currency and month."""


@dataclass(frozen=True, slots=True)
class _There:
    """A document there that counts for something."""

    id: str
    customer: str | None
    currency: str
    total: Decimal


@dataclass(slots=True)
class _Proof:
    """What a walk along both sides has found so far."""

    connection: str
    scope: Scope
    started: datetime
    tally: Tally = field(default_factory=Tally)
    ours: dict[Group, Decimal] = field(default_factory=dict)
    theirs: dict[Group, Decimal] = field(default_factory=dict)


def prove(store: Store, end: End, object: str, scope: Scope) -> Verdict:
    """Compare the books with every document of the ERP.  Raises the connector's `TryLater` and `Refused`.

    What is written while it looks is left out.  Memory holds a page, and a sum per customer, currency and month.
    """
    proof = _Proof(end.name, scope, scope.now)
    with Spool() as spool:
        for page in end.connector.standing(object):
            spool.add((item.reference, _packed(item)) for item in page if item.reference and _counts(item, scope.since))
        there = groupby(
            ((reference, _There(*_unpacked(values))) for reference, values in spool), key=lambda row: row[0]
        )
        _walk(proof, store, ((reference, [row for _, row in rows]) for reference, rows in there))
    for group in sorted(proof.ours.keys() | proof.theirs.keys()):
        here, found = proof.ours.get(group, Decimal(0)), proof.theirs.get(group, Decimal(0))
        proof.tally.see("I3", "/".join(group), "" if here == found else f"{here:f} here, {found:f} in {end.name}")
    return proof.tally.verdict()


def _counts(item: Standing, since: date | None) -> bool:
    return item.state != "void" and not (since is not None and item.on is not None and item.on < since)


def _packed(item: Standing) -> list[str | None]:
    return [item.id, item.customer, item.currency, f"{item.total:f}"]


def _unpacked(values: Sequence[str | None]) -> tuple[str, str | None, str, Decimal]:
    id, customer, currency, total = values
    return str(id), customer, str(currency), Decimal(total or 0)


def _walk(proof: _Proof, store: Store, there: Iterator[tuple[str, list[_There]]]) -> None:
    """Both sides in order of the number, side by side."""
    ahead = next(there, None)
    with store.view() as tx:
        evidence = Evidence(tx.conn)
        for page in evidence.invoices(proof.scope.since):
            numbers = [row["number"] for row in page]
            writes = evidence.last_writes(proof.connection, KIND, numbers)
            customers = [("customer", row["customer"]) for row in page]
            ids = {id: remote for (_, id), remote in tx.outbox.remote_ids(proof.connection, customers).items()}
            for row in page:
                while ahead is not None and ahead[0] < row["number"]:
                    _unknown(proof, tx, *ahead)
                    ahead = next(there, None)
                found: list[_There] = []
                if ahead is not None and ahead[0] == row["number"]:
                    found, ahead = ahead[1], next(there, None)
                _judge(proof, row, writes.get(row["number"]), found, ids.get(row["customer"]))
        while ahead is not None:
            _unknown(proof, tx, *ahead)
            ahead = next(there, None)


def _unknown(proof: _Proof, tx: Tx, reference: str, found: Sequence[_There]) -> None:
    """A document there that is no invoice of ours, although its reference may be a number of ours."""
    ours = any(pattern.read(text, reference) for text in proof.scope.patterns)
    if ours and tx.ledger.credit_note(reference) is None:
        ids = ", ".join(item.id for item in found)
        proof.tally.see("I2", reference, f"it stands in {proof.connection} as {ids}, and is not in the books")


def _judge(proof: _Proof, row: Row, write: Row | None, found: Sequence[_There], customer: str | None) -> None:
    """One invoice of ours, its last write, and the documents there that carry its number and count."""
    number = row["number"]
    if write is None or (write["last_sent_at"] is not None and write["last_sent_at"] >= proof.started):
        return
    done = write["state"] in DONE
    proof.tally.see("I2", number)
    proof.tally.see("I1", number, _one(proof.connection, row, write, found, done=done))
    if not done or row["state"] == "void":
        return
    group = (row["customer"], row["currency"], f"{row['issued_on']:%Y-%m}")
    total = from_minor(row["total_minor"], row["currency"])
    proof.ours[group] = proof.ours.get(group, Decimal(0)) + total
    for item in found:
        proof.theirs[group] = proof.theirs.get(group, Decimal(0)) + item.total
    if len(found) == 1:
        proof.tally.see("I12", number, _equal(found[0], row["currency"], total, write["remote_id"], customer))


def _one(connection: str, row: Row, write: Row, found: Sequence[_There], *, done: bool) -> str:
    ids = ", ".join(item.id for item in found)
    if row["state"] == "void":
        return f"it is void here, and stands in {connection} as {ids}" if found else ""
    if len(found) > 1:
        return f"{len(found)} documents in {connection} carry it: {ids}"
    if done and not found:
        return f"it was confirmed as {write['remote_id']} in {connection}, and does not stand there any more"
    return ""


def _equal(item: _There, currency: str, total: Decimal, remote: str | None, customer: str | None) -> str:
    """What the document there shows otherwise."""
    if item.id != remote:
        return f"it was confirmed as {remote}, and stands there as {item.id}"
    if (item.total, item.currency) != (total, currency):
        return f"it comes to {item.total:f} {item.currency} there, to {total:f} {currency} here"
    if None not in (item.customer, customer) and item.customer != customer:
        return f"it is for {item.customer} there, which is not our customer's record {customer}"
    return ""
