"""One stand-in for all tests, as new for each; and one with the demo's data, which nobody may change."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.hubspot.account import AT_ONCE, DEMO, NOON, TOKEN, Account


@pytest.fixture(scope="session")
def running_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    account = Account(tmp_path_factory.mktemp("hubspot"))
    account.start()
    yield account
    account.http.close()
    account.kill()


@pytest.fixture
def account(running_account: Account) -> Account:
    """Without records, faults, lag."""
    running_account.ready()
    return running_account


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """With the 8,800 opportunities; not to be changed."""
    account = Account(tmp_path_factory.mktemp("full"))
    account.start()
    account.set(token=TOKEN, burst_max=100_000, search_per_s=1000, **AT_ONCE)
    account.admin("POST", "clock", {"at": NOON})
    account.admin("POST", "seed", {"name": "crm_sales", "folder": str(DEMO)})
    yield account
    account.http.close()
    account.kill()


@pytest.fixture(scope="session")
def sdk() -> Callable[[Account], Any]:
    """HubSpot's own client, as it comes from PyPI, told another host."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import hubspot

    return lambda account: hubspot.Client.create(access_token=TOKEN, host=account.url, base_url=account.url)
