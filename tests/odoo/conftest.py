"""One stand-in for all stories, as new for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.odoo.house import House


@pytest.fixture(scope="session")
def running_odoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("odoo"))
    house.start()
    yield house
    house.http.close()
    house.kill()


@pytest.fixture
def odoo(running_odoo: House) -> House:
    """Empty but for what each database has."""
    running_odoo.ready()
    return running_odoo
