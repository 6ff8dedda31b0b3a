"""`python -m benchmarks.billing`: finalised, explained, stored invoices: billsync, the limit by hand, and Tryton.

All of them in turn, several rounds, each in a process of its own; medians of CPU time an invoice, and their ratios.
Postgres' own CPU is not counted.  Between the limit and billsync stand the rows that billsync writes, written once more
by the bare driver: nothing that stores them is faster.  `--sizes` shows how cost and memory grow, and the last table
what a month of a contract costs as it grows older.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import servers
from benchmarks.billing import by_hand, contracts, ours, rows_alone
from benchmarks.mapping.__main__ import installed
from billsync.model.period import add_months
from billsync.store import Store

HERE = Path(__file__).parent
OUT = HERE.parent / "out" / "billing.json"
PEER = "trytond_sale_subscription"
AGED = 100
"""Contracts of which the cost by age is measured."""

JOBS = {
    "by hand, sqlite": ("hand", "sqlite"),
    "rows of billsync alone, sqlite": ("rows", "sqlite"),
    "billsync, sqlite": ("ours", "sqlite"),
    "by hand, postgres": ("hand", "postgres"),
    "billsync, postgres": ("ours", "postgres"),
}
DRAFTED, POSTED = "Tryton, drafted (sqlite)", "Tryton, posted (sqlite)"


def bill(who: str, url: str, count: int) -> dict[str, Any]:
    """Bill so many contracts once, in this process.  Gives microseconds of CPU an invoice, and MiB at the most."""
    if who == "rows":
        store = Store.open(url, create=True)
        ours.fill(store, count)
        ours.run(store, Path())
        return {"us": rows_alone.written(url) * 1e6 / count, "mib": 0.0}
    if who == "hand":
        given = contracts.contracts(count)
        begun = time.process_time()
        (by_hand.into_postgres if url.startswith("postgres") else by_hand.into_sqlite)(given, url)
    else:
        store = Store.open(url, create=True)
        ours.fill(store, count)
        begun = time.process_time()
        ours.run(store, Path())
    cpu = time.process_time() - begun
    if who == "ours":
        assert ours.made(store) == count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"us": cpu * 1e6 / count, "mib": peak}


def measured(who: str, database: str, count: int, postgres: str) -> dict[str, Any]:
    """One measurement in a process and a database of its own."""
    with place(database, postgres) as url:
        command = [sys.executable, "-m", "benchmarks.billing", "--one", who, url, "--count", str(count)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def place(database: str, postgres: str) -> Iterator[str]:
    """The URL of a new, empty database."""
    if database == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bench.db"
        return
    with servers.database(postgres) as url:
        yield url


class Tryton:
    """The peer's process: it makes its subscriptions once and bills a month for each line that it is sent."""

    def __init__(self, count: int) -> None:
        command = [str(installed(PEER, f"{PEER}~=8.2.0", "proteus~=8.2.0")), "tryton.py", str(count)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=HERE / "peers", stdin=pipe, stdout=pipe, text=True)
        self._line()

    def measure(self) -> dict[str, Any]:
        """Microseconds of CPU an invoice, as a draft and posted."""
        assert self._process.stdin is not None
        self._process.stdin.write("again\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._line())
        return {DRAFTED: found["draft"] * 1000, POSTED: found["posted"] * 1000}

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def rounds(options: argparse.Namespace, postgres: str) -> dict[str, list[float]]:
    """Every job once a round, in turn."""
    peer = Tryton(options.tryton) if options.tryton else None
    found: dict[str, list[float]] = {}
    for number in range(1, options.rounds + 1):
        for name, (who, database) in JOBS.items():
            found.setdefault(name, []).append(measured(who, database, options.count, postgres)["us"])
        for name, us in (peer.measure() if peer else {}).items():
            found.setdefault(name, []).append(us)
        print(f"round {number} of {options.rounds}", file=sys.stderr)
    if peer:
        peer.close()
    return found


def table(found: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Medians, and ratios of the same rounds: to the limit on the same database, and of Tryton's drafts to it."""
    rows = []
    for name, values in found.items():
        limit = found["by hand, postgres" if "postgres" in name else "by hand, sqlite"]
        row = {"job": name, "us": round(statistics.median(values), 1), "x_limit": _ratio(values, limit)}
        if DRAFTED in found:
            row["x_faster_than_tryton_drafts"] = _ratio(found[DRAFTED], values)
        rows.append(row)
        more = f"{row['x_faster_than_tryton_drafts']:9.1f} x faster than Tryton" if DRAFTED in found else ""
        print(f"{name:<28} {row['us']:10.1f} us an invoice {row['x_limit']:9.2f} x the limit {more}")
    return rows


def _ratio(values: list[float], others: list[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(values, others, strict=True)), 2)


def growth(sizes: list[int], postgres: str) -> list[dict[str, Any]]:
    """Cost and memory by the number of contracts."""
    rows = []
    for database in ("sqlite", "postgres"):
        for size in sizes:
            found = measured("ours", database, size, postgres)
            rows.append({"database": database, "contracts": size, **{key: round(found[key], 1) for key in found}})
            print(f"{database:<10} {size:>9} contracts {found['us']:10.1f} us an invoice {found['mib']:8.0f} MiB")
    return rows


def by_age(months: list[int]) -> list[dict[str, Any]]:
    """What a month of a contract costs in a run by its age: charges, and the invoice, with all before it billed."""
    rows = []
    for age in months:
        with place("sqlite", "") as url:
            store = Store.open(url, create=True)
            ours.fill_aged(store, AGED, age)
            for month in range(1 - age, 0):
                ours.run(store, Path(), through=add_months(contracts.MONTH[1], month))
            before, begun = ours.made(store), time.process_time()
            ours.run(store, Path(), through=contracts.MONTH[1])
            us = (time.process_time() - begun) * 1e6 / AGED
            assert ours.made(store) - before == AGED
        rows.append({"months": age, "us": round(us, 1)})
        print(f"a month of a contract of {age:>3} months {us:10.1f} us")
    return rows


def main() -> None:
    """Print tables, and write JSON beside them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000, help="contracts of a measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tryton", type=int, default=200, help="subscriptions of the peer, 0 to leave it out")
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000, 10_000, 100_000], help="for growth")
    parser.add_argument("--one", nargs=2, metavar=("WHO", "URL"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        who, url = options.one
        print(json.dumps(bill(who, url, options.count)))
        return
    with servers.running() as postgres:
        results = {"python": sys.version, "results": table(rounds(options, postgres))}
        results["growth"] = growth(options.sizes, postgres)
    results["by_age"] = by_age([1, 12, 36, 60])
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(results, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
