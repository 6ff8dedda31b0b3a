"""python -m benchmarks.sizing [--rows N] [--postgres URL]: fill a store, weigh it, time it; docs/reference/sizing.md.

The store is filled through the same classes that runs use.  Bytes are of the tables with their indexes.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from billsync.connector import Record
from billsync.model.base import canonical_json, digest_text
from billsync.model.charge import Charge, Why
from billsync.model.delivery import Delivery, DeliveryState
from billsync.model.invoice import Invoice, InvoiceLine
from billsync.model.problem import Place
from billsync.store import Store, Tx, portable

AT = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
DAY = date(2026, 1, 31)
WHY = Why(rule="recurring", formula="10 x 12.50 = 125.00")
PAGE = 500
LINES = 3


def record(n: int) -> Record:
    """A CRM record of 30 fields, about 900 bytes of JSON."""
    data = {f"Custom_Field_{k:02}__c": f"value {n * 31 + k:08}" for k in range(28)}
    id = f"006{n:015}"
    place = Place(system="crm", object="Opportunity", id=id)
    return Record(object="Opportunity", id=id, data={"Id": id, "Name": f"Deal {n}", **data}, place=place)


def charges(n: int) -> list[Charge]:
    return [
        Charge(
            key=f"deal-{n:08}/line-{k}/2026-01-01", contract=f"deal-{n:08}", line=f"line-{k}", deal=f"deal-{n:08}",
            customer=f"customer-{n % 1000:05}", product="SEAT", due_on=DAY, quantity=Decimal(10),
            unit_amount=Decimal("12.50"), amount=Decimal("125.00"), currency="EUR", why=WHY,
        )
        for k in range(LINES)
    ]  # fmt: skip


def invoice(n: int, owed: list[Charge]) -> Invoice:
    lines = tuple(
        InvoiceLine(
            id=str(k), charge=item.key, deal=item.deal, product=item.product, description="Seats, January 2026",
            quantity=item.quantity, unit_amount=item.unit_amount, amount=item.amount, tax_code="none",
            tax_rate=Decimal(0), why=WHY,
        )
        for k, item in enumerate(owed, start=1)
    )  # fmt: skip
    total = sum((item.amount for item in owed), Decimal(0))
    return Invoice(
        id=f"deal-{n:08}/2026-01", number=f"INV-2026-{n:08}", series="INV", customer=owed[0].customer, currency="EUR",
        issued_on=DAY, due_on=DAY, lines=lines, subtotal=total, tax_total=Decimal(0), total=total,
    )  # fmt: skip


def delivery(n: int) -> Delivery:
    key = f"invoice:INV-2026-{n:08}:erp:1"
    line = {"item": "SEAT", "amount": "125.00", "text": "Seats, January 2026"}
    payload = canonical_json({"number": f"INV-2026-{n:08}", "lines": [line] * LINES})
    return Delivery(
        id=digest_text(key)[:16], key=key, connection="erp", object="account.invoice", kind="invoice",
        our_id=f"INV-2026-{n:08}", payload=payload, payload_digest=digest_text(payload), state=DeliveryState.READY,
    )  # fmt: skip


def fill_records(tx: Tx, start: int) -> None:
    tx.inbox.absorb("crm", [record(n) for n in range(start, start + PAGE)], run="run-1", at=AT)


def fill_invoices(tx: Tx, start: int) -> None:
    owed = {n: charges(n) for n in range(start, start + PAGE)}
    tx.ledger.add_charges([item for each in owed.values() for item in each], run="run-1", at=AT)
    tx.ledger.add_invoices([invoice(n, each) for n, each in owed.items()], run="run-1", at=AT)


def fill_deliveries(tx: Tx, start: int) -> None:
    tx.outbox.plan([delivery(n) for n in range(start, start + PAGE)], at=AT)


def fill_audit(tx: Tx, start: int) -> None:
    rows = [(f"delivery/invoice:INV-2026-{n:08}:erp:1", "READY", "INFLIGHT", "") for n in range(start, start + PAGE)]
    tx.audit.append(rows, at=AT)


def size(store: Store) -> int:
    """Bytes of all tables and indexes."""
    with store.view() as tx:
        if tx.conn.dialect.name == "sqlite":
            pages = tx.conn.exec_driver_sql("PRAGMA page_count").scalar_one()
            free = tx.conn.exec_driver_sql("PRAGMA freelist_count").scalar_one()
            return int((pages - free) * tx.conn.exec_driver_sql("PRAGMA page_size").scalar_one())
        return int(tx.conn.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())


def weigh(store: Store, what: str, fill: Callable[[Tx, int], None], rows: int) -> None:
    before, began = size(store), time.perf_counter()
    for start in range(0, rows, PAGE):
        with store.tx("fill") as tx:
            fill(tx, start)
    took = time.perf_counter() - began
    print(f"{what:42} {(size(store) - before) / rows:10,.0f} bytes each {rows / took:12,.0f} a second")


def commits(store: Store, count: int = 200) -> float:
    began = time.perf_counter()
    for n in range(count):
        with store.tx("one") as tx:
            tx.audit.append([(f"commit/{n}", "", "done", "")], at=AT)
    return count / (time.perf_counter() - began)


def fsyncs(folder: Path, count: int = 200) -> float:
    """What the disk allows: one page written and on disk, again and again."""
    handle = os.open(folder / "fsync", os.O_CREAT | os.O_WRONLY)
    began = time.perf_counter()
    for n in range(count):
        os.pwrite(handle, b"x" * 4096, 4096 * n)
        os.fsync(handle)
    os.close(handle)
    return count / (time.perf_counter() - began)


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--postgres", metavar="URL", help="an empty database; without it a file of SQLite")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="billsync-sizing-") as name:
        folder = Path(name)
        print(f"a process with the store's code: {megabytes():.0f} MB")
        store = Store.open(asked.postgres or f"sqlite:///{folder / 'store.db'}", create=True)
        print(f"an empty store: {size(store) / 1e6:.1f} MB")
        weigh(store, "record of the CRM (30 fields)", fill_records, asked.rows)
        weigh(store, f"invoice of {LINES} lines, with its charges", fill_invoices, asked.rows)
        weigh(store, "planned write", fill_deliveries, asked.rows)
        weigh(store, "row of the audit chain", fill_audit, asked.rows)
        disk = fsyncs(folder)
        rate = commits(store)
        print(f"commits a second, one writer: {rate:,.0f}; the disk's fsyncs: {disk:,.0f} a second")
        whole, began = size(store), time.perf_counter()
        made = portable.export(asked.postgres or store.url, folder / "copy.zip", at=AT, made_by="benchmark")
        took = time.perf_counter() - began
        zipped = (folder / "copy.zip").stat().st_size
        print(f"portable copy: {made.rows / took:,.0f} rows a second, {zipped / whole:.0%} of the store's size")
        began = time.perf_counter()
        portable.load(f"sqlite:///{folder / 'moved.db'}", folder / "copy.zip")
        print(f"restored into SQLite: {made.rows / (time.perf_counter() - began):,.0f} rows a second")
        print(f"most memory of it all: {megabytes():.0f} MB")
        store.close()


if __name__ == "__main__":
    main()
