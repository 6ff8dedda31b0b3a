"""One stand-in for all stories, as new for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from billsync.store import Store
from tests.odoo.erp import Desk
from tests.odoo.house import House
from tests.push.conftest import copied


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


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "store.db"
    Store.open(f"sqlite:///{path}", create=True).close()
    return path


@pytest.fixture
def desk(odoo: House, empty_file: Path) -> Iterator[Desk]:
    """The effect machine before the stand-in, with one invoice planned."""
    with copied(empty_file) as store:
        made = Desk(store, odoo)
        made.plan(1)
        yield made
        made.erp.close()
