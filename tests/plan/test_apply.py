"""What the plan said is what apply did; what moved meanwhile is refused, and nothing was touched."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from billsync import sync
from billsync.invoicing.pattern import series
from billsync.model.delivery import DeliveryState
from billsync.planning import Edited, Exceeded, Moved, Unreached, make
from billsync.settings.shape import Bounds
from billsync.store import Store
from tests.plan.desk import YEAR_END, Desk
from tests.stage.office import INVOICE, PARTY, PRODUCT, Office

ALL = ["Acme", "Basic", "INV-0001", "INV-0002", "Zoomit"]


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> Desk:
    """On each kind of database."""
    return Desk(Office(tmp_path, store))


@pytest.fixture
def small(tmp_path: Path, sqlite_template: Path) -> Desk:
    """On SQLite."""
    shutil.copy(sqlite_template, tmp_path / "store.db")
    return Desk(Office(tmp_path, Store.open(f"sqlite:///{tmp_path / 'store.db'}", create=True)))


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
    crm = [("crm", "create", id) for id in ("D1", "D2")]
    assert sorted(wrote) == [*crm, *(("erp", "create", id) for id in ALL)]
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


def test_an_update_is_told_field_by_field_with_what_was_sent_last(desk: Desk) -> None:
    desk.office.run()
    desk.office.accounts["Acme"] = "Italy"
    (write,) = desk.plan().writes
    assert (write.action, write.document, write.remote_id) == (
        "update",
        "Acme",
        dict(desk.office.books.documents)["Acme"],
    )
    assert [(item.field, item.before, item.after) for item in write.fields] == [("country", "DE", "IT")]


def test_payments_and_the_states_they_lead_to_are_told(small: Desk) -> None:
    small.office.run()
    small.office.pay("INV-0001", "40")
    plan = small.plan()
    (booking,) = plan.bookings
    assert (booking.amount, booking.settles) == (Decimal(40), {"INV-0001": Decimal(40)})
    assert ("invoice/INV-0001", "sent", "partly_paid") in [(t.subject, t.before, t.after) for t in plan.turns]
    told = {item.field: (item.before, item.after) for write in plan.writes for item in write.fields}
    assert told == {"state": ("sent", "partly_paid")}


def test_a_problem_is_told_and_stops_no_other(small: Desk) -> None:
    small.office.deals["D9"] = ("Nobody", "Won", "7")
    plan = small.plan()
    assert [item.code for item in plan.problems] == ["MAP-REF-01"]
    assert len(plan.invoices) == 2
    done = small.apply(plan)
    assert done.report is not None
    assert done.report.exit_code == 1


# ---------------------------------------------------------------- what moved


def _amount(desk: Desk) -> None:
    desk.office.deals["D1"] = ("Acme", "Won", "101")


def _one_more(desk: Desk) -> None:
    desk.office.deals["D4"] = ("Acme", "Won", "1")


def _one_less(desk: Desk) -> None:
    del desk.office.deals["D2"]


def _country(desk: Desk) -> None:
    desk.office.accounts["Acme"] = "Italy"


def _by_hand(desk: Desk) -> None:
    desk.office.books.documents.append(("Acme", "R77"))


def _mapping(desk: Desk) -> None:
    text = Path(INVOICE).read_text(encoding="utf-8").partition("\ntests:")[0]
    changed = desk.office.folder / "invoice.yaml"
    changed.write_text(text.replace("fields:\n", "fields:\n  comment: {const: new}\n", 1), encoding="utf-8")
    desk.office.outbound = (PARTY, PRODUCT, str(changed))


def _other_system(desk: Desk) -> None:
    desk.connections = {**desk.connections, "erp": "production"}


def _number_used(desk: Desk) -> None:
    with desk.office.store.tx("draw") as tx:
        tx.ledger.draw(series("INV-{seq:04}", YEAR_END))


MOVES: dict[str, tuple[Callable[[Desk], None], str]] = {
    "an amount": (_amount, "make invoice INV-0001"),
    "a deal more": (_one_more, "make invoice INV-0003"),
    "a deal less": (_one_less, "make invoice INV-0002"),
    "a customer": (_country, "create customer Acme in erp"),
    "a record made by hand": (_by_hand, "customer Acme in erp"),
    "the mapping": (_mapping, "create invoice INV-0001 in erp"),
    "the system itself": (_other_system, "the settings of the connection erp"),
    "the store": (_number_used, "make invoice INV-0003"),
}


@pytest.mark.parametrize("what", MOVES)
def test_what_moved_is_named_and_nothing_is_done(small: Desk, what: str) -> None:
    move, named = MOVES[what]
    plan = small.plan()
    move(small)
    small.office.save()
    before = small.everything()
    with pytest.raises(Moved) as refused:
        small.apply(plan)
    assert small.everything() == before
    assert any(named in item.what for item in refused.value.differences), refused.value.differences
    if what == "the mapping":
        small.apply(small.plan())
        assert small.office.sound()


def test_a_change_that_changes_nothing_in_any_system_is_no_reason_to_refuse(small: Desk) -> None:
    plan = small.plan()
    small.office.deals["D5"] = ("Acme", "Lost", "1")
    assert small.apply(plan).report is not None
    assert small.office.there() == ALL


def test_a_payment_that_came_meanwhile_is_named(small: Desk) -> None:
    small.office.run()
    small.office.accounts["Acme"] = "Italy"
    plan = small.plan()
    small.office.pay("INV-0001", "100")
    with pytest.raises(Moved) as refused:
        small.apply(plan)
    assert "book payment 1" in {item.what for item in refused.value.differences}


def test_a_plan_that_a_run_has_overtaken_is_refused(desk: Desk) -> None:
    plan = desk.plan()
    desk.office.run()
    after = desk.everything()
    with pytest.raises(Moved) as refused:
        desk.apply(plan)
    assert {item.now for item in refused.value.differences} == {"nothing"}
    assert desk.everything() == after


def test_an_edited_plan_is_refused(small: Desk) -> None:
    plan = small.plan()
    with pytest.raises(Edited):
        small.apply(plan.model_copy(update={"invoices": plan.invoices[:1]}))


# ---------------------------------------------------------------- guards


@pytest.mark.parametrize(
    "bounds", [Bounds(creates=1), Bounds(total=Decimal(350)), Bounds(single=Decimal(250))], ids=str
)
def test_beyond_the_bounds_nothing_is_done(small: Desk, bounds: Bounds) -> None:
    plan = small.plan()
    small.bounds = bounds
    before = small.everything()
    with pytest.raises(Exceeded) as refused:
        small.plan()
    assert refused.value.plan.invoices == plan.invoices
    with pytest.raises(Exceeded):
        small.apply(plan)
    assert small.everything() == before


def test_a_bound_that_is_met_exactly_is_kept(small: Desk) -> None:
    small.bounds = Bounds(creates=2, total=Decimal("350.50"), single=Decimal("250.50"))
    small.apply(small.plan())
    assert small.office.there() == ALL


# ---------------------------------------------------------------- the world in motion


def test_a_system_that_is_not_reached_is_no_plan(small: Desk) -> None:
    plan = small.plan()
    before = small.everything()
    shutil.move(small.office.folder / "crm", small.office.folder / "gone")
    with pytest.raises(Unreached):
        make(small.world(), small.connections, small.bounds)
    shutil.move(small.office.folder / "gone", small.office.folder / "crm")
    assert small.everything() == before
    small.apply(plan)


def test_what_is_read_between_check_and_act_is_what_was_checked(small: Desk) -> None:
    """The CRM changes in the moment between: the run still does what the plan says, the change comes with the next."""
    plan = small.plan()

    def change() -> None:
        _amount(small)
        small.office.save()

    small.at["run-start:after-commit"] = change
    small.apply(plan)
    assert small.office.invoices()["D1"][0] == "100.00"
    assert small.office.sound()
    assert [item.code for item in small.plan().problems] == ["BILL-DEAL-03"]


def test_a_write_that_somebody_lets_loose_between_check_and_act_is_held_back(small: Desk) -> None:
    small.office.books.faults.append("refused")
    small.office.run()
    small.office.accounts["Zoomit"] = "Poland"
    plan = small.plan()
    (dead,) = [item for item in plan.pending if item.state == "DEAD"]

    def let_loose() -> None:
        other = Store.open(small.office.store.url)
        with other.tx("retry") as tx:
            delivery = tx.outbox.get(dead.key)
            assert delivery is not None
            tx.outbox.move(delivery, DeliveryState.READY, at=small.office.clock.now(), gen=delivery.gen + 1)
        other.close()

    small.at["run-start:after-commit"] = let_loose
    done = small.apply(plan)
    assert dead.key in done.held_back
    assert dead.document not in small.office.there()
    small.office.run()
    assert (small.office.there(), small.office.sound()) == (ALL, True)


def test_an_unknown_outcome_is_looked_up_and_the_plan_says_what_follows(small: Desk) -> None:
    small.office.books.faults.append("lost")
    small.office.save()
    world = small.world()
    sync.run(replace(world, options=replace(world.options, patience_s=0)))
    lost = set(small.office.there())
    plan = small.plan()
    assert {item.document for item in plan.writes if item.kind == "invoice"} == {"INV-0001", "INV-0002"}
    small.apply(plan)
    assert lost < set(small.office.there())
    assert (small.office.there(), small.office.sound()) == (ALL, True)
