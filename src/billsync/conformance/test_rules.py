"""Every rule on every subject: `pytest --pyargs billsync.conformance --connector NAME`.  (shell)"""

from __future__ import annotations

from pathlib import Path

import pytest

from billsync.conformance.plugin import PROPERTY
from billsync.conformance.rule import Rule
from billsync.conformance.subject import Subject
from billsync.conformance.trial import tried


def test_rule(rule: Rule, subject: Subject, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The subject's connector keeps to the rule."""
    mark = {"connector": subject.connector, "rule": rule.name}
    request.node.user_properties.append((PROPERTY, mark))
    reason = rule.inapplicable(subject)
    if reason:
        mark.update(result="not applicable", why=reason)
        pytest.skip(f"not applicable: {reason}")
    told = tried(rule, subject, tmp_path)
    if told:
        mark.update(result="failed", why=told)
        pytest.fail(told, pytrace=False)
