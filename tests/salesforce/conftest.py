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
    org.admin("GET", "certificate")
    yield org
    org.stop()


@pytest.fixture
def org(running: StandIn) -> Iterator[StandIn]:
    """Empty but for what each org has."""
    running.ready()
    yield running
    running.part()


@pytest.fixture(scope="module")
def sown(tmp_path_factory: pytest.TempPathFactory, running: StandIn) -> Iterator[StandIn]:
    """With the 8,800 opportunities; the module's tests share it."""
    org = StandIn(tmp_path_factory.mktemp("sown"))
    for name in ("certificate.pem", "key.pem"):  # it would make its own: a second of work
        (org.folder / name).write_bytes((running.folder / name).read_bytes())
    org.start()
    org.login()
    assert org.admin("POST", "seed", {"name": "crm_sales", "folder": str(DATA)})["records"] > 13_000
    yield org
    org.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "org"
