"""For any small office and any changes in it: what the plan said is what apply did, in each system's own content."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billsync.planning import Plan
from billsync.planning.document import Write
from billsync.store import Store
from tests.plan.desk import Desk, flat, money
from tests.stage.office import Office

NAMES = ["Acme", "Zoomit", "|<b>"]
COUNTRIES = ["Germany", "Norway", "Italy"]
amounts = st.decimals("0.01", "9999.99", places=2).map(str)
deals = st.dictionaries(
    st.sampled_from([f"D{n}" for n in range(1, 6)]),
    st.tuples(st.sampled_from([*NAMES, "Nobody"]), st.sampled_from(["Won", "Won", "Lost"]), amounts),
    min_size=1,
)
accounts = st.fixed_dictionaries({name: st.sampled_from(COUNTRIES) for name in NAMES})
payments = st.lists(st.tuples(st.integers(1, 5), st.decimals("0.01", "500", places=2).map(str)), max_size=3)


# no shrinking: an example runs for a second
@settings(
    max_examples=3, phases=[Phase.explicit, Phase.reuse, Phase.generate], suppress_health_check=[HealthCheck.too_slow]
)
@given(accounts, deals, accounts, deals, payments)
def test_what_the_plan_said_is_what_apply_did(
    sqlite_template: Path,
    first_accounts: dict[str, str],
    first: dict[str, tuple[str, str, str]],
    then_accounts: dict[str, str],
    then: dict[str, tuple[str, str, str]],
    paid: list[tuple[int, str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(sqlite_template, Path(folder) / "store.db")
        store = Store.open(f"sqlite:///{folder}/store.db", create=True)
        desk = Desk(Office(Path(folder), store))
        desk.office.accounts, desk.office.deals = first_accounts, first
        _planned_and_done(desk)
        desk.office.accounts, desk.office.deals = then_accounts, {**first, **then}
        for number, amount in paid:
            desk.office.pay(f"INV-{number:04}", amount)
        _planned_and_done(desk)
        assert desk.plan().changes == 0
        store.close()


def _planned_and_done(desk: Desk) -> None:
    desk.office.save()
    before = desk.everything()
    plan = desk.plan()
    assert desk.everything() == before
    there, told = desk.there(), desk.told()
    assert desk.apply(plan).held_back == []
    _erp(desk, plan, there)
    _crm(desk, plan, told)
    assert desk.office.sound()


def _erp(desk: Desk, plan: Plan, before: Mapping[str, Mapping[str, Any]]) -> None:
    """Record by record and field by field; and in money, from the ERP's own lines."""
    after = desk.there()
    writes = [write for write in plan.writes if write.system == "erp"]
    changed = {key for key in after if after[key] != before.get(key)}
    assert {write.document for write in writes} == changed
    ids = {f"{kind}/{key}": remote for key, remote in desk.office.books.documents for kind in ("customer", "product")}
    for write in writes:
        was = flat(before.get(write.document, {}))
        was.pop("", None)
        said = {item.field: ids.get(str(item.after), item.after) for item in write.fields}
        assert {**was, **said} == flat(after[write.document])
        assert write.action == ("update" if write.document in before else "create")
    new = [after[write.document] for write in writes if write.kind == "invoice"]
    (ours, *_) = [*(item.amounts for item in plan.totals if (item.system, item.kind) == ("erp", "invoice")), {}]
    assert sum(map(money, new), Decimal(0)) == ours.get("USD", Decimal(0))
    assert sum((item.total for item in plan.invoices), Decimal(0)) == ours.get("USD", Decimal(0))


def _crm(desk: Desk, plan: Plan, before: Mapping[str, Mapping[str, str]]) -> None:
    """Row by row and cell by cell."""
    after = desk.told()
    writes = {write.document: write for write in plan.writes if write.system == "crm"}
    assert set(writes) == {deal for deal in after if after[deal] != before.get(deal)}
    for deal, write in writes.items():
        was = {name: before.get(deal, {}).get(name, "") for name in after[deal]}
        assert {**was, **_cells(write)} == after[deal]


def _cells(write: Write) -> dict[str, str]:
    """The cells that the plan says; the list of invoices is one of them."""
    said = {item.field: "" if item.after is None else str(item.after) for item in write.fields}
    numbers = [said.pop(name) for name in sorted(said) if name.startswith("invoices[")]
    return {**said, **({"invoices": " ".join(numbers)} if numbers else {})}
