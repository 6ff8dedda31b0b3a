"""The kit as somebody else uses it: a package of their own, `pytest --pyargs billsync.conformance`, a score card."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from billsync.conformance.finding import NoSubject, installed, subjects
from billsync.conformance.rules import RULES
from billsync.conformance.subject import Subject
from billsync.conformance.trial import running, tried
from tests.conformance.planted import Planted
from tests.conformance.planted.going_on import StampAlone

pytest_plugins = ["pytester"]

HERE = Path(__file__).parent


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """Acme's package, installed beside billsync, and a folder that knows nothing of this project."""
    shutil.copytree(HERE / "acme_billsync", tmp_path / "acme_billsync", ignore=shutil.ignore_patterns("__pycache__"))
    info = tmp_path / "acme_billsync-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-billsync\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(
        "[billsync.connectors]\nacme = acme_billsync.connector:Acme\n"
        "[billsync.conformance]\nacme = acme_billsync.conformance:AcmeSubject\n"
    )
    return tmp_path


def kit(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The kit as a process, from a folder without any configuration of ours."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "pytest", *KIT, *options]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


KIT = ("--pyargs", "billsync.conformance", "-p", "no:cacheprovider")


def test_a_third_partys_connector_passes_and_gets_its_card(acme: Path) -> None:
    result = kit(acme, "--connector", "acme", "--conformance-report", "out/cards.json", "-rs")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "not applicable: Acme cuts names at 255 characters" in result.stdout
    card = json.loads((acme / "out" / "cards.json").read_text(encoding="utf-8"))["acme"]
    assert (card["passed"], card["failed"], card["not_applicable"]) == (len(RULES) - 2, 0, 2)
    assert [row["rule"] for row in card["rules"]] == list(RULES)
    page = (acme / "out" / "cards.md").read_text(encoding="utf-8")
    assert f"# acme\n\n{len(RULES) - 2} passed, 0 failed, 2 not applicable\n" in page
    assert "not applicable: Acme cuts names at 255 characters |" in page


def test_a_broken_one_fails_and_its_card_says_why(acme: Path, pytester: pytest.Pytester) -> None:
    """In this process, whose modules the kit leaves as they were."""
    connector = acme / "acme_billsync" / "connector.py"
    text = connector.read_text(encoding="utf-8")
    connector.write_text(text.replace('for name in ("changed", "tagged"):', 'for name in ("changed",):'), "utf-8")
    subject = "acme_billsync.conformance:AcmeSubject"
    pytester.syspathinsert(acme)
    options = ("--subject", subject, "--conformance-report", "cards.json", "-k", "related or check")
    result = pytester.runpytest_inprocess(*KIT, *options)
    assert result.ret == 1
    assert "acme breaks the rule `related` (tried on deals)" in result.stdout.str()
    assert "Traceback" not in result.stdout.str()
    rows = json.loads((pytester.path / "cards.json").read_text(encoding="utf-8"))["acme"]["rules"]
    found = {row["rule"]: (row["result"], row["why"]) for row in rows}
    assert found["related"][0] == "failed"
    assert "tags of d0001" in found["related"][1]
    assert found["check"] == ("passed", "")


def test_a_subject_that_is_not_there_is_said_in_a_sentence(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(*KIT, "--connector", "nobody")
    assert result.ret != 0
    said = "no package brings a subject nobody (entry-point group billsync.conformance); installed: "
    assert said in result.stdout.str()
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    for value, said in (("no_such_module:Subject", "does not load"), ("json:dumps", "is no subclass")):
        with pytest.raises(NoSubject, match=said):
            subjects(classes=[value])


def test_without_options_all_installed_subjects_are_tried() -> None:
    assert "sandbox" in installed()
    assert [subject.connector for subject in subjects()] == installed()
    with pytest.raises(NoSubject, match="installed: "):
        subjects(["nobody"])


def test_what_a_subject_forgot_is_an_error_not_a_skip(tmp_path: Path) -> None:
    class Forgetful(Planted):
        merge = Subject.merge

    with running(Forgetful, tmp_path / "acme") as subject, pytest.raises(NotImplementedError, match="say in `lacks`"):
        tried(RULES["merged"], subject, tmp_path / "rule")


def test_the_message_says_rule_sight_cost_and_where_to_read_on(tmp_path: Path) -> None:
    with running(Planted, tmp_path / "acme") as subject:
        assert isinstance(subject, Planted)
        subject.made = StampAlone
        told = tried(RULES["same-instant"], subject, tmp_path / "rule")
    assert told == (
        "acme breaks the rule `same-instant` (tried on deals)\n"
        "  the rule:       More records in one instant than a page holds are all read\n"
        "  what was seen:  with more records in one instant than a page holds: 12 of 17 records were never shown: "
        "d0006, d0007, d0008, d0009, ...\n"
        "  what it costs:  after a bulk update in the CRM the sync runs in a circle, or drops what did not fit on the "
        "first page\n"
        "  read on:        docs/reference/conformance.md#same-instant"
    )


def test_the_how_to_shows_the_example_that_runs() -> None:
    page = (HERE.parents[1] / "docs" / "how-to" / "write-a-connector.md").read_text(encoding="utf-8")
    example = (HERE / "acme_billsync" / "conformance.py").read_text(encoding="utf-8")
    assert f"```python\n{example}```\n" in page
