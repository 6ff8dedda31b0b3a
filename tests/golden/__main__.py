"""`python -m tests.golden PATH` puts the cases of a file to the engine and prints what it answered, by topic.

Without PATH, `cases.json` beside this file: facts from the public tests and documents of other billing systems, each
with its `source`.  Exit code 1 where an answer is wrong; a case whose form or convention no reader knows is counted as
not covered, never guessed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.golden.runner import judge_all, load, table

CASES = Path(__file__).with_name("cases.json")


def main(words: list[str]) -> int:
    """Exit code 0 where no answer was wrong, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description="Known answers against the engine.")
    parser.add_argument("path", nargs="?", type=Path, default=CASES)
    parser.add_argument("--all", action="store_true", help="name the cases that are not covered, too")
    given = parser.parse_args(words)
    verdicts = judge_all(load(given.path))
    sys.stdout.write(table(verdicts) + "\n")
    wanted = {"failed", "not covered"} if given.all else {"failed"}
    for verdict in verdicts:
        if verdict.outcome in wanted:
            sys.stdout.write(f"{verdict.id} ({verdict.topic}): {verdict.outcome}: {verdict.said}\n")
    return 1 if any(verdict.outcome == "failed" for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
