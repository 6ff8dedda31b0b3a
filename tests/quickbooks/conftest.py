"""One company for all stories, as new for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.quickbooks.stand_in import StandIn


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    company = StandIn(tmp_path_factory.mktemp("quickbooks"))
    company.start()
    yield company
    company.stop()


@pytest.fixture
def company(running: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """With nothing but what each company has."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the SDK refuses plain HTTP without it
    running.ready()
    yield running
    running.part()
