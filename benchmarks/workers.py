"""1, 2 and 4 workers on one Postgres: `python -m benchmarks.workers [--documents N]`.

Each document is an invoice of its own, sent to the generic stand-in, which answers at once; each worker has four calls
at once.  What is measured is the time from the first tenth of the documents that stand there to the last.
Workers, the database and the stand-in share the machine: where it has few cores, that is the bound.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from tests.fleet.proof import Case, Seen, postgres, prove

OUT = Path(__file__).parent / "out" / "workers.json"


def rate(seen: Seen, documents: int) -> float:
    """Documents a second, from the first tenth to the last document."""
    begin = next(at for at, done, _ in seen.timeline if done >= documents / 10)
    first = next(done for at, done, _ in seen.timeline if done >= documents / 10)
    end = next(at for at, done, _ in seen.timeline if done >= documents)
    return (documents - first) / (end - begin)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=2_000)
    asked = parser.parse_args()
    found = []
    for workers in (1, 2, 4):
        folder = Path(tempfile.mkdtemp(prefix="billsync-workers-"))
        with postgres(folder) as url:
            faults, seen = prove(folder, url, Case(asked.documents, workers, "A", calm=True))
        if faults:
            sys.exit(f"{workers} workers: {faults[0]}")
        found.append({"workers": workers, "documents_per_s": round(rate(seen, asked.documents), 1)})
    alone = found[0]["documents_per_s"]
    print(f"{asked.documents} documents, {os.cpu_count()} cores")
    for row in found:
        print(
            f"{row['workers']} workers: {row['documents_per_s']:7.1f} a second, {row['documents_per_s'] / alone:.2f}x"
        )
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"documents": asked.documents, "cores": os.cpu_count(), "rows": found}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
