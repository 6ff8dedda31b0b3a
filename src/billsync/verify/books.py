"""Invoices against their hashes, columns, charges, payments, numbers and writes: I1, I3, I9, I10, I13.  (shell)"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any, Final

from billsync.invoicing import pattern
from billsync.model.base import digest_text
from billsync.model.money import from_minor, to_minor
from billsync.store import Tx
from billsync.store.evidence import Evidence, Row
from billsync.store.receipts import receipt_faults
from billsync.verify.found import Scope, Spans, Tally

_UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError, InvalidOperation)
MOST: Final = 100
"""Faults of payments that are told."""


@dataclass(frozen=True, slots=True)
class _Bill:
    """What the text of an invoice says; `fault` where it cannot be read, and then nothing else."""

    series: str = ""
    currency: str = ""
    lines: Decimal = Decimal(0)
    taxes: Decimal = Decimal(0)
    amounts: tuple[Decimal, Decimal, Decimal] = (Decimal(0), Decimal(0), Decimal(0))
    charges: frozenset[str] = frozenset()
    fault: str = ""


def _read(text: str) -> _Bill:
    try:
        doc: dict[str, Any] = json.loads(text)
        return _Bill(
            series=doc["series"],
            currency=doc["currency"],
            lines=sum((Decimal(line["amount"]) for line in doc["lines"]), Decimal(0)),
            taxes=sum((Decimal(tax["amount"]) for tax in doc["taxes"]), Decimal(0)),
            amounts=(Decimal(doc["subtotal"]), Decimal(doc["tax_total"]), Decimal(doc["total"])),
            charges=frozenset(line["charge"] for line in doc["lines"]),
        )
    except _UNREADABLE as error:
        return _Bill(fault=f"it cannot be read: {error}")


def check(tx: Tx, scope: Scope, tally: Tally) -> None:
    """All invoices, a page at a time, then what only the sum of them shows."""
    evidence = Evidence(tx.conn)
    numbers: dict[str, Spans] = {}
    sums: dict[str, Decimal] = {}
    for page in evidence.invoices(scope.since):
        bills = [_read(row["doc"]) for row in page]
        _page(evidence, scope, tally, page, bills)
        for row, bill in zip(page, bills, strict=True):
            sums[bill.currency] = sums.get(bill.currency, Decimal(0)) + bill.amounts[2]
            series, seq = _counted(scope, row["number"], bill)
            if seq is not None:
                numbers.setdefault(series, Spans()).add(seq)
    _numbers(evidence, scope, tally, numbers)
    if scope.since is None:
        _totals(tx, tally, sums)
    for fault in islice(receipt_faults(tx.conn), MOST):
        tally.see("I9", "payments", fault)


def _page(evidence: Evidence, scope: Scope, tally: Tally, page: Sequence[Row], bills: Sequence[_Bill]) -> None:
    numbers = [row["number"] for row in page]
    noted, charged, paid = evidence.finalised(numbers), evidence.charged(numbers), evidence.paid(numbers)
    written = evidence.written(numbers, scope.targets) if scope.targets else set()
    where = " or ".join(sorted(scope.targets))
    for row, bill in zip(page, bills, strict=True):
        number, hashed = row["number"], digest_text(row["doc"])
        whole = hashed == row["row_hash"] and noted.get(number) == hashed
        tally.see("I9", number, "" if whole else "it is not as it was finalised (row_hash)")
        tally.see("I10", number, bill.fault or _adds_up(row, bill, paid.get(number, 0)))
        tally.see("I3", number, bill.fault or _is_charged(bill, charged.get(number, [])))
        if scope.targets:
            tally.see("I1", number, "" if number in written else f"no write to {where} was ever planned")


def _adds_up(row: Row, bill: _Bill, paid: int) -> str:
    """What is wrong with the amounts of an invoice, computed from its text alone."""
    subtotal, tax, total = bill.amounts
    if bill.lines != subtotal or bill.taxes != tax or subtotal + tax != total:
        return "its amounts do not add up"
    try:
        columns = tuple(to_minor(amount, bill.currency) for amount in bill.amounts)
    except ValueError as error:
        return str(error)
    if columns != (row["subtotal_minor"], row["tax_minor"], row["total_minor"]):
        return "its columns show other amounts than its document"
    if row["paid_minor"] != paid:
        return "what is paid on it is not the sum of its allocations"
    return "" if 0 <= paid <= max(row["total_minor"], 0) else "what is paid on it is not within its total"


def _is_charged(bill: _Bill, charges: Sequence[str]) -> str:
    """Whether the charges bound to an invoice are those of its lines, and come to its subtotal."""
    try:
        docs = [json.loads(text) for text in charges]
        total = sum((Decimal(doc["amount"]) for doc in docs), Decimal(0))
        keys = {doc["key"] for doc in docs}
    except _UNREADABLE as error:
        return f"its charges cannot be read: {error}"
    if keys != bill.charges:
        return "the charges bound to it are not those on its lines"
    return "" if total == bill.amounts[0] else f"its charges come to {total:f}, its lines to {bill.amounts[0]:f}"


# ---------------------------------------------------------------- all of them together


def _counted(scope: Scope, number: str, bill: _Bill) -> tuple[str, int | None]:
    """Series and counter of a number: by the patterns in use, else its last digits."""
    for text in scope.patterns:
        if found := pattern.read(text, number):
            return found
    digits = re.findall(r"[0-9]+", number)
    return bill.series, int(digits[-1]) if digits else None


def _numbers(evidence: Evidence, scope: Scope, tally: Tally, numbers: dict[str, Spans]) -> None:
    raised, drawn = evidence.raised(), evidence.series()
    for series, spans in numbers.items():
        start = 1 if scope.since is None else None
        missing = [gap for gap in spans.gaps(start=start) if not _explained(gap, raised.get(series, []))]
        shown = ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in missing[:10])
        fault = f"numbers are missing: {shown}" if missing else ""
        if series in drawn and drawn[series] < spans.last():
            fault = f"{spans.last()} is used, the series says that {drawn[series]} was drawn last"
        tally.see("I13", series, fault)


def _explained(gap: tuple[int, int], spans: list[tuple[int, int]]) -> bool:
    """Whether every number of the gap was passed over with a reason on record."""
    first, last = gap
    return any(before < first and last <= after for before, after in spans)


def _totals(tx: Tx, tally: Tally, sums: dict[str, Decimal]) -> None:
    for currency, _n, total, _paid in tx.ledger.totals():
        rows, documents = from_minor(total, currency), sums.get(currency, Decimal(0))
        tally.see("I3", currency, "" if rows == documents else f"{rows:f} in rows, {documents:f} in documents")
