"""Rotating tokens between processes: exchanged once, and not lost by kill -9 as far as the vendor lets that be."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from billsync.store import Store
from billsync.vault import new_key
from tests.sandbox.stand_in import StandIn
from tests.vault.worker import SECRET, Dies, opened, run

HERE = "http://127.0.0.1:9/back"
KEY = new_key()


def entered(database: str, there: StandIn) -> str:
    """A store in which a person's consent is kept, whose access token has ended; the database's address."""
    there.set(client_id="app", client_secret=SECRET, token_lifetime_s=60)
    store = Store.open(database, create=True)
    connector = opened(store, KEY, there.url)
    answer = there.http.get(connector.consent(HERE, "state")).headers["location"]
    connector.consented({name: values[0] for name, values in parse_qs(urlsplit(answer).query).items()}, HERE)
    connector.close()
    store.close()
    there.forward(61)
    there.admin("DELETE", "log")
    return database


def exchanges(there: StandIn) -> int:
    return sum(row["path"] == "/token" and row["status"] == 200 for row in there.log())


def test_processes_whose_token_has_ended_exchange_it_once(store_url: str, sandbox_server: StandIn) -> None:
    database = entered(store_url, sandbox_server)
    assert run(database, KEY, sandbox_server.url, "never", "never", "never") == [0, 0, 0]
    assert exchanges(sandbox_server) == 1


@pytest.mark.parametrize(
    ("dies", "grace_s", "then"),
    [("before it is kept", 600, 0), ("before it is kept", 0, 3), ("after it was kept", 0, 0)],
)
def test_a_process_killed_at_its_exchange_costs_at_most_a_new_consent(
    sqlite_template: Path, tmp_path: Path, sandbox_server: StandIn, dies: Dies, grace_s: int, then: int
) -> None:
    """Within a grace period the token of before is good once more; without one, what was lost is told at once."""
    shutil.copy(sqlite_template, tmp_path / "store.db")
    database = entered(f"sqlite:///{tmp_path}/store.db", sandbox_server)
    sandbox_server.set(refresh_grace_s=grace_s)
    assert run(database, KEY, sandbox_server.url, dies) == [-9]
    assert exchanges(sandbox_server) == 1
    assert run(database, KEY, sandbox_server.url, "never") == [then]  # nor is the lock still held
