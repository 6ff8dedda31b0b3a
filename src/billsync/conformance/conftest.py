"""Subjects and rules as parameters of the kit's one test.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from billsync.conformance.finding import NoSubject, subjects
from billsync.conformance.rules import RULES
from billsync.conformance.subject import Subject
from billsync.conformance.trial import running


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each rule on each subject that was asked for."""
    if "subject" not in metafunc.fixturenames:
        return
    options = metafunc.config
    try:
        found = subjects(options.getoption("--connector"), options.getoption("--subject"))
    except NoSubject as error:
        raise pytest.UsageError(str(error)) from None
    grouped = [pytest.param(each, id=each.connector, marks=pytest.mark.xdist_group(each.connector)) for each in found]
    metafunc.parametrize("subject", grouped, indirect=True, scope="session")
    metafunc.parametrize("rule", list(RULES.values()), ids=list(RULES))


@pytest.fixture(scope="session")
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """The subject, its system running."""
    with running(request.param, tmp_path_factory.mktemp(request.param.connector)) as found:
        yield found
