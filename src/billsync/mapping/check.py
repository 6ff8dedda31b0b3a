"""Lint: every error and warning of a mapping file at once, and how a person is shown one.  (pure)"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

from billsync.connector import Schema
from billsync.mapping.apply import Mapping
from billsync.mapping.kit import SourceRead
from billsync.mapping.language import compile_variants, warn_shadow
from billsync.mapping.native import NO_NATIVES, Natives
from billsync.mapping.problems import Findings
from billsync.mapping.stack import Find, Sheet, nowhere
from billsync.mapping.tables import ReadFile, no_files
from billsync.model.problem import Problem
from billsync.model.scalar import show
from billsync.strict.yaml import did_you_mean

_TAB_STOP = "\t"


def check(
    text: str | bytes, file: str, *, read_file: ReadFile = no_files, source: Schema | None = None, find: Find = nowhere
) -> list[Problem]:
    """Everything that is wrong with a mapping file, by place; an empty list where nothing is.

    With `source`, the schema of the object that it reads, fields that do not exist there are errors.
    """
    return examine(text, file, read_file=read_file, ask=lambda _mapping: source, find=find)[1]


def examine(
    text: str | bytes,
    file: str,
    *,
    read_file: ReadFile = no_files,
    ask: Callable[[Mapping], Schema | None] | None = None,
    natives: Natives = NO_NATIVES,
    find: Find = nowhere,
) -> tuple[Mapping | None, list[Problem]]:
    """The mapping, None where it has errors in itself; and all that is wrong with the file, for whichever variant.

    `ask` gives the schema of what an inbound mapping reads, or None where that is not known.
    """
    mapping, findings = compile_variants(Sheet(text, file, read_file), natives, find)
    if mapping is not None and ask is not None and mapping.direction == "inbound":
        schema = ask(mapping)
        if schema is not None:
            _check_source(mapping, schema, findings)
    return mapping, findings.in_order()


def _check_source(mapping: Mapping, schema: Schema, findings: Findings) -> None:
    known = {info.name for info in schema.fields}
    for read in mapping.reads:
        if read.names and not schema.open and not _is_known(read, known):
            message = f"{mapping.source} has no field {show('.'.join(read.names))}"
            findings.error("MAP-FIELD-01", message, read.place, did_you_mean(read.names[0], known))
    for read in mapping.shadows:
        if _is_known(read, known):
            warn_shadow(read, mapping.fields, findings)


def _is_known(read: SourceRead, known: Iterable[str]) -> bool:
    """A schema lists fields by their own name, and may list those of related records by their path."""
    known = set(known)
    return any(".".join(read.names[:length]) in known for length in range(1, len(read.names) + 1))


# ---------------------------------------------------------------- showing


def render(problem: Problem, source_text: str) -> str:
    """The problem as a compiler shows it: place, message, the line with a caret, and the hint."""
    lines = [f"{problem.place}: {problem.severity.value} {problem.code} {problem.message}"]
    number, column = problem.place.line, problem.place.column
    text = source_text.removeprefix("\ufeff").splitlines()
    if number is not None and 0 < number <= len(text):
        line = text[number - 1]
        gutter = f"{number:>5} | "
        lines.append(gutter + "".join(_visible(char) for char in line))
        if column is not None:
            lines.append(" " * (len(gutter) - 2) + "| " + _pad(line[: column - 1]) + "^")
    if problem.hint:
        lines.append(f"      = {problem.hint}")
    return "\n".join(lines)


def _visible(char: str) -> str:
    """The character, or a stand-in for one that would change how a terminal shows the rest."""
    return char if char == _TAB_STOP or unicodedata.category(char) not in {"Cc", "Cf", "Cs"} else "\ufffd"


def _pad(before: str) -> str:
    """Blanks as wide as the text is shown."""
    return "".join(char if char == _TAB_STOP else " " * _width(char) for char in before)


def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
