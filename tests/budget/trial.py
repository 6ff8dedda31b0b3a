"""How much of a limit several processes use together: `python -m tests.budget.trial [SECONDS] [STORE URL]`.

Without a URL of a new, empty database the store is an SQLite file.  Each line: the limit, the most calls that were seen
in a span of it, and how much of what it allows was used.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from billsync.connector import CallLimit
from billsync.store import Store
from tests.budget.counter import Counter, start

LIMITS = (
    CallLimit(name="ten_seconds", calls=190, within_s=10),
    CallLimit(name="two_seconds", calls=40, within_s=2),
    CallLimit(name="second", calls=20, kind="rate", burst=10),
)


def trial(limit: CallLimit, url: str, seconds: float, processes: int = 3) -> str:
    """Call with several processes as fast as the budget lets them."""
    counter = Counter()
    with counter.running():
        callers: list[subprocess.Popen[bytes]] = [
            start(counter.url, url, seconds, f"process {n}", [limit]) for n in range(processes)
        ]
        for each in callers:
            each.wait()
    times = sorted(at for at, _ in counter.calls)
    span = times[-1] - times[0]
    allowed = (
        limit.burst + limit.calls * span if limit.kind == "rate" else limit.calls * max(1.0, span / limit.within_s)
    )
    most = counter.most_within(limit.within_s)
    return f"{limit.name}: at most {most} in {limit.within_s} s of {limit.calls}; {len(times) / allowed:.0%} used"


def main(seconds: str = "20", url: str = "") -> None:
    """Each limit on a store of its own connection."""
    with tempfile.TemporaryDirectory() as folder:
        place = url or f"sqlite:///{Path(folder) / 'store.db'}"
        Store.open(place, create=True).close()
        for limit in LIMITS:
            sys.stdout.write(f"{trial(limit, place, float(seconds))}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
