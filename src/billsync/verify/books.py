"""Invoices against their hashes, columns, charges, payments, numbers and writes: I1, I3, I9, I10, I13.  (shell)"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from billsync.invoicing import pattern
from billsync.model.base import digest_text
from billsync.model.money import from_minor, to_minor
from billsync.store import Tx
from billsync.store.evidence import Evidence, Row
from billsync.verify.found import Scope, Spans, Tally


def check(tx: Tx, scope: Scope, tally: Tally) -> None:
    """All invoices, a page at a time, then what only the sum of them shows."""
    evidence = Evidence(tx.conn)
    numbers: dict[str, Spans] = {}
    sums: dict[str, Decimal] = {}
    for page in evidence.invoices(scope.since):
        _page(evidence, scope, tally, page)
        for row in page:
            _count(scope, row, numbers, sums)
    _numbers(evidence, scope, tally, numbers)
    if scope.since is None:
        _totals(tx, tally, sums)
    faults = tx.ledger.verify() if _readable(tally) else []
    tally.see("I9", "invoices", "; ".join(faults[:5]))


def _readable(tally: Tally) -> bool:
    return not any(item.detail.startswith("it cannot be read") for item in tally.broken)


def _page(evidence: Evidence, scope: Scope, tally: Tally, page: list[Row]) -> None:
    numbers = [row["number"] for row in page]
    noted, charged = evidence.finalised(numbers), evidence.charged(numbers)
    written = evidence.written(numbers, scope.targets) if scope.targets else set()
    for row in page:
        number, hashed = row["number"], digest_text(row["doc"])
        whole = hashed == row["row_hash"] and noted.get(number) == hashed
        tally.see("I9", number, "" if whole else "it is not as it was finalised (row_hash)")
        tally.see("I10", number, _adds_up(row))
        tally.see("I3", number, _is_charged(row, charged.get(number, [])))
        if scope.targets:
            where = " or ".join(sorted(scope.targets))
            tally.see("I1", number, "" if number in written else f"no write to {where} was ever planned")


def _adds_up(row: Row) -> str:
    """What is wrong with the amounts of an invoice, computed from its text alone."""
    try:
        doc = json.loads(row["doc"])
        currency = doc["currency"]
        lines = sum((Decimal(line["amount"]) for line in doc["lines"]), Decimal(0))
        taxes = sum((Decimal(tax["amount"]) for tax in doc["taxes"]), Decimal(0))
        subtotal, tax, total = (Decimal(doc[name]) for name in ("subtotal", "tax_total", "total"))
        columns = tuple(to_minor(amount, currency) for amount in (subtotal, tax, total))
    except (ValueError, KeyError, TypeError, InvalidOperation) as error:
        return f"it cannot be read: {error}"
    if lines != subtotal or taxes != tax or subtotal + tax != total:
        return "its amounts do not add up"
    if columns != (row["subtotal_minor"], row["tax_minor"], row["total_minor"]):
        return "its columns show other amounts than its document"
    return "" if 0 <= row["paid_minor"] <= max(row["total_minor"], 0) else "what is paid on it is not within its total"


def _is_charged(row: Row, charges: list[str]) -> str:
    """Whether the charges bound to an invoice come to its subtotal."""
    try:
        total = sum((Decimal(json.loads(text)["amount"]) for text in charges), Decimal(0))
        subtotal = from_minor(row["subtotal_minor"], row["currency"])
    except (ValueError, KeyError, TypeError, InvalidOperation) as error:
        return f"its charges cannot be read: {error}"
    return "" if total == subtotal else f"its charges come to {total:f}, its lines to {subtotal:f}"


# ---------------------------------------------------------------- all of them together


def _count(scope: Scope, row: Row, numbers: dict[str, Spans], sums: dict[str, Decimal]) -> None:
    series, seq = _counted(scope, row)
    if seq is not None:
        numbers.setdefault(series, Spans()).add(seq)
    try:
        doc = json.loads(row["doc"])
        sums[doc["currency"]] = sums.get(doc["currency"], Decimal(0)) + Decimal(doc["total"])
    except (ValueError, KeyError, TypeError, InvalidOperation):
        return  # told as I10


def _counted(scope: Scope, row: Row) -> tuple[str, int | None]:
    """Series and counter of a number: by the patterns in use, else its last digits."""
    for text in scope.patterns:
        if found := pattern.read(text, row["number"]):
            return found
    digits = re.findall(r"[0-9]+", row["number"])
    return _series(row), int(digits[-1]) if digits else None


def _series(row: Row) -> str:
    try:
        doc: Any = json.loads(row["doc"])
        return str(doc["series"])
    except (ValueError, KeyError, TypeError):
        return ""


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
