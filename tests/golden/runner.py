"""Cases of known answers, judged: a reader turns a case's inputs into calls of the engine, this compares the answers.

A reader sees the inputs only, never what is expected, and does no arithmetic of billing itself.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal

from billsync.model.scalar import plain
from tests.golden.readers import answer
from tests.golden.reading import NotCovered

Outcome = Literal["passed", "failed", "not covered"]


@dataclass(frozen=True)
class Verdict:
    id: str
    topic: str
    outcome: Outcome
    said: str = ""


def load(path: Path) -> list[dict[str, Any]]:
    """The cases of a file: a list, or an object with them under `cases`.  Numbers never pass through a float."""
    read = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    cases: list[dict[str, Any]] = read["cases"] if isinstance(read, dict) else read
    return cases


def judge_all(cases: Sequence[dict[str, Any]]) -> list[Verdict]:
    return [judge(case) for case in cases]


def judge(case: dict[str, Any]) -> Verdict:
    """One case.  An answer that raises is a wrong answer."""
    name, topic, expected = case["id"], case["topic"], case["expected"]
    try:
        found = answer(topic, case["inputs"])
    except NotCovered as reason:
        return Verdict(name, topic, "not covered", str(reason))
    except Exception as error:  # noqa: BLE001  whatever the engine raises is its answer
        return Verdict(name, topic, "failed", f"{type(error).__name__}: {error}")
    missing = sorted(set(expected) - set(found))
    if missing:
        return Verdict(name, topic, "not covered", f"nothing answers {', '.join(missing)}")
    wrong = [key for key in expected if not same(found[key], expected[key])]
    if wrong:
        words = "; ".join(f"{key}: expected {expected[key]}, got {show(found[key])}" for key in wrong)
        return Verdict(name, topic, "failed", words)
    return Verdict(name, topic, "passed")


def same(found: Any, expected: Any) -> bool:
    """Whether two answers are equal: numbers by value, days and instants by their text."""
    if isinstance(expected, dict):
        return (
            isinstance(found, Mapping)
            and list(found) == list(expected)
            and all(same(found[key], expected[key]) for key in expected)
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list | tuple)
            and len(found) == len(expected)
            and all(same(*pair) for pair in zip(found, expected, strict=True))
        )
    if isinstance(expected, bool) or expected is None:
        return found is expected
    if isinstance(found, Decimal | int):
        return number(expected) == found
    return bool(show(found) == str(expected))


def number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def show(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Mapping):
        return {key: show(item) for key, item in value.items()}
    return [show(item) for item in value] if isinstance(value, list | tuple) else str(value)


def table(verdicts: Sequence[Verdict]) -> str:
    """Passed, failed and not covered, by topic and in all."""
    counts = Counter((verdict.topic, verdict.outcome) for verdict in verdicts)
    topics = sorted({verdict.topic for verdict in verdicts})
    rows = [f"{'topic':<30}{'passed':>8}{'failed':>8}{'not covered':>13}"]
    outcomes: tuple[Outcome, ...] = ("passed", "failed", "not covered")
    rows += [_row(topic, *(counts[topic, outcome] for outcome in outcomes)) for topic in topics]
    rows.append(_row("all", *(sum(verdict.outcome == outcome for verdict in verdicts) for outcome in outcomes)))
    return "\n".join(rows)


def _row(name: str, passed: int, failed: int, uncovered: int) -> str:
    return f"{name:<30}{passed:>8}{failed:>8}{uncovered:>13}"
