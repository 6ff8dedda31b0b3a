"""Score cards: what became of each rule, as JSON and as a page.  (pure)"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

PASSED: Final = "passed"
FAILED: Final = "failed"
NOT_APPLICABLE: Final = "not applicable"


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of one rule on one connector.

    Attributes:
        result: `passed`, `failed` or `not applicable`.
        why: what was seen, or why it does not apply; "" where it passed.
    """

    connector: str
    rule: str
    result: Literal["passed", "failed", "not applicable"]
    why: str = ""


def as_json(marks: Iterable[Mark]) -> str:
    """`{connector: {passed, failed, not_applicable, rules: [{rule, result, why}]}}`."""
    return json.dumps({name: _sheet(own) for name, own in _by_connector(marks).items()}, indent=2) + "\n"


def _sheet(marks: list[Mark]) -> dict[str, object]:
    counts = {
        result.replace(" ", "_"): sum(mark.result == result for mark in marks)
        for result in (PASSED, FAILED, NOT_APPLICABLE)
    }
    rows = [{"rule": mark.rule, "result": mark.result, "why": mark.why} for mark in marks]
    return {**counts, "rules": rows}


def as_markdown(marks: Iterable[Mark], promises: Mapping[str, str], page: str) -> str:
    """A page with a table for each connector; `page` is where the rules are explained."""
    parts = []
    for name, own in _by_connector(marks).items():
        sheet = _sheet(own)
        counts = f"{sheet['passed']} passed, {sheet['failed']} failed, {sheet['not_applicable']} not applicable"
        rows = "".join(_row(mark, promises.get(mark.rule, ""), page) for mark in own)
        parts.append(f"# {name}\n\n{counts}\n\n| rule | promise | result |\n|---|---|---|\n{rows}")
    return "\n".join(parts)


def _row(mark: Mark, promise: str, page: str) -> str:
    why = " ".join(mark.why.replace("|", "\\|").split())
    result = f"{mark.result}: {why}" if why else mark.result
    return f"| [{mark.rule}]({page}#{mark.rule}) | {promise} | {result} |\n"


def _by_connector(marks: Iterable[Mark]) -> dict[str, list[Mark]]:
    found: dict[str, list[Mark]] = {}
    for mark in marks:
        found.setdefault(mark.connector, []).append(mark)
    return found
