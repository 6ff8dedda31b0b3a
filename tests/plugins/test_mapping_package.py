"""A package of somebody else, as the how-to page writes it: built, installed by pip, found, and held to its tests."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from billsync.mapping.tools.suite import run_suite
from billsync.plugins import Natives
from billsync.settings import BadSettings
from billsync.shelf import finder, sheet_of

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-mapping-package.md"
FILES = dict(
    re.findall(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
)
CONFIG = """\
environment: sandbox
connections: {crm: {connector: files, folder: crm}}
pipelines: {billing: {source: crm, mappings: {inbound: [acme.opportunity, salesforce.account, salesforce.product]}}}
"""
OWN = "mapping: own.deal\nversion: 1\nextends: acme.opportunity\nfields: {currency: {const: CHF}}\n"


def installed(files: dict[str, str], folder: Path) -> Path:
    """The package, installed by pip into a folder of its own."""
    for name, text in files.items():
        file = folder / "source" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-index"]
    target = folder / "site"
    subprocess.run([*pip, "--no-build-isolation", "--target", target, folder / "source"], check=True)
    return target


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(FILES, tmp_path_factory.mktemp("acme"))


DRIVER = """
import contextlib, io, json, sys
from billsync.cli import run
told = []
for words in json.loads(sys.argv[1]):
    sys.argv = ["billsync", *words, "--format", "json"]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = run() or 0
        except SystemExit as ended:
            code = ended.code
    told.append([code, json.loads(out.getvalue()), err.getvalue()])
print(json.dumps(told))
"""


def billsync(site: Path, folder: Path, *commands: str) -> list[tuple[int, Any]]:
    """Exit code and JSON document of each command, in one process whose environment has the package."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    words = json.dumps([command.split() for command in commands])
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, words],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert [err for _, _, err in told if err] in ([], ["for environment sandbox\n"])
    return [(code, document) for code, document, _ in told]


def test_the_page_has_every_file() -> None:
    assert set(FILES) == {
        "pyproject.toml", "acme_billing/__init__.py", "acme_billing/functions.py",
        "acme_billing/mappings/opportunity.yaml",
    }  # fmt: skip


def test_it_is_found_after_its_installation_and_extended_from_the_working_folder(site: Path, tmp_path: Path) -> None:
    (tmp_path / "billsync.yaml").write_text(CONFIG)
    (tmp_path / "own.yaml").write_text(OWN)
    lint, tests, own, (code, lines), functions, function = billsync(
        site, tmp_path, "mapping lint", "mapping test acme.opportunity", "mapping lint own.yaml",
        "mapping show own.yaml --environment sandbox",
        "mapping functions",
        "mapping functions acme.tax_code",
    )  # fmt: skip
    assert lint == own == (0, [])
    assert functions[1][-1] == function[1]
    assert function[1]["signature"] == "acme.tax_code(country: text, vat_id: text?) -> text"
    assert (function[1]["theme"], function[1]["examples"][1]) == (
        "acme-billing 1.0",
        "acme.tax_code(country='Germany') = None",
    )
    assert [(row["test"], row["result"]) for row in tests[1]] == [
        ("a German customer with a VAT id is reverse charge, whatever the product's tax code", "passed"),
        ("examples of acme.tax_code", "passed"),
        ("a test deal counts [environment sandbox]", "passed"),
    ]
    assert (tests[0], code) == (0, 0)
    said = {line["field"]: Path(line["file"]).name for line in lines if line["field"]}
    assert (said["currency"], said["lines.tax_code"], said["stage"]) == (
        "own.yaml",
        "opportunity.yaml",
        "opportunity.yaml",
    )
    (condition,) = [line for line in lines if line["text"].startswith("when:")]
    assert "Test" in condition["text"]
    assert Path(condition["file"]).is_relative_to(site)


@pytest.mark.usefixtures("forgotten")
def test_a_function_that_breaks_its_word_is_a_failed_test(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt = shutil.copytree(site, tmp_path / "site")
    text = FILES["acme_billing/functions.py"].replace('"RC" if vat_id', "1 if vat_id")
    (spoilt / "acme_billing" / "functions.py").write_text(text)
    monkeypatch.syspath_prepend(spoilt)
    results = run_suite(sheet_of("acme.opportunity", tmp_path), Natives(), finder(tmp_path))
    failed = {result.name: " ".join(result.differences) for result in results if not result.passed}
    assert "acme.tax_code must give text or None, it gave the number 1" in failed["examples of acme.tax_code"]
    assert any("MAP-FN-02" in detail for detail in failed.values())


def test_without_its_installation_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"there is no mapping 'acme\.opportunity'.*install the package"):
        sheet_of("acme.opportunity", tmp_path)
