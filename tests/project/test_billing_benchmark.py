"""The billing benchmark compares like with like: the limit and billsync come to the same amounts, line by line."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.billing.__main__ import DRAFTED, bill, by_age, table
from billsync.model.money import to_minor
from billsync.store import Store

COUNT = 60


def test_by_hand_and_by_billsync_every_invoice_is_the_same(tmp_path: Path) -> None:
    by_hand, ours = f"sqlite:///{tmp_path}/hand.db", f"sqlite:///{tmp_path}/ours.db"
    assert min(bill("hand", by_hand, COUNT)["us"], bill("ours", ours, COUNT)["us"]) > 0
    with closing(sqlite3.connect(tmp_path / "hand.db")) as connection:
        found = connection.execute("select customer, net, tax, total, number from invoices").fetchall()
        lines = connection.execute("select invoice, n, amount from lines order by 1, 2").fetchall()
    store = Store.open(ours)
    with store.view() as tx:
        stored = [item.invoice for item in tx.ledger.invoices()]
    store.close()
    assert len(found) == COUNT
    assert sorted(row[:4] for row in found) == sorted(
        (item.customer, *(to_minor(amount, "EUR") for amount in (item.subtotal, item.tax_total, item.total)))
        for item in stored
    )
    numbers = {row[0]: row[4] for row in found}
    assert lines == sorted(
        (numbers[item.customer], number, to_minor(line.amount, "EUR"))
        for item in stored
        for number, line in enumerate(item.lines, start=1)
    )
    assert all(line.why.formula and line.why.inputs for item in stored for line in item.lines)


def test_a_contract_costs_more_as_it_grows_older() -> None:
    assert [row["months"] for row in by_age([1, 3])] == [1, 3]


def test_ratios_are_those_of_the_same_rounds() -> None:
    found = {"by hand, sqlite": [10.0, 20.0], "billsync, sqlite": [30.0, 80.0], DRAFTED: [9000.0, 8000.0]}
    rows = {row["job"]: row for row in table(found)}
    assert (rows["billsync, sqlite"]["us"], rows["billsync, sqlite"]["x_limit"]) == (55.0, 3.5)
    assert rows["billsync, sqlite"]["x_faster_than_tryton_drafts"] == 200.0
