"""`billsync webhooks serve` as a process, and HubSpot's stand-in that tells it of what its search does not show yet."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.store import Store
from billsync_connectors.hubspot.named import NamedHubSpot
from tests.cli.place import Place

CONFIG = """\
store: sqlite:///billsync.db
connections:
  crm: {connector: hubspot, sandbox: {folder: crm, options: {seed: none, lag_update_s: "86400", lag_create_s: "0"}}}
pipelines:
  customers:
    source: crm
    mappings: {inbound: [mappings/hubspot/company.yaml]}
"""


@dataclass
class Shop:
    """A working folder, an account in it, and who listens."""

    place: Place
    account: NamedHubSpot
    books: Store
    server: subprocess.Popen[str] | None = None
    said: Path = Path()

    @property
    def folder(self) -> Path:
        return self.place.folder

    def billsync(self, *arguments: str) -> str:
        done = self.place.billsync(*arguments)
        assert done.code == 0, done.err
        return done.out

    def serve(self, *options: str) -> str:
        """Start it; the address to send to."""
        self.said = self.folder / "serve.log"
        with self.said.open("w") as log:
            command = [sys.executable, "-m", "billsync", "webhooks", "serve", "--port", "0", *options]
            self.server = subprocess.Popen(command, cwd=self.folder, stderr=log, text=True)
        wait(lambda: "tell it to send to" in self.said.read_text())
        return self.said.read_text().partition("send to ")[2].split()[0]

    def end(self) -> int:
        """Ctrl-C."""
        assert self.server is not None
        self.server.send_signal(signal.SIGINT)
        return self.server.wait(30)

    def human(self, **act: Any) -> str:
        return str(self.account.admin("POST", "human", act).get("id", ""))

    def name(self, id: str) -> str | None:
        """The customer's name in the books."""
        with self.books.view() as tx:
            fact = tx.facts.get("customer", id)
        return None if fact is None else str(json.loads(fact.doc)["name"])


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def shop(
    tmp_path: Path, sqlite_template: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    """The commands run in this process; who listens has one of its own."""
    shutil.copy(sqlite_template, tmp_path / "billsync.db")
    account = NamedHubSpot(tmp_path / "crm", options={"seed": "none"})
    made = Shop(Place(tmp_path, capsys, monkeypatch), account, Store.open(f"sqlite:///{tmp_path}/billsync.db"))
    made.place.write("billsync.yaml", CONFIG)
    yield made
    if made.server is not None and made.server.poll() is None:
        made.server.kill()
        made.server.wait()
    made.books.close()
    made.account.down()


def test_a_change_is_in_the_books_before_search_shows_it(shop: Shop) -> None:
    shop.account.up()
    company = shop.human(do="create", object="companies", properties={"name": "Acme"})
    other = shop.human(do="create", object="companies", properties={"name": "Zoomit"})
    shop.billsync("sync")
    assert shop.name(company) == "Acme"
    address = shop.serve("--run", "--quiet-s", "0")
    shop.account.admin("PATCH", "settings", {"lag_update_s": "86400", "webhook_url": address, "webhook_push": "true"})
    shop.human(do="change", object="companies", id=company, properties={"name": "Acme \N{SNOWMAN} Ltd"})
    wait(lambda: shop.name(company) == "Acme \N{SNOWMAN} Ltd")
    shop.human(do="delete", object="companies", id=other)
    wait(lambda: shop.name(other) is None)
    forged = httpx.post(address, json=[{"objectId": 1}], headers={"X-HubSpot-Signature-v3": "x"}, trust_env=False)
    assert forged.status_code == 401
    assert shop.end() == 0
    assert "turned down with 401" in shop.said.read_text()
    assert shop.billsync("webhooks", "list") == "none waits\n"


def test_without_run_hints_wait_for_the_next_one(shop: Shop) -> None:
    shop.account.up()
    company = shop.human(do="create", object="companies", properties={"name": "Acme"})
    shop.billsync("sync")
    address = shop.serve()
    shop.account.admin("PATCH", "settings", {"lag_update_s": "86400", "webhook_url": address, "webhook_push": "true"})
    shop.human(do="change", object="companies", id=company, properties={"name": "Beta"})
    wait(lambda: "1 to be read" in shop.said.read_text())
    assert shop.end() == 0
    (row,) = json.loads(shop.billsync("webhooks", "list", "--format", "json"))
    assert (row["connection"], row["object"], row["id"]) == ("crm", "companies", company)
    shop.billsync("sync")
    assert shop.name(company) == "Beta"
    assert shop.billsync("webhooks", "list") == "none waits\n"
