"""A store that is made fast, and a desk with one invoice planned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from billsync.store import Store
from tests.push.conftest import copied
from tests.sandbox.desk import Desk
from tests.sandbox.stand_in import StandIn


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "store.db"
    Store.open(f"sqlite:///{path}", create=True).close()
    return path


@pytest.fixture
def ledger(empty_file: Path) -> Iterator[Store]:
    with copied(empty_file) as store:
        yield store


@pytest.fixture
def desk(ledger: Store, sandbox_server: StandIn) -> Desk:
    """Kind C, one invoice planned."""
    made = Desk(ledger, sandbox_server)
    made.plan(1)
    return made
