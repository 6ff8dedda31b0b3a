"""Subjects and rules as parameters of the kit's one test.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from billsync.conformance.finding import NoSubject, subjects, write_subjects
from billsync.conformance.rules import RULES
from billsync.conformance.subject import Subject
from billsync.conformance.trial import running
from billsync.conformance.writes.rules import WRITE_RULES
from billsync.conformance.writes.subject import WriteSubject


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each rule on each subject that was asked for."""
    names = metafunc.fixturenames
    if "subject" in names:
        _parametrize(metafunc, "subject", subjects, "rule", RULES)
    if "write_subject" in names:
        _parametrize(metafunc, "write_subject", write_subjects, "write_rule", WRITE_RULES)


def _parametrize(metafunc: pytest.Metafunc, name: str, find: Any, rule: str, rules: Mapping[str, Any]) -> None:
    options = metafunc.config
    try:
        found = find(options.getoption("--connector"), options.getoption("--subject"))
    except NoSubject as error:
        raise pytest.UsageError(str(error)) from None
    grouped = [pytest.param(each, id=each.connector, marks=pytest.mark.xdist_group(each.connector)) for each in found]
    metafunc.parametrize(name, grouped, indirect=True, scope="session")
    metafunc.parametrize(rule, list(rules.values()), ids=list(rules))


@pytest.fixture(scope="session")
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """The subject, its system running."""
    with running(request.param, tmp_path_factory.mktemp(request.param.connector)) as found:
        yield found


@pytest.fixture(scope="session")
def write_subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WriteSubject]:
    """The subject of writing, its system running."""
    with running(request.param, tmp_path_factory.mktemp(f"{request.param.connector}-writes")) as found:
        yield found
