"""The wheel stands alone: installed into an empty environment it finds its connectors and makes a working folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

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
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel]
    subprocess.run(pip, check=True, env=environment, cwd=tmp_path)

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
