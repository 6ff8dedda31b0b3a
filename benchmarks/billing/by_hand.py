"""The limit: the same three lines, tax and total in a bare Decimal loop, into two plain tables in bulk.

No document, no explanation, no charges, no audit, no planned write: the least that could be called an invoice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice

import psycopg

from benchmarks.billing.contracts import MONTH, RATE, SEAT, TIERS, Given

CENT = Decimal("0.01")
CHUNK = 500
INVOICES = "create table invoices (number text primary key, customer text, net bigint, tax bigint, total bigint)"
LINES = "create table lines (invoice text, n int, quantity text, amount bigint, primary key (invoice, n))"

Invoice = tuple[str, str, int, int, int]
Line = tuple[str, int, str, int]


def amounts(contract: Given) -> tuple[Decimal, Decimal, Decimal]:
    """Seats for their days, calls by their tiers, and the fee."""
    served, whole = (MONTH[1] - contract.start).days, (MONTH[1] - MONTH[0]).days
    seats = (contract.seats * SEAT * served / whole).quantize(CENT, ROUND_HALF_UP)
    calls, below = Decimal(0), Decimal(0)
    for up_to, price in TIERS:
        upper = contract.calls if up_to is None else min(contract.calls, up_to)
        if upper > below:
            calls += (upper - below) * price
            below = upper
    return seats, calls.quantize(CENT, ROUND_HALF_UP), contract.fee


def billed(contracts: Iterable[Given]) -> Iterable[tuple[Invoice, list[Line]]]:
    """Rows of an invoice and of its lines, amounts in cents."""
    for number, contract in enumerate(contracts, start=1):
        seats, calls, fee = amounts(contract)
        net = seats + calls + fee
        tax = (net * RATE).quantize(CENT, ROUND_HALF_UP)
        name = f"INV-2026-{number:07}"
        invoice = (name, contract.customer, int(net * 100), int(tax * 100), int((net + tax) * 100))
        rows = enumerate(((contract.seats, seats), (contract.calls, calls), (Decimal(1), fee)), start=1)
        yield invoice, [(name, n, str(quantity), int(amount * 100)) for n, (quantity, amount) in rows]


def into_sqlite(contracts: Iterable[Given], url: str) -> None:
    """All of them into a new file, by so many in a transaction."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        for statement in ("pragma journal_mode=wal", INVOICES, LINES):
            connection.execute(statement)
        found = iter(billed(contracts))
        while page := list(islice(found, CHUNK)):
            connection.executemany("insert into invoices values (?,?,?,?,?)", [invoice for invoice, _ in page])
            connection.executemany("insert into lines values (?,?,?,?)", [row for _, rows in page for row in rows])
            connection.commit()


def into_postgres(contracts: Iterable[Given], url: str) -> None:
    """All of them into a new database, by so many in a transaction."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(INVOICES)
        cursor.execute(LINES)
        found = iter(billed(contracts))
        while page := list(islice(found, CHUNK)):
            with cursor.copy("copy invoices from stdin") as copy:
                for invoice, _ in page:
                    copy.write_row(invoice)
            with cursor.copy("copy lines from stdin") as copy:
                for row in (row for _, rows in page for row in rows):
                    copy.write_row(row)
            connection.commit()
