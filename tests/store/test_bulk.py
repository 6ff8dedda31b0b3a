"""Rows that are written in bulk stand as an ordinary INSERT leaves them, and fail as it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import BigInteger, Boolean, Connection, Integer, Table, delete, insert, select, text
from sqlalchemy.exc import DBAPIError

from billsync.store import Conflict, IllegalMove, Store, Tx
from billsync.store.bulk import insert_rows, upsert_rows
from billsync.store.schema import audit, charges, deal_marks, deliveries, inbox
from billsync.store.sql import upsert
from billsync.store.types import DayText, Moment
from tests.store.made import AT, DAY, LONG


@pytest.fixture
def postgres_store(postgres_store_url: str) -> Iterator[Store]:
    opened = Store.open(postgres_store_url)
    yield opened
    opened.close()


ODD = "a\tb\\N\nc\r\\ 'quoted' \"é🧾"
"""What COPY has to escape."""


def row_of(table: Table, n: int) -> dict[str, Any]:
    """A row of the table with a value in every column, where it may have none in every second one."""
    kinds: dict[type, Any] = {Moment: AT, DayText: DAY, Boolean: n % 2 == 0, Integer: n, BigInteger: n}
    row: dict[str, Any] = {column.name: kinds.get(type(column.type), f"{ODD} {n}") for column in table.columns}
    row |= {column.name: None for column in table.columns if column.nullable and n % 2}
    row |= {column.name: LONG for column in table.columns if column.name in ("key", "id", "subject") and n == 2}
    return row | ({"invoice": None} if table is charges else {})


@pytest.mark.parametrize("table", [charges, deliveries, audit, inbox], ids=str)
def test_bulk_rows_are_those_of_an_insert(store: Store, table: Table) -> None:
    rows = [row_of(table, n) for n in (1, 2, 3)]

    def left_by(way: Callable[[Connection], object]) -> list[str]:
        with store.tx("t") as tx, tx.conn.begin_nested() as all_of_it:
            way(tx.conn)
            found = sorted(map(repr, tx.conn.execute(select(*table.columns))))
            all_of_it.rollback()
        return found

    found = left_by(lambda conn: insert_rows(conn, table, rows))
    assert found == left_by(lambda conn: conn.execute(insert(table), rows)) != []


def test_an_upsert_in_bulk_leaves_what_the_ordinary_one_leaves(store: Store) -> None:
    marks = [("D-1", "a" * 64, DAY), (LONG, "b" * 64, None), (ODD, "c" * 64, DAY)]
    later = [("D-1", "d" * 64, None), (f"{LONG}!", "e" * 64, DAY), (ODD, "c" * 64, None)]
    found = []
    for way in (upsert, upsert_rows):
        with store.tx("t") as tx, tx.conn.begin_nested() as all_of_it:
            for new in (marks, later, []):
                rows = [{"deal": deal, "digest": digest, "policy": "p", "next_on": on} for deal, digest, on in new]
                way(tx.conn, deal_marks, rows, ["digest", "next_on"])
            found.append(sorted(map(repr, tx.conn.execute(select(*deal_marks.columns)))))
            all_of_it.rollback()
    assert found[0] == found[1]
    assert len(found[0]) == 4


def test_no_rows_are_nothing_to_do(store: Store) -> None:
    with store.tx("t") as tx:
        insert_rows(tx.conn, charges, [])
        assert tx.conn.execute(delete(charges)).rowcount == 0


def test_a_second_row_of_a_key_is_refused_as_an_insert_refuses_it(store: Store) -> None:
    with pytest.raises(IllegalMove), store.tx("t") as tx:
        insert_rows(tx.conn, charges, [row_of(charges, 1), row_of(charges, 1)])


def test_a_connection_that_is_lost_in_a_copy_is_a_conflict(postgres_store: Store, postgres_store_url: str) -> None:
    def cut(tx: Tx) -> dict[str, Any]:
        pid = tx.conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with psycopg.connect(postgres_store_url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        return row_of(charges, 1)

    with pytest.raises(Conflict), postgres_store.tx("t") as tx:
        insert_rows(tx.conn, charges, [cut(tx)])
    with postgres_store.tx("t") as tx:
        insert_rows(tx.conn, charges, [row_of(charges, 1)])


def test_a_defect_in_a_copy_stays_what_it_is(postgres_store: Store) -> None:
    with pytest.raises(DBAPIError, match="bigint"), postgres_store.tx("t") as tx:
        insert_rows(tx.conn, audit, [row_of(audit, 1) | {"seq": "x"}])
