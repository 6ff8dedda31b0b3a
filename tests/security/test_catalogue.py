"""The page of attacks tells what the tests do."""

from __future__ import annotations

import pytest

from tests.security.catalogue import ATTACKS, Attack
from tests.security.write_security import PAGE, ROOT, page, where_tested


def test_every_attack_stands_in_the_catalogue_once() -> None:
    assert [attack.number for attack in ATTACKS] == [f"A{number}" for number in range(1, 48)]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.number)
def test_an_attack_is_tested_or_says_why_not(attack: Attack) -> None:
    assert bool(where_tested(attack)) is not attack.later
    assert [name for name in attack.where if not (ROOT / name).exists()] == []


def test_the_page_is_made_from_them() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.security.write_security"
