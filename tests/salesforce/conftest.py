"""One org for all stories, as new for each of them; one with the real data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.salesforce.stand_in import DATA, StandIn


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    org = StandIn(tmp_path_factory.mktemp("salesforce"))
    org.start()
    yield org
    org.stop()


@pytest.fixture
def org(running: StandIn) -> Iterator[StandIn]:
    """Empty but for what each org has."""
    running.ready()
    yield running
    running.part()


@pytest.fixture(scope="module")
def sown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """With the 8,800 opportunities; the module's tests share it."""
    org = StandIn(tmp_path_factory.mktemp("sown"))
    org.start()
    org.login()
    assert org.admin("POST", "seed", {"name": "crm_sales", "folder": str(DATA)})["records"] > 13_000
    yield org
    org.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "org"
