"""The shipped example: a warehouse's deals become invoices, what is paid is written back, then all is quiet."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from billsync import assets, settings, workspace
from billsync.schedule import SystemClock
from billsync.sync import Report
from billsync_connectors.sandbox.named import NamedSandbox

TABLES = """
CREATE TABLE accounts (id TEXT PRIMARY KEY, name TEXT, currency TEXT, country TEXT);
CREATE TABLE products (id TEXT PRIMARY KEY, name TEXT);
CREATE TABLE deals (id TEXT PRIMARY KEY, account TEXT, title TEXT, stage TEXT, currency TEXT, closed_on TEXT,
                    updated_at TEXT, is_deleted INTEGER DEFAULT 0);
CREATE TABLE deal_lines (id INTEGER PRIMARY KEY, deal_id TEXT, product TEXT, description TEXT, quantity INTEGER,
                         price TEXT, updated_at TEXT);
CREATE TABLE billing_status (deal TEXT PRIMARY KEY, invoices TEXT, amount TEXT, currency TEXT, state TEXT,
                             issued_on TEXT, due_on TEXT, paid_on TEXT);
INSERT INTO accounts VALUES ('A-1', 'Acme', 'EUR', 'DE'), ('A-2', 'Bluth', 'EUR', 'FR');
INSERT INTO products VALUES ('P-1', 'Basic'), ('P-2', 'Set-up'), ('P-3', 'Pro');
INSERT INTO deals (id, account, title, stage, currency, closed_on, updated_at) VALUES
    ('D-1', 'A-1', 'Acme / Basic', 'Won', 'EUR', '2026-01-31', '2026-01-31 10:00:00'),
    ('D-2', 'A-2', 'Bluth / Pro', 'Won', 'EUR', '2026-01-31', '2026-01-31 10:00:00'),
    ('D-3', 'A-2', 'Bluth / Plus', 'Open', 'EUR', NULL, '2026-01-31 10:00:00');
INSERT INTO deal_lines VALUES
    (1, 'D-1', 'P-1', 'Basic', 2, '19.99', '2026-01-31 10:00:00'),
    (2, 'D-1', 'P-2', 'Set-up', 1, '100.00', '2026-01-31 10:00:00'),
    (3, 'D-2', 'P-3', 'Pro', 1, '4821.10', '2026-01-31 10:00:00');
"""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Path]:
    shutil.copy(assets.folder("config") / "sql-sandbox.example.yaml", tmp_path / "billsync.yaml")
    with closing(sqlite3.connect(tmp_path / "warehouse.db")) as conn:
        conn.executescript(TABLES)
    yield tmp_path
    NamedSandbox(tmp_path / "erp").down()


def run(folder: Path, slot: str) -> Report:
    with workspace.opened(settings.load(folder / "billsync.yaml"), SystemClock()) as opened:
        report = workspace.run_pipeline(opened, "billing", slot=slot, through=date(2026, 12, 31))
    assert report is not None
    return report


def status(folder: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "warehouse.db")) as conn:
        return conn.execute("SELECT deal, amount, state, paid_on FROM billing_status ORDER BY deal").fetchall()


def test_from_the_warehouse_to_the_erp_and_back(work: Path) -> None:
    erp = NamedSandbox(work / "erp")
    erp.up()
    assert run(work, "1").exit_code == 0
    bills = erp.admin("GET", "documents?object=invoice")["records"]
    assert sorted(row["total"] for row in bills) == ["139.98", "4821.10"]
    assert status(work) == [("D-1", "139.98", "sent", None), ("D-2", "4821.10", "sent", None)]
    bill = next(row for row in bills if row["total"] == "139.98")
    money = {"invoice": bill["id"], "amount": "139.98", "currency": "EUR", "date": "2026-02-12"}
    erp.admin("POST", "human", {"do": "create", "object": "payment", "fields": money})
    run(work, "2")
    assert status(work)[0] == ("D-1", "139.98", "paid", "2026-02-12")
    third = run(work, "3").counts
    assert {name: n for name, n in third.items() if n and not name.endswith((" read", "problems"))} == {}
