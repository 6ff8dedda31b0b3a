"""`python -m benchmarks.mapping`: our compiled mapping, by hand, and the peers, in turn on the same records.

The peers go into environments of their own (`.cache/peers`, from the package index) and run as processes of their own;
every round measures each of them once.  Medians of CPU time a record; what counts are the ratios.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.mapping.by_hand import deal_of
from benchmarks.mapping.records import opportunities
from billsync.connector import Record
from billsync.mapping import check, parse
from billsync.model.problem import Place
from billsync.workspace import reader

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[1] / ".cache" / "peers"
OUT = HERE.parent / "out" / "mapping.json"
ROUNDS = 7
COUNT = 1_500
PEERS = {
    "Jinja2, sandboxed, native types": ("jinja2", "jinja.py"),
    "Airbyte AddFields (lines left out)": ("airbyte-cdk", "airbyte.py"),
    "jsonata-python": ("jsonata-python", "jsonata_python.py"),
    "cel-python (lines by its own loop)": ("cel-python", "cel.py"),
}
OURS, HAND, BARE = "billsync, validated", "by hand, same validation", "billsync, not validated"


def itself(_name: str, id: str) -> str:
    return id


class Peer:
    """A process that maps its records once for each line that it is sent."""

    def __init__(self, package: str, script: str) -> None:
        python = installed(package)
        command = [str(python), script]
        self._process = subprocess.Popen(
            command, cwd=HERE / "peers", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.sample = json.loads(self._line())

    def measure(self) -> float:
        """CPU microseconds a record."""
        assert self._process.stdin is not None
        self._process.stdin.write("again\n")
        self._process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def installed(package: str, *requirements: str) -> Path:
    """The Python of an environment that has the package, by these requirements or its name alone."""
    place = ENVIRONMENTS / package
    if not (place / ".installed").exists():
        print(f"installing {package} into {place}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        subprocess.run([place / "bin" / "pip", "install", "--quiet", *(requirements or (package,))], check=True)
        (place / ".installed").touch()
    return place / "bin" / "python"


def timed(work: Callable[[], object], count: int) -> float:
    """CPU microseconds a piece."""
    begun = time.process_time()
    work()
    return (time.process_time() - begun) * 1e6 / count


def jobs() -> dict[str, Callable[[], float]]:
    """What is measured in this process: name -> one measurement."""
    mapping = parse((HERE / "opportunity.yaml").read_bytes(), "opportunity.yaml")
    data = opportunities(COUNT)
    records = [Record("Opportunity", each["Id"], each, Place(system="salesforce")) for each in data]
    for record in records:  # the same result, or the comparison says nothing
        assert mapping.apply(record, itself).noun == deal_of(dict(record.data)), record.id
    run = mapping.compiled
    return {
        OURS: lambda: timed(lambda: [mapping.apply(record, itself) for record in records], COUNT),
        HAND: lambda: timed(lambda: [deal_of(each) for each in data], COUNT),
        BARE: lambda: timed(lambda: [run(each, itself, {}) for each in data], COUNT),
    }


def measured() -> dict[str, list[float]]:
    """Every job once a round, in turn."""
    peers = {name: Peer(*which) for name, which in PEERS.items()}
    work = {**jobs(), **{name: peer.measure for name, peer in peers.items()}}
    found: dict[str, list[float]] = {name: [] for name in work}
    for number in range(ROUNDS + 1):
        for name, measure in work.items():
            value = measure()
            if number:  # the first warms up
                found[name].append(value)
        print(f"round {number} of {ROUNDS}", file=sys.stderr)
    for peer in peers.values():
        peer.close()
    return found


def lint_seconds() -> float:
    """CPU seconds to check 100 mapping files, those that are shipped again and again."""
    files = sorted((HERE.parents[1] / "mappings").rglob("*.yaml"))
    texts = [(file, file.read_bytes()) for file in files]

    def lint() -> None:
        for number in range(100):
            file, text = texts[number % len(texts)]
            check(text, file.name, read_file=reader(file.parent, file.parent))

    return statistics.median(timed(lint, 1) / 1e6 for _ in range(3))


def main() -> None:
    """Print a table, and write JSON beside it."""
    found = measured()
    rows: list[dict[str, Any]] = []
    for name, values in found.items():
        ratio = statistics.median(a / b for a, b in zip(values, found[OURS], strict=True))
        rows.append({"engine": name, "us": round(statistics.median(values), 1), "x": round(ratio, 2)})
        print(f"{name:<38} {rows[-1]['us']:10.1f} us a record {ratio:8.2f} x billsync")
    seconds = lint_seconds()
    print(f"{'lint of 100 files':<38} {seconds:10.2f} s of CPU")
    OUT.parent.mkdir(exist_ok=True)
    result = {"python": sys.version, "results": rows, "lint_100_files_cpu_s": round(seconds, 3)}
    OUT.write_text(json.dumps(result, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
