"""Many histories, and a table of what was tried and what came of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import count, islice

from billsync.connector import Target
from tests.simulation.setup import Setup
from tests.simulation.shrink import Outcome, lived

KINDS = tuple(Target)


@dataclass
class Tally:
    """The figures of many histories of one kind of target."""

    seeds: int = 0
    runs: int = 0
    documents: int = 0
    asked: int = 0
    told: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.runs += outcome.runs
        self.documents += outcome.documents
        self.asked += outcome.asked
        self.told += outcome.doubled
        self.wrong.update(outcome.kinds)
        self.faults.update(outcome.faults)


@dataclass
class Soak:
    """A long run."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    failing: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, outcome: Outcome) -> None:
        name = f"{outcome.setup.kind}{' unsettled' if outcome.setup.unsettled else ''}"
        self.tallies.setdefault(name, Tally()).add(outcome)
        if outcome.wrong:
            self.failing.append(outcome)

    def table(self) -> str:
        """The figures for people."""
        heads = (
            "target",
            "seeds",
            "runs",
            "documents",
            "lost",
            "doubled",
            "wrong",
            "other",
            "told doubles",
            "asked/seed",
        )
        rows = [heads, *(_row(name, tally) for name, tally in sorted(self.tallies.items()))]
        widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        seeds = sum(tally.seeds for tally in self.tallies.values())
        faults: Counter[str] = Counter()
        for tally in self.tallies.values():
            faults.update(tally.faults)
        lines += ["", f"faults injected: {sum(faults.values())}"]
        lines += [f"  {name:20}{number:8}" for name, number in sorted(faults.items())]
        lines += ["", f"{seeds} seeds in {self.seconds:.0f} s: {60 * seeds / max(1, self.seconds):.0f} a minute"]
        return "\n".join(lines)


def _row(name: str, tally: Tally) -> tuple[str, ...]:
    known = ("LOST", "DOUBLED", "WRONG")
    other = sum(number for kind, number in tally.wrong.items() if kind not in known)
    figures = (tally.seeds, tally.runs, tally.documents, *(tally.wrong[kind] for kind in known), other, tally.told)
    return (name, *map(str, figures), f"{tally.asked / max(1, tally.seeds):.2f}")


def setups(first: int) -> Iterator[Setup]:
    """Every kind of target in turn; of those that can only be searched also with a network nobody is safe from."""
    for seed in count(first):
        for kind in KINDS:
            yield Setup(seed, kind)
        if seed % 4 == 0:
            yield Setup(seed, Target.SEARCH, late_s=5400)
            yield Setup(seed, Target.SEARCH, duplicates=0.05)
            yield Setup(seed, Target.KEY, duplicates=0.05)
            yield Setup(seed, Target.UPSERT, duplicates=0.05)


def soak(minutes: float, first: int, *, workers: int) -> Soak:
    """As many histories as fit into the time."""
    result, start = Soak(), time.monotonic()
    wanted = setups(first)
    with ProcessPoolExecutor(workers) as pool:
        while time.monotonic() - start < 60 * minutes:
            for outcome in pool.map(lived, islice(wanted, 8 * workers)):
                result.add(outcome)
    result.seconds = time.monotonic() - start
    return result
