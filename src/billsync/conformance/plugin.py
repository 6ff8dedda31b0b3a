"""The door to pytest: options, and the score card at the end.  (shell)

It is loaded with every pytest where billsync is installed, and so imports nothing of it before it is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

PROPERTY: Final = "billsync-conformance"
"""Name under which a test's report carries its mark, from whichever process of pytest-xdist."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The kit's options."""
    group = parser.getgroup("billsync conformance", "billsync's conformance kit")
    group.addoption(
        "--connector", action="append", default=[], metavar="NAME", help="try this connector; may be repeated"
    )
    group.addoption(
        "--subject", action="append", default=[], metavar="MODULE:CLASS", help="try the connector of this subject"
    )
    group.addoption(
        "--conformance-report", metavar="FILE", help="write the score cards: FILE as JSON, and as Markdown beside it"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Gather marks where a report is asked for; in the process that reports, not in those that run tests."""
    config.addinivalue_line("markers", "xdist_group(name): tests of one group run in one process")
    file = config.getoption("--conformance-report")
    if file and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Reporter(Path(file)), "billsync-conformance-report")


class _Reporter:
    """Gathers what became of each rule."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._marks: dict[tuple[str, str], dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a mark; an error before or after the test itself counts as failed."""
        found = dict(report.user_properties).get(PROPERTY)
        if not isinstance(found, dict):
            return
        mark = {"result": "passed", "why": "", **found}
        if report.failed:
            mark = {**mark, "result": "failed", "why": mark["why"] or str(report.longrepr).strip().splitlines()[-1]}
        key = (mark["connector"], mark["rule"])
        if self._marks.get(key, {}).get("result") != "failed":
            self._marks[key] = mark

    def pytest_sessionfinish(self) -> None:
        """Write the cards."""
        from billsync.conformance.card import Mark, as_json, as_markdown  # noqa: PLC0415  see the module's docstring
        from billsync.conformance.rule import PAGE  # noqa: PLC0415
        from billsync.conformance.rules import RULES  # noqa: PLC0415
        from billsync.conformance.writes.rules import WRITE_RULES  # noqa: PLC0415

        promises = {rule.name: rule.promise for rule in RULES.values()}
        promises |= {rule.name: rule.promise for rule in WRITE_RULES.values()}
        order = list(promises)
        marks = [Mark(**mark) for mark in self._marks.values()]
        marks.sort(key=lambda mark: (mark.connector, order.index(mark.rule)))
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(as_json(marks), encoding="utf-8")
        self._file.with_suffix(".md").write_text(as_markdown(marks, promises, PAGE), encoding="utf-8")
