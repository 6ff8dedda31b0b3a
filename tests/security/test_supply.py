"""A39, A40: no code comes out of data, and what is installed is what was looked at."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.cli.place import Place

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
RUNS_ON = [
    Requirement(text)
    for text in (*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["postgres"])
]


def locked() -> dict[str, tuple[str, list[str]]]:
    """Name -> version and hashes."""
    found = {}
    for entry in re.split(r"\n(?=\S)", "\n".join(line for line in LOCK.splitlines() if not line.startswith("#"))):
        match = re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", entry.strip())
        assert match, f"not a pinned version: {entry[:80]!r}"
        found[str(canonicalize_name(match[1]))] = (match[2], re.findall(r"--hash=sha256:([0-9a-f]{64})", entry))
    return found


def test_a40_the_lock_names_every_dependency_with_its_hashes() -> None:
    lock = locked()
    for requirement in RUNS_ON:
        version, _ = lock[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(Version(version)), f"{requirement}: run make lock"
    assert [name for name, (_, hashes) in lock.items() if not hashes] == []


def test_a40_the_lock_is_closed_and_holds_nothing_else() -> None:
    lock, reached, seen = set(locked()), set[str](), set[tuple[str, frozenset[str]]]()
    waiting = list(RUNS_ON)
    while waiting:
        requirement = waiting.pop()
        name = str(canonicalize_name(requirement.name))
        if (name, frozenset(requirement.extras)) in seen:  # one that is asked for with extras needs more
            continue
        seen.add((name, frozenset(requirement.extras)))
        reached.add(name)
        assert name in lock, f"{name} is not locked: run make lock"
        try:
            inner = [Requirement(text) for text in distribution(name).requires or []]
        except PackageNotFoundError:
            continue
        extras = [*requirement.extras, ""]
        waiting += [
            found
            for found in inner
            if found.marker is None or any(found.marker.evaluate({"extra": extra}) for extra in extras)
        ]
    other_platforms = {"colorama"}
    assert lock - reached <= other_platforms


BANNED = re.compile(
    r"^\s*(?:import|from) (?:pickle|shelve|marshal|dill|cloudpickle|joblib)\b|\byaml\.(?:load|unsafe_load|full_load)\("
    r"|jobstores|shell=True|os\.system\(",
    flags=re.MULTILINE,
)


def test_a39_nothing_is_unpickled_and_no_shell_is_started() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0].strip()}"
        for folder in ("src", "connectors")
        for path in (ROOT / folder).rglob("*.py")
        for match in BANNED.finditer(path.read_text(encoding="utf-8").replace("strict import yaml", ""))
        if path.name not in {"file.py", "yaml.py"} or "load" not in match[0]
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    ["import pickle", "import yaml\nyaml.load('')", "eval('1')", "import subprocess as s\ns.run('x', shell=True)"],
)
def test_a14_a17_a39_the_linter_knows_them_too(line: str) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--quiet", "--stdin-filename", "src/billsync/x.py", "-"]
    done = subprocess.run(command, input=line, text=True, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 1
    assert re.search(r"TID251|S307|S602", done.stdout)


def test_a40_only_the_connectors_that_are_named_are_loaded(place: Place) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom billsync.settings import load\nfrom billsync import plugins\n"
        "plugins.installed()\nsettings = load(Path('billsync.yaml'))\n"
        "[plugins.load_connector(one.connector, one.place) for one in settings.connections.values()]\n"
        "print(sorted(name for name in sys.modules if name.startswith('billsync_connectors.')\n"
        "    and name.count('.') == 1))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=place.folder, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['billsync_connectors.files']"
