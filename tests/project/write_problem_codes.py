"""Writes docs/reference/problems.md from the one list of codes: `python -m tests.project.write_problem_codes`."""

from __future__ import annotations

from pathlib import Path

from billsync.model.codes import CODES

HEAD = """# Problem codes

A fault in data is a problem with a stable code, a place and a hint. `billsync errors list` shows those that are open;
one that is mended at its source closes by itself with the next run. Made from `src/billsync/model/codes.py`.

| code | meaning |
|---|---|
"""


def main() -> None:
    rows = "".join(f"| `{code}` | {meaning} |\n" for code, meaning in CODES.items())
    page = Path(__file__).parents[2] / "docs" / "reference" / "problems.md"
    page.write_text(HEAD + rows, encoding="utf-8")


if __name__ == "__main__":
    main()
