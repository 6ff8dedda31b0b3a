"""1, 2 and 4 workers on one Postgres: `python -m benchmarks.workers [--documents N]`.

Each document is an invoice of its own, sent to the generic stand-in, which answers at once; each worker has four calls
at once.  What is measured is the time from the first tenth of the documents that stand there to the last, and the CPU
of the workers for each document, their start included.  Workers, the database and the stand-in share the machine:
where it has few cores, that is the bound.

However it ends (an error, Ctrl-C, SIGTERM), no process and no folder of it is left.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from tests.fleet.proof import Case, Seen, postgres, prove

OUT = Path(__file__).parent / "out" / "workers.json"
CREWS = (1, 2, 4)


def rate(seen: Seen, documents: int) -> float:
    """Documents a second, from the first tenth to the last document."""
    begin, first = next((at, done) for at, done, _ in seen.timeline if done >= documents / 10)
    end = next(at for at, done, _ in seen.timeline if done >= documents)
    if end <= begin:
        sys.exit(f"{documents} documents are too few to be timed: all of them came between two looks")
    return (documents - first) / (end - begin)


def measured(workers: int, documents: int) -> dict[str, float]:
    """One crew, with a database and a system of its own."""
    sys.stderr.write(f"{workers} workers: making a database, an export of {documents} deals and a system to send to\n")
    with tempfile.TemporaryDirectory(prefix="billsync-workers-") as name:
        folder = Path(name)
        with postgres(folder) as url:
            faults, seen = prove(folder, url, Case(documents, workers, "A", calm=True))
    if faults:
        sys.exit(f"{workers} workers: {faults[0]}")
    return {
        "workers": workers,
        "documents_per_s": round(rate(seen, documents), 1),
        "cpu_ms": round(seen.cpu_s * 1000 / documents, 1),
    }


def ended(number: int, _frame: FrameType | None) -> None:
    """SIGTERM ends it as Ctrl-C does: by an exception, so that nothing is left."""
    sys.exit(128 + number)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_500)
    documents = parser.parse_args().documents
    signal.signal(signal.SIGTERM, ended)
    try:
        found = [measured(workers, documents) for workers in CREWS]
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    alone = found[0]["documents_per_s"]
    print(f"{documents} documents, {os.cpu_count()} cores")
    for row in found:
        each, cpu = row["documents_per_s"], row["cpu_ms"]
        print(f"{row['workers']} workers: {each:7.1f} a second, {each / alone:.2f}x, {cpu:.0f} ms CPU a document")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"documents": documents, "cores": os.cpu_count(), "rows": found}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
