"""One site for all stories, as new for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.erpnext.house import House
from tests.erpnext.office import OPENED


@pytest.fixture(scope="session")
def running_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("erpnext"))
    house.start()
    yield house
    house.http.close()
    house.kill()


@pytest.fixture
def site(running_site: House) -> Iterator[House]:
    """Empty but for what each site has."""
    running_site.ready()
    yield running_site
    while OPENED:
        OPENED.pop().close()
