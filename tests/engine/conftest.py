"""Engines on each kind of ground: memory, DBOS on SQLite, DBOS on Postgres."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from billsync.engine.durable import DurableEngine
from billsync.engine.memory import MemoryEngine
from billsync.engine.port import Engine
from billsync.engine.presence import new_id
from billsync.schedule import SystemClock
from billsync.store import Store

now = SystemClock().now


@pytest.fixture(params=["memory", "durable"])
def engine(request: pytest.FixtureRequest, store: Store) -> Iterator[Engine]:
    """An engine that is not launched yet, on each database."""
    made: Engine = MemoryEngine(store, "me", now) if request.param == "memory" else DurableEngine(store, new_id(), now)
    yield made
    made.close()
