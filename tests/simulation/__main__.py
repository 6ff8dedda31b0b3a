"""`python -m tests.simulation --seed N --kind C` shows one history; `... soak --minutes M` lives many.

`... score` plants the known bugs and counts the seeds until each is found.
"""

from __future__ import annotations

import argparse
import sys
import time

from billsync.connector import Target
from tests.simulation.bugs import BUGS
from tests.simulation.score import score
from tests.simulation.setup import FAULTS, Setup
from tests.simulation.shrink import explained, lived
from tests.simulation.soak import soak


def main(words: list[str]) -> int:
    """Exit code 0 where nothing was wrong, else 1."""
    if words[:1] == ["soak"]:
        return _soak(words[1:])
    if words[:1] == ["score"]:
        return _score(words[1:])
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="Live one history again.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--kind", choices=[str(kind) for kind in Target], default="C")
    parser.add_argument("--mask", default="", help=f"faults to leave out, by comma: {', '.join(FAULTS)}")
    parser.add_argument("--hours", type=int, default=Setup.hours)
    parser.add_argument("--late", type=int, default=Setup.late_s, help="seconds that a request may come late")
    parser.add_argument("--duplicates", type=float, default=0.0, help="share of the writes that arrive twice")
    parser.add_argument("--trace", action="store_true", help="show every step")
    parser.add_argument("--shrink", action="store_true", help="look for the smallest history that fails alike")
    given = parser.parse_args(words)
    mask = frozenset(filter(None, given.mask.split(",")))
    setup = Setup(given.seed, Target(given.kind), mask, given.hours, given.late, given.duplicates)
    outcome = lived(setup)
    if given.trace:
        _say("\n".join(outcome.trace))
    _say(f"{outcome.runs} runs, {outcome.documents} records, {outcome.asked} answers of people, audit {outcome.head}")
    _say(", ".join(f"{number} {name}" for name, number in sorted(outcome.faults.items())) or "no faults")
    if not outcome.wrong:
        _say("nothing is wrong")
        return 0
    _say(explained(outcome) if given.shrink else "\n".join(outcome.wrong))
    return 1


def _soak(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation soak", description="Live many histories.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--first", type=int, default=None, help="the first seed; without, it comes from the clock")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args(words)
    first = given.first if given.first is not None else time.time_ns() // 10**9 % 10**8
    result = soak(given.minutes, first, workers=given.workers)
    _say(result.table())
    for outcome in result.failing[:20]:
        _say("\n" + (explained(outcome) if outcome in result.failing[:3] else outcome.setup.command()))
    return 1 if result.failing else 0


def _score(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation score", description="Find the planted bugs.")
    parser.add_argument("--most", type=int, default=200, help="seeds for each")
    parser.add_argument("--rare", action="store_true", help="those too that take hundreds of seeds")
    parser.add_argument("names", nargs="*", help="bugs; without, all of them")
    given = parser.parse_args(words)
    wanted = given.names or [name for name, bug in BUGS.items() if given.rare or not bug.rare]
    scores = []
    for name in wanted:
        scores.append(score(BUGS[name], first=0, most=given.most))
        _say(scores[-1].row())
    found = sum(item.found is not None for item in scores)
    _say(f"{found} of {len(scores)} planted bugs found")
    return 0 if found == len(scores) else 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
