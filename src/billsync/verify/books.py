"""Invoices against their hashes, columns, charges, money, numbers and writes: I1, I3, I9, I10, I13.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from itertools import islice
from typing import Final

from billsync.model.base import digest_text
from billsync.model.money import from_minor, to_minor
from billsync.store import Tx
from billsync.store.evidence import Evidence, Row
from billsync.store.receipts import receipt_faults
from billsync.verify import paper
from billsync.verify.found import Scope, Tally
from billsync.verify.numbers import Numbers
from billsync.verify.paper import Paper

MOST: Final = 100
"""Faults of payments that are told."""


def check(tx: Tx, scope: Scope, tally: Tally) -> None:
    """All invoices, a page at a time, then what only the sum of them shows."""
    evidence = Evidence(tx.conn)
    numbers = Numbers(scope)
    sums: dict[str, Decimal] = {}
    for page in evidence.invoices(scope.since):
        bills = [paper.read(row["doc"]) for row in page]
        _page(evidence, scope, tally, page, bills)
        for row, bill in zip(page, bills, strict=True):
            sums[bill.currency] = sums.get(bill.currency, Decimal(0)) + bill.amounts[2]
            numbers.add(row["number"], bill.series)
    numbers.check(evidence, tally)
    if scope.since is None:
        _totals(tx, tally, sums)
    for fault in islice(receipt_faults(tx.conn), MOST):
        tally.see("I9", "payments", fault)


def _page(evidence: Evidence, scope: Scope, tally: Tally, page: Sequence[Row], bills: Sequence[Paper]) -> None:
    numbers = [row["number"] for row in page]
    noted, charged, paid = evidence.finalised(numbers), evidence.charged(numbers), evidence.paid(numbers)
    credited = evidence.credited(numbers)
    written = evidence.written(numbers, scope.targets) if scope.targets else set()
    where = " or ".join(sorted(scope.targets))
    for row, bill in zip(page, bills, strict=True):
        number, hashed = row["number"], digest_text(row["doc"])
        whole = hashed == row["row_hash"] and noted.get(number) == hashed
        tally.see("I9", number, "" if whole else "it is not as it was finalised (row_hash)")
        money = (paid.get(number, 0), credited.get(number, 0))
        tally.see("I10", number, bill.fault or _adds_up(row, bill, *money))
        tally.see("I3", number, bill.fault or _is_charged(row, bill, charged.get(number, [])))
        if scope.targets:
            tally.see("I1", number, "" if number in written else f"no write to {where} was ever planned")


def _adds_up(row: Row, bill: Paper, paid: int, credited: int) -> str:
    """What is wrong with the amounts of an invoice, computed from its text alone."""
    if fault := columns_fault(row, bill):
        return fault
    if to_minor(bill.prepaid, bill.currency) != row["prepaid_minor"]:
        return "its columns show other prepaid credits than its document"
    if row["credited_minor"] != credited or not 0 <= credited <= max(row["total_minor"], 0):
        return "what is credited of it is not the sum of its credit notes, or not within its total"
    if row["paid_minor"] != paid:
        return "what is paid on it is not the sum of its allocations"
    due = row["total_minor"] - row["prepaid_minor"] - credited
    return "" if 0 <= paid <= max(due, 0) else "what is paid on it is not within what is due"


def columns_fault(row: Row, paper: Paper) -> str:
    """How the amounts of a document are wrong in themselves, or differ from its columns; "" where they agree."""
    if not paper.adds_up:
        return "its amounts do not add up"
    try:
        columns = tuple(to_minor(amount, paper.currency) for amount in paper.amounts)
    except ValueError as error:
        return str(error)
    there = (row["subtotal_minor"], row["tax_minor"], row["total_minor"])
    return "" if columns == there else "its columns show other amounts than its document"


def _is_charged(row: Row, bill: Paper, charges: Sequence[str]) -> str:
    """Whether the charges bound to an invoice are those of its lines, and come to its subtotal.

    A void one may have given all of its charges to the invoice that replaces it.
    """
    if row["state"] == "void" and not charges:
        return ""
    try:
        docs = [json.loads(text) for text in charges]
        total = sum((Decimal(doc["amount"]) for doc in docs), Decimal(0))
        keys = {doc["key"] for doc in docs}
    except paper.UNREADABLE as error:
        return f"its charges cannot be read: {error}"
    if keys != bill.charges:
        return "the charges bound to it are not those on its lines"
    if bill.converted or total == bill.amounts[0]:
        return ""
    return f"its charges come to {total:f}, its lines to {bill.amounts[0]:f}"


def _totals(tx: Tx, tally: Tally, sums: dict[str, Decimal]) -> None:
    for currency, _n, total, _paid in tx.ledger.totals():
        rows, documents = from_minor(total, currency), sums.get(currency, Decimal(0))
        tally.see("I3", currency, "" if rows == documents else f"{rows:f} in rows, {documents:f} in documents")
