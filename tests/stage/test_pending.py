"""Open charges in pages: none is lost, none comes twice, and what shares an invoice shares a page."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from billsync.invoicing.policy import InvoicingRules
from billsync.invoicing.window import Slot, slot_of
from billsync.model.charge import Charge
from billsync.model.customer import Customer
from billsync.model.deal import Deal
from billsync.model.ref import Ref
from billsync.stage import pending
from billsync.stage.world import World
from billsync.store import Store
from tests.stage.office import Office
from tests.store.made import AT, LONG, charge

THROUGH = date(2026, 9, 10)
BUYERS = {"a": None, "b": "a", "c": "a", "d": None, f"e{LONG}": "d", "f": f"g{LONG}", f"g{LONG}": None, "unknown": None}
"""Customer -> who pays for it."""


def filled(store: Store, seed: int, count: int) -> dict[str, Charge]:
    """Charges of many deals and days; two of three are open."""
    chance = Random(seed)
    found = {}
    for number in range(count):
        buyer = chance.choice(list(BUYERS))
        deal = f"{buyer[:1]}-{number % 17}{LONG if number % 17 == 3 else ''}"
        due = date(2026, 1, 1) + timedelta(days=chance.randrange(300))
        made = charge(f"{deal}/{number}", deal=deal, buyer=buyer, due=due)
        found[made.key] = made
    known = [Customer(id=id, name="x", bill_to=payer) for id, payer in BUYERS.items() if id != "unknown"]
    deals = {item.deal: Deal(id=item.deal, customer=item.customer, currency="EUR", signed_on=AT.date(), lines=())
             for item in found.values()}  # fmt: skip
    with store.tx("t") as tx:
        tx.facts.put("customer", [(item, _of(item.id), "m") for item in known], run="r", at=AT)
        tx.facts.put("deal", [(item, _of(item.id), "m") for item in deals.values()], run="r", at=AT)
        tx.facts.put("deal", [(deals[min(deals)], Ref(system="other", kind="x", id="x"), "m")], run="r", at=AT)
        tx.ledger.add_charges(list(found.values()), run="r", at=AT)
    return {key: item for key, item in found.items() if item.deal != min(deals)}


def _of(id: str) -> Ref:
    return Ref(system="crm", kind="x", id=id)


def world(store: Store, folder: Path, grouping: str) -> World:
    made = Office(folder, store).world(THROUGH)
    object.__setattr__(made, "rules", InvoicingRules.model_validate({"grouping": grouping}))
    return made


def slots_of(page: pending.Page, grouping: str) -> set[Slot]:
    return {slot_of(item, BUYERS[item.customer] or item.customer, grouping) for item in page.charges}


@pytest.mark.parametrize("size", [1, 7, 1500])
@pytest.mark.parametrize("grouping", ["deal", "customer-month", "customer-quarter"])
def test_pages_hold_all_that_is_due_and_keep_together_what_belongs_together(
    store: Store, tmp_path: Path, grouping: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "PAGE", size)
    charges = filled(store, size, 120)
    found = list(pending.pages(world(store, tmp_path, grouping)))
    due = {key for key, item in charges.items() if pending.last_day(item.due_on.isoformat(), grouping) <= THROUGH}
    assert sorted(item.key for page in found for item in page.charges) == sorted(due)
    slots = [slots_of(page, grouping) for page in found]
    assert sum(map(len, slots)) == len(set().union(*slots))
    lasts = [sorted(slot.last_day for slot in page) for page in slots]
    assert all(before[-1] <= after[0] for before, after in pairwise(lasts))
    if size == 1:
        assert len(found) > 5
    for page in found:
        needed = {item.customer for item in page.charges} | {BUYERS[item.customer] or "a" for item in page.charges}
        assert needed - {"unknown", "a"} <= set(page.customers)


def test_what_is_invoiced_meanwhile_comes_on_no_later_page(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "PAGE", 1)
    filled(store, 5, 40)
    pages = pending.pages(world(store, tmp_path, "deal"))
    first = next(pages)
    with store.tx("t") as tx:
        rest = {item.key for item in tx.ledger.open_charges(THROUGH)}
        tx.ledger.drop_charges(rest, run="r", at=AT)
    assert first.charges
    assert [item for page in pages for item in page.charges] == []
