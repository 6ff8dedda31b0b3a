"""A30: secrets and people are planted in configuration and records, faults are on; nothing that is told holds one."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.stand_in import StandIn

PASSWORD = "kanarie-Passw0rt/+9"
SECRETS = {"ERP_PASSWORD": PASSWORD}
NAME = "Quastenberg"
PLANTED = (
    PASSWORD, "kanarie", NAME, "zebulon@quastenberg.example", "DE89370400440532013000", "DE89 3704 0044 0532 0130 00",
    "+49 30 55512345", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "Kanariengasse",
)  # fmt: skip
CONFIG = """
observe: {{logs: json, level: debug, listen: "127.0.0.1:0", traces: {{endpoint: "{collector}"}}}}
connections:
  crm: {{connector: sandbox, url: "{url}", password: env:ERP_PASSWORD, timeout: 5}}
  erp: {{connector: sandbox, url: "{url}", password: env:ERP_PASSWORD, timeout: 5, settle_s: 0, batch_max: 1}}
pipelines:
  billing:
    source: crm
    target: erp
    mappings:
      inbound: [mappings/sandbox/accounts.yaml, mappings/sandbox/products.yaml, mappings/sandbox/deals.yaml]
      outbound: [mappings/sandbox/customer.yaml, mappings/sandbox/product.yaml, mappings/sandbox/invoice.yaml]
    invoicing: {{grouping: deal}}
    billing: {{through: 2017-12-31}}
    push: {{patience_s: 3}}
    schedule: {{every_s: 1}}
"""
TOLD = {
    "process_started", "process_ended", "health_served", "run_started", "run_ended", "object_read", "page_stored",
    "stage_ended", "problem_found", "write_confirmed", "call_failed", "push_ended", "slot_settled",
}  # fmt: skip


class Collector(BaseHTTPRequestHandler):
    """Takes OTLP over HTTP, and keeps what it was sent, unpacked."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        packed = self.headers.get("Content-Encoding") in ("gzip", "deflate")
        self.server.taken.append(zlib.decompress(body, 47) if packed else body)  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        """Nothing."""


@pytest.fixture
def collector() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.taken = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def plant(there: StandIn) -> None:
    """Customers with everything that a person has, deals of one of them, and others that are told as bad."""
    person = {
        "name": f"Zebulon {NAME}", "email": PLANTED[3], "iban": PLANTED[5], "phone": PLANTED[6], "notes": PLANTED[7],
        "street": f"{PLANTED[8]} 9", "country": "Germany", "sector": "retail",
    }  # fmt: skip
    there.human("create", "accounts", "A-1", **person)
    there.human("create", "accounts", "A-2", **person | {"name": f"{NAME} & Co"})
    there.human("create", "products", "P-1", name="Basic", price="5")
    deal = {"account": "A-1", "product": "P-1", "stage": "Won", "currency": "USD", "closed_on": "2017-03-01"}
    for id, amount in (("D-1", "100"), ("D-2", "200")):
        there.human("create", "deals", id, **deal, amount=amount, owner=f"Zebulon {NAME}")
    for n, value in enumerate(PLANTED[3:]):  # problems name the value that they are about
        there.human("create", "accounts", f"B-{n}", **person | {"country": value})
    there.set(password=PASSWORD)
    there.fault("error", path="/v1/accounts", method="GET")
    there.fault("busy", retry_after="0", path="/v1/deals", method="GET")
    there.fault("lost", path="/v1/invoice", method="POST")


def daemon(folder: Path, out: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **SECRETS, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    command = [sys.executable, "-m", "billsync", "daemon", "--config", str(folder / "billsync.yaml")]
    with (out / "out").open("wb") as stdout, (out / "err").open("wb") as stderr:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=stdout, stderr=stderr)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n")]


def until(file: Path, event: str, count: int = 1) -> dict[str, Any]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = [line for line in lines(file) if line["event"] == event]
        if len(found) >= count:
            return found[-1]
        time.sleep(0.1)
    raise AssertionError(f"never told: {event}: {file.read_text('utf-8')[-2000:]}")


def test_nothing_that_is_told_holds_a_secret_or_a_person(
    sandbox_server: StandIn, collector: ThreadingHTTPServer, tmp_path: Path
) -> None:
    plant(sandbox_server)
    endpoint = f"http://127.0.0.1:{collector.server_address[1]}/v1/traces"
    (tmp_path / "billsync.yaml").write_text(CONFIG.format(url=sandbox_server.url, collector=endpoint), "utf-8")
    process = daemon(tmp_path, tmp_path)
    try:
        port = until(tmp_path / "out", "health_served")["port"]
        until(tmp_path / "out", "run_ended")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as asked:
            answers = {path: asked.get(path) for path in ("/healthz", "/readyz", "/metrics", "/else")}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    assert [answer.status_code for answer in answers.values()] == [200, 200, 200, 404]
    found = lines(tmp_path / "out")
    assert {line["event"] for line in found} >= TOLD
    assert any("trace_id" in line for line in found)
    taken: list[bytes] = collector.taken  # type: ignore[attr-defined]
    assert any(b"facts.read" in body for body in taken)
    notes = sqlite3.connect(tmp_path / "billsync.db").execute("select note, counts from runs").fetchall()
    said = {
        "metrics": answers["/metrics"].content,
        "traces": b"".join(taken),
        "notes": repr(notes).encode(),
        **{name: (tmp_path / name).read_bytes() for name in ("out", "err")},
    }
    held = [(where, word) for where, text in said.items() for word in PLANTED if word.lower().encode() in text.lower()]
    assert held == []
    figures = said["metrics"].decode()
    for figure in ('billsync_runs_total{pipeline="billing"', "billsync_freshness_seconds{", "billsync_store_up 1.0"):
        assert figure in figures
