"""`python -m benchmarks.sync`: records over HTTP, mapped and stored: billsync, the limit, dlt, Singer's SDK, Airbyte's.

All read the same server in turn, each in processes of its own, several rounds; CPU of all of these processes, wall
time, the peak memory of the largest; medians, and ratios of the same round.  The limit fetches and parses every page
and does nothing with it; Airbyte prints and stores nothing.  Postgres' own CPU is not counted.  `--delay 0.05` makes
every page wait; `--known` fills a store with so many records and measures a run that finds nothing changed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import servers
from benchmarks.sync import server

HERE = Path(__file__).parent
OUT = HERE.parent / "out" / "sync.json"
PEERS = HERE / "peers"
DLT = ("dlt", "dlt[duckdb,postgres,sqlalchemy,parquet]~=1.31")
SINGER = ("singer-sdk", "singer-sdk~=0.54", "meltanolabs-target-postgres~=0.8")
AIRBYTE = ("airbyte-cdk", "airbyte-cdk~=7.39")
LIMIT = "fetch and parse alone"
Job = Callable[[str, Path, str], list[list[str]]]
"""(address of the server, a folder, URL of an empty Postgres database) -> the commands of one pipe."""


def installed(*package: str) -> Path:
    """The Python of a peer's environment."""
    from benchmarks.mapping.__main__ import installed as made  # noqa: PLC0415  a child's peak begins with our size

    return made(*package)


def _own(module: str, *args: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.sync.{module}", *args]


def _dlt(kind: str) -> Job:
    def job(url: str, folder: Path, postgres: str) -> list[list[str]]:
        place = postgres if kind == "postgres" else str(folder / f"dlt.{kind}")
        return [[str(installed(*DLT)), str(PEERS / "dlt_sync.py"), url, kind, place, str(folder / "work")]]

    return job


def _singer(url: str, folder: Path, _postgres: str) -> list[list[str]]:
    python = str(installed(*SINGER))
    (folder / "tap.json").write_text(json.dumps({"url": url}))
    (folder / "target.json").write_text(json.dumps({"sqlalchemy_url": f"sqlite:///{folder}/singer.db"}))
    ends = (("singer_tap.py", "tap.json"), ("singer_target.py", "target.json"))
    return [[python, str(PEERS / script), "--config", str(folder / config)] for script, config in ends]


def _airbyte(url: str, folder: Path, _postgres: str) -> list[list[str]]:
    return [[str(installed(*AIRBYTE)), str(PEERS / "airbyte_sync.py"), url, str(folder)]]


JOBS: dict[str, Job] = {
    LIMIT: lambda url, _folder, _postgres: [_own("raw", url)],
    "billsync, sqlite": lambda url, folder, _postgres: [_own("ours", url, f"sqlite:///{folder}/billsync.db")],
    "billsync, postgres": lambda url, _folder, postgres: [_own("ours", url, postgres)],
    "dlt, duckdb (parquet)": _dlt("duckdb"),
    "dlt, sqlite (parquet)": _dlt("sqlite"),
    "dlt, postgres (csv)": _dlt("postgres"),
    "Singer SDK, tap | sqlite": _singer,
    "Airbyte CDK, printing": _airbyte,
}


def measured(job: Job, url: str, postgres: str) -> dict[str, float]:
    """Wall and CPU seconds of the processes of a job, start and end included, and MiB of the largest."""
    with tempfile.TemporaryDirectory() as name, _place(postgres) as database:
        commands = job(url, Path(name), database)
        begun = time.monotonic()
        ends = _started(commands)
        used = [os.wait4(process.pid, 0) for process in ends]
        wall = time.monotonic() - begun
        if any(status for _, status, _ in used):
            raise SystemExit(f"{commands[0][-2:]} did not end well")
    cpu = sum(usage.ru_utime + usage.ru_stime for _, _, usage in used)
    return {"wall_s": wall, "cpu_s": cpu, "mib": max(usage.ru_maxrss for _, _, usage in used) / 1024}


def _started(commands: list[list[str]]) -> list[subprocess.Popen[bytes]]:
    """The processes of a pipe; what they say is thrown away."""
    made: list[subprocess.Popen[bytes]] = []
    for command in commands:
        source = made[-1].stdout if made else None
        sink = subprocess.PIPE if command is not commands[-1] else subprocess.DEVNULL
        cwd = HERE.parents[1]
        made.append(subprocess.Popen(command, cwd=cwd, stdin=source, stdout=sink, stderr=subprocess.DEVNULL))
        if source is not None:
            source.close()
    return made


@contextmanager
def _place(postgres: str) -> Iterator[str]:
    with servers.database(postgres) as url:
        yield url


def rounds(options: argparse.Namespace, postgres: str) -> dict[str, list[dict[str, float]]]:
    """Every job once a round, in turn."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in JOBS if options.only in name or name == LIMIT}
    with server.running(options.records, options.delay) as url:
        for number in range(1, options.rounds + 1):
            for name, results in found.items():
                results.append(measured(JOBS[name], url, postgres))
                print(name, {key: round(value, 2) for key, value in results[-1].items()}, file=sys.stderr)
            print(f"round {number} of {options.rounds}", file=sys.stderr)
    return found


def table(found: dict[str, list[dict[str, float]]], records: int) -> list[dict[str, Any]]:
    """Medians, and how many times the CPU and the wall time of the limit they are, in the same rounds."""
    rows = []
    for name, results in found.items():
        middle = {key: statistics.median(one[key] for one in results) for key in results[0]}
        row = {"job": name, "records_per_cpu_s": round(records / middle["cpu_s"])}
        row |= {"wall_s": round(middle["wall_s"], 2), "mib": round(middle["mib"])}
        for key in ("cpu_s", "wall_s"):
            ratios = (mine[key] / limit[key] for mine, limit in zip(results, found[LIMIT], strict=True))
            row[f"x_limit_{key}"] = round(statistics.median(ratios), 2)
        rows.append(row)
        print(
            f"{name:<26} {row['records_per_cpu_s']:>8,} records/CPU-s {row['wall_s']:>8} s wall "
            f"({row['x_limit_wall_s']:>5} x the limit) {row['mib']:>5} MiB"
        )
    return rows


def main() -> None:
    """Print tables, and write JSON beside them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0, help="seconds that the server waits before each page")
    parser.add_argument("--only", default="", help="jobs with this in their name, and the limit")
    parser.add_argument(
        "--known", type=int, default=0, help="records of the run that finds nothing changed; 0: leave it out"
    )
    options = parser.parse_args()
    kept = json.loads(OUT.read_text()) if OUT.exists() else {}
    with servers.running() as postgres:
        name = f"{options.records} records, {options.delay} s a page"
        kept[name] = table(rounds(options, postgres), options.records)
        kept["python"] = sys.version
        for kind in ("sqlite", "postgres") if options.known else ():
            from benchmarks.sync import known  # noqa: PLC0415  as above

            with tempfile.TemporaryDirectory() as folder, _place(postgres) as database:
                url = f"sqlite:///{folder}/known.db" if kind == "sqlite" else database
                found = known.measured(url, options.known)
            kept[f"nothing changed, {kind}, {found['records']} records"] = found
            print(f"nothing changed in {found['records']:,} records, {kind}: {json.dumps(found)}")
    OUT.write_text(json.dumps(kept, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
