"""A process that calls a system as often as its budget lets it: `python -m tests.budget.caller`."""

from __future__ import annotations

import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from billsync.budget import Account, Purse
from billsync.connector import CallLimit, Capabilities, Connector, Context, Health, TryLater, Urgency
from billsync.model.base import Noun
from billsync.schedule import SystemClock
from billsync.store import Store
from billsync.wire import Client
from billsync.wire.address import Reach


class Asks(Connector):
    """Asks a system for nothing in particular."""

    capabilities = Capabilities(system="asks", title="Asks")
    config = Noun

    def __init__(self, context: Context, config: Any) -> None:
        self.http = Client(
            config, system=context.name, reach=Reach(allow_private=True), timeout=10, attempts=1, calls=context.calls
        )

    def check(self) -> Health:
        """It is there."""
        return Health(system="asks")


def caller(
    store: Store, url: str, owner: str, limits: tuple[CallLimit, ...], kind: type[Asks] = Asks
) -> tuple[Asks, Account]:
    """A connector whose calls are paid from the shared budget."""
    account = Account(store, "crm", SystemClock(), owner)
    purse = Purse(account)
    connector = kind(Context("crm", Path(), calls=purse), url)
    purse.belong(connector, limits, Decimal(1))
    return connector, account


def main(url: str, store_url: str, seconds: str, owner: str, urgency: str, *limits: str) -> None:
    """Call until the time is over."""
    store = Store.open(store_url)
    plan = tuple(CallLimit.model_validate_json(limit) for limit in limits)
    connector, account = caller(store, url, owner, plan)
    connector.calls.press(Urgency[urgency])
    until = time.monotonic() + float(seconds)
    while time.monotonic() < until:
        try:
            connector.http.read("GET", f"call?{owner}")
        except TryLater as fault:
            time.sleep(min(0.2, fault.after_s or 0.2))
    account.close()
    connector.http.close()
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
