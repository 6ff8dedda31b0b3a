"""The import contracts and bans go red under a planted violation of each kind; green as the code stands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and their contracts, free to be spoilt."""
    target = tmp_path_factory.mktemp("house")
    for name in ("src", "connectors"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", target)
    return target


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{folder / 'src'}{os.pathsep}{folder / 'connectors'}"}
    return subprocess.run(
        [BIN / "lint-imports", "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_contracts_are_kept(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout


VIOLATIONS = {
    "a stage reaches up": ("src/billsync/invoicing/draft.py", "import billsync.store", "The journey"),
    "a module without a place": ("src/billsync/attic.py", "", "The journey"),
    "chance in the pure core": ("src/billsync/billing/charges.py", "import uuid", "Pure core"),
    "a file in the pure core": ("src/billsync/mapping/__init__.py", "import os", "Pure core"),
    "the network in the pure core": ("src/billsync/reconcile/judge.py", "import httpx", "Pure core"),
    "the engine imports a connector": ("src/billsync/cli/app.py", "import billsync_connectors.files", "by entry point"),
    "a connector sees the store": (
        "connectors/billsync_connectors/tryton/__init__.py",
        "import billsync.store",
        "sees the port",
    ),
    "a connector knows another": (
        "connectors/billsync_connectors/tryton/__init__.py",
        "import billsync_connectors.files",
        "do not know each other",
    ),
    "tomorrow's connector knows another": (
        "connectors/billsync_connectors/tomorrow/__init__.py",
        "import billsync_connectors.files",
        "do not know each other",
    ),
    "an ERP's code in this process": (
        "connectors/billsync_connectors/tryton/__init__.py",
        "import trytond",
        "another process",
    ),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_planted_violation_goes_red(copy: Path, name: str) -> None:
    file, line, contract = VIOLATIONS[name]
    path = copy / file
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text((before or '"""Planted."""\n') + f"\n{line}\n", encoding="utf-8")
    try:
        result = lint(copy)
    finally:
        if before is not None:
            path.write_text(before, encoding="utf-8")
        elif path.parent.name == "tomorrow":
            shutil.rmtree(path.parent)
        else:
            path.unlink()
    assert result.returncode == 1
    broken = [row for row in result.stdout.splitlines() if row.endswith("BROKEN")]
    assert any(contract in row for row in broken), result.stdout


BANS = {
    "today": "from datetime import date\nx = date.today()\n",
    "now": "from datetime import UTC, datetime\nx = datetime.now(UTC)\n",
    "the time": "import time\nx = time.time()\n",
    "chance ids": "import uuid\nx = uuid.uuid4()\n",
    "unsafe YAML": "import yaml\nx = yaml.safe_load('a')\n",
    "pickle": "import pickle\nx = pickle.dumps(1)\n",
}


@pytest.mark.parametrize("name", BANS)
def test_a_banned_call_goes_red(tmp_path: Path, name: str) -> None:
    file = tmp_path / "planted.py"
    file.write_text(BANS[name], encoding="utf-8")
    result = subprocess.run(
        [BIN / "ruff", "check", "--no-cache", "--config", ROOT / "pyproject.toml", "--select", "TID251", file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "TID251" in result.stdout
