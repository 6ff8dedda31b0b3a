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


@pytest.fixture(scope="module")
def spoilt(copy: Path) -> dict[str, str]:
    """What is said of each broken contract with all violations planted at once: building the graph takes longest."""
    before: dict[Path, str | None] = {}
    for file, line, _ in VIOLATIONS.values():
        path = copy / file
        path.parent.mkdir(exist_ok=True)
        text = path.read_text(encoding="utf-8") if path.exists() else None
        before.setdefault(path, text)
        path.write_text((text or '"""Planted."""\n') + f"\n{line}\n", encoding="utf-8")
    result = lint(copy)
    for path, text in before.items():
        if text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8")
    shutil.rmtree(copy / "connectors/billsync_connectors/tomorrow")
    return told(result)


def told(result: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Of each broken contract what is said about it."""
    assert result.returncode == 1
    names = [row.removesuffix(" BROKEN") for row in result.stdout.splitlines() if row.endswith(" BROKEN")]
    _, _, report = result.stdout.partition("\nBroken contracts\n")
    places = [report.index(f"\n{name}\n---") for name in names]
    return {name: report[at:end] for name, at, end in zip(names, places, [*places[1:], len(report)], strict=True)}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_planted_violation_goes_red(spoilt: dict[str, str], name: str) -> None:
    """By its own contract, and by its own import."""
    file, line, contract = VIOLATIONS[name]
    module = file.split("/", 1)[1].removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    seen = f" {module} -> {line.removeprefix('import ')} (l." if line else f"- {module}\n"
    (said,) = [text for broken, text in spoilt.items() if contract in broken]
    assert seen in said


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
