"""The wheel stands alone: installed into an empty environment it finds its connectors and makes a working folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from email import message_from_bytes
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_connector_folders_are_the_declared_ones() -> None:
    folders = {path.parent.name for path in (ROOT / "connectors/billsync_connectors").glob("*/__init__.py")}
    assert folders == set(PROJECT["project"]["entry-points"]["billsync.connectors"])


def test_only_examples_stand_in_config() -> None:
    assert [path.name for path in (ROOT / "config").iterdir() if not path.name.endswith(".example.yaml")] == []


def test_the_wheel_holds_what_it_needs_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    packages = {"billsync", "billsync_connectors", "billsync_stand_in"}
    assert {top for top in tops if not top.endswith(".dist-info")} == packages
    for needed in (
        "billsync/py.typed",
        "billsync_connectors/py.typed",
        "billsync_stand_in/py.typed",
        "billsync_stand_in/start.py",
        "billsync/_data/mappings/tryton/invoice.yaml",
        "billsync/_data/config/files-tryton.example.yaml",
        "billsync/_data/schemas/mapping.json",
        "billsync/_data/demo/crm_sales_opportunities/sales_pipeline.csv",
    ):
        assert needed in names
    assert any(name.startswith("billsync/store/migrations/versions/") for name in names)


@pytest.mark.slow
def test_an_empty_environment_gets_a_working_billsync(wheel: Path, tmp_path: Path) -> None:
    _environment(tmp_path / "env", wheel)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}

    def billsync(*arguments: str) -> str:
        command: list[str | Path] = [tmp_path / "env" / "bin" / "billsync", *arguments]
        result = subprocess.run(command, check=True, env=environment, cwd=tmp_path, capture_output=True, text=True)
        output: str = result.stdout
        return output

    assert "--version" in billsync("--help")
    listed = {line.split("\t")[0] for line in billsync("connectors", "list").splitlines()[1:]}
    crms = {"files", "hubspot", "salesforce", "sandbox", "sql"}
    assert listed == crms | {"erpnext", "netsuite", "odoo", "quickbooks", "tryton", "xero"}
    billsync("init", "work", "--from", "files", "--to", "tryton")
    assert (tmp_path / "work" / "billsync.yaml").is_file()
    assert (tmp_path / "work" / "mappings" / "tryton" / "invoice.yaml").is_file()
    billsync("mapping", "lint", "-c", "work/billsync.yaml")
    assert billsync("schema", "invoice").startswith("{")


def _environment(folder: Path, wheel: Path) -> None:
    """A new environment with the wheel, installed by pip, and what it declares to need; nothing else is in it.

    What is needed is here already: linking it is faster than asking an index and unpacking it again.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    for needed in _needed("billsync", _declared(wheel), {"billsync": {""}}):
        for file in distribution(needed).files or []:
            if ".." not in file.parts:
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                (site / file).symlink_to(Path(str(file.locate())).resolve())
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet", "--no-index"]
    subprocess.run([*pip, "--disable-pip-version-check", wheel], check=True, cwd=folder)


def _declared(wheel: Path) -> list[str]:
    """What the wheel itself says that it needs."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name)).get_all("Requires-Dist") or []


def _needed(name: str, declared: list[str], known: dict[str, set[str]]) -> set[str]:
    """Names of all that `declared` asks for, for the extras of `name` that `known` has, and what that asks for."""
    for wanted in map(Requirement, declared):
        if wanted.marker and not any(wanted.marker.evaluate({"extra": extra}) for extra in known[name]):
            continue
        other, extras = canonicalize_name(wanted.name), {"", *wanted.extras}
        if not extras <= known.get(other, set()):
            known[other] = known.get(other, set()) | extras
            _needed(other, distribution(other).requires or [], known)
    return set(known) - {"billsync"}
