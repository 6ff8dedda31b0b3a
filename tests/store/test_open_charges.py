"""What is open is found by its own index, however many charges of years ago stand on invoices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from billsync.store import Store, Tx

DAY = date(2026, 1, 31)


@contextmanager
def statements(tx: Tx) -> Iterator[list[tuple[str, Any]]]:
    """What is asked of the database, with its parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, given: Any, *_rest: Any) -> None:
        seen.append((statement, given))

    event.listen(tx.conn, "before_cursor_execute", note)
    yield seen
    event.remove(tx.conn, "before_cursor_execute", note)


@pytest.mark.parametrize("source", [None, "crm"])
def test_open_charges_are_not_looked_for_among_all(tmp_path: Path, source: str | None) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'books.db'}", create=True)
    with store.view() as tx:
        with statements(tx) as seen:
            list(tx.ledger.open_keys(DAY, "deal", source=source))
            tx.ledger.crowded(DAY, "customer-month", 24, source=source)
            tx.ledger.open_charges_of(["C-1/seats/2026-01-01", "C-2/seats/2026-01-01"])
        plans = [plan(tx, *each) for each in seen]
    assert ["ix_charges_invoice" in text for text in plans] == [True, True, False]
    assert "USING INDEX sqlite_autoindex_charges_1 (key=?)" in plans[2]
    store.close()


def plan(tx: Tx, statement: str, given: Any) -> str:
    return " ".join(str(row[3]) for row in tx.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given))
