"""A working folder for each test."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
def after_a_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two invoices and a problem; not to be changed."""
    folder = tmp_path_factory.mktemp("run")
    _fill(folder)
    more = "G-2,Basic,Acme,2026-03-03,1,1234567.5,USD\nBAD,Basic,Acme,2026-02-31,1,7.10,USD\n"
    (folder / "crm/deals.csv").write_text(HEADER + GOOD + more, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "billsync", "sync"], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    return folder


@pytest.fixture
def ready(after_a_run: Path, place: Place) -> Place:
    """Two invoices and a problem."""
    shutil.copytree(after_a_run, place.folder, dirs_exist_ok=True)
    return place
