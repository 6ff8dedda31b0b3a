"""From a history that fails to the smallest one that fails alike: fewer kinds of faults, fewer hours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.simulation.check import violations
from tests.simulation.setup import FAULTS, Setup
from tests.simulation.simulation import simulated


@dataclass(frozen=True)
class Outcome:
    """What became of one history.

    Attributes:
        wrong: everything that was wrong, in words; faults: how many of each kind were injected.
        head: hash of the whole history.
    """

    setup: Setup
    wrong: list[str]
    faults: dict[str, int]
    head: str
    documents: int
    runs: int
    asked: int
    doubled: int
    trace: list[str]

    @property
    def kinds(self) -> set[str]:
        return {text.split()[0] for text in self.wrong}


def lived(setup: Setup) -> Outcome:
    """One history, lived and checked."""
    with simulated(setup) as done:
        return Outcome(
            setup=setup,
            wrong=violations(done),
            faults=dict(done.sim.faults),
            head=done.head(),
            documents=len(done.erp.docs),
            runs=done.runs,
            asked=done.bookkeeper.asked + done.bookkeeper.released,
            doubled=len(done.erp.doubled),
            trace=done.sim.trace,
        )


def shrunk(failing: Outcome, live: Callable[[Setup], Outcome] = lived, tries: int = 40) -> Outcome:
    """Leave out one kind of fault after the other, then hours, as long as something of the same kind stays wrong."""
    best = failing

    def smaller(setup: Setup) -> bool:
        nonlocal best, tries
        tries -= 1
        found = live(setup) if tries >= 0 else None
        if found is None or not found.kinds & failing.kinds:
            return False
        best = found
        return True

    for name in [name for name in FAULTS if name in failing.faults]:
        smaller(replace(best.setup, mask=best.setup.mask | {name}))
    for hours in (3, 6, 9):
        if hours < best.setup.hours and smaller(replace(best.setup, hours=hours)):
            break
    return best


def explained(failing: Outcome) -> str:
    """For a failing test: what is wrong, and how to see it again."""
    small = shrunk(failing)
    lines = [f"{failing.setup.command()}", *failing.wrong[:8]]
    if small.setup != failing.setup:
        lines += ["", "the smallest that fails alike:", f"{small.setup.command()} --trace", *small.wrong[:8]]
    return "\n".join(lines)
