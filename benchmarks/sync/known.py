"""A run that finds nothing changed, over a store that knows very many records.

    python -m benchmarks.sync.known URL STORE COUNT      prints what the run cost, as JSON

The store is filled by SQL with copies of a few hundred real ones, documents, ties and billing marks among them.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, create_engine, event, text

from benchmarks.sync import server
from benchmarks.sync.connector import OBJECT
from benchmarks.sync.ours import take, world
from billsync import sync
from billsync.model.customer import Customer
from billsync.model.product import Product
from billsync.model.ref import Ref
from billsync.store import Store

COPIED = {
    "inbox": ("id",),
    "facts": ("id", "source_id"),
    "links": ("our_id", "ref_id"),
    "link_history": ("our_id", "ref_id"),
    "deal_marks": ("deal",),
}
"""Tables of what is known of records, and their columns that hold ids."""
_PART = 100_000


def fill(url: str, count: int) -> None:
    """Read two pages, bill them, and multiply what stands in the store."""
    store = Store.open(url, create=True)
    with server.running(server.PAGE) as address:
        take(address, store)
        _masters(store)
        with world(address, store, "bench@2") as made:
            sync.run(made)
    store.close()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    for table, ids in COPIED.items():
        with engine.connect() as conn:
            columns = list(conn.execute(text(f'SELECT * FROM "{table}" LIMIT 0')).keys())
        values = ", ".join(f"\"{name}\" || '-' || times.t" if name in ids else f'"{name}"' for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        numbers = "WITH RECURSIVE times(t) AS (SELECT {} UNION ALL SELECT t + 1 FROM times WHERE t < {})"
        for start in range(1, count // server.PAGE, _PART // server.PAGE):
            end = min(start + _PART // server.PAGE, count // server.PAGE) - 1
            with engine.begin() as conn:
                own = f'"{ids[0]}" LIKE \'006%\' AND length("{ids[0]}") = 18'
                first = f'SELECT {names} FROM "{table}" WHERE {own}'
                put = f'INSERT INTO "{table}" ({names}) {numbers.format(start, end)}'
                conn.execute(text(f"{put} SELECT {values} FROM ({first}) a, times"))
    with engine.begin() as conn:
        conn.execute(text("ANALYZE"))
    engine.dispose()


def _masters(store: Store) -> None:
    """The customers and products that the records name, so that all of them can be billed."""
    at, source = datetime(2026, 1, 1, tzinfo=UTC), Ref(system="other", kind="master", id="1")
    customers = [Customer(id=f"001{number:012}AAA", name=f"Company {number}") for number in range(97)]
    products = [Product(id=id, name=id) for id in ("SEAT", "SETUP", "1E5")]
    with store.tx("masters") as tx:
        tx.facts.put("customer", [(noun, source, "") for noun in customers], run="bench", at=at)
        tx.facts.put("product", [(noun, source, "") for noun in products], run="bench", at=at)


def run(address: str, url: str) -> dict[str, Any]:
    """One run in this process."""
    store = Store.open(url)
    statements: list[str] = []
    event.listen(Engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    begun, cpu = time.monotonic(), time.process_time()
    with world(address, store, "bench@3") as made:
        sync.run(made)
    wall, spent = time.monotonic() - begun, time.process_time() - cpu
    with store.view() as tx:
        known = sum(tx.inbox.states("crm", OBJECT).values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"wall_s": wall, "cpu_s": spent, "mib": peak, "statements": len(statements), "records": known}


def measured(url: str, count: int) -> dict[str, Any]:
    """Fill a store and run on it in a process of its own."""
    fill(url, count)
    with server.running(server.PAGE) as address:
        command = [sys.executable, "-m", "benchmarks.sync.known", address, url]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], sys.argv[2])))
