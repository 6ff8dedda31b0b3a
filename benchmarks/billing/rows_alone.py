"""The floor: the very rows that a run wrote, written again into an empty copy of its tables by the bare driver.

Each charge is inserted open and bound to its invoice by an update, as in a run; as many in a transaction as there.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import Any, Final

PAGE: Final = 500
TABLES: Final = ("charges", "deal_marks", "invoices", "audit")
BIND: Final = "update charges set invoice = ? where key = ?"

Row = tuple[Any, ...]


def written(url: str) -> float:
    """CPU seconds of writing; the rows are read before."""
    path = url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as full, closing(sqlite3.connect(f"{path}.rows")) as empty:
        for pragma in ("journal_mode=wal", "synchronous=full", "cache_size=-16000"):
            empty.execute(f"pragma {pragma}")
        made = full.execute("select sql from sqlite_master where tbl_name in (?, ?, ?, ?) and sql is not null", TABLES)
        for (statement,) in made.fetchall():
            empty.execute(statement)
        found = {table: full.execute(f"select * from {table} order by 1").fetchall() for table in TABLES}
        place = [row[1] for row in full.execute("pragma table_info(charges)")].index("invoice")
        bound = [(row[place], row[0]) for row in found["charges"]]
        found["charges"] = [(*row[:place], None, *row[place + 1 :]) for row in found["charges"]]
        begun = time.process_time()
        for table in ("charges", "deal_marks"):
            _insert(empty, table, found[table])
        for table in ("invoices", "audit"):
            _insert(empty, table, found[table])
        for start in range(0, len(bound), PAGE):
            with empty:
                empty.executemany(BIND, bound[start : start + PAGE])
        return time.process_time() - begun


def _insert(connection: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    if not rows:
        return
    marks = ", ".join("?" * len(rows[0]))
    for start in range(0, len(rows), PAGE):
        with connection:
            connection.executemany(f"insert into {table} values ({marks})", rows[start : start + PAGE])
