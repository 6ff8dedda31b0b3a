"""Our own connectors keep to the rules that anybody's must keep to; their score cards in the docs are these results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from billsync.conformance.finding import installed, subjects
from billsync.conformance.rules import RULES
from billsync.conformance.subject import Subject
from billsync.conformance.trial import running, tried
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


@pytest.mark.parametrize("made", OURS)
def test_its_score_card_is_up_to_date(made: type[Subject], tmp_path: Path) -> None:
    """The card shows every rule: passed, or not applicable with the reason that the subject gives now."""
    card = json.loads((FOLDER / f"{made.connector}.json").read_text(encoding="utf-8"))[made.connector]
    reasons = {name: rule.inapplicable(made(tmp_path)) for name, rule in RULES.items()}
    expected = [
        {"rule": name, "result": "not applicable" if why else "passed", "why": why} for name, why in reasons.items()
    ]
    assert card["rules"] == expected, "renew it: python -m tests.project.write_conformance"


def test_the_page_of_the_rules_is_up_to_date() -> None:
    stale = [str(path.name) for path, text in pages().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "renew them: python -m tests.project.write_conformance"


def test_every_card_is_of_a_connector_that_is_there() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(installed())
