from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from billsync.wire import Client
from tests.wire.server import Script, Server


@pytest.fixture
def serve() -> Iterator[Callable[[Script], Server]]:
    running: list[Server] = []

    def start(script: Script) -> Server:
        running.append(Server(script))
        return running[-1]

    yield start
    for server in running:
        server.end()


@pytest.fixture
def client() -> Iterator[Callable[..., Client]]:
    made: list[Client] = []

    def make(url: str, **options: Any) -> Client:
        preset: dict[str, Any] = {"timeout": 5, "sleep": lambda _seconds: None}
        made.append(Client(url, system="erp", **(preset | options)))
        return made[-1]

    yield make
    for one in made:
        one.close()
