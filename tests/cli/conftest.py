"""A working folder for each test."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from billsync.cli import run
from tests.cli.place import ACCOUNTS, CONFIG, GOOD, HEADER, MAPPING, PRODUCTS, Place

FILES = {
    "billsync.yaml": CONFIG,
    "deals.yaml": MAPPING,
    "crm/accounts.csv": ACCOUNTS,
    "crm/products.csv": PRODUCTS,
    "crm/deals.csv": HEADER + GOOD,
}


def _fill(folder: Path) -> None:
    (folder / "crm").mkdir()
    for name, content in FILES.items():
        (folder / name).write_text(content, encoding="utf-8")


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Place:
    """One good deal, not read yet."""
    _fill(tmp_path)
    return Place(tmp_path, capsys, monkeypatch)


@pytest.fixture(scope="session")
def after_a_run(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A folder with two invoices and a problem; not to be changed."""
    folder = tmp_path_factory.mktemp("run")
    _fill(folder)
    more = "G-2,Basic,Acme,2026-03-03,1,1234567.5,USD\nBAD,Basic,Acme,2026-02-31,1,7.10,USD\n"
    (folder / "crm/deals.csv").write_text(HEADER + GOOD + more, encoding="utf-8")
    shutil.copy(sqlite_template, folder / "billsync.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["billsync", "sync"])
        with pytest.raises(SystemExit) as left:
            run()
    assert left.value.code == 1
    return folder


@pytest.fixture
def ready(after_a_run: Path, place: Place) -> Place:
    """Two invoices and a problem."""
    shutil.copytree(after_a_run, place.folder, dirs_exist_ok=True)
    return place
