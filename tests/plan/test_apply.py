"""What the plan said is what apply did; what moved meanwhile is refused, and nothing was touched."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from billsync.store import Store
from tests.plan.desk import Desk
from tests.stage.office import Office

ALL = ["Acme", "Basic", "INV-0001", "INV-0002", "Zoomit"]


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> Desk:
    return Desk(Office(tmp_path, store))


def test_a_first_plan_says_everything_and_touches_nothing(desk: Desk) -> None:
    desk.office.save()
    before = desk.everything()
    plan = desk.plan()
    assert desk.everything() == before
    assert [(item.number, item.total, item.currency) for item in plan.invoices] == [
        ("INV-0001", 100, "USD"),
        ("INV-0002", Decimal("250.5"), "USD"),
    ]
    wrote = [(write.system, write.action, write.document) for write in plan.writes]
    assert sorted(wrote) == [
        *(("crm", "create", id) for id in ("D1", "D2")),
        *(("erp", "create", id) for id in ALL),
    ]
    again = desk.plan()
    assert again.model_copy(update={"made_at": plan.made_at, "sha256": plan.sha256}) == plan


def test_apply_does_what_the_plan_says_and_nothing_when_it_is_run_again(desk: Desk) -> None:
    plan = desk.plan()
    done = desk.apply(plan)
    assert done.report is not None
    assert (done.report.exit_code, done.held_back) == (0, [])
    assert desk.office.there() == ALL
    assert desk.office.status() == {"D1": "sent", "D2": "sent"}
    after = desk.everything()
    again = desk.apply(plan)
    assert again.report is None
    assert again.before is not None
    assert desk.everything() == after
    assert desk.plan().changes == 0
    assert desk.office.sound()
