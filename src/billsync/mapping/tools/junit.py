"""Results of mapping tests as a JUnit report, as CI systems read it.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from billsync.mapping.tools.testing import CaseResult
from billsync.model.problem import Problem


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests of one file; `problems` where it cannot be used at all."""

    file: str
    results: Sequence[CaseResult] = ()
    problems: Sequence[Problem] = ()


def junit(suites: Iterable[Suite]) -> str:
    """The report as XML text."""
    parts = [line for suite in suites for line in _suite(suite)]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *parts, "</testsuites>", ""])


def _suite(suite: Suite) -> list[str]:
    failed = sum(not result.passed for result in suite.results)
    errors = len(suite.problems)
    head = f"tests={_attribute(len(suite.results) + errors)} failures={_attribute(failed)} errors={_attribute(errors)}"
    lines = [f"  <testsuite name={_attribute(suite.file)} {head}>"]
    for result in suite.results:
        lines += _case(suite.file, result)
    for problem in suite.problems:
        lines += _named(suite.file, problem.code, problem.place.line, "error", str(problem))
    return [*lines, "  </testsuite>"]


def _case(file: str, result: CaseResult) -> list[str]:
    if result.passed:
        return [f"    <testcase {_where(file, result.name, result.place.line)}/>"]
    return _named(file, result.name, result.place.line, "failure", "\n".join(result.differences))


def _named(file: str, name: str, line: int | None, tag: str, text: str) -> list[str]:
    first = text.partition("\n")[0]
    return [
        f"    <testcase {_where(file, name, line)}>",
        f"      <{tag} message={_attribute(first)}>{escape(_allowed(text))}</{tag}>",
        "    </testcase>",
    ]


def _where(file: str, name: str, line: int | None) -> str:
    spot = "" if line is None else f" line={_attribute(line)}"
    return f"classname={_attribute(file)} name={_attribute(name)} file={_attribute(file)}{spot}"


def _attribute(value: object) -> str:
    return quoteattr(_allowed(str(value)))


def _allowed(text: str) -> str:
    """The text without characters that XML has no way to write."""
    return "".join(char if _is_allowed(ord(char)) else "\ufffd" for char in text)


def _is_allowed(code: int) -> bool:
    plain = code in {0x9, 0xA, 0xD} or 0x20 <= code <= 0xD7FF
    return plain or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
