"""Two versions of a mapping: what they say otherwise, and what they make otherwise of the same records.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from billsync.connector import Record
from billsync.mapping.apply import Mapped
from billsync.mapping.apply import Mapping as FieldMapping
from billsync.mapping.recipe import Block, Each, Nested
from billsync.mapping.run import label
from billsync.mapping.tables import Table
from billsync.mapping.tools.says import rules_in_words
from billsync.mapping.tools.tracing import formulas_of, pipeline_of
from billsync.mapping.values import kind_of, written
from billsync.model.problem import Problem
from billsync.model.scalar import show
from billsync.strict.yaml import Node

SAMPLES: Final = 3
MAX_FAULTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Version:
    """A mapping as one of the two sides has it; `root` is its file, all layers in one."""

    mapping: FieldMapping
    root: Node


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing that the two say otherwise; None where one of them does not say it.

    Attributes:
        what: `field` or `table entry` or a key of the file; name: which.
    """

    what: str
    name: str
    before: str | None
    after: str | None


def sayings(old: Version, new: Version) -> Iterator[Saying]:
    """What the mappings say otherwise: their own keys, fields, and entries of tables."""
    for key in ("mapping", "version", "from", "to", "when", "key"):
        yield from _saying("key", key, _text(old.root, key), _text(new.root, key))
    before, after = rules_in_words(old.root), rules_in_words(new.root)
    for name in dict.fromkeys([*before, *after]):
        yield from _saying("field", name, before.get(name), after.get(name))
    tables, others = _entries(old.mapping), _entries(new.mapping)
    for name in dict.fromkeys([*tables, *others]):
        yield from _saying("table entry", name, tables.get(name), others.get(name))


def _saying(what: str, name: str, before: str | None, after: str | None) -> Iterator[Saying]:
    if before != after:
        yield Saying(what, name, before, after)


def _text(root: Node, key: str) -> str | None:
    node = root.get(key)
    return str(node.value) if node is not None and node.is_text else None


def _entries(mapping: FieldMapping) -> dict[str, str]:
    """`table: key` -> its value, of every table that a rule uses."""
    return {
        f"{name}: {key}": "nothing" if value is None else value
        for name, table in _tables(mapping.block)
        for key, value in table.entries.items()
    }


def _tables(block: Block) -> Iterator[tuple[str, Table]]:
    for rule in block.rules:
        steps = pipeline_of(rule.recipe)
        if steps is not None and isinstance(steps.table, Table):
            yield steps.table.name, steps.table
        for formula in formulas_of(rule):
            yield from formula.tables.items()
        if isinstance(rule.recipe, Nested | Each):
            yield from _tables(rule.recipe.block)


# ---------------------------------------------------------------- documents


@dataclass(slots=True)
class Change:
    """A field that comes out otherwise.

    Attributes:
        documents: how many; samples: of a few of them the record's id, the value before and after.
    """

    name: str
    documents: int = 0
    samples: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Fault:
    """Problems that records have with one side only; `records` of them, `example` the first."""

    code: str
    message: str
    records: int = 0
    example: str = ""


@dataclass(slots=True)
class Comparison:
    """What two versions make of the records seen so far, counted.

    Attributes:
        records: seen; same, changed: documents that both make.
        taken, left: records that only the new or only the old one is for.
        broken, healed: records that only the new or only the old one has a problem with.
        both_broken: with problems on both sides.
    """

    records: int = 0
    same: int = 0
    changed: int = 0
    taken: int = 0
    left: int = 0
    broken: int = 0
    healed: int = 0
    both_broken: int = 0
    fields: dict[str, Change] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    cures: dict[str, Fault] = field(default_factory=dict)

    def see(self, record: Record, before: Mapped, after: Mapped) -> bool:
        """Count one record; gives whether its document or its problems are otherwise."""
        self.records += 1
        old_bad, new_bad = bool(before.problems), bool(after.problems)
        if new_bad or old_bad:
            self._bad(record, before.problems, after.problems)
            return old_bad is not new_bad
        if before.skipped or after.skipped:
            self.taken += before.skipped and not after.skipped
            self.left += after.skipped and not before.skipped
            return before.skipped is not after.skipped
        found = list(_changes(document(before), document(after), ()))
        self.changed += bool(found)
        self.same += not found
        told: set[str] = set()
        for name, old, new in found:
            change = self.fields.setdefault(name, Change(name))
            change.documents += name not in told
            told.add(name)
            if len(change.samples) < SAMPLES:
                change.samples.append((record.id, old, new))
        return bool(found)

    def _bad(self, record: Record, before: tuple[Problem, ...], after: tuple[Problem, ...]) -> None:
        self.broken += bool(after) and not before
        self.healed += bool(before) and not after
        self.both_broken += bool(before) and bool(after)
        _count(self.faults, after, {problem.message for problem in before}, record.id)
        _count(self.cures, before, {problem.message for problem in after}, record.id)


def _count(into: dict[str, Fault], problems: tuple[Problem, ...], known: set[str], id: str) -> None:
    for message, problem in {problem.message: problem for problem in problems}.items():
        if message in known or (message not in into and len(into) >= MAX_FAULTS):
            continue
        fault = into.setdefault(message, Fault(problem.code, message))
        fault.records += 1
        fault.example = fault.example or id


def document(mapped: Mapped) -> Mapping[str, Any]:
    """The document as it would be kept or sent."""
    return mapped.noun.model_dump() if mapped.noun is not None else (mapped.doc or {})


def _changes(old: Any, new: Any, at: tuple[str | int, ...]) -> Iterator[tuple[str, str, str]]:
    """Field without positions, and both values as text."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in dict.fromkeys([*old, *new]):
            yield from _changes(old.get(name), new.get(name), (*at, name))
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _changes(one, other, (*at, index))
    elif old != new:
        name = label(tuple(part for part in at if isinstance(part, str)))
        yield name, _shown(old), _shown(new)


def _shown(value: Any) -> str:
    kind = kind_of(value)
    if kind in {"list", "object", "unknown"}:
        return f"{len(value)} entries" if kind == "list" else "an object"
    return "nothing" if value is None else show(written(value), 80)[1:-1]
