"""A small fleet in the suite: two workers on Postgres, the one that leads the run killed in the middle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fleet import proof


@pytest.mark.slow
def test_the_leader_is_killed_and_each_document_stands_there_once(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "STRIKES", proof.STRIKES[:1])
    found, seen = proof.prove(tmp_path, postgres_url, proof.Case(documents=60, workers=2, kind="A"))
    assert found == []
    assert [what for _, _, what, _ in seen.acts] == ["killed"]
    assert seen.led_again["killed"] < 60
