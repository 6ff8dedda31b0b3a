"""How many seeds pass until each planted bug is found: the score of the simulator itself."""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulation.bugs import BUGS, Bug
from tests.simulation.shrink import Outcome, lived


@dataclass(frozen=True)
class Score:
    """What became of one bug: `tried` histories, the last of which failed, if `found`."""

    bug: Bug
    tried: int
    found: Outcome | None

    def row(self) -> str:
        shown = f"{self.found.setup.command()}: {self.found.wrong[0][:80]}" if self.found else "not found"
        return f"{self.bug.name:22}{self.tried:5}  {shown}"


def score(bug: Bug, *, first: int, most: int) -> Score:
    """Live histories with the bug in the code until one fails."""
    with bug.planted():
        for tried, setup in enumerate(bug.setups(first, most), start=1):
            outcome = lived(setup)
            if outcome.wrong:
                return Score(bug, tried, outcome)
    return Score(bug, most, None)


def common() -> list[Bug]:
    """Those that a short run has to find."""
    return [bug for bug in BUGS.values() if not bug.rare]
