"""Every rule on every subject: `pytest --pyargs billsync.conformance --connector NAME`.  (shell)"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from billsync.conformance.plugin import PROPERTY
from billsync.conformance.rule import Rule
from billsync.conformance.subject import Subject
from billsync.conformance.trial import tried
from billsync.conformance.writes.rule import WriteRule
from billsync.conformance.writes.subject import WriteSubject
from billsync.conformance.writes.trial import write_tried


def test_rule(rule: Rule, subject: Subject, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The subject's connector keeps to the rule."""
    _marked(request, subject.connector, rule.name, rule.inapplicable(subject), lambda: tried(rule, subject, tmp_path))


def test_write_rule(
    write_rule: WriteRule, write_subject: WriteSubject, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The subject's connector keeps to the rule of writing."""
    reason = write_rule.inapplicable(write_subject)
    _marked(
        request, write_subject.connector, write_rule.name, reason,
        lambda: write_tried(write_rule, write_subject, tmp_path),
    )  # fmt: skip


def _marked(request: pytest.FixtureRequest, connector: str, rule: str, reason: str, attempt: Callable[[], str]) -> None:
    mark = {"connector": connector, "rule": rule}
    request.node.user_properties.append((PROPERTY, mark))
    if reason:
        mark.update(result="not applicable", why=reason)
        pytest.skip(f"not applicable: {reason}")
    told = attempt()
    if told:
        mark.update(result="failed", why=told)
        pytest.fail(told, pytrace=False)
