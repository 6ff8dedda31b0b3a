"""Every problem code is listed once, has the house form, is used somewhere, and stands in the docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from billsync.model.codes import CODES
from billsync.model.problem import Problem

ROOT = Path(__file__).parents[2]
SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("src", "connectors")
    for path in (ROOT / folder).rglob("*.py")
    if path.name != "codes.py"
)


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_well_formed_and_used(code: str) -> None:
    assert re.fullmatch(r"[A-Z]+-[A-Z]+-\d\d", code)
    assert f'"{code}"' in SOURCES, f"{code} is listed, but nothing reports it"


def test_no_code_is_used_that_is_not_listed() -> None:
    used = set(re.findall(r'"([A-Z]+-[A-Z]+-\d\d)"', SOURCES))
    assert used <= set(CODES)


def test_an_unlisted_code_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown problem code"):
        Problem(code="NO-SUCH-99", message="x")


def test_the_docs_list_every_code() -> None:
    page = (ROOT / "docs" / "reference" / "problems.md").read_text(encoding="utf-8")
    missing = [code for code, meaning in CODES.items() if f"| `{code}` | {meaning} |" not in page]
    assert missing == [], "run: python -m tests.project.write_problem_codes"
