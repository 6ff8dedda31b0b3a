"""What happens to deals after they were won, and what becomes of it: proposed, agreed, billed and given back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from billsync.store import Store
from tests.changing.shop import Shop, deal, seats, setup

JAN, FEB, MAR = date(2017, 1, 1), date(2017, 2, 1), date(2017, 3, 1)


@pytest.fixture
def shop(tmp_path: Path, store: Store) -> Shop:
    return Shop(tmp_path, store, won={"D1": deal()})


def test_a_deal_that_is_won_is_agreed_at_once_and_billed(shop: Shop) -> None:
    assert shop.run(through=JAN).exit_code == 0
    assert shop.kinds() == [("D1/1", "new", "applied")]
    assert shop.totals() == ["100.00"]
    assert shop.run(through=FEB).counts.get("changes agreed", 0) == 0
    assert (shop.totals(), shop.codes(), shop.sound()) == (["100.00", "100.00"], [], True)


def test_more_seats_in_mid_month_are_billed_from_that_day(shop: Shop) -> None:
    shop.run(through=JAN)
    shop.won["D1"] = deal(seats(16))
    shop.run(through=date(2017, 1, 17))
    # 15 of 31 days: ten seats given back (48.39), sixteen billed (77.42)
    assert shop.totals() == ["100.00", "29.03"]
    shop.run(through=FEB)
    assert (shop.totals()[2:], shop.codes(), shop.sound()) == (["160.00"], [], True)


def test_no_longer_won_gives_back_what_was_not_served_and_all_that_was_billed_once(shop: Shop) -> None:
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
    assert [item.total for item in waiting.proposal.effect.now] == [-50]
    assert shop.approve("D1/2", FEB).verdict == "done"
    shop.run(through=FEB)
    assert shop.totals()[2:] == ["-50.00"]
    assert (shop.codes(), shop.sound()) == ([], True)
