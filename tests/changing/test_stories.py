"""What happens to deals after they were won, and what becomes of it: proposed, agreed, billed and given back."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billsync.model.drift import Drift
from billsync.reconcile import Totals
from billsync.stage import crediting, sold, voiding
from billsync.store import Store
from billsync.verify import verify
from tests.changing.shop import Shop, deal, seats, setup

JAN, FEB, MAR = date(2017, 1, 1), date(2017, 2, 1), date(2017, 3, 1)


@pytest.fixture
def shop(tmp_path: Path, sqlite_template: Path) -> Iterator[Shop]:
    """On one kind of database: `test_crash.py` has both."""
    shutil.copy(sqlite_template, tmp_path / "store.db")
    store = Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield Shop(tmp_path, store, won={"D1": deal()})
    store.close()


def test_a_deal_that_is_won_is_agreed_at_once_and_billed(shop: Shop) -> None:
    assert shop.run(through=JAN).exit_code == 0
    assert shop.kinds() == [("D1/1", "new", "applied")]
    assert shop.totals() == ["100.00"]
    assert shop.run(through=FEB).counts.get("changes agreed", 0) == 0
    assert (shop.totals(), shop.codes(), shop.sound()) == (["100.00", "100.00"], [], True)


def test_more_seats_in_mid_month_are_billed_from_that_day(shop: Shop) -> None:
    shop.sends = True
    shop.run(through=JAN)
    shop.won["D1"] = deal(seats(16))
    shop.run(through=date(2017, 1, 17))
    # 15 of 31 days: ten seats given back (48.39), sixteen billed (77.42)
    assert shop.totals() == ["100.00", "29.03"]
    shop.run(through=FEB)
    assert (shop.totals()[2:], shop.codes(), shop.sound()) == (["160.00"], [], True)
    assert [key for key in shop.there() if key.startswith("INV")] == ["INV-0001", "INV-0002", "INV-0003"]


def test_no_longer_won_gives_back_what_was_not_served_and_all_that_was_billed_once(shop: Shop) -> None:
    shop.sends = True
    shop.won["D1"] = deal(seats(), setup())
    shop.run(through=JAN)
    shop.won["D1"]["stage"] = "Lost"
    shop.run(through=date(2017, 1, 17))
    assert shop.totals() == ["600.00", "-548.39"]
    shop.run(through=MAR)
    assert (len(shop.totals()), shop.codes(), shop.sound()) == (2, [], True)
    assert shop.kinds()[1:] == [("D1/2", "reopened", "applied")]


def test_a_deal_that_waits_bills_nothing_and_what_is_agreed_goes_on(shop: Shop) -> None:
    shop.policy = {"preset": "approval"}
    shop.run(through=JAN)
    assert (shop.totals(), shop.kinds()) == ([], [("D1/1", "new", "waiting")])
    assert shop.approve("D1/1", JAN).verdict == "done"
    shop.run(through=JAN)
    assert shop.totals() == ["100.00"]
    shop.won["D1"] = deal(seats(5))
    shop.run(through=FEB)
    assert (shop.totals(), shop.kinds()[1:]) == (["100.00", "100.00"], [("D1/2", "changed", "waiting")])
    [waiting] = shop.waiting()
    assert waiting.proposal.effect is not None
    assert [str(item.total) for item in waiting.proposal.effect.now] == ["-50.00"]
    assert shop.approve("D1/2", FEB).verdict == "done"
    shop.run(through=FEB)
    assert shop.totals()[2:] == ["-50.00"]
    assert (shop.codes(), shop.sound()) == ([], True)


def test_what_was_billed_once_and_costs_more_now_is_given_back_and_billed_anew(shop: Shop) -> None:
    shop.won["D1"] = deal(setup("500"))
    shop.run(through=JAN)
    shop.won["D1"] = deal(setup("450"))
    shop.run(through=FEB)
    assert (shop.totals(), shop.money(["D1"])) == (["500.00", "-50.00"], "450.00")
    shop.run(through=MAR)
    assert (len(shop.totals()), shop.codes(), shop.sound()) == (2, [], True)


def test_won_again_unchanged_before_anybody_agreed_to_the_loss_changes_nothing(shop: Shop) -> None:
    shop.policy = {"approve_when": ["ended"]}
    shop.run(through=JAN)
    shop.won["D1"]["stage"] = "Lost"
    shop.run(through=date(2017, 1, 10))
    assert shop.kinds()[1:] == [("D1/2", "reopened", "waiting")]
    shop.won["D1"]["stage"] = "Won"
    shop.run(through=date(2017, 1, 20))
    assert shop.kinds()[1:] == [("D1/2", "reopened", "superseded")]
    shop.run(through=FEB)
    assert (shop.totals(), shop.codes(), shop.sound()) == (["100.00", "100.00"], [], True)


def test_won_again_after_it_was_given_back_is_billed_from_that_day(shop: Shop) -> None:
    shop.won["D1"] = deal(seats(), setup())
    shop.run(through=JAN)
    shop.won["D1"]["stage"] = "Lost"
    shop.run(through=date(2017, 1, 17))
    shop.won["D1"]["stage"] = "Won"
    shop.run(through=date(2017, 1, 17))
    assert shop.money() == "600.00"
    assert [kind for _, kind, _ in shop.kinds()] == ["new", "reopened", "won_again"]
    shop.run(through=FEB)
    assert (shop.money(), shop.codes(), shop.sound()) == ("700.00", [], True)


def test_a_deal_whose_record_is_gone_is_cancelled_and_comes_back(shop: Shop) -> None:
    shop.won["D2"] = deal(customer="Zoomit")
    shop.run(through=JAN)
    gone = shop.won.pop("D1")
    shop.run(through=JAN)
    assert shop.kinds()[2:] == [("D1/2", "cancelled", "applied")]
    assert shop.money(["D1", "D2"]) == "100.00"
    shop.won["D1"] = gone
    shop.run(through=JAN)
    assert (shop.money(), shop.kinds()[3:]) == ("200.00", [("D1/3", "won_again", "applied")])
    assert (shop.codes(), shop.sound()) == ([], True)


def test_a_rejected_change_comes_up_again_only_when_the_deal_changes(shop: Shop) -> None:
    shop.policy = {"approve_when": ["mrr_down"]}
    shop.run(through=JAN)
    shop.won["D1"] = deal(seats(5))
    shop.run(through=FEB)
    assert shop.reject("D1/2").verdict == "done"
    assert shop.reject("D1/2").verdict == "was_decided"
    shop.run(through=MAR, full=True)
    assert (shop.totals(), shop.waiting()) == (["100.00"] * 3, [])
    shop.won["D1"] = deal(seats(4))
    shop.run(through=MAR)
    assert [item.id for item in shop.waiting()] == ["D1/3"]


def test_approving_what_a_later_change_overtook_agrees_to_nothing_and_shows_what_is_proposed_now(shop: Shop) -> None:
    shop.policy = {"preset": "approval"}
    shop.run(through=JAN)
    shop.approve("D1/1", JAN)
    shop.won["D1"] = deal(seats(20))
    shop.run(through=JAN)
    shop.won["D1"] = deal(seats(30))
    shop.read(JAN)
    answer = shop.approve("D1/2", JAN)
    assert (answer.verdict, [item.id for item in answer.instead]) == ("overtaken", ["D1/3"])
    assert shop.approve("D1/2", JAN).verdict == "decided"
    [now] = answer.instead
    assert now.proposal.effect is not None
    assert [str(item.total) for item in now.proposal.effect.now] == ["200.00"]
    assert shop.approve("D1/3", JAN).verdict == "done"
    assert shop.approve("D1/3", JAN).verdict == "was_decided"
    shop.run(through=JAN)
    assert (shop.totals(), shop.sound()) == (["100.00", "200.00"], True)


def test_approving_what_comes_to_something_else_by_now_shows_it_first(shop: Shop) -> None:
    shop.policy = {"approve_when": ["mrr_down"]}
    shop.run(through=JAN)
    shop.won["D1"] = deal(seats(5))
    shop.run(through=date(2017, 1, 17))
    with_february = date(2017, 2, 1)
    answer = shop.approve("D1/2", with_february)
    assert answer.verdict == "moved"
    effect = answer.proposals[0].proposal.effect
    assert effect is not None
    # the bill of February is 50.00 less, on top of what is given back for January
    assert [str(item.charged) for item in effect.now] == ["-74.20"]
    assert shop.approve("D1/2", with_february).verdict == "done"
    shop.run(through=with_february)
    assert (shop.money(), shop.codes()) == ("125.80", [])


def test_a_split_is_shown_and_agreed_as_one(shop: Shop) -> None:
    shop.policy = {"approve_when": ["split"]}
    shop.won["D1"] = deal(seats(), seats(4, id="more"), setup())
    shop.run(through=JAN)
    shop.won["D1"] = deal(seats())
    shop.won["D2"] = deal(seats(4, id="more"), setup(), customer="Zoomit", split_from="D1")
    shop.run(through=date(2017, 1, 17))
    assert shop.kinds()[1:] == [("D1/2", "changed", "waiting"), ("D2/1", "split", "waiting")]
    lead, part = shop.waiting()
    assert (part.proposal.lead, part.proposal.effect) == (lead.id, None)
    assert lead.proposal.effect is not None
    assert {str(item.charged) for item in (*lead.proposal.effect.now, *lead.proposal.effect.later)} == {"0.00"}
    assert [(item.kind, item.customer) for item in lead.proposal.effect.documents] == [
        ("credit_note", "Acme"),
        ("invoice", "Zoomit"),
    ]
    before = shop.money()
    assert shop.approve("D2/1", date(2017, 1, 17)).verdict == "done"
    shop.run(through=date(2017, 1, 17))
    assert shop.money() == before == "640.00"
    shop.run(through=FEB)
    assert (shop.money(), shop.codes(), shop.sound()) == ("780.00", [], True)


def test_a_part_of_a_deal_that_still_has_all_its_lines_waits(shop: Shop) -> None:
    shop.won["D1"] = deal(seats(10))
    shop.run(through=JAN)
    shop.won["D2"] = deal(seats(4), customer="Zoomit", split_from="D1")
    shop.run(through=FEB)
    [waiting] = shop.waiting()
    assert waiting.proposal.asks == ("the deal 'D1' that it was split from still has all its lines",)
    shop.won["D1"] = deal(seats(6))
    shop.run(through=FEB)
    assert (shop.waiting(), shop.money()) == ([], "200.00")
    assert shop.kinds()[1:] == [
        ("D2/1", "split", "superseded"),
        ("D1/2", "changed", "applied"),
        ("D2/2", "split", "applied"),
    ]
    assert shop.sound()


def test_a_renewal_takes_over_without_a_day_twice(shop: Shop) -> None:
    shop.won["D1"] = deal(seats(), setup())
    shop.run(through=JAN)
    shop.won["D2"] = deal(seats(12), signed="2017-01-17", renews="D1")
    shop.run(through=date(2017, 1, 17))
    assert shop.kinds()[1:] == [("D1/2", "succeeded", "applied"), ("D2/1", "renewed", "applied")]
    # 15 of 31 days given back of ten seats, and a month of twelve from the 17th; the setup stays
    assert shop.money() == "671.61"
    with shop.store.view() as tx:
        stored = tx.changes.get("D1/2")
    assert stored is not None
    assert stored.proposal.effect is not None
    assert [(str(item.delta), item.movement) for item in stored.proposal.effect.mrr] == [("20.00", "expansion")]
    shop.run(through=date(2017, 2, 17))
    assert (shop.money(), shop.codes(), shop.sound()) == ("791.61", [], True)


def test_a_deal_that_was_billed_as_it_is_before_there_was_a_policy_is_taken_over(shop: Shop) -> None:
    shop.policy = None
    shop.won["D1"] = deal(seats(), setup())
    shop.run(through=FEB)
    shop.policy = {"preset": "approval"}
    shop.run(through=MAR)
    assert (shop.kinds(), shop.money()) == ([("D1/1", "new", "applied")], "800.00")
    shop.won["D1"] = deal(seats(20), setup())
    shop.run(through=MAR)
    assert (shop.waiting()[0].id, shop.money(), shop.sound()) == ("D1/2", "800.00", True)


def test_another_currency_is_told_and_what_is_agreed_is_billed_on(shop: Shop) -> None:
    shop.run(through=JAN)
    shop.won["D1"] = deal(currency="EUR")
    assert shop.run(through=FEB).exit_code == 1
    assert (shop.codes(), shop.totals()) == (["BILL-CHANGE-01"], ["100.00", "100.00"])
    shop.won["D1"] = deal()
    assert (shop.run(through=FEB).exit_code, shop.codes()) == (0, [])


def test_what_is_not_on_a_document_yet_may_change_its_customer(shop: Shop) -> None:
    shop.won["D1"] = deal(signed="2017-02-01")
    shop.run(through=JAN)
    shop.won["D1"] = deal(signed="2017-02-01", customer="Zoomit")
    shop.run(through=FEB)
    assert (shop.money(), shop.codes(), shop.sound()) == ("100.00", [], True)


@pytest.mark.parametrize("how", ["today", "next_period", "from_start"])
def test_the_day_that_the_deal_names_counts_once(shop: Shop, how: str) -> None:
    shop.policy = {"effective": how}
    shop.run(through=JAN)
    shop.won["D1"] = deal(seats(20), effective="2017-01-17")
    shop.run(through=date(2017, 1, 20))
    assert shop.money() == "148.38"
    shop.won["D1"] = deal(seats(10), effective="2017-01-17")
    shop.run(through=FEB)
    assert shop.money() == ("200.00" if how == "from_start" else "248.38")
    assert (shop.codes(), shop.sound()) == ([], True)


@pytest.mark.parametrize("grouping", ["deal", "customer-month"])
def test_what_a_change_comes_to_is_what_it_makes(shop: Shop, grouping: str) -> None:
    shop.policy = {"preset": "approval"}
    shop.rules = {
        "grouping": grouping,
        "default_tax_code": "vat",
        "taxes": [{"code": "vat", "rate": "0.19"}],
    }
    shop.won["D1"] = deal(seats(7, "13.33"), setup("99.99"), seats(3, "7.77", id="b", months=3))
    day = date(2017, 1, 31)
    shop.run(through=day)
    for number, told in enumerate(
        [None, deal(seats(9, "13.33"), seats(1, "19.99", id="b", months=3)), deal(seats(2, "11.11"), setup("49.99"))],
        start=1,
    ):
        if told is not None:
            shop.won["D1"] = told
            shop.run(through=day)
        [waiting] = shop.waiting()
        effect = waiting.proposal.effect
        assert effect is not None
        had, charged = Counter(shop.totals()), shop.billed()
        assert shop.approve(f"D1/{number}", day).verdict == "done"
        shop.run(through=day)
        made = sorted((Counter(shop.totals()) - had).elements())
        signs = {"invoice": 1, "credit_note": -1}
        assert made == sorted(str(signs[item.kind] * item.total) for item in effect.documents)
        assert shop.billed() - charged == sum(item.charged for item in effect.now)
    assert (shop.codes(), shop.sound()) == ([], True)


@pytest.mark.parametrize(
    ("how", "after", "again"),
    [("all", "0.00", "600.00"), ("part", "0.00", "600.00"), ("void", "600.00", "1200.00")],
)
def test_no_more_is_given_back_than_people_left_of_it(shop: Shop, how: str, after: str, again: str) -> None:
    shop.won["D1"] = deal(seats(), setup())
    shop.run(through=JAN)
    world = shop.world(JAN)
    if how == "void":
        voiding.void(world, "INV-0001", "never ordered")
    else:
        amount = None if how == "all" else Decimal(200)
        crediting.credit(world, crediting.Asked("INV-0001", amount=amount, reason="goodwill"))
    shop.won["D1"]["stage"] = "Lost"
    shop.run(through=JAN)
    assert (shop.owed(), shop.codes(), shop.sound()) == (after, [], True)
    shop.won["D1"]["stage"] = "Won"
    shop.run(through=JAN)
    assert (shop.owed(), shop.codes(), shop.sound()) == (again, [], True)


def test_goodwill_for_what_does_not_change_stays_as_it_is(shop: Shop) -> None:
    shop.won["D1"] = deal(seats(), setup())
    shop.run(through=JAN)
    crediting.credit(shop.world(JAN), crediting.Asked("INV-0001", amount=Decimal(60), reason="goodwill"))
    shop.won["D1"] = deal(seats(20), setup())
    shop.run(through=FEB)
    assert (shop.owed(), shop.codes(), shop.sound()) == ("740.00", [], True)


def test_what_was_agreed_by_nobody_is_found(shop: Shop) -> None:
    shop.run(through=JAN)
    assert shop.sound()
    with shop.store.tx("tampered") as tx:
        tx.conn.exec_driver_sql("UPDATE facts SET version = 2 WHERE kind = 'agreed'")
        tx.conn.exec_driver_sql("UPDATE proposals SET state = 'waiting'")
    found = verify(shop.store, now=shop.clock.now()).broken
    assert [(item.invariant, item.row) for item in found] == [("I7", "change/D1/1"), ("I7", "agreed/D1")]


def test_reconciling_compares_what_is_agreed(shop: Shop) -> None:
    shop.policy = {"approve_when": ["ended"]}
    shop.won["D2"] = deal(setup(), customer="Zoomit")
    shop.run(through=JAN)
    shop.won["D1"] = deal(seats(16))
    shop.run(through=date(2017, 1, 17))
    shop.won["D2"]["stage"] = "Lost"
    shop.run(through=FEB)
    drifts: list[Drift] = []
    remarks: list[str] = []
    totals = Totals()
    sold.compare(shop.world(FEB), totals, drifts, remarks)
    assert drifts == []
    assert remarks == ["changes that wait for a decision: 1; deals are compared as agreed: `billsync change list`"]
    assert totals.of("USD").crm.net == shop.billed()


def test_a_loss_that_cannot_be_billed_is_told_and_tried_again(shop: Shop) -> None:
    shop.won["D1"] = deal(seats(months=1))
    shop.run(through=JAN)
    with shop.store.tx("broken") as tx:  # what is agreed has lost its price
        tx.conn.exec_driver_sql(
            'UPDATE facts SET doc = replace(doc, \'"unit_amount":"10.00"\', \'"unit_amount":"-1"\')'
        )
    shop.won["D1"]["stage"] = "Lost"
    assert shop.run(through=date(2017, 1, 17)).exit_code == 1
    assert shop.codes() == ["BILL-CHANGE-01", "BILL-CONTRACT-01"]
    with shop.store.tx("mended") as tx:
        tx.conn.exec_driver_sql(
            'UPDATE facts SET doc = replace(doc, \'"unit_amount":"-1"\', \'"unit_amount":"10.00"\')'
        )
    assert shop.run(through=date(2017, 1, 17)).exit_code == 0
    assert (shop.codes(), shop.money()) == ([], "51.61")
