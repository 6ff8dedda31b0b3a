"""The write half of the kit can fail: each fault planted in the sandbox's connector breaks the rule meant for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from billsync.conformance.trial import running
from billsync.conformance.writes.rules import WRITE_RULES
from billsync.conformance.writes.trial import write_tried
from billsync_connectors.sandbox.connector import Sandbox
from tests.conformance.bent import BENT, Bent


@pytest.fixture(scope="module")
def bent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bent]:
    with running(Bent, tmp_path_factory.mktemp("bent")) as subject:
        yield subject


@pytest.mark.xdist_group("conformance-writes")
@pytest.mark.parametrize(
    ("name", "made"), [pytest.param(name, one, id=f"{name}-{one.__name__}") for name in BENT for one in BENT[name]]
)
def test_a_planted_fault_breaks_the_rule(bent: Bent, name: str, made: type[Sandbox], tmp_path: Path) -> None:
    bent.made = made
    told = write_tried(WRITE_RULES[name], bent, tmp_path)
    assert f"sandbox breaks the rule `{name}`" in told
    assert WRITE_RULES[name].costs in told
    assert f"docs/reference/conformance.md#{name}" in told


def test_every_rule_of_writing_has_a_planted_fault() -> None:
    assert set(BENT) == set(WRITE_RULES)
