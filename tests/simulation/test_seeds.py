"""Histories of fixed and of fresh seeds: nothing lost, doubled or wrong, and what could not be prevented was told.

A failing one prints the command that shows it again, and the smallest history that fails alike.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from billsync.connector import Target
from tests.simulation.__main__ import main
from tests.simulation.setup import Setup
from tests.simulation.shrink import explained, lived

FIXED = range(100, 103)
FRESH = 1
ROOT = Path(__file__).parents[2]


def sound(setup: Setup) -> None:
    outcome = lived(setup)
    if outcome.wrong:
        pytest.fail(explained(outcome), pytrace=False)


@pytest.mark.parametrize("kind", list(Target))
@pytest.mark.parametrize("seed", FIXED)
def test_fixed_seeds_make_each_invoice_once(kind: Target, seed: int) -> None:
    sound(Setup(seed, kind))


@pytest.mark.parametrize("kind", list(Target))
def test_fresh_seeds_make_each_invoice_once(kind: Target) -> None:
    first = time.time_ns() // 10**6 % 10**9
    for seed in range(first, first + FRESH):
        sound(Setup(seed, kind))


@pytest.mark.parametrize(
    "setup",
    [Setup(7, Target.SEARCH, late_s=5400), Setup(8, Target.SEARCH, duplicates=0.08)],
    ids=["later than settled", "doubled on the way"],
)
def test_doubles_that_a_search_cannot_prevent_are_told(setup: Setup) -> None:
    outcome = lived(setup)
    assert not outcome.wrong, explained(outcome)


@pytest.mark.parametrize(("kind", "seed"), [(Target.KEY, 9), (Target.UPSERT, 11)])
def test_a_network_that_doubles_requests_doubles_nothing_where_a_key_or_id_protects(kind: Target, seed: int) -> None:
    setup = Setup(seed, kind, duplicates=0.1)
    outcome = lived(setup)
    assert not outcome.wrong, explained(outcome)
    assert outcome.faults["duplicated"] > 0
    assert outcome.doubled == 0


def test_a_seed_is_one_history_whatever_the_process(capsys: pytest.CaptureFixture[str]) -> None:
    """Here after other histories, and in a process of its own, which puts its sets into another order."""
    words = ["--seed", "104", "--kind", "C"]
    command = [sys.executable, "-m", "tests.simulation", *words]
    alone = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "1"}, capture_output=True, text=True, check=True
    )
    assert main(words) == 0
    assert capsys.readouterr().out == alone.stdout
    assert "audit " in alone.stdout
