"""`python -m benchmarks.push`: invoices to a system that takes 20 ms a call and bears 5 at once, against that bound.

All in turn, each in a process of its own: a bare loop of 5 threads with a client each that keeps nothing, and billsync
with the intention and the outcome of every write durable, on SQLite and on Postgres.  Wall time against the bound
(count x 20 ms / 5), CPU of the process for each push (Postgres' own is not counted), and peak memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx

from benchmarks import servers
from benchmarks.billing.__main__ import place
from billsync.connector import Applied, Capabilities, Connector, Context, Health, Intent, Outcome, Target, WriteSheet
from billsync.model.base import Noun
from billsync.model.delivery import Delivery, DeliveryState
from billsync.push import Options, deliver, payload
from billsync.schedule import SystemClock
from billsync.settings.shape import Bounds
from billsync.store import Store
from billsync.verify import verify
from billsync.wire import Client

OUT: Final = Path(__file__).parent / "out" / "push.json"
TAKES_S: Final = 0.02
AT_ONCE: Final = 5
JOBS: Final = {
    "bare threads, nothing kept": ("bare", ""),
    "billsync, sqlite": ("ours", "sqlite"),
    "billsync, postgres": ("ours", "postgres"),
}


# ---------------------------------------------------------------- the system there


async def serve() -> None:
    """Print a port, then answer until the standard input ends: 201 after 20 ms, 429 where more than 5 are under way."""
    under_way = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way
        while body := await _body(reader):
            under_way += 1
            if under_way > AT_ONCE:
                status, said = "429 Too Many Requests", b"{}"
            else:
                await asyncio.sleep(TAKES_S)
                status, said = "201 Created", json.dumps({"id": json.loads(body)["number"]}).encode()
            under_way -= 1
            head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(said)}\r\n\r\n"
            writer.write(head.encode() + said)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)  # with whatever connections are still open


async def _body(reader: asyncio.StreamReader) -> bytes:
    """The body of the next request; nothing at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return await reader.readexactly(int(length.partition(b":")[2]))


@contextmanager
def there() -> Iterator[str]:
    """URL of the system, a process of its own."""
    command = [sys.executable, "-m", "benchmarks.push", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()


# ---------------------------------------------------------------- who sends


class NoConfig(Noun):
    """No settings."""


class Invoices(Connector):
    """Sends invoices with the client that all connectors use."""

    sheet = WriteSheet(target=Target.KEY, reference="number", key_lifetime_s=86_400, serial=False)
    capabilities = Capabilities(system="bench", title="Bench", writes={"invoice": sheet}, calls_at_once=AT_ONCE)
    config = NoConfig

    def __init__(self, context: Context, config: Any) -> None:
        self.http: Client

    @classmethod
    def of(cls, url: str) -> Invoices:
        """A connector to the system."""
        made = cls(Context("erp", Path()), NoConfig())
        made.http = Client(url, system="erp")
        return made

    def check(self) -> Health:
        """It is there."""
        return Health(system="bench")

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """One request for each."""
        return [self._write(intent) for intent in intents]

    def _write(self, intent: Intent) -> Outcome:
        headers = {"Idempotency-Key": intent.idempotency_key, "Content-Type": "application/json"}
        answer = self.http.send("POST", "/invoices", content=json.dumps(intent.payload), headers=headers)
        return Applied(str(answer.value["id"]))


def document(number: int) -> dict[str, Any]:
    """An invoice of three lines."""
    lines = [
        {"product": f"P{n}", "description": "Seats, January", "quantity": "12", "price": "19.50"} for n in range(3)
    ]
    return {"number": f"INV-{number:06}", "customer": f"C{number % 500}", "currency": "EUR", "lines": lines}


def _planned(number: int) -> Delivery:
    return payload.plan(
        connection="erp", object="invoice", kind="invoice", our_id=f"INV-{number:06}", number=1,
        document=document(number), mapping="m", rank=2, sequence=f"{number:06}", needs=(),
    )  # fmt: skip


def ours(url: str, store_url: str, count: int) -> Callable[[], None]:
    """Everything planned; gives what sends it."""
    store, clock = Store.open(store_url, create=True), SystemClock()
    for start in range(0, count, 1000):
        with store.tx("plan") as tx:
            tx.outbox.plan([_planned(n) for n in range(start, min(start + 1000, count))], at=clock.now())

    def send() -> None:
        pushed = deliver(
            store, Invoices.of(url), "erp", owner="me", clock=clock, chance=Random(1),
            options=Options(bounds=Bounds(creates=1_000_000)), report=lambda _tx, _problems: None,
            more=lambda: Invoices.of(url),
        )  # fmt: skip
        assert pushed.sent == {"invoice": count}, pushed
        with store.view() as tx:
            assert tx.outbox.counts("erp") == {"erp": {DeliveryState.CONFIRMED: count}}

    return send


def bare(url: str, count: int) -> Callable[[], None]:
    """The least that could do it: threads that share out the numbers."""

    def send() -> None:
        numbers = iter(range(count))
        threads = [threading.Thread(target=_post, args=(url, numbers)) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return send


def _post(url: str, numbers: Iterator[int]) -> None:
    with httpx.Client(base_url=url, trust_env=False) as http:
        for number in numbers:
            http.post("/invoices", json=document(number)).raise_for_status()


# ---------------------------------------------------------------- measuring


def measure(who: str, url: str, store_url: str, count: int) -> dict[str, float]:
    """One job in this process: seconds, milliseconds of CPU for each push, MiB at the most."""
    send = bare(url, count) if who == "bare" else ours(url, store_url, count)
    wall, cpu = time.monotonic(), time.process_time()
    send()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if store_url:
        assert verify(Store.open(store_url), now=SystemClock().now()).broken == []
    return {"wall_s": round(wall, 2), "cpu_ms": round(cpu * 1000 / count, 3), "mib": round(peak, 1)}


def measured(who: str, database: str, count: int, postgres: str) -> dict[str, float]:
    """One job in a process, with a system and a database of its own."""
    with there() as url, place(database, postgres) as store_url:
        kept = store_url if database else ""
        command = [sys.executable, "-m", "benchmarks.push", "--one", who, url, kept, "--count", str(count)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Print a table, and write JSON beside it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="invoices")
    parser.add_argument("--one", nargs=3, metavar=("WHO", "URL", "STORE"), help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return
    if options.one:
        who, url, kept = options.one
        print(json.dumps(measure(who, url, kept, options.count)))
        return
    bound = options.count * TAKES_S / AT_ONCE
    print(f"{options.count} invoices, {TAKES_S * 1000:.0f} ms a call, {AT_ONCE} at once: not below {bound:.1f} s")
    results = []
    with servers.running() as postgres:
        for name, (who, database) in JOBS.items():
            found = measured(who, database, options.count, postgres)
            row = {"job": name, **found, "x_bound": round(found["wall_s"] / bound, 3)}
            results.append(row)
            wall, cpu, mib = found["wall_s"], found["cpu_ms"], found["mib"]
            print(f"{name:<28} {wall:8.1f} s {row['x_bound']:6.2f} x {cpu:7.2f} ms CPU a push {mib:6.0f} MiB")
    OUT.parent.mkdir(exist_ok=True)
    told = {"python": sys.version, "count": options.count, "bound_s": bound, "results": results}
    OUT.write_text(json.dumps(told, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
