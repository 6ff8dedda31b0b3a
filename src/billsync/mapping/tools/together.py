"""Lint over several mappings: what is only wrong because of the others.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from billsync.mapping.apply import Mapping
from billsync.mapping.order import dependency_order
from billsync.mapping.problems import BadMapping
from billsync.model.problem import Place, Problem, Severity
from billsync.model.scalar import show
from billsync.strict.yaml import did_you_mean


def same_names(mappings: Sequence[Mapping]) -> Iterator[Problem]:
    """A name that two files give: nobody could tell which of them is meant."""
    first: dict[str, Mapping] = {}
    for mapping in mappings:
        known = first.setdefault(mapping.name, mapping)
        if known is not mapping:
            message = f"the mapping {show(mapping.name)} stands in two files: also at {known.place}"
            yield Problem(
                code="MAP-NAME-02", message=message, hint="give one of them another name", place=mapping.place
            )


def as_pipeline(mappings: Sequence[Mapping]) -> Iterator[Problem]:
    """What keeps the mappings of one pipeline from working together: circles, and references that lead nowhere."""
    try:
        dependency_order(mappings)
    except BadMapping as error:
        yield from error.problems
    read = sorted({mapping.source for mapping in mappings if mapping.direction == "inbound"})
    for mapping in mappings:
        if mapping.direction == "inbound" and mapping.source in read:
            yield from _unread(mapping, read)


def _unread(mapping: Mapping, read: Sequence[str]) -> Iterator[Problem]:
    for name in mapping.refs:
        system = name.rpartition(".")[0]
        if name not in read and system == mapping.source_system:
            message = f"no mapping of the pipeline reads {name}, so that every record with such a reference waits"
            hint = did_you_mean(name, read) or f"add a mapping that reads {name}"
            yield Problem(
                code="MAP-REF-02", message=message, hint=hint, place=_place(mapping, name), severity=Severity.WARNING
            )


def _place(mapping: Mapping, ref: str) -> Place:
    return next((facts.place for facts in mapping.fields if facts.ref == ref), mapping.place)
