"""Our own connectors keep to the rules that anybody's must keep to; their score cards in the docs are these results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from billsync.conformance.finding import WRITES, installed, subjects, write_subjects
from billsync.conformance.rules import RULES
from billsync.conformance.subject import Subject
from billsync.conformance.trial import running, tried
from billsync.conformance.writes.rules import WRITE_RULES
from billsync.conformance.writes.subject import WriteSubject
from billsync.conformance.writes.trial import write_tried
from billsync_connectors.sandbox.conformance import SandboxWrites
from tests.project.write_conformance import FOLDER, pages

OURS = [
    pytest.param(subject, id=subject.connector, marks=pytest.mark.xdist_group(f"conformance-{subject.connector}"))
    for subject in subjects()
    if subject.__module__.startswith("billsync_connectors.")
]


@pytest.fixture(scope="module")
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    with running(request.param, tmp_path_factory.mktemp(request.param.connector)) as found:
        yield found


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("subject", OURS, indirect=True)
def test_our_connector_keeps_to_the_rule(subject: Subject, name: str, tmp_path: Path) -> None:
    if RULES[name].inapplicable(subject):
        pytest.skip(f"not applicable: {RULES[name].inapplicable(subject)}")
    told = tried(RULES[name], subject, tmp_path)
    if told:
        pytest.fail(told, pytrace=False)


WRITERS = [found for found in write_subjects() if found.__module__.startswith("billsync_connectors.")]


@pytest.fixture(scope="module")
def writes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WriteSubject]:
    with running(SandboxWrites, tmp_path_factory.mktemp("sandbox-writes")) as found:
        yield found


@pytest.mark.xdist_group("conformance-writes")
@pytest.mark.parametrize("name", WRITE_RULES)
def test_the_sandbox_keeps_to_the_rule_of_writing(writes: WriteSubject, name: str, tmp_path: Path) -> None:
    """The others' turn comes with their score card: `python -m tests.project.write_conformance`."""
    assert WRITE_RULES[name].inapplicable(writes) == ""
    told = write_tried(WRITE_RULES[name], writes, tmp_path)
    if told:
        pytest.fail(told, pytrace=False)


@pytest.mark.parametrize("name", sorted({*installed(), *installed(WRITES)}))
def test_its_score_card_is_up_to_date(name: str, tmp_path: Path) -> None:
    """The card shows every rule: passed, or not applicable with the reason that the subject gives now."""
    card = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))[name]
    reasons: dict[str, str] = {}
    for reader in (found(tmp_path) for found in subjects() if found.connector == name):
        reasons |= {rule.name: rule.inapplicable(reader) for rule in RULES.values()}
    for writer in (found(tmp_path) for found in WRITERS if found.connector == name):
        reasons |= {rule.name: rule.inapplicable(writer) for rule in WRITE_RULES.values()}
    expected = [
        {"rule": rule, "result": "not applicable" if why else "passed", "why": why} for rule, why in reasons.items()
    ]
    assert card["rules"] == expected, "renew it: python -m tests.project.write_conformance"


def test_no_rule_of_writing_has_the_name_of_one_of_reading() -> None:
    """They share a page, and a score card."""
    assert set(RULES) & set(WRITE_RULES) == set()


def test_the_page_of_the_rules_is_up_to_date() -> None:
    stale = [str(path.name) for path, text in pages().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "renew them: python -m tests.project.write_conformance"


def test_every_card_is_of_a_connector_that_is_there() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {*installed(), *installed(WRITES)}
