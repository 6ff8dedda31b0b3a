"""The kit can fail: a sound connector keeps to every rule, and each planted fault breaks the rule meant for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from billsync.conformance.rules import RULES
from billsync.conformance.trial import running, tried
from tests.conformance.acme_billsync.connector import Acme
from tests.conformance.planted import PLANTED, Planted


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[Planted]:
    with running(Planted, tmp_path / "acme") as subject:
        assert isinstance(subject, Planted)
        yield subject


@pytest.mark.parametrize("name", RULES)
def test_a_sound_connector_keeps_to_the_rule(planted: Planted, name: str, tmp_path: Path) -> None:
    assert RULES[name].inapplicable(planted) == ""
    assert tried(RULES[name], planted, tmp_path / "rule") == ""


@pytest.mark.parametrize(
    ("name", "made"),
    [pytest.param(name, one, id=f"{name}-{one.__name__}") for name in PLANTED for one in PLANTED[name]],
)
def test_a_planted_fault_breaks_the_rule(planted: Planted, name: str, made: type[Acme], tmp_path: Path) -> None:
    planted.made = made
    told = tried(RULES[name], planted, tmp_path / "rule")
    assert f"acme breaks the rule `{name}` (tried on deals)" in told
    assert RULES[name].costs in told
    assert f"docs/reference/conformance.md#{name}" in told


def test_every_rule_has_a_planted_fault() -> None:
    assert set(PLANTED) == set(RULES)
