"""One record before and after, field by field: what came, the rule, what it became.  (pure)"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from billsync.connector import Record
from billsync.mapping.apply import Mapped
from billsync.mapping.apply import Mapping as FieldMapping
from billsync.mapping.run import Location, Resolve, label
from billsync.mapping.tools.difference import document
from billsync.mapping.tools.tracing import Step, trace
from billsync.mapping.values import FAILED, MISSING
from billsync.model.problem import Place, Problem

WRITTEN: Final = "written"
LEFT_OUT: Final = "left out"
PROBLEM: Final = "problem"


@dataclass(frozen=True, slots=True)
class Row:
    """One field of the document.

    Attributes:
        field: its place in the document, `lines[0].product`.
        state: written, left out, or problem.
        value: what stands there; None where nothing does, and for a list or an object.
        rule: as in the file; place: where the file says so.
        sources: path in the record and value of everything that the rule read; a value of None is nothing.
    """

    field: str
    state: str
    value: Any
    rule: str
    place: Place
    sources: tuple[tuple[str, Any], ...]
    entries: int | None = None
    """Of a list or an object, how many it has."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a mapping makes of one record.

    Attributes:
        problems: each at the place of its rule in the mapping file, so that a caret can be drawn.
    """

    mapped: Mapped
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


def preview(mapping: FieldMapping, words: Mapping[str, str], record: Record, resolve: Resolve) -> Preview:
    """The record through the mapping; `words` is what its fields say (see `says`)."""
    mapped = mapping.apply(record, resolve)
    order = {name: at for at, name in enumerate(words)}
    doc = document(mapped)
    steps = sorted(trace(mapping, record, resolve), key=lambda step: _position(step.location, order))
    rows = [_row(step, doc, words) for step in steps]
    seen = {_bare(step.location) for step in steps}
    for facts in mapping.fields:
        if facts.target not in seen:
            sources = tuple((name, None) for name in facts.sources)
            rows.append(Row(facts.target, LEFT_OUT, None, words.get(facts.target, ""), facts.place, sources))
    problems = tuple(_at_rule(problem) for problem in mapped.problems)
    return Preview(mapped, tuple(rows), problems)


def _position(location: Location, order: Mapping[str, int]) -> tuple[int, ...]:
    """Fields as in the file, entries as in the list, a list before what is inside."""
    return tuple(
        part if isinstance(part, int) else order.get(_bare(location[: at + 1]), len(order))
        for at, part in enumerate(location)
    )


def _bare(location: Location) -> str:
    return ".".join(part for part in location if isinstance(part, str))


def _row(step: Step, doc: Mapping[str, Any], words: Mapping[str, str]) -> Row:
    sources = tuple((path, None if value is MISSING else value) for path, value in step.sources())
    words_of = words.get(_bare(step.location), "")
    if step.value is FAILED:
        return Row(label(step.location), PROBLEM, None, words_of, step.rule.place, sources)
    if step.value is MISSING:
        return Row(label(step.location), LEFT_OUT, None, words_of, step.rule.place, sources)
    value = _found(doc, step.location) if doc else step.value
    if step.is_group:
        entries = len(value) if isinstance(value, Sequence | Mapping) else 0
        return Row(label(step.location), WRITTEN, None, words_of, step.rule.place, (), entries)
    return Row(label(step.location), WRITTEN, value, words_of, step.rule.place, sources)


def _found(doc: Any, location: Location) -> Any:
    for part in location:
        if isinstance(doc, Mapping):
            doc = doc.get(part)
        elif isinstance(doc, Sequence) and isinstance(part, int) and part < len(doc):
            doc = doc[part]
        else:
            return None
    return doc


_RULE: Final = re.compile(r"(?:^|; )mapped by (?P<file>.+):(?P<line>[0-9]+):(?P<column>[0-9]+)$")


def _at_rule(problem: Problem) -> Problem:
    """The problem at the rule that it comes from, with the record's own place in its message."""
    found = _RULE.search(problem.hint)
    if found is None:
        return problem
    place = Place(file=found["file"], line=int(found["line"]), column=int(found["column"]))
    hint = problem.hint[: found.start()]
    return problem.model_copy(update={"place": place, "hint": hint, "message": f"{problem.message} ({problem.place})"})
