"""An apply that is killed at any commit: the same command again finishes it, and every document stands there once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from billsync.planning import Plan
from billsync.store import Store
from tests.plan.desk import Desk
from tests.stage.office import Office

ALL = ["Acme", "Basic", "INV-0001", "INV-0002", "Zoomit"]


class Killed(BaseException):
    """The process is gone; nothing that it would still have done is done."""


class Dying:
    """Dies at the n-th moment of the store, and stays dead."""

    def __init__(self, n: int) -> None:
        self.left = n

    def __call__(self, _name: str) -> None:
        self.left -= 1
        if self.left <= 0:
            raise Killed


def _office(folder: Path, template: Path) -> Desk:
    shutil.copy(template, folder / "store.db")
    return Desk(Office(folder, Store.open(f"sqlite:///{folder / 'store.db'}", create=True)))


def _killed_at(desk: Desk, plan: Plan, n: int) -> bool:
    """Whether the apply was killed; False where it ended before that moment."""
    url = desk.office.store.url
    desk.office.store.close()
    desk.office.store = Store.open(url, point=Dying(n))
    try:
        desk.apply(plan)
    except Killed:
        return True
    finally:
        desk.office.store.close()
        desk.office.store = Store.open(url)
    return False


def test_killed_at_any_commit_the_same_again_finishes(
    tmp_path: Path, sqlite_template: Path, pytestconfig: pytest.Config
) -> None:
    """Some of the commits; with `--soak 80` every one of them."""
    step = max(1, 80 // int(pytestconfig.getoption("--soak")))
    n, killed = 7, True
    while killed:
        folder = tmp_path / str(n)
        folder.mkdir()
        desk = _office(folder, sqlite_template)
        plan = desk.plan()
        killed = _killed_at(desk, plan, n)
        done = desk.apply(plan)
        assert (done.report is None) == (not killed)
        assert desk.office.there() == ALL, n
        assert desk.office.status() == {"D1": "sent", "D2": "sent"}
        assert desk.office.sound()
        assert desk.apply(plan).report is None
        n += step
    assert desk.plan().changes == 0
