"""The simulator's own score: every common mistake, planted into the real code, is found within a few seeds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulation.bugs import BUGS
from tests.simulation.score import common, score
from tests.simulation.setup import FAULTS, Setup
from tests.simulation.shrink import lived, shrunk

MOST = 200


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", [bug.name for bug in common()])
def test_a_planted_bug_is_found(name: str) -> None:
    found = score(BUGS[name], first=BUGS[name].near, most=MOST)
    assert found.found is not None, f"{name} was not found in {found.tried} seeds"
    assert lived(found.found.setup).wrong == [], "the history fails without the bug as well"


@pytest.mark.parametrize("name", [bug.name for bug in BUGS.values() if bug.rare])
def test_a_rare_bug_can_still_be_planted(name: str) -> None:
    """It takes the long run to find it; here the history only has to come to its end with it."""
    with BUGS[name].planted():
        lived(replace(next(BUGS[name].setups(1, 1)), hours=2))


def test_a_failing_history_is_shrunk_to_what_it_needs() -> None:
    bug = BUGS["key_per_attempt"]
    with bug.planted():
        tried = (lived(Setup(seed, bug.kinds[0], hours=4)) for seed in range(2, 22))
        failing = next(outcome for outcome in tried if outcome.wrong)
        small = shrunk(failing, tries=6)
    assert small.wrong
    assert small.setup.mask > failing.setup.mask
    assert lived(replace(small.setup, mask=frozenset(FAULTS))).wrong == []


def test_the_command_of_a_history_names_all_that_makes_it() -> None:
    setup = Setup(3, BUGS["no_sweeps"].kinds[0], frozenset({"late", "crash"}), 6, 5400, 0.05)
    wanted = "python -m tests.simulation --seed 3 --kind C --mask crash,late --hours 6 --late 5400 --duplicates 0.05"
    assert setup.command() == wanted
