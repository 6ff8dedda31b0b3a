"""Everything that stands somewhere, to be compared before and after."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from billsync.store import Store
from billsync.store.schema import metadata


def dump(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with store.view() as tx:
        return {
            table.name: sorted((tuple(row) for row in tx.conn.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def files(folder: Path) -> dict[str, bytes]:
    """Every file but the store's own."""
    found = (path for path in folder.rglob("*") if path.is_file() and "store.db" not in path.name)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}
