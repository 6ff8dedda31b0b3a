"""Figures of what stands in the store: calls that are free, and a configuration that is changed meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from billsync import settings
from billsync.budget import Account
from billsync.connector import CALLS, Urgency
from billsync.console import standing
from billsync.console.calls import plan_of
from billsync.schedule import FastClock
from billsync.store import Store
from billsync.store.budgets import StoredBudget
from billsync.workspace import Workspace

CONFIG = """
connections:
  crm: {{connector: files, folder: crm, objects: {{accounts: {{key: account}}}}, calls: {{per_minute: {calls}}}}}
pipelines: {{p: {{source: crm, mappings: {{inbound: [mappings/files/crm_sales/accounts.yaml]}}}}}}
"""


def test_free_calls_are_those_of_now_and_of_the_configuration_of_now(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "KEPT_S", 0.0)
    file = tmp_path / "billsync.yaml"
    file.write_text(CONFIG.format(calls=60), encoding="utf-8")
    clock = FastClock(datetime(2026, 6, 10, tzinfo=UTC), 1)
    opened = [Workspace(settings.load(file), store, clock, "me")]
    figures = standing.Standing(lambda: opened[-1])
    account = Account(store, "crm", clock, "me")
    account.limit(plan_of(opened[0].settings.connections["crm"]), Decimal(1))
    with store.tx("read") as tx:  # notes of a read of everything are no limits
        tx.budgets.put([StoredBudget("crm", "read deals", 0, clock.now(), None, {"done": True})])
    for _ in range(3):
        account.pay({CALLS: 1}, Urgency.READ, waits=True)
        account.over(())
    account.close()
    assert free(figures) == {("crm", "minute"): 57}
    file.write_text(CONFIG.format(calls=100), encoding="utf-8")
    opened.append(replace(opened[0], settings=settings.load(file)))
    assert free(figures) == {("crm", "minute"): 97}


def free(figures: standing.Standing) -> dict[tuple[str, str], float]:
    (family,) = [one for one in figures.collect() if one.name == "billsync_calls_free"]
    return {(one.labels["connection"], one.labels["limit"]): one.value for one in family.samples}
