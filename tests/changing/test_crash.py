"""Killed at any commit: what a person agreed to, and what the policy agrees to, is agreed once and billed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import date
from pathlib import Path

import pytest

from billsync.store import IllegalMove, Store
from tests.changing.shop import Shop, deal, seats, setup

JAN, LATER = date(2017, 1, 1), date(2017, 1, 17)
MINE = ("proposals", "approve", "agreed-charges", "changes-refreshed")
"""Transactions in which something is proposed, agreed, or billed as agreed."""


class Killed(BaseException):
    """The process is gone."""


class Points:
    """Every commit that is passed, before and after; strikes at the one of a number."""

    def __init__(self, at: int = 0) -> None:
        self.seen: list[str] = []
        self.at = at

    def __call__(self, name: str) -> None:
        self.seen.append(name)
        if len(self.seen) == self.at:
            raise Killed(name)


def begun(shop: Shop) -> None:
    """A deal that is agreed and billed."""
    shop.won = {"D1": deal(seats(), seats(4, id="more"), setup())}
    shop.run(through=JAN)
    if shop.policy:
        shop.approve("D1/1", JAN)
        shop.run(through=JAN)


def went_on(shop: Shop) -> None:
    """It is changed and split, agreed to and billed; whatever is killed is done again."""
    shop.won = {
        "D1": deal(seats(12), setup()),
        "D2": deal(seats(4, id="more"), customer="Zoomit", split_from="D1"),
    }

    def approve() -> None:
        for item in shop.waiting() if shop.policy else ():
            shop.approve(item.id, LATER)

    for act in (lambda: shop.run(through=LATER), approve, lambda: shop.run(through=LATER)):
        _again(act)


def _again(act: Callable[[], object]) -> None:
    try:
        act()
    except Killed:
        act()


def check(shop: Shop) -> None:
    # 15 of 31 days: ten seats given back (48.39), twelve billed (58.06), and four moved to the other deal
    assert shop.money() == "649.67"
    assert sorted(kind for _, kind, state in shop.kinds() if state == "applied") == ["changed", "new", "split"]
    assert shop.waiting() == []
    assert (shop.codes(), shop.sound()) == ([], True)
    with shop.store.view() as tx:
        versions = {id: fact.version for id, fact in tx.facts.many("agreed", ["D1", "D2"]).items()}
    assert versions == {"D1": 2, "D2": 1}


@pytest.fixture(params=[{}, {"preset": "approval"}], ids=["at-once", "by-a-person"])
def first(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[Shop]:
    """The shop with what is agreed and billed before anything is killed."""
    folder = tmp_path / "first"
    folder.mkdir()
    (folder / "store.db").write_bytes(sqlite_template.read_bytes())
    shop = Shop(folder, Store.open(f"sqlite:///{folder / 'store.db'}"), policy=request.param)
    begun(shop)
    yield shop
    shop.store.close()


def _copied(first: Shop, folder: Path, points: Points) -> Shop:
    folder.mkdir()
    first.store.close()  # its last connection brings all of the journal into the file
    for file in first.folder.glob("store.db*"):
        (folder / file.name).write_bytes(file.read_bytes())
    store = Store.open(f"sqlite:///{folder / 'store.db'}", point=points)
    shop = Shop(folder, store, policy=first.policy)
    shop.books, shop.clock.at, shop.runs = deepcopy(first.books), first.clock.at, first.runs
    return shop


def test_killed_at_any_commit(first: Shop, tmp_path: Path) -> None:
    def lived(number: int) -> list[str]:
        points = Points(number)
        shop = _copied(first, tmp_path / str(number), points)
        went_on(shop)
        check(shop)
        shop.store.close()
        return points.seen

    names = lived(0)
    struck = [names.index(name) + 1 for name in dict.fromkeys(names) if name.partition(":")[0] in MINE]
    assert len(struck) >= (4 if first.policy == {} else 8)
    for number in struck:
        lived(number)


@pytest.mark.parametrize("point", ["approve:before-commit", "approve:after-commit", "proposals:before-commit"])
def test_killed_on_each_kind_of_database(point: str, tmp_path: Path, store_url: str) -> None:
    points = Points()
    shop = Shop(tmp_path, Store.open(store_url, create=True, point=points), policy={"preset": "approval"})
    begun(shop)
    points.seen.clear()

    def strike(name: str) -> None:
        points.seen.append(name)
        if name == point and points.seen.count(point) == 1:
            raise Killed(name)

    shop.store._point = strike
    went_on(shop)
    assert point in points.seen
    check(shop)
    shop.store.close()


def test_two_at_once_agree_once(store: Store, tmp_path: Path) -> None:
    shop = Shop(tmp_path, store, policy={"preset": "approval"}, won={"D1": deal()})
    shop.run(through=JAN)
    with store.view() as tx:
        [waiting] = tx.changes.list()
    assert shop.approve("D1/1", JAN).verdict == "done"
    # one who had read it before the other one was done
    with pytest.raises(IllegalMove, match="does not wait"), store.tx("late") as tx:
        tx.changes.decide(["D1/1"], waiting.state, who="x", reason="", at=shop.clock.now(), version=1)
    assert shop.approve("D1/1", JAN).verdict == "was_decided"
    shop.run(through=JAN)
    assert (shop.totals(), shop.sound()) == (["100.00"], True)
