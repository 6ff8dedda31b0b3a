"""One stand-in for all stories, as new for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from billsync.store import Store
from tests.push.conftest import copied
from tests.xero.desk import Desk
from tests.xero.door import Door
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


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "store.db"
    Store.open(f"sqlite:///{path}", create=True).close()
    return path


@pytest.fixture(scope="session")
def running_door(running_house: House) -> Iterator[Door]:
    door = Door(running_house.url)
    yield door
    door.close()


@pytest.fixture
def door(running_door: Door, house: House) -> Iterator[Door]:
    """Each story ends with this: every request that was made, and every answer, is as Xero describes it."""
    running_door.disturbed = running_door.summarize = False
    running_door.passed.clear()
    yield running_door
    running_door.hold()


@pytest.fixture
def desk(house: House, door: Door) -> Iterator[Desk]:
    """A connection without a store: the connector is called directly."""
    made = Desk(house, door)
    yield made
    made.close()


@pytest.fixture
def machine(house: House, door: Door, empty_file: Path) -> Iterator[Desk]:
    """A connection with the effect machine before it."""
    with copied(empty_file) as store:
        made = Desk(house, door, store)
        yield made
        made.close()
