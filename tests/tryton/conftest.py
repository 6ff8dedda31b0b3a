from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from billsync.connector import Context
from billsync_connectors.tryton import Tryton, TrytonSettings
from billsync_connectors.tryton.sandbox import TrytonSandbox
from tests.tryton.stories import Relay


@pytest.fixture
def connect(tryton_sandbox: TrytonSandbox) -> Iterator[Callable[..., Tryton]]:
    """Makes connectors to the sandbox; settings may be overridden."""
    made: list[Tryton] = []

    def make(**settings: Any) -> Tryton:
        values = {**tryton_sandbox.up(), **settings}
        made.append(Tryton(Context("erp", Path()), TrytonSettings.model_validate(values)))
        return made[-1]

    yield make
    for connector in made:
        connector.close()


@pytest.fixture
def relay(tryton_sandbox: TrytonSandbox) -> Iterator[Relay]:
    """A server between connector and Tryton that loses answers when told."""
    server = Relay(tryton_sandbox.up()["url"])
    yield server
    server.end()


_NAMES = itertools.count(1)


@pytest.fixture
def tag() -> str:
    """A new beginning of keys: the tests share one Tryton."""
    return f"T{next(_NAMES):03}"
