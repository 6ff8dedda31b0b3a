"""One stand-in for all stories, as new for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.xero.house import House


@pytest.fixture(scope="session")
def running_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("xero"))
    house.start()
    yield house
    house.http.close()
    house.kill()


@pytest.fixture
def house(running_house: House) -> Iterator[House]:
    """Empty but for what each organisation has."""
    running_house.ready()
    yield running_house
    running_house.part()
