"""billsync's side: the stages of a run that read, store and map, over a store of its own.

python -m benchmarks.sync.ours URL STORE      prints what it cost, as JSON
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from random import Random

from benchmarks.sync.connector import OBJECT, Address, Bench
from billsync.connector import Context
from billsync.invoicing.policy import InvoicingRules
from billsync.mapping import parse
from billsync.push import Options
from billsync.schedule import SystemClock
from billsync.stage import facts
from billsync.stage.garbage import collected_seldom
from billsync.stage.world import End, Silent, World
from billsync.store import Store

MAPPING = Path(__file__).parents[1] / "mapping" / "opportunity.yaml"


@contextmanager
def world(url: str, store: Store, run: str = "bench@1") -> Iterator[World]:
    """One run of a pipeline from the server into the store, without a target."""
    connector = Bench(Context("crm", Path()), Address(url=url))
    try:
        yield World(
            pipeline="bench",
            store=store,
            source=End("crm", connector),
            target=None,
            inbound=(parse(MAPPING.read_bytes(), MAPPING.name),),
            outbound={},
            payments=None,
            status=None,
            rules=InvoicingRules(),
            through=date(2026, 1, 31),
            run=run,
            owner="bench",
            clock=SystemClock(),
            chance=Random(1),
            options=Options(),
            progress=Silent(),
            fetch_ahead=True,
        )
    finally:
        connector.close()


def take(url: str, store: Store) -> dict[str, int]:
    """Read, store and map everything that the server has.  Gives what was counted."""
    with world(url, store) as made, collected_seldom():
        facts.read(made)
        facts.make(made)
        return made.tally.counts


def main() -> None:
    """One measurement in this process."""
    begun, cpu = time.monotonic(), time.process_time()
    store = Store.open(sys.argv[2], create=True)
    took = time.monotonic(), time.process_time()
    counts = take(sys.argv[1], store)
    wall, spent = time.monotonic(), time.process_time()
    store.close()
    with_start = {"start_s": took[0] - begun, "start_cpu_s": took[1] - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"wall_s": wall - took[0], "cpu_s": spent - took[1], "mib": peak, "records": counts["deals mapped"]}
    print(json.dumps(told | with_start | {"object": OBJECT}))


if __name__ == "__main__":
    main()
