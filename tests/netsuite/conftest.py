"""One account for all stories, as new for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.netsuite.connecting import OPEN
from tests.netsuite.stand_in import StandIn


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    account = StandIn(tmp_path_factory.mktemp("netsuite"))
    account.start()
    yield account
    account.stop()


@pytest.fixture
def account(running: StandIn) -> StandIn:
    """With nothing but what each account has."""
    running.ready()
    return running


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Connections do not outlive their test."""
    yield
    while OPEN:
        OPEN.pop().close()
