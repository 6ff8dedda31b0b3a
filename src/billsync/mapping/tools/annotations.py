"""Findings as the annotations of a GitHub workflow: they stand beside the line in a pull request.  (pure)

The form is that of https://docs.github.com/actions/reference/workflow-commands-for-github-actions: a `%`, a line end,
and in properties `:` and `,` are escaped, so that nothing in a file can end the command or start another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from billsync.model.problem import Problem

_DATA: Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY: Final = {**_DATA, ":": "%3A", ",": "%2C"}


def annotation(problem: Problem) -> str:
    """`::error file=deals.yaml,line=9,col=3,title=MAP-FIELD-01::message`, on one line."""
    place = problem.place
    facts = {"file": place.file, "line": place.line, "col": place.column, "title": problem.code}
    known = ",".join(f"{name}={_escaped(str(value), _PROPERTY)}" for name, value in facts.items() if value is not None)
    message = f"{problem.message}  ({problem.hint})" if problem.hint else problem.message
    return f"::{problem.severity.value} {known}::{_escaped(message, _DATA)}"


def _escaped(text: str, by: Mapping[str, str]) -> str:
    return "".join(by.get(char, char) for char in text)
