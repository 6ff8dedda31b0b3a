"""What one store has compiled, the next one of its kind uses; each kind of database has its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import event, select

from billsync.store import Store, Tx
from billsync.store.schema import metadata
from tests.store.made import AT, delivery

DELIVERIES = metadata.tables["deliveries"]


def asked(tx: Tx, key: str) -> tuple[str, int]:
    """How the statement was come by, and how many rows it found; nobody else asks for this label."""
    told: list[str] = []

    def note(_c: Any, _cursor: Any, _text: Any, _values: Any, context: Any, _many: Any) -> None:
        told.append(context.cache_hit.name)

    event.listen(tx.conn, "after_cursor_execute", note)
    query = select(DELIVERIES.c.key.label("only_here")).where(DELIVERIES.c.key == key)
    rows = tx.conn.execute(query).all()
    event.remove(tx.conn, "after_cursor_execute", note)
    return told[0], len(rows)


def test_one_store_after_the_other_and_one_kind_beside_the_other(
    tmp_path: Path, sqlite_template: Path, postgres_urls: Iterator[str]
) -> None:
    files = [tmp_path / f"{name}.db" for name in "ab"]
    for file in files:
        shutil.copy(sqlite_template, file)
    found = []
    for url in [f"sqlite:///{files[0]}", next(postgres_urls), f"sqlite:///{files[1]}", next(postgres_urls)]:
        store = Store.open(url)
        with store.tx("t") as tx:
            tx.outbox.plan([delivery(url)], at=AT)
        with store.view() as tx:
            found += [asked(tx, "nothing"), asked(tx, delivery(url).key)]
        store.close()
    first, again = [("CACHE_MISS", 0), ("CACHE_HIT", 1)], [("CACHE_HIT", 0), ("CACHE_HIT", 1)]
    assert found == [*first, *first, *again, *again]
